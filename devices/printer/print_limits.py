"""How long a printer may take for what."""

import msgspec


class PrintLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines of a printer driver. Tests shorten them."""

    job_s: float = 15.0
    """From the call to the outcome. A long receipt takes five seconds; after fifteen something is wrong."""
    status_s: float = 2.0
    """For the answers to a status question; a printer needs some milliseconds for each."""
    connect_s: float = 3.0
    """For an attempt to open the connection when a job finds none."""
    stalled_s: float = 5.0
    """Without progress in sending."""
    watch_s: float = 10.0
    """Between status questions while there is nothing to print; also keeps network boards from hanging up."""
    trouble_s: float = 2.0
    """Between status questions to a printer that is not ready: a new roll is noticed soon."""
    quiet_s: float = 0.3
    """A printer's answers to what it has just done follow one another faster than this."""
    mute_s: float = 0.3
    """How long a connection must hold after the last byte to a printer that cannot answer."""
    unproven_s: float = 3.0
    """For the first fence ever sent to a printer, on top of its printing time: not every printer knows fences."""
    bytes_per_s: float = 500.0
    """Slowest printing: half a kilobyte of text a second, about ten lines."""
    warm_up_s: float = 3.0
    """After the start, when the processor is free again, the encoder is loaded."""
