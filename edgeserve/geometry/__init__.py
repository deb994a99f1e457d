"""Pure array mathematics: boxes, the letterbox fit and its inverse, non-maximum suppression."""
