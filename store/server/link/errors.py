"""What goes wrong between this server and headquarters, split by what happens next.

LinkTrouble
├── HeadquartersAway      no answer, or one that says "later": try again with a growing, jittered wait
└── HeadquartersRefused   an answer with a stable word: waiting alone does not help
"""


class LinkTrouble(Exception):
    """A call to headquarters brought nothing; the message is a sentence's beginning without a final stop."""


class HeadquartersAway(LinkTrouble):
    """Headquarters did not answer, or is busy. `retry_after_s` is what it asked for, None when it said nothing."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class HeadquartersRefused(LinkTrouble):
    """Headquarters refused with a problem; `body` is the whole document, which may carry more."""

    def __init__(self, word: str, status: int, reason: str, body: bytes = b"") -> None:
        super().__init__(reason)
        self.word = word
        self.status = status
        self.body = body
