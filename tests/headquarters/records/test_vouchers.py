"""Vouchers at headquarters: what is left on each, how it came about, and one that two stores spent."""

from hq_arrivals import deliver, open_world, put_series, till
from store.sale.voucher import shown_voucher, voucher_number

FIRST, SECOND = (voucher_number(bytes([n]) * 16) for n in (1, 2))


def issue(register, number, amount):
    line = {
        "n": 1, "sku": "voucher", "name": "Voucher", "quantity": "1", "unit": "pcs", "price": amount, "amount": amount,
        "tax": "", "tax_amount": 0, "gross": amount, "source": "online", "price_source": "typed", "voucher": number,
    }  # fmt: skip
    sums = {"subtotal": amount, "total": amount, "paid": amount, "change": 0, "lines": [line], "taxes": []}
    register.add("sale", tenders=[{"n": 1, "tender": 1, "kind": "cash", "amount": amount}], **sums)


def redeem(register, number, amount):
    rows = [
        {"n": 1, "tender": 1, "kind": "voucher", "amount": amount, "voucher": number},
        {"n": 2, "tender": 2, "kind": "cash", "amount": 626 - amount},
    ]
    register.add("sale", tenders=rows, change=0)


async def test_what_is_left_of_vouchers_and_how_it_came_about(tmp_path):
    async with open_world(tmp_path) as world:
        server, register = await world.server(), till()
        issue(register, FIRST, 2_000)
        redeem(register, FIRST, 600)
        issue(register, SECOND, 500)
        redeem(register, SECOND, 500)
        redeem(register, SECOND, 100)
        await put_series(server, register)
        await deliver(server, register)
        assert (await world.settled()).quarantined == 0
        rows = await world.ask("voucher", "list")
        assert [(row["number"], row["balance"], row["store"]) for row in rows] == [
            (FIRST, 1_400, "S0001"),
            (SECOND, -100, "S0001"),
        ]
        assert len(await world.ask("voucher", "list", limit=1)) == 1
        entries = await world.ask("voucher", "show", number=shown_voucher(SECOND))
        assert [(row["seq"], row["amount"], row["balance"]) for row in entries] == [
            (3, 500, 500),
            (5, -100, 400),
            (4, -500, -100),
        ]
        (difference,) = await world.ask("difference", "list")
        assert difference["effect"] == f"voucher:{SECOND}"
        assert "spent twice" in difference["cause"]
        for number in ("4711", voucher_number(b"nobody has this.")):
            answer = await world.ask("voucher", "show", expect=404, number=number)
            assert "No voucher has the number" in answer["detail"]
