"""The core as a process: composition, order of start and end."""
