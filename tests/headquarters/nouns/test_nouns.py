"""The table of nouns holds together: every field has its sentence, every reference its noun, every job its number."""

from pathlib import Path

import msgspec
import pytest

from store.exchange.hardware_profile import DevicesConfig
from store.exchange.jobs import JOB_BY_NUMBER
from store.exchange.offline_profile import OfflineProfile
from store.exchange.permissions import Permission
from store.headquarters.errors import NotThere
from store.headquarters.nouns.chain import Store
from store.headquarters.nouns.field import fields_of, find_field
from store.headquarters.nouns.noun import GENERIC, key_of, parts_of
from store.headquarters.nouns.page import page
from store.headquarters.nouns.people import GRANTED, Role
from store.headquarters.nouns.profiles import (
    FunctionalityProfile,
    HardwareProfile,
    OfflineProfileRow,
    detail_of,
)
from store.headquarters.nouns.settings import store_settings
from store.headquarters.nouns.table import (
    NOUNS,
    VERBS,
    document_type,
    find_noun,
    own_verb,
    referring,
    verbs_of,
)
from store.headquarters.nouns.till import SETTINGS

RESERVED = {"home", "json", "help", "version", "limit", "output", "yes"}


@pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)
def test_a_noun_says_everything_about_its_fields(noun):
    assert noun.summary and set(noun.generic) <= set(GENERIC)
    assert set(noun.jobs) <= set(JOB_BY_NUMBER)
    fields = (*fields_of(noun.fields), *fields_of(noun.inputs))
    options = [field.option for field in fields]
    options += [f"--{part.name.replace('_', '-')}" for part in noun.key if part.default is not None]
    assert len(options) == len(set(options)), "an option would be there twice"
    for field in fields:
        assert field.help.endswith("."), f"{noun.name}.{field.name} has no help sentence"
        assert not field.ref or field.ref in NOUNS
        assert field.word not in RESERVED
        assert find_field(fields, field.word) is field and find_field(fields, field.name) is field
    for part in noun.key:
        assert part.help.endswith(".") and (not part.ref or part.ref in NOUNS)
    if noun.fields is not None:
        assert noun.example.startswith(f"outpost hq --home HQ {noun.name} set ")
        assert issubclass(document_type(noun.name), msgspec.Struct)


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: f"{verb.noun} {verb.name}")
def test_a_verb_belongs_to_a_noun_and_says_everything_about_its_arguments(verb):
    assert verb.name in verbs_of(NOUNS[verb.noun]) and own_verb(NOUNS[verb.noun], verb.name) is verb
    assert verb.summary.endswith(".")
    fields = fields_of(verb.arguments)
    assert len({field.option for field in fields}) == len(fields)
    for field in fields:
        assert field.help.endswith(".") and field.word not in RESERVED - {"limit"}


def test_the_parts_of_a_key_come_back_from_it():
    key = NOUNS["key"]
    for parts, text in (
        ({"key": "f6", "register": "", "place": ""}, "f6"),
        ({"key": "f6", "register": "S1-R1", "place": ""}, "f6/S1-R1"),
        ({"key": "f6", "register": "", "place": "sale"}, "f6//sale"),
    ):
        assert key_of(key, parts) == text and parts_of(key, text) == parts
    assert key_of(NOUNS["price"], {"product": "100"}) == "100/0"


def test_an_unknown_noun_is_named_with_what_may_have_been_meant():
    with pytest.raises(NotThere, match="Did you mean 'product'"):
        find_noun("produkt")
    with pytest.raises(NotThere, match="There are: store, register"):
        find_noun("zzzz")
    with pytest.raises(LookupError):
        document_type("job")


def test_who_can_name_a_tax_is_known():
    assert {(noun, field.name) for noun, field in referring("tax")} == {
        ("department", "tax"),
        ("product", "tax"),
        ("tax", "members"),
    }


def test_the_profiles_carry_every_field_that_a_register_understands_and_nothing_else():
    assert set(detail_of(OfflineProfileRow(description="x"))) == set(OfflineProfile.__struct_fields__)
    assert set(detail_of(HardwareProfile())) == set(DevicesConfig.__struct_fields__)
    assert msgspec.convert(detail_of(OfflineProfileRow()), OfflineProfile) == OfflineProfile()
    assert msgspec.convert(detail_of(HardwareProfile()), DevicesConfig) == DevicesConfig()


def test_a_role_can_hold_every_permission_that_is_not_everybodys():
    assert set(GRANTED) | {"anyone", "signed_in"} == {permission.value for permission in Permission}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sell", "discount", "line_discount=5", "total_discount_amount=500"), ""),
        (("sell", "line_discount=101"), "at most 100 percent"),
        (("sell", "discounts=5"), "is no limit"),
        (("sell", "fly"), "is no permission"),
    ],
)
def test_a_role_holds_permissions_and_limits_and_nothing_else(words, says):
    role = NOUNS["role"]
    fault = role.check({"role": "trainee"}, Role(permissions=words))
    assert (says in fault) if says else fault == ""


def test_the_settings_of_a_store_come_from_it_its_profile_and_the_rows_that_win():
    store = Store(name="First", address="a\nb", currency="SEK", receipt_footer="Bye")
    profile = FunctionalityProfile(cash_rounding_step=100, receipt_width=32)
    found = store_settings(
        store, profile, {"receipt_width": "40", "label_region": "SE"}, {"store_name": "Other"}
    )
    assert found == {
        "cash_rounding_step": "100",
        "currency": "SEK",
        "label_region": "SE",
        "max_line_amount": "99999999",
        "receipt_footer": "Bye",
        "receipt_width": "40",
        "store_address": "a\nb",
        "store_name": "Other",
    }
    plain = store_settings(Store(), None, {}, {})
    assert plain["receipt_width"] == "42" and "store_name" not in plain
    assert set(SETTINGS) >= set(found) - {"currency"}


def test_a_field_of_another_shape_is_a_mistake_of_the_program():
    class Odd(msgspec.Struct):
        """A field that cannot be typed."""

        table: dict[str, int]

    with pytest.raises(TypeError, match="use text, numbers"):
        fields_of(Odd)


def test_the_page_of_the_nouns_is_that_of_the_table():
    written = (Path(__file__).parents[3] / "docs" / "headquarters-nouns.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m store.headquarters.nouns.page > docs/headquarters-nouns.md"


def test_every_noun_is_named_on_the_page_for_operators():
    text = (Path(__file__).parents[3] / "docs" / "headquarters.md").read_text(encoding="utf-8")
    assert [noun for noun in NOUNS if f"`{noun}`" not in text] == []
