"""protobuf to and from the domain, one file a family of messages."""
