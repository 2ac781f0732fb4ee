"""Drivers of the peripherals at a register: one file, one device."""
