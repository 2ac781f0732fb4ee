"""Headquarters: the chain's set-up, its jobs and schedules, data packages out, transactions in."""
