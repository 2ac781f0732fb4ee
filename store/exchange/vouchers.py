"""What register and Retail Server say to each other about vouchers of the house (docs/offline-protocol.md)."""

import msgspec

PATH_VOUCHER = "/vouchers/{number}"
"""GET what is on a voucher; 404 problem `unknown-voucher`."""
PATH_VOUCHER_HOLD = "/vouchers/{number}/holds"
"""POST how much of it an open sale takes; the server says how much it may. Nothing lets go of it."""

UNSENT_LIMIT = 50
"""Sales named in one request; of more than these the register counts what it took a second time, which is safe."""
HOLD_MS = 2 * 3_600_000
"""Longer than a sale is paid and sent; a register that dies lets go of the voucher after this."""


class WireVoucher(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher: what is on it by the books, what other open sales hold of it, what is held for the asking sale.

    `issued` is the business date on which it was issued; empty while only a redemption of it has arrived.
    """

    number: str
    currency: str
    balance: int
    held: int = 0
    granted: int = 0
    counted: int = 0
    """What `balance` and `held` already know of the sales that the register named as not sent."""
    issued: str = ""


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The open sale `txn_id` wants `amount` (minor units) of a voucher; it takes the place of what it wanted before.

    `unsent` are finished sales of the register that took something of it and are not acknowledged yet.
    """

    txn_id: str
    amount: int
    unsent: tuple[str, ...] = ()
