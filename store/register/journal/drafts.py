"""The open sale as it survives a restart, and the last intent applied per client."""

import msgspec

from store.register.journal.entry import Draft
from store.register.journal.sql import Connection

_PUT = "update till set draft = ?, clients = ? where id = 1"
_GET = "select draft, clients from till where id = 1"


def draft_unit(connection: Connection, draft: Draft) -> None:
    """Replace the stored draft."""
    connection.execute(_PUT, (draft.state_json, clients_text(draft)))


def clients_text(draft: Draft) -> str:
    """The numbers per client as they are stored."""
    return msgspec.json.encode(draft.clients).decode()


def read_draft(connection: Connection) -> Draft | None:
    """The stored draft, None before the first."""
    row = connection.execute(_GET).fetchone()
    if row is None or row[0] is None:
        return None
    return Draft(state_json=bytes(row[0]), clients=msgspec.json.decode(row[1], type=dict[str, int]))
