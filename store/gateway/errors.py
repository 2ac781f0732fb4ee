"""Why the server did not answer, split by what the caller does next.

GatewayError
 ├─ ServerUnreachable   fall back to the offline database (refused, reset, silence, not our protocol)
 ├─ ServerBusy          a failed attempt; retry later (5xx, 429; `retry_after_s` when the server said so)
 └─ ServerRefused       an answer for a person (fenced, protocol too old, bad request); the link is fine
"""


class GatewayError(Exception):
    """Root; `reason` is a plain sentence without a final stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ServerUnreachable(GatewayError):
    """No answer of ours came: the connection was refused, reset, silent, or not our protocol."""


class ServerBusy(GatewayError):
    """The server answered that it cannot now (5xx, 429)."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class ServerRefused(GatewayError):
    """The server answered and means it: `status` is the HTTP status, `kind` the problem type's last word."""

    def __init__(self, reason: str, status: int, kind: str) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
