"""The Retail scheduler: changes at headquarters become packages for every channel database (docs/scheduler.md)."""
