"""What the control socket answers: steering by the core itself, everything else by the session."""

from collections.abc import Callable
from typing import Any

import msgspec

from store.gateway.connection import Connection, SwitchAnswer
from store.register.control.messages import Command, Query
from store.register.control.server import AnswerRefused
from store.register.session.run_operation import BEFORE_SIGN_IN
from store.register.session.sale_open import STAYS_CONNECTED
from store.register.session.session import Session
from store.register.view import Mode


class CoreAnswers:
    """Implements `control.Answering`."""

    def __init__(
        self,
        *,
        session: Session,
        connection: Connection,
        stop: Callable[[bool], None],
        switch_before_sign_in: Callable[[], bool],
    ) -> None:
        self._session = session
        self._connection = connection
        self._stop = stop
        self._switch_before_sign_in = switch_before_sign_in

    async def __call__(self, question: Query | Command, role: str) -> dict[str, Any]:
        """Answer, or raise AnswerRefused with a sentence."""
        if isinstance(question, Command):
            return await self._obey(question)
        answer = await self._session.query(question.kind, question.text)
        if error := answer.get("error"):
            raise AnswerRefused(str(error))
        return answer

    async def _obey(self, command: Command) -> dict[str, Any]:
        match command.kind:
            case "connect":
                self._require_switching()
                return answer_of(await self._connection.connect(self._session.transaction_open))
            case "disconnect":
                self._require_switching()
                if not self._session.ports.shop.supports_offline:
                    return {"done": False, "sentence": STAYS_CONNECTED}
                return answer_of(await self._connection.disconnect())
            case "sync":
                ended: dict[str, Any] = msgspec.to_builtins(await self._session.sync_now())
                return ended
            case "retry":
                return {"done": True, "sentence": await self._session.retry()}
            case "stop":
                self._stop(True)
                return {"done": True, "sentence": "The register ends."}
            case _:
                raise AnswerRefused(f"The register knows no command {command.kind!r}.")

    def _require_switching(self) -> None:
        if not self._switch_before_sign_in() and self._session.view().mode is Mode.LOCKED:
            raise AnswerRefused(BEFORE_SIGN_IN)


def answer_of(switched: SwitchAnswer) -> dict[str, Any]:
    """A switch for the wire."""
    return {"done": switched.done, "sentence": switched.sentence}
