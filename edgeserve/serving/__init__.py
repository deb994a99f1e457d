"""gRPC: servicers, sessions, health, life cycle."""
