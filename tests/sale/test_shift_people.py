"""What a closing says about people, added up in two ways that share no code."""

from hypothesis import given
from hypothesis import strategies as st

from store.register.verification.people import PeopleSums as Counted
from store.sale.shift_people import PeopleSums, fold_people, people_body

records = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("sale"),
            "operator": st.sampled_from(["101", "102", "201"]),
            "operator_name": st.just("Ann"),
            "total": st.integers(-9_999, 99_999),
        },
        optional={"late": st.just(1)},
    ),
    st.fixed_dictionaries({"kind": st.just("training.sale"), "total": st.integers(0, 9_999)}),
    st.fixed_dictionaries({"kind": st.sampled_from(["override", "void", "training.void", "sale.suspend"])}),
)


@given(st.lists(records, max_size=30))
def test_both_ways_agree_and_the_operators_add_up_to_the_sales(shift):
    sums, counted = PeopleSums(), Counted()
    for record in shift:
        sums = fold_people(sums, record)
        counted.add(record)
    counted.compare(people_body(sums))
    sales = [record for record in shift if record["kind"] == "sale"]
    assert sum(row.total for row in sums.operators) == sum(record["total"] for record in sales)
    assert sum(row.sales for row in sums.operators) == len(sales)


def test_a_closing_that_says_something_else_is_found():
    counted = Counted()
    counted.add({"kind": "sale", "operator": "101", "total": 5, "late": 1})
    for wrong in (
        {"late_total": 6},
        {"overrides": 1},
        {"operators": [{"operator": "101", "sales": 1, "total": 4}]},
    ):
        try:
            counted.compare(wrong)
        except ValueError as error:
            assert "its records say" in str(error)
        else:
            raise AssertionError(wrong)
