"""The store's policy from the key-value settings of a data package, checked before anything is sold by it."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from store.sale.label import label_fault, label_presets
from store.sale.people_policy import people_faults, people_policy
from store.sale.policy import (
    PRICE_REASONS,
    CashAccount,
    LabelRule,
    RoundingScope,
    StoreFacts,
    StorePolicy,
    TaxRate,
)
from store.sale.quantity import thousandths
from store.sale.region import REGIONS
from store.sale.return_policy import return_faults, return_policy
from store.sale.rounding import PRESETS, CashRounding, cash_rounding_preset
from store.sale.tax_settings import group_faults, with_members
from store.sale.text import stored

TAX_CODE_LIMIT = 8
ACCOUNT_LIMIT = 12
ACCOUNT_NAME_LIMIT = 30
MAX_ACCOUNTS = 24
MAX_DENOMINATIONS = 24
MAX_PRICE_REASONS = 12
LANGUAGE = frozenset("abcdefghijklmnopqrstuvwxyz")
MAX_TAXES = 20
"""Every record holds the tax table; it must have room."""


class PolicyRefused(Exception):
    """The store's settings cannot be sold by; `str()` is a sentence with the key, the cause and the cure."""


def policy_from_settings(settings: Mapping[str, str], taxes: Iterable[TaxRate]) -> StorePolicy:
    """The policy that settings and taxes describe; absent keys have their defaults, unknown keys are left to others.

    Keys: currency, rounding_scope, discount_calculation (line or total), cash_rounding_step, cash_rounding (CH, ...),
    cash_rounding_tie (up or down), label_rules (a JSON list of LabelRule), label_region (a preset), income_accounts,
    expense_accounts ("8100 Vending machine; 8200 Found money"), denominations (minor units, apart by spaces),
    store_name, store_address, store_tax_id, receipt_footer (lines apart by line feeds), receipt_width,
    max_line_amount, journal_retention_days, price_reasons (lines).
    Raises PolicyRefused.
    """
    cash = _cash_rounding(settings)
    policy = StorePolicy(
        currency=settings.get("currency", "EUR"),
        rounding_scope=_scope(settings.get("rounding_scope", RoundingScope.PER_LINE)),
        cash_rounding_step=cash.step,
        cash_rounding_tie=cash.tie,
        taxes=with_members(taxes),
        discounts_at_total=_discount_calculation(settings.get("discount_calculation", "")),
        label_rules=_label_rules(settings),
        facts=StoreFacts(
            name=settings.get("store_name", ""),
            address=_text_lines(settings.get("store_address", "")),
            tax_id=settings.get("store_tax_id", ""),
            footer=_text_lines(settings.get("receipt_footer", "")),
        ),
        receipt_width=_number(settings, "receipt_width", 42),
        price_reasons=_text_lines(settings.get("price_reasons", "")) or PRICE_REASONS,
        max_line_amount=_number(settings, "max_line_amount", 99_999_999),
        journal_retention_days=_number(settings, "journal_retention_days", 90),
        accounts=(*_accounts(settings, "income"), *_accounts(settings, "expense")),
        account_offline_limit=_number(settings, "account_offline_limit", 0),
        denominations=_denominations(settings.get("denominations", "")),
        people=people_policy(settings),
        returns=return_policy(settings),
        language=settings.get("language", ""),
        region=settings.get("region", ""),
    )
    check_policy(policy)
    return policy


def check_policy(policy: StorePolicy) -> None:
    """Raises PolicyRefused with a sentence when nothing could be sold rightly by this policy."""
    fault = next(_faults(policy), "")
    if fault:
        raise PolicyRefused(fault)


def _faults(policy: StorePolicy) -> Iterator[str]:
    if not (len(policy.currency) == 3 and policy.currency.isascii() and policy.currency.isupper()):
        yield f"currency = {policy.currency!r} is no currency code. Use three capitals such as EUR."
    if not 1 <= policy.cash_rounding_step <= 1000:
        yield f"cash_rounding_step = {policy.cash_rounding_step} must lie between 1 and 1000 minor units."
    if not LANGUAGE.issuperset(policy.language) or len(policy.language) not in (0, 2):
        yield f"language = {policy.language[:20]!r} is no language. Write two small letters such as de."
    if policy.region and policy.region not in REGIONS:
        yield f"region = {policy.region[:20]!r} is unknown. Regions: {', '.join(sorted(REGIONS))}."
    if not 24 <= policy.receipt_width <= 80:
        yield f"receipt_width = {policy.receipt_width} must lie between 24 and 80 characters."
    if not 1 <= policy.max_line_amount <= 99_999_999_999:
        yield f"max_line_amount = {policy.max_line_amount} must lie between 1 and 99999999999 minor units."
    if len(policy.price_reasons) > MAX_PRICE_REASONS:
        yield f"price_reasons has {len(policy.price_reasons)} lines; at most {MAX_PRICE_REASONS} fit on the screen."
    if policy.journal_retention_days > 36_500:
        yield f"journal_retention_days = {policy.journal_retention_days} must lie between 0 (for ever) and 36500."
    yield from people_faults(policy.people)
    yield from return_faults(policy.returns)
    yield from _cash_faults(policy)
    yield from _tax_faults(policy.taxes)
    yield from (fault for rule in policy.label_rules if (fault := label_fault(rule)))


