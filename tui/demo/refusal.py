"""Why the demo shop cannot open."""


class DemoRefused(Exception):
    """The demo shop cannot open; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
