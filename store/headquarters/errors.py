"""How headquarters says no to an operator; each is one sentence with its cure, and a problem word of the API.

SetupError
├── WrongInput   something typed does not fit (422 `invalid`; exit code 2 on the command line)
├── NotThere     what was named does not exist (404 `not-found`; exit code 5)
└── Refused      it is understood, and not done (409 `refused`; exit code 5)
"""


class SetupError(Exception):
    """Root; `sentence` is for a person, `word` for a program."""

    word = "refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class WrongInput(SetupError):
    """Something that was typed does not fit."""

    word = "invalid"


class NotThere(SetupError):
    """What was named does not exist."""

    word = "not-found"


class Refused(SetupError):
    """It is understood, and not done."""
