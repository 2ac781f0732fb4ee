"""`/health` of the Retail Server; the proof itself is that of every service."""

from store.service.health import Pulse

__all__ = ["Pulse"]
