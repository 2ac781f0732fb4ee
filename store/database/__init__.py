"""The only SQL plumbing: connections, units of work, migrations."""
