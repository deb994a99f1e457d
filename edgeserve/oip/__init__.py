"""The Open Inference Protocol on the pipeline: what its requests mean here."""
