"""The state table of a sale, walked completely."""

import pytest
from msgspec.structs import replace

from sale_shop import MILK, POLICY, WINE, sale_of
from store.sale.paying import add_tender, back_to_sale, begin_payment, complete, void_sale, void_tender
from store.sale.refusal import SaleRefused
from store.sale.sale import REFUSALS, TRANSITIONS, SaleEvent, SaleState, next_state, note_failover
from store.sale.selling import add_line, set_quantity, void_line
from store.sale.tender import TenderKind

CELLS = [(state, event) for state in SaleState for event in SaleEvent]

ACTIONS = {
    SaleEvent.CHANGE_LINES: [
        lambda sale: add_line(sale, POLICY, WINE),
        lambda sale: set_quantity(sale, POLICY, 1, "2"),
        lambda sale: void_line(sale, 1),
    ],
    SaleEvent.BEGIN_PAYMENT: [begin_payment],
    SaleEvent.TAKE_PAYMENT: [lambda sale: add_tender(sale, POLICY, TenderKind.CARD, 10)],
    SaleEvent.VOID_PAYMENT: [lambda sale: void_tender(sale, 1)],
    SaleEvent.BACK: [lambda sale: back_to_sale(sale, POLICY)],
    SaleEvent.COMPLETE: [lambda sale: complete(sale, POLICY)],
    SaleEvent.VOID: [void_sale],
}


def sale_in(state: SaleState, event: SaleEvent):
    """A sale in that state for which the event's own conditions hold."""
    sale = sale_of(MILK, WINE)
    if event in (SaleEvent.VOID_PAYMENT, SaleEvent.COMPLETE):
        sale = add_tender(begin_payment(sale), POLICY, TenderKind.CARD, 708)
    return replace(sale, state=state)


@pytest.mark.parametrize(("state", "event"), CELLS)
def test_every_cell_moves_or_is_refused_with_its_sentence(state, event):
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(SaleRefused) as refused:
            next_state(state, event)
        assert str(refused.value) == REFUSALS[state]


@pytest.mark.parametrize(("state", "event"), CELLS)
def test_every_action_obeys_the_table(state, event):
    for action in ACTIONS[event]:
        sale = sale_in(state, event)
        if (state, event) in TRANSITIONS:
            assert action(sale).state is TRANSITIONS[state, event]
        else:
            with pytest.raises(SaleRefused) as refused:
                action(sale)
            assert str(refused.value) == REFUSALS[state]


def test_nothing_leaves_the_final_states():
    assert not [cell for cell in TRANSITIONS if cell[0] in (SaleState.COMPLETED, SaleState.VOIDED)]


def test_only_the_first_failover_of_a_sale_counts():
    sale = note_failover(note_failover(sale_of(), 1000), 2000)
    assert sale.failover_at_ms == 1000
