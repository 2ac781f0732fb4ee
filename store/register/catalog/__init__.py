"""The catalog files: built from data packages, proved, flipped, fallen back to."""
