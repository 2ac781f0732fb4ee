"""What the connection says to a cashier: whole plain sentences, no codes, no jargon."""

from store.gateway.states import Link, Mode

SELLING_GOES_ON = "Selling goes on from the offline database."
STARTING = "looking for the server"
BY_HAND = "disconnected by hand"
REACHABLE = "server reachable"
CONNECTING = "connecting"
ALREADY_ONLINE = "The register is online already."
ALREADY_OFFLINE = "The register is disconnected already. Connect brings it back."
BACK_ONLINE = "Online again."
FINISH_FIRST = "A sale is open: finish or void it first, then press Connect again."
DISCONNECTED = (
    "Disconnected. Nothing is sent or received until Connect is pressed, also after a restart. "
    + SELLING_GOES_ON
)
NOT_STORED = " This could not be stored: after a restart the register will look for the server again."


def clock_text(at_ms: int, utc_offset_min: int) -> str:
    """Local time of day, "14:03"."""
    minutes = (at_ms // 60_000 + utc_offset_min) % 1_440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def upper_first(reason: str) -> str:
    """The reason as the beginning of a sentence; host names keep their case."""
    return reason if ":" in reason.split(" ", 1)[0] else reason[:1].upper() + reason[1:]


def connected(server: str) -> str:
    """Connect has succeeded."""
    return f"Connected to {server}."


def not_connected(reason: str, *, next_sale_tries: bool) -> str:
    """Connect has failed."""
    then = "The next sale tries again." if next_sale_tries else "The register stays offline."
    return f"Not connected: {reason}. {then}"


def blocked(reason: str) -> str:
    """The server answers and will not serve this register."""
    return f"The server refuses this register: {reason}. {SELLING_GOES_ON}"


_SLOWLY = " answers too slowly"


def too_slow(server: str, p95_ms: float, limit_ms: int) -> str:
    """Why the register went offline although the server answers."""
    return f"{server}{_SLOWLY}: up to {round(p95_ms)} ms, at most {limit_ms} ms are allowed"


def is_slow(reason: str) -> bool:
    """Whether a stored reason is that of a slow server."""
    return _SLOWLY in reason


def summary(mode: Mode, link: Link, reason: str, since: str, server: str) -> str:
    """The state of the connection; `since` is a time of day, `reason` without a final stop."""
    match mode:
        case Mode.ONLINE:
            return connected(server)
        case Mode.OFFLINE_MANUAL:
            return f"Disconnected by hand since {since}. {SELLING_GOES_ON}"
        case Mode.OFFLINE_AUTO:
            return _summary_offline(link, reason, since)


def _summary_offline(link: Link, reason: str, since: str) -> str:
    if link is Link.REFUSED:
        return blocked(reason)
    if reason == STARTING:
        return f"Looking for the server. {SELLING_GOES_ON}"
    if reason.startswith(REACHABLE):
        return f"{upper_first(reason)}. {SELLING_GOES_ON}"
    if link is Link.UP:
        return f"Offline since {since}: {reason}. {SELLING_GOES_ON}"
    return f"Server not answering since {since}. {SELLING_GOES_ON}"


def reachable_again(attempt: str) -> str:
    """What happens next when the server is back; `attempt` is the time of day from which a sale connects, or empty."""
    if not attempt:
        return f"{REACHABLE}; the next sale connects"
    return f"{REACHABLE}; the first sale after {attempt} connects"


def forked(series: str) -> str:
    """Both sides have a record of the same number and they differ."""
    return (
        f"the server has another record than this register in series {series}; a manager must re-activate it"
    )


def rolled_back(series: str) -> str:
    """The server has more of the series than the register."""
    return (
        f"the server has later records of series {series} than this register, whose disk seems to be an old copy; "
        "a manager must re-activate it"
    )
