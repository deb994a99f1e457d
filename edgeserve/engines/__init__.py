"""Inference runtimes behind one protocol, and the choice between them."""
