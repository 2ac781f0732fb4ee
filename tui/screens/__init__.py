"""The program at a terminal: the one key path, the painting, the connection to the core."""
