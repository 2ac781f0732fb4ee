"""What travels between journal, catalog and server while the core runs."""
