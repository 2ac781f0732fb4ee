"""The store's policy from its settings: checked before anything is sold by it."""

import json

import pytest

from sale_shop import VAT_7, VAT_19
from store.sale.label import label_presets
from store.sale.policy import LabelMeasure, LabelRule, StoreFacts, StorePolicy, TaxRate
from store.sale.settings import PolicyRefused, check_policy, policy_from_settings

RULES = [{"pattern": "21IIIIIVVVVVX", "measure": "weight", "decimals": 3}]


def test_settings_become_a_policy():
    policy = policy_from_settings(
        {
            "currency": "SEK",
            "rounding_scope": "line",
            "cash_rounding_step": "100",
            "label_rules": json.dumps(RULES),
            "store_name": "First store",
            "store_address": "Market Street 1\n\n 12345 Town \n",
            "store_tax_id": "SE1",
            "receipt_footer": "Thank you\nCome again",
            "receipt_width": "32",
            "max_line_amount": "1000000",
            "something_else": "of another part",
        },
        [VAT_19, VAT_7],
    )
    assert policy == StorePolicy(
        currency="SEK",
        cash_rounding_step=100,
        taxes=(VAT_19, VAT_7),
        label_rules=(LabelRule(pattern="21IIIIIVVVVVX", measure=LabelMeasure.WEIGHT, decimals=3),),
        facts=StoreFacts(
            name="First store",
            address=("Market Street 1", "12345 Town"),
            tax_id="SE1",
            footer=("Thank you", "Come again"),
        ),
        receipt_width=32,
        max_line_amount=1_000_000,
    )


def test_absent_settings_have_their_defaults():
    assert policy_from_settings({}, []) == StorePolicy()


def test_a_region_stands_for_its_label_rules():
    assert policy_from_settings({"label_region": "DE"}, []).label_rules == label_presets("DE")


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("rounding_scope", "ticket", "Set it to one of 'line', 'rate', 'document'"),
        ("rounding_scope", "floor", "is unknown"),
        ("cash_rounding_step", "0", "between 1 and 1000"),
        ("cash_rounding_step", "five", "is no whole number"),
        ("cash_rounding_step", "", "is no whole number"),
        ("currency", "Euro", "Use three capitals"),
        ("currency", "", "Use three capitals"),
        ("receipt_width", "9", "between 24 and 80"),
        ("max_line_amount", "0", "must lie between"),
        ("label_rules", "[{", "label_rules cannot be read"),
        ("label_rules", '[{"pattern": "2"}]', "label_rules cannot be read"),
        ("label_rules", '[{"pattern": "2", "measure": "price", "decimals": 2}]', "needs 13"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence_with_its_key(key, text, says):
    with pytest.raises(PolicyRefused, match=says) as refused:
        policy_from_settings({key: text}, [])
    assert key in str(refused.value) or "label pattern" in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("taxes", "says"),
    [
        ([VAT_19, VAT_19], "there twice"),
        ([TaxRate(code="", name="x", rate="1")], "is empty"),
        ([TaxRate(code="STANDARD1", name="x", rate="1")], "longer than 8"),
        ([TaxRate(code="A", name="x", rate="19.0")], "has the rate '19.0'"),
        ([TaxRate(code="A", name="x", rate="-1")], "has the rate"),
        ([TaxRate(code="A", name="x", rate="101")], "has the rate"),
        ([TaxRate(code="A", name="x", rate="abc")], "has the rate"),
        ([TaxRate(code=f"T{n}", name="x", rate="1") for n in range(21)], "at most 20"),
    ],
)
def test_wrong_taxes_are_refused_in_a_sentence(taxes, says):
    with pytest.raises(PolicyRefused, match=says):
        policy_from_settings({}, taxes)


def test_a_sound_policy_passes():
    check_policy(StorePolicy(taxes=(VAT_19, VAT_7)))
