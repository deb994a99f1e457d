"""edgeserve: INT8 object detection behind a gRPC stream, for small boxes at the edge."""
