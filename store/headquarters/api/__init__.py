"""Headquarters over HTTP: for operators (set-up, commands), for Retail Servers (feed, packages, records)."""
