"""The composition root: builds everything, and starts and stops it in order."""
