"""Enrolment against the real server: what is kept, what is refused, and a lost answer."""

import json

import pytest
from msgspec.structs import replace

from journal_uplink import enrolled, shop, till_at
from journal_world import event, sale
from server_world import running_world
from store.database.vault import open_vault
from store.exchange.messages import EnrolmentAnswer
from store.gateway.errors import ServerRefused, ServerUnreachable
from store.register.enrolment.activation import (
    ENROLMENT_NAME,
    ActivationRefused,
    enrol,
    load_enrolment,
    load_pepper,
    load_signer,
)
from store.register.verification.verify import verify_file


class Answers:
    """A server that answers with what the test gives it."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []

    async def enrol(self, request, *, deadline_s):
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def answer(epoch=1, **changes):
    facts = {
        "register": "S0042-R03", "store": "S0042", "store_name": "Corner", "epoch": epoch,
        "series": f"S0042-R03.{epoch}", "root_key": "11" * 32, "server_key": "22" * 32, "pepper": "33" * 32,
    }  # fmt: skip
    return EnrolmentAnswer(**{**facts, **changes})


async def ask(home, client, token=lambda size: bytes(range(size))):
    vault = open_vault(home, True, environment={})
    return await enrol(client, "CODE", vault, home, server_url="http://x", wall_ms=5, token=token)


async def test_secrets_go_into_the_vault_and_facts_into_a_file_without_secrets(tmp_path):
    enrolment = await ask(tmp_path, Answers(answer()))
    assert load_enrolment(tmp_path) == enrolment
    vault = open_vault(tmp_path, True, environment={})
    signer = load_signer(vault, enrolment)
    assert signer.key_id == load_signer(vault, enrolment).key_id
    assert load_pepper(vault, enrolment) == bytes.fromhex("33" * 32)
    text = (tmp_path / ENROLMENT_NAME).read_text()
    assert "33" * 32 not in text
    assert bytes(range(32)).hex() not in text
    assert json.loads(text)["insecure"] is True
    assert (tmp_path / ENROLMENT_NAME).stat().st_mode & 0o077 == 0


async def test_lost_answer_is_asked_for_again_with_the_same_key(tmp_path):
    lost = Answers(ServerUnreachable("reset"))
    with pytest.raises(ServerUnreachable):
        await ask(tmp_path, lost, token=lambda size: b"\1" * size)
    assert load_enrolment(tmp_path) is None
    again = Answers(answer())
    await ask(tmp_path, again, token=lambda size: b"\2" * size)
    assert again.requests[0].public_key == lost.requests[0].public_key
    fresh = Answers(answer(epoch=2))
    await ask(tmp_path, fresh, token=lambda size: b"\3" * size)
    assert fresh.requests[0].public_key != lost.requests[0].public_key


@pytest.mark.parametrize(
    "changes",
    [
        {"root_key": "zz"},
        {"server_key": "11"},
        {"pepper": ""},
        {"series": "S0042-R03.7"},
        {"register": "other"},
    ],
)
async def test_answer_that_makes_no_sense_is_refused_and_nothing_is_written(tmp_path, changes):
    with pytest.raises(ActivationRefused) as refusal:
        await ask(tmp_path, Answers(answer(**changes)))
    assert refusal.value.sentence.endswith(".")
    assert load_enrolment(tmp_path) is None


async def test_epoch_that_was_used_before_is_refused(tmp_path):
    await ask(tmp_path, Answers(answer(epoch=3)))
    with pytest.raises(ActivationRefused, match="epoch"):
        await ask(tmp_path, Answers(answer(epoch=3)))
    assert load_enrolment(tmp_path).epoch == 3


async def test_damaged_facts_are_a_sentence(tmp_path):
    (tmp_path / ENROLMENT_NAME).write_text("rubbish")
    with pytest.raises(ActivationRefused, match="enrol the register anew"):
        load_enrolment(tmp_path)


async def test_vault_without_the_key_means_selling_without_signature_not_a_crash(tmp_path):
    enrolment = await ask(tmp_path, Answers(answer()))
    other = open_vault(tmp_path / "other", True, environment={})
    assert load_signer(other, enrolment) is None
    assert load_pepper(other, enrolment) is None
    mine = open_vault(tmp_path, True, environment={})
    assert load_signer(mine, replace(enrolment, public_key="00" * 32)) is None


async def test_activating_again_is_refused_while_records_wait_and_begins_a_new_series_afterwards(tmp_path):
    async with running_world(tmp_path / "server") as world:
        home = tmp_path / "till"
        home.mkdir()
        vault, enrolment = await enrolled(home, world, (await world.prepare()).code)
        async with till_at(home, world.url, vault, enrolment) as till:
            await till.journal.commit(sale("t1"))
        with pytest.raises(ActivationRefused, match="1 records"):
            await enrolled(home, world, (await world.prepare()).code)
        async with till_at(home, world.url, vault, enrolment) as till:
            head = await till.journal.head()
            await till.journal.change_upload_state(
                lambda s: replace(s, acked_seq=head.seq, acked_hash=head.hash)
            )
        vault, again = await enrolled(home, world, (await world.prepare()).code)
        assert (again.epoch, again.series) == (2, "S0042-R03.2")
        async with till_at(home, world.url, vault, again) as till:
            assert (await till.journal.commit(event("lock", "l1"))).record.seq == 1
        assert verify_file(home / "journal.db").records == 2


async def test_code_is_good_for_one_machine_only(tmp_path):
    async with running_world(tmp_path / "server") as world:
        code = (await world.prepare()).code
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        await enrolled(tmp_path / "a", world, code)
        with pytest.raises(ServerRefused):
            await enrolled(tmp_path / "b", world, code)
        assert load_enrolment(tmp_path / "b") is None


async def test_enrolled_register_can_ask_for_its_head(tmp_path):
    async with shop(tmp_path) as (_, till):
        head = await till.client.head(deadline_s=5)
        assert (head.seq, head.series) == (0, till.enrolment.series)
