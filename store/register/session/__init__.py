"""The till without wires and screen: what an intent means and does."""
