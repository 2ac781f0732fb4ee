"""Files with many rows: checked whole first, then put in force in one step or not at all."""
