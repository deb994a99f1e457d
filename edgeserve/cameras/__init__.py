"""Where frames come from: sources behind one protocol."""
