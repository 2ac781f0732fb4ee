"""Why the server did not answer, split by what the caller does next.

GatewayError
 ├─ ServerUnreachable   fall back to the offline database (refused, reset, not our protocol)
 │   └─ ServerSilent    the same, and the deadline is spent: there is no time left for another attempt
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


class ServerSilent(ServerUnreachable):
    """Nothing complete came before the deadline."""


class ServerBusy(GatewayError):
    """The server answered that it cannot now (5xx, 429)."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class ServerRefused(GatewayError):
    """The server answered and means it.

    `status` is the HTTP status (0 for a certificate that is not trusted), `kind` the problem type's last word,
    `body` the problem as it came.
    """

    def __init__(self, reason: str, status: int, kind: str, body: bytes = b"") -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.body = body
