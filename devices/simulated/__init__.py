"""Devices that exist only in the program and misbehave on command."""
