"""Whose language holds at the till: that of whoever is signed in, else the store's."""

from store.register.session.ports import SessionPorts
from store.register.session.state import SessionState
from store.sale.language import speak


def tune(ports: SessionPorts, state: SessionState) -> None:
    """Let sentences and amounts from now on be those of the person at the till."""
    paper = ports.shop.paper()
    person = state.operator
    own = person.language.partition("-")[0] if person is not None else ""
    speak(own or paper.language, paper.region)
