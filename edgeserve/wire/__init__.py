"""The protocol: generated stubs, and the codec between protobuf and the domain."""
