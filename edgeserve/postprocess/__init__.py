"""From a model's raw output to detections in source pixels."""
