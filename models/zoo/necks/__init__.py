"""What fuses the maps of several strides."""
