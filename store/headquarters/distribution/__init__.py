"""The rules of distribution, pure: recurrence, schedules, the states of sessions (docs/scheduler.md)."""
