"""How the server stands with headquarters, in one sentence for `/health`; every change is logged once."""

import logging

LOG = logging.getLogger("outpost.server.link")

STARTING = "Looking for headquarters."


class Standing:
    """What people are told of the link."""

    def __init__(self) -> None:
        self._sentence = STARTING
        self._troubles: dict[str, str] = {}

    @property
    def sentence(self) -> str:
        """The state of the connection, and what is wrong beyond it."""
        return " ".join((self._sentence, *self._troubles.values()))

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong, by what it is about."""
        return dict(self._troubles)

    def connected(self) -> None:
        """Headquarters answers."""
        self._say("Headquarters answers.", logging.INFO)

    def pending(self, name: str) -> None:
        """An operator has to accept this server first."""
        self._say(
            f"Headquarters has not accepted this server yet; run `outpost hq server accept {name}` there.",
            logging.WARNING,
        )

    def refused(self, reason: str) -> None:
        """Headquarters will not work with this server."""
        self._say(f"Headquarters refuses this server: {reason}.", logging.ERROR)

    def away(self, reason: str) -> None:
        """Headquarters does not answer."""
        self._say(f"Headquarters is away: {reason}. Registers are served all the same.", logging.WARNING)

    def trouble(self, about: str, sentence: str) -> None:
        """Something is wrong that the connection cannot heal; an empty sentence ends it."""
        if self._troubles.get(about, "") == sentence:
            return
        if sentence:
            self._troubles[about] = sentence
            LOG.error(sentence, extra={"about": about})
        else:
            del self._troubles[about]
            LOG.info("%s is in order again", about)

    def _say(self, sentence: str, level: int) -> None:
        if sentence != self._sentence:
            self._sentence = sentence
            LOG.log(level, sentence)
