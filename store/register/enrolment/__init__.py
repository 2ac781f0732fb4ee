"""How a machine becomes a register."""
