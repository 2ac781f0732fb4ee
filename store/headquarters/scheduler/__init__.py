"""The Retail scheduler: what changed at headquarters becomes data packages for every channel database (docs/scheduler.md)."""