def _cash_faults(policy: StorePolicy) -> Iterator[str]:
    for kind in ("income", "expense"):
        numbers = [account.number for account in policy.accounts if account.kind == kind]
        if len(numbers) > MAX_ACCOUNTS:
            yield f"{kind}_accounts has {len(numbers)} accounts; at most {MAX_ACCOUNTS} fit on the screen."
        for number in sorted({number for number in numbers if numbers.count(number) > 1}):
            yield f"{kind}_accounts has account {number} twice. Give each its own number."
    if len(policy.denominations) > MAX_DENOMINATIONS:
        count = len(policy.denominations)
        yield f"denominations has {count} notes and coins; at most {MAX_DENOMINATIONS} fit on the screen."


def _tax_faults(taxes: tuple[TaxRate, ...]) -> Iterator[str]:
    if len(taxes) > MAX_TAXES:
        yield f"The store has {len(taxes)} taxes; at most {MAX_TAXES} fit into a record."
    seen: set[str] = set()
    for tax in taxes:
        if not tax.code or tax.code in seen:
            yield f"Tax code {tax.code!r} is empty or there twice. Give each tax its own code."
        if len(tax.code) > TAX_CODE_LIMIT:
            yield f"Tax code {tax.code!r} is longer than {TAX_CODE_LIMIT} characters; it stands on every line."
        seen.add(tax.code)
        yield from group_faults(tax, {one.code for one in taxes})
        try:
            rate = thousandths(tax.rate)
        except ValueError:
            rate = -1
        if not 0 <= rate <= 100_000:
            yield f"Tax {tax.code!r} has the rate {tax.rate!r}. Write percent, up to three decimals: 19 or 5.5."


def _scope(text: str) -> RoundingScope:
    try:
        return RoundingScope(text)
    except ValueError:
        scopes = ", ".join(repr(scope.value) for scope in RoundingScope)
        raise PolicyRefused(f"rounding_scope = {text!r} is unknown. Set it to one of {scopes}.") from None


def _cash_rounding(settings: Mapping[str, str]) -> CashRounding:
    """The habit of a country or currency where one is named, else the step; the tie may be set apart."""
    name, tie = settings.get("cash_rounding", ""), settings.get("cash_rounding_tie", "")
    found = CashRounding(_number(settings, "cash_rounding_step", 1))
    if name:
        preset = cash_rounding_preset(name)
        if preset is None:
            known = ", ".join(PRESETS)
            raise PolicyRefused(f"cash_rounding = {name[:20]!r} is unknown. Set it to one of {known}.")
        found = preset
    if tie not in ("", "up", "down"):
        raise PolicyRefused(f"cash_rounding_tie = {tie[:20]!r} is unknown. Set it to 'up' or 'down'.")
    return CashRounding(found.step, "down" if tie == "down" else "up" if tie else found.tie)


def _discount_calculation(text: str) -> bool:
    if text not in ("", "line", "total"):
        raise PolicyRefused(f"discount_calculation = {text[:20]!r} is unknown. Set it to 'line' or 'total'.")
    return text == "total"


def _number(settings: Mapping[str, str], key: str, default: int) -> int:
    text = settings.get(key, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise PolicyRefused(f"{key} = {text!r} is no whole number.")
    return int(text)


def _label_rules(settings: Mapping[str, str]) -> tuple[LabelRule, ...]:
    text = settings.get("label_rules", "")
    if not text:
        return label_presets(settings.get("label_region", ""))
    try:
        return msgspec.json.decode(text, type=tuple[LabelRule, ...])
    except msgspec.DecodeError as fault:
        raise PolicyRefused(f"label_rules cannot be read: {fault}.") from None


def _accounts(settings: Mapping[str, str], kind: str) -> Iterator[CashAccount]:
    """Entries apart by semicolons or line feeds: a number, a space, a name."""
    for entry in settings.get(f"{kind}_accounts", "").replace("\n", ";").split(";"):
        number, _, name = entry.strip().partition(" ")
        if not number:
            continue
        name = stored(name.strip(), ACCOUNT_NAME_LIMIT)
        if not (number.isascii() and number.isalnum() and len(number) <= ACCOUNT_LIMIT and name):
            raise PolicyRefused(
                f"{kind}_accounts: {entry.strip()[:40]!r} is no account. Write number and name: 8100 Vending machine."
            )
        yield CashAccount(number=number, name=name, kind=kind)


def _denominations(text: str) -> tuple[int, ...]:
    words = text.split()
    if not all(word.isascii() and word.isdigit() and len(word) <= 9 and int(word) > 0 for word in words):
        raise PolicyRefused(
            f"denominations = {text[:40]!r}: write minor units apart by spaces: 5000 2000 1000 500."
        )
    return tuple(sorted({int(word) for word in words}, reverse=True))


def _text_lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
