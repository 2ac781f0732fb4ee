"""What the connection says to a cashier: whole plain sentences, no codes, no jargon."""

from store.gateway.states import Link, Mode
from store.sale.language import in_every_language, later, phrase

SELLING_GOES_ON = later("Selling goes on from the offline database.")
STARTING = later("looking for the server")
BY_HAND = later("disconnected by hand")
REACHABLE = later("server reachable")
CONNECTING = "connecting"
ALREADY_ONLINE = later("The register is online already.")
ALREADY_OFFLINE = later("The register is disconnected already. Connect brings it back.")
BACK_ONLINE = later("Online again.")
FINISH_FIRST = later("A sale is open: finish or void it first, then press Connect again.")
DISCONNECTED = later(
    "Disconnected. Nothing is sent or received until Connect is pressed, also after a restart. "
    "Selling goes on from the offline database."
)
NOT_STORED = later(" This could not be stored: after a restart the register will look for the server again.")


def clock_text(at_ms: int, utc_offset_min: int) -> str:
    """Local time of day, "14:03"."""
    minutes = (at_ms // 60_000 + utc_offset_min) % 1_440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def upper_first(reason: str) -> str:
    """The reason as the beginning of a sentence; host names keep their case."""
    return reason if ":" in reason.split(" ", 1)[0] else reason[:1].upper() + reason[1:]


def connected(server: str) -> str:
    """Connect has succeeded."""
    return phrase("Connected to {server}.", server)


def not_connected(reason: str, *, next_sale_tries: bool) -> str:
    """Connect has failed."""
    then = phrase("The next sale tries again.") if next_sale_tries else phrase("The register stays offline.")
    return phrase("Not connected: {reason}. {then}", reason, then)


def blocked(reason: str) -> str:
    """The server answers and will not serve this register."""
    return phrase(
        "The server refuses this register: {reason}. {selling_goes_on}", reason, phrase(SELLING_GOES_ON)
    )


_SLOWLY = later(" answers too slowly")


def too_slow(server: str, p95_ms: float, limit_ms: int) -> str:
    """Why the register went offline although the server answers."""
    return phrase(
        "{server}{slowly}: up to {round} ms, at most {limit_ms} ms are allowed",
        server,
        phrase(_SLOWLY),
        round(p95_ms),
        limit_ms,
    )


def is_slow(reason: str) -> bool:
    """Whether a stored reason is that of a slow server."""
    return any(word in reason for word in in_every_language(_SLOWLY))


def summary(mode: Mode, link: Link, reason: str, since: str, server: str) -> str:
    """The state of the connection; `since` is a time of day, `reason` without a final stop."""
    match mode:
        case Mode.ONLINE:
            return connected(server)
        case Mode.OFFLINE_MANUAL:
            return phrase(
                "Disconnected by hand since {since}. {selling_goes_on}", since, phrase(SELLING_GOES_ON)
            )
        case Mode.OFFLINE_AUTO:
            return _summary_offline(link, reason, since)


def _summary_offline(link: Link, reason: str, since: str) -> str:
    if link is Link.REFUSED:
        return blocked(reason)
    if reason == STARTING:
        return phrase("Looking for the server. {selling_goes_on}", phrase(SELLING_GOES_ON))
    if reason.startswith(in_every_language(REACHABLE)):
        return f"{upper_first(reason)}. {SELLING_GOES_ON}"
    if link is Link.UP:
        return phrase(
            "Offline since {since}: {reason}. {selling_goes_on}", since, reason, phrase(SELLING_GOES_ON)
        )
    return phrase("Server not answering since {since}. {selling_goes_on}", since, phrase(SELLING_GOES_ON))


def reachable_again(attempt: str) -> str:
    """What happens next when the server is back; `attempt` is the time of day from which a sale connects, or empty."""
    if not attempt:
        return phrase("{reachable}; the next sale connects", phrase(REACHABLE))
    return phrase("{reachable}; the first sale after {attempt} connects", phrase(REACHABLE), attempt)


def forked(series: str) -> str:
    """Both sides have a record of the same number and they differ."""
    return phrase(
        "the server has another record than this register in series {series}; a manager must re-activate it",
        series,
    )


def rolled_back(series: str) -> str:
    """The server has more of the series than the register."""
    return phrase(
        "the server has later records of series {series} than this register, whose disk seems to be an old copy; "
        "a manager must re-activate it",
        series,
    )
