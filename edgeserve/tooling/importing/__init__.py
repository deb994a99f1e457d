"""A detector that somebody else trained becomes a bundle; what had to be assumed is said."""
