"""Enrolment beside a journal that cannot be read, a key that fails, a server that has nothing yet."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core_home import make_home
from store.database.vault import open_vault
from store.exchange.delivery import Downloads
from store.gateway.errors import ServerRefused
from store.gateway.sync_calls import SyncCalls
from store.register.enrolment import activation, enrolling
from store.register.enrolment.activation import (
    ActivationRefused,
    DeviceSigner,
    load_enrolment,
    refuse_while_records_wait,
)
from store.register.journal.entry import SignerUnavailable


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    made = make_home(tmp_path_factory.mktemp("enrolment") / "till")
    for path in (*made.path.glob("catalog*"),):
        path.unlink()
    return made


def fetched(home):
    return asyncio.run(
        enrolling.fetch_shop_data(home, load_enrolment(home.path), open_vault(home.path, True))
    )


def test_server_that_went_away_after_the_enrolment_is_no_error(home):
    words = fetched(home)
    assert words.startswith("The shop's data did not come (127.0.0.1:1 refused the connection)")
    assert words.endswith("the register fetches it later.")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Downloads(data_group="S0001", support_offline=True, newest_seq=0, entries=()),
            enrolling.NOTHING_THERE,
        ),
        (ServerRefused("the device is disabled", 403, "device-disabled"), "the device is disabled"),
    ],
)
def test_server_that_has_nothing_or_refuses_is_told_and_the_data_comes_later(
    home, monkeypatch, answer, reason
):
    async def says(self, after, reader):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(SyncCalls, "downloads", says)
    assert fetched(home) == f"The shop's data did not come ({reason}); the register fetches it later."


def test_journal_that_cannot_be_read_refuses_a_new_enrolment(home, tmp_path):
    path = tmp_path / "journal.db"
    refuse_while_records_wait(path, load_enrolment(home.path))
    path.write_bytes(b"this is no database " * 500)
    with pytest.raises(ActivationRefused, match="not known whether records wait; export it first"):
        refuse_while_records_wait(path, load_enrolment(home.path))


def test_key_that_fails_is_unavailable_and_selling_may_go_on_unsigned(monkeypatch):
    def fails(*_):
        raise ValueError("the key is of another kind")

    signer = DeviceSigner(Ed25519PrivateKey.generate())
    assert len(signer.sign(bytes(32))) == 64
    monkeypatch.setattr(activation, "sign", fails)
    with pytest.raises(SignerUnavailable, match="of another kind"):
        signer.sign(bytes(32))
