"""Whether a model finds on this machine what its FP32 form found elsewhere."""
