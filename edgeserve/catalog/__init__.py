"""Bundles: a model's files with their manifest, found and checked."""
