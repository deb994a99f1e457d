"""Layers that backbones and necks are made of."""
