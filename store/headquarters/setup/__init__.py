"""The set-up at work: what is typed is read, checked, kept, and its consequences are drawn."""
