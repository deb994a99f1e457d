"""Messages of the Open Inference Protocol, over gRPC and over HTTP."""
