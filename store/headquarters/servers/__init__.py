"""Retail Servers at headquarters: who they are, who let them in, who sent a request."""
