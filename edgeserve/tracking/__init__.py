"""Ids for the objects of one camera, and what they do: zones and lines."""
