"""Headquarters' keys in the view: the register's own win over those of all registers, bounded and printable."""

from session_fakes import MILK, running
from store.exchange.layout_keys import LAYOUT_LIMIT
from store.gateway.offline import LayoutKey
from store.register.session.layout import layout_of
from store.register.view import LayoutKeyView


def row(key, operation, *, place="", register="", caption="", position=0):
    return LayoutKey(
        id=f"{key}/{register}/{place}",
        register=register,
        place=place,
        key=key,
        operation=operation,
        caption=caption,
        position=position,
    )


async def test_the_view_carries_the_keys_of_this_register_and_the_query_tells_them(tmp_path):
    async with running(tmp_path) as till:
        till.world.shop.layout = (
            row("f8", 917),
            row("f7", 500, place="sale", caption="Void all", position=1),
        )
        await till.ready()
        await till.scan(MILK)
        wanted = (LayoutKeyView("", "f8", 917), LayoutKeyView("sale", "f7", 500, "Void all", 1))
        assert till.view.layout == wanted
        assert await till.session.query("layout", "") == {
            "keys": [["", "f8", 917, "", 0], ["sale", "f7", 500, "Void all", 1]]
        }


async def test_another_layout_comes_into_the_view_with_another_catalog(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        assert till.view.layout == ()
        till.world.shop.layout = (row("f8", 917),)
        await till.scan(MILK)
        assert till.view.layout == (LayoutKeyView("", "f8", 917),)


def test_a_row_of_the_register_replaces_that_of_all_registers_for_the_same_key_and_place():
    rows = (row("f8", 917), row("f7", 500, place="sale"), row("f7", 105, place="sale", register="S0001-R01"))
    assert [(key.key, key.operation) for key in layout_of(rows)] == [("f8", 917), ("f7", 105)]


def test_what_travels_is_bounded_printable_and_in_the_order_of_headquarters():
    rows = [row(" F8 ", 917, caption="Line\x1b[2J" + "x" * 50, position=3), row("f7", 500, position=1)]
    first, second = layout_of(rows)
    assert (first.key, second.key) == ("f7", "f8")
    assert "\x1b" not in second.caption
    assert len(second.caption) <= 24
    assert len(layout_of([row("f8", n, place=str(n)) for n in range(500)])) == LAYOUT_LIMIT
