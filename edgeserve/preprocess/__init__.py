"""From encoded bytes or raw pixels to the tensor that a model takes."""
