"""Making and measuring models: quantize, evaluate, write bundles."""
