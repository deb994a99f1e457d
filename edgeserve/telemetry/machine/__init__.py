"""How warm and how fast the machine is: one file a kind of hardware, read when somebody looks."""
