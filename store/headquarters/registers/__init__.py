"""Registers as headquarters sees them: their devices, what they report, grants and codes for emergencies."""
