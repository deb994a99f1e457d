"""edgeserve as a system service: installed, upgraded, removed."""
