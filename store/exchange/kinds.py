"""Kinds of journal records that register and ledger have to agree on."""

COUNTED_KINDS = frozenset(
    {
        "sale",
        "void",
        "drawer.open",
        "shift.open",
        "shift.close",
        "cash.float",
        "cash.income",
        "cash.expense",
        "cash.removal",
        "cash.safe_drop",
        "cash.bank_drop",
        "account.payment",
        "tender.declaration",
        "shift.suspend",
        "shift.resume",
        "shift.blind_close",
        "stock.count",
    }
)
"""Kinds that people call transactions; `pending_transactions` counts them."""
