"""The smallest useful Textual program: one line of static text. The start of a screen is compared with its start."""

from textual.app import App, ComposeResult
from textual.widgets import Static

TEXT = "A line of text."


class Minimal(App[None]):
    """Shows one line."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        """One widget."""
        yield Static(TEXT)


if __name__ == "__main__":
    Minimal().run(mouse=False)
