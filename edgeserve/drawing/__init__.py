"""Boxes on pictures, and pictures from and to the disk."""
