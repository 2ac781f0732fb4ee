"""What takes long and is done beside the till: it ends in a sentence, or in a panel to be looked at."""

from collections.abc import Awaitable, Callable

import msgspec


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """What is laid over the sale when an errand has ended; `sentence` says it where a question is open."""

    kind: str
    title: str
    lines: tuple[str, ...]
    sentence: str


Errand = Callable[[], Awaitable[str | Panel]]
