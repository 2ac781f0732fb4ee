"""How bytes get to a device: serial lines, device nodes, network ports."""
