"""A sale given back in parts of any size, in any order, is the sale again to the cent."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.sale.quantity import from_thousandths, thousandths
from store.sale.returning import NOTHING, Cents, ReturnsOf, added, mirrored, part_of


def origin(quantity, cents):
    return ReturnsOf(series="S0001-R01.1", seq=7, receipt_no=3, n=1, quantity=quantity, sold=cents)


def give_back(line, quantities):
    """Return the line in these parts, one after the other; what each gave."""
    parts = []
    for quantity in quantities:
        part = part_of(line, quantity)
        parts.append(part)
        line = replace(
            line,
            before_quantity=from_thousandths(thousandths(line.before_quantity) + thousandths(quantity)),
            before=added(line.before, part),
        )
    return parts


@st.composite
def sold_lines(draw):
    amount = draw(st.integers(0, 200_000))
    discount = draw(st.integers(0, amount))
    share = draw(st.integers(0, amount - discount))
    relief = draw(st.integers(0, amount - discount - share))
    taxes = tuple(draw(st.lists(st.integers(0, 9_999), max_size=3)))
    tax = sum(taxes) if taxes else draw(st.integers(0, 9_999))
    return Cents(
        amount=amount,
        discount=discount,
        discount_share=share,
        tax_relief=relief,
        tax_amount=tax,
        tax_parts=taxes,
    )


@st.composite
def parts_of_a_quantity(draw):
    """Cuts of a whole quantity into positive parts, in thousandths."""
    whole = draw(st.one_of(st.integers(1, 40).map(lambda n: n * 1000), st.integers(2, 30_000)))
    step = 1000 if whole % 1000 == 0 and draw(st.booleans()) else 1
    cuts = sorted(draw(st.sets(st.integers(1, whole // step).map(lambda n: n * step), max_size=6)) | {whole})
    sizes = [end - begin for begin, end in zip([0, *cuts], cuts, strict=False)]
    return whole, draw(st.permutations([size for size in sizes if size]))


def summed(parts):
    total = NOTHING
    for part in parts:
        total = added(total, part)
    return total


@given(sold_lines(), parts_of_a_quantity())
def test_parts_in_any_order_add_up_to_the_line_exactly(cents, cut):
    whole, sizes = cut
    parts = give_back(origin(from_thousandths(whole), cents), [from_thousandths(size) for size in sizes])
    total = summed(parts)
    assert (total.amount, total.base, total.tax_amount) == (cents.amount, cents.base, cents.tax_amount)
    assert (total.discount, total.discount_share, total.tax_relief) == (
        cents.discount,
        cents.discount_share,
        cents.tax_relief,
    )
    assert total.tax_parts == cents.tax_parts


@given(sold_lines(), parts_of_a_quantity())
def test_no_part_takes_money_from_the_customer(cents, cut):
    whole, sizes = cut
    for part in give_back(origin(from_thousandths(whole), cents), [from_thousandths(size) for size in sizes]):
        assert part.amount >= 0
        assert part.base >= 0
        assert part.tax_amount >= 0
        assert sum(part.tax_parts) in (0, part.tax_amount)


@given(sold_lines(), parts_of_a_quantity(), st.data())
def test_what_somebody_else_gave_back_wrongly_is_put_right_by_the_last_part(cents, cut, data):
    """Two registers without a line may each give back the first piece by the same rounding."""
    whole, sizes = cut
    line = origin(from_thousandths(whole), cents)
    blind = [part_of(line, from_thousandths(size)) for size in sizes[:-1]]
    before = from_thousandths(whole - sizes[-1])
    last = part_of(replace(line, before_quantity=before, before=summed(blind)), from_thousandths(sizes[-1]))
    assert summed([*blind, last]) == replace(cents, tax_parts=summed([*blind, last]).tax_parts)


def test_a_third_of_a_line_with_a_discount_shows_its_price_and_gives_back_what_was_paid():
    line = origin("3", Cents(amount=300, discount=10, discount_share=1, tax_amount=46))
    assert [
        (part.amount, part.discount, part.discount_share, part.tax_amount) for part in give_back(line, "111")
    ] == [
        (100, 4, 0, 15),
        (100, 2, 1, 16),
        (100, 4, 0, 15),
    ]


def test_the_same_amounts_the_other_way_round_leave_nothing():
    cents = Cents(amount=300, discount=10, discount_share=1, tax_relief=2, tax_amount=46, tax_parts=(40, 6))
    assert added(cents, mirrored(cents)) == Cents(tax_parts=(0, 0))
    assert origin("3", cents).left == "3"
    assert origin("3", cents).place == ("S0001-R01.1", 7, 1)
