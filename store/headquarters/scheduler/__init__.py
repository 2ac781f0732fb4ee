"""The Retail scheduler: what changed at headquarters becomes packages for every channel database (docs/scheduler.md)."""
