"""Accounting step by step: curves, releases, late changes, documents, money of customers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.accounting.curves import (
    At,
    Instants,
    Progress,
    Ratable,
    Steps,
    evenly,
    first_day,
    frozen_at,
    last_day,
    measured_from,
    standing,
    total,
)
from domain.accounting.documents import billed_lines, billing_flows
from domain.accounting.invoices import line_revenue
from domain.accounting.modification import Version, modified
from domain.accounting.revenue import as_used, at_once, over_time
from domain.accounting.schedule import Flow, frozen, stands, totals
from domain.contract_facts import ContractOpened, Obligation
from domain.facts import Fact, causes_of
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.invoicing import InvoicingOptions
from domain.payment_facts import (
    Application,
    PaymentApplied,
    PaymentReceived,
    PaymentRefunded,
)
from domain.settlement import settlement_flows
from tests.domain.given import fact, on

JANUARY, JULY, NEXT_YEAR = date(2024, 1, 1), date(2024, 7, 1), date(2025, 1, 1)

# --- curves ---


def test_days_are_rounded_once_cumulatively_and_close_to_the_amount() -> None:
    curve = Ratable(JANUARY, date(2024, 1, 4), 100, "day")

    assert [standing(curve, date(2024, 1, day)) for day in (1, 2, 3, 9)] == [33, 67, 100, 100]


def test_a_negative_amount_mirrors_the_positive_one() -> None:
    there = Ratable(JANUARY, date(2024, 1, 4), 100, "day")
    back = Ratable(JANUARY, date(2024, 1, 4), -100, "day")

    for day in range(1, 5):
        assert standing(back, date(2024, 1, day)) == -standing(there, date(2024, 1, day))


def test_month_even_stands_still_inside_a_month() -> None:
    curve = Ratable(JANUARY, NEXT_YEAR, 1_200, "month")

    assert standing(curve, date(2024, 2, 28)) == 100
    assert standing(curve, date(2024, 2, 29)) == 200


def test_last_month_cut_off_counts_the_first_month_whole_and_leaves_the_last_part_out() -> None:
    curve = Ratable(date(2024, 1, 16), date(2024, 4, 16), 300, "month-cut-off")

    assert [standing(curve, date(2024, month, 30)) for month in (1, 3, 4)] == [0, 200, 300]
    assert standing(curve, date(2024, 1, 31)) == 100


@pytest.mark.parametrize(
    ("start", "end", "by_month_end"),
    [
        (date(2024, 1, 10), date(2025, 1, 10), [50, 150, 250, 350]),
        (date(2024, 1, 31), date(2025, 1, 31), [50, 150, 250, 350]),
        (JANUARY, NEXT_YEAR, [100, 200, 300, 400]),
        (date(2024, 1, 16), date(2024, 4, 1), [240, 720, 1_200, 1_200]),
        (date(2024, 1, 5), date(2024, 1, 20), [1_200, 1_200, 1_200, 1_200]),
        (date(2024, 1, 5), date(2024, 2, 3), [600, 1_200, 1_200, 1_200]),
    ],
)
def test_a_month_touched_in_part_counts_half(
    start: date, end: date, by_month_end: list[int]
) -> None:
    curve = evenly(start, end, 1_200, "half-month")
    ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]

    assert [standing(curve, day) for day in ends] == by_month_end
    assert standing(curve, date(2024, 2, 28)) in {by_month_end[0], 1_200}
    assert (total(curve), last_day(curve)) == (1_200, end - timedelta(days=1))


def test_by_instant_an_amount_is_earned_with_time_itself() -> None:
    noon = datetime(2024, 6, 15, 12, tzinfo=UTC), datetime(2024, 10, 13, 12, tzinfo=UTC)
    by = Instants("UTC", *noon)
    curve = evenly(date(2024, 6, 15), date(2024, 10, 13), 12_000, by)
    ends = [date(2024, 6, 30), date(2024, 7, 31), date(2024, 8, 31), date(2024, 9, 30)]

    assert [standing(curve, day) for day in ends] == [1_550, 4_650, 7_750, 10_750]
    assert (standing(curve, date(2024, 10, 12)), total(curve)) == (11_950, 12_000)
    assert (first_day(curve), last_day(curve)) == (date(2024, 6, 15), date(2024, 10, 13))


def test_days_on_which_clocks_change_are_shorter_or_longer_by_instant() -> None:
    spring = evenly(date(2024, 3, 31), date(2024, 4, 2), 4_700, Instants("Europe/Berlin"))
    autumn = evenly(date(2024, 10, 27), date(2024, 10, 29), 4_900, Instants("Europe/Berlin"))

    assert standing(spring, date(2024, 3, 31)) == 2_300
    assert standing(autumn, date(2024, 10, 27)) == 2_500


def test_what_is_left_after_a_change_counts_from_the_first_moment_of_its_day() -> None:
    noon = datetime(2024, 6, 15, 12, tzinfo=UTC), datetime(2024, 6, 19, 12, tzinfo=UTC)
    by = Instants("UTC", *noon)
    rest = evenly(date(2024, 6, 18), date(2024, 6, 19), 300, by)

    assert [standing(rest, date(2024, 6, day)) for day in (17, 18, 19)] == [0, 200, 300]


def test_what_is_frozen_stands_for_good_and_what_had_not_begun_is_gone() -> None:
    curve = Ratable(JANUARY, NEXT_YEAR, 1_200, "month")

    kept = frozen_at(curve, date(2024, 3, 31))

    assert kept is not None
    assert (total(kept), last_day(kept)) == (300, date(2024, 3, 31))
    assert frozen_at(At(JULY, 5), date(2024, 6, 30)) is None
    assert frozen_at(At(JANUARY, 5), date(2024, 6, 30)) == At(JANUARY, 5)


def test_marks_up_to_the_day_are_kept() -> None:
    marks = Steps(((JANUARY, 5), (JULY, 9)))

    assert (first_day(marks), last_day(marks), total(marks)) == (JANUARY, JULY, 9)
    assert frozen_at(marks, date(2024, 6, 30)) == Steps(((JANUARY, 5),))
    assert standing(marks, date(2023, 12, 31)) == 0


@pytest.mark.parametrize(
    ("by", "first"),
    [
        ("day", date(2024, 7, 16)),
        ("month", JULY),
        ("month-by-days", date(2024, 7, 16)),
        ("month-cut-off", JULY),
        ("half-month", JULY),
        (Instants("UTC"), date(2024, 7, 16)),
    ],
)
def test_month_even_measures_a_change_from_the_month_on(by: Progress, first: date) -> None:
    assert measured_from(date(2024, 7, 16), by) == first


# --- releases ---


def test_what_has_no_day_left_is_earned_at_once() -> None:
    flow = over_time("seat", JULY, JULY, 70, "day", (1,))

    assert (flow.curve, flow.rule) == (At(JULY, 70), "point-in-time@1")


def test_freezing_names_why_only_where_it_cuts() -> None:
    whole = at_once("seat", JANUARY, 10, (1,))
    cut = over_time("seat", JANUARY, NEXT_YEAR, 1_200, "month", (1,))
    gone = at_once("seat", JULY, 7, (1,))

    kept = frozen((whole, cut, gone), date(2024, 3, 31), (9,))

    assert kept[0] is whole
    assert [flow.causes for flow in kept] == [(1,), (1, 9)]
    assert [(step.what, step.value) for step in kept[1].steps][-1] == (
        "measured anew after",
        "2024-03-31",
    )
    assert (stands(kept, JULY), totals(kept)) == (310, 310)


def test_usage_is_earned_as_it_occurs() -> None:
    flow = as_used("api", ((JANUARY, 5), (JULY, 9)), (3,))

    assert [standing(flow.curve, day) for day in (JANUARY, JULY)] == [5, 9]
    assert causes_of(flow.causes, (1, 3)) == (1, 3)


# --- changes agreed late ---


def version(cause: int, minor: int, measured: date, *, late: bool) -> Version:
    flow = over_time("seat", JANUARY, NEXT_YEAR, minor, "month", (1, cause))
    return Version(flows=(flow,), measured=measured, late=late, cause=cause)


def test_a_change_agreed_in_time_is_a_catch_up() -> None:
    flows = modified(
        [version(1, 1_200, JANUARY, late=False), version(5, 2_400, JULY, late=False)],
        "month",
        "USD",
    )

    assert [standing(flow.curve, date(2024, 1, 31)) for flow in flows] == [200]
    assert flows[0].causes == (1, 5)


def test_a_change_agreed_late_keeps_what_was_earned_and_spreads_the_rest() -> None:
    flows = modified(
        [version(1, 1_200, JANUARY, late=False), version(5, 2_400, JULY, late=True)],
        "month",
        "USD",
    )

    assert stands(flows, date(2024, 6, 30)) == 600
    assert stands(flows, date(2024, 7, 31)) == 900
    assert totals(flows) == 2_400
    assert [flow.causes for flow in flows] == [(1, 5), (1, 5)]
    assert [(step.what, step.value) for step in flows[1].steps] == [
        ("price of the whole term", "24.00"),
        ("recognised before 2024-07-01", "6.00"),
        ("remaining", "18.00"),
        ("earned evenly by month", "2024-07-01 to 2025-01-01"),
    ]


def test_after_a_change_agreed_late_every_change_measured_so_far_is_a_cause() -> None:
    flows = modified(
        [
            version(1, 1_200, JANUARY, late=False),
            version(4, 1_200, date(2024, 2, 1), late=True),
            version(5, 2_400, JULY, late=False),
        ],
        "month",
        "USD",
    )

    assert [flow.causes for flow in flows] == [(1, 4, 5)]
    assert [step.what for step in flows[0].steps] == [
        "earned evenly by month",
        "price after fact 4, measured 2024-02-01",
        "price after fact 5, measured 2024-07-01",
    ]


# --- documents ---


def invoice(*, amount: int = 1_200, service: bool = True, due: date = JULY) -> InvoiceIssued:
    line = InvoiceLine(
        line="1",
        amount_minor=amount,
        service_from=JANUARY if service else None,
        service_to=NEXT_YEAR if service else None,
    )
    return InvoiceIssued(
        when=on(1, 1), customer="c", currency="USD", number="1", due_on=due, lines=(line,)
    )


def credit(month: int, amount: int, treatment: str) -> CreditIssued:
    return CreditIssued(
        when=on(month, 10),
        number=f"C{month}",
        lines=(CreditLine(line="1", amount_minor=amount),),
        treatment=treatment,  # type: ignore[arg-type]
    )


def documents(*events: InvoiceIssued | CreditIssued | InvoiceVoided) -> list[Fact]:
    return [fact(place, stream="invoice:i", event=event) for place, event in enumerate(events, 1)]


def test_a_void_takes_what_credits_left_and_rests_on_them() -> None:
    void = InvoiceVoided(when=on(5, 1), treatment="from-now")

    (row,) = billed_lines(documents(invoice(), credit(3, 200, "from-now"), void))

    assert [(cut.name, cut.minor, cut.causes) for cut in row.cuts] == [
        ("C3", 200, (2,)),
        ("void", 1_000, (2, 3)),
    ]
    assert [total(flow.curve) for flow in billing_flows(row)] == [1_200, -200, -1_000]
    assert (row.left_minor, row.is_void) == (0, True)


def test_what_is_cut_as_if_never_was_never_earned_and_from_now_is_kept() -> None:
    (never,) = billed_lines(documents(invoice(), credit(7, 600, "as-if-never")))
    (now,) = billed_lines(documents(invoice(), credit(7, 600, "from-now")))

    assert stands(line_revenue(never, "month"), date(2024, 6, 30)) == 300
    assert stands(line_revenue(now, "month"), date(2024, 6, 30)) == 600
    assert totals(line_revenue(now, "month")) == totals(line_revenue(never, "month")) == 600


def test_a_line_without_a_period_is_earned_at_issue() -> None:
    (row,) = billed_lines(documents(invoice(service=False)))

    assert [flow.curve for flow in line_revenue(row, "day")] == [At(JANUARY, 1_200)]


# --- customers' money ---


def payment(place: int, name: str, month: int, amount: int, contract: str | None = None) -> Fact:
    received = PaymentReceived(
        when=on(month, 1), customer="c", currency="USD", amount_minor=amount, contract=contract
    )
    return fact(place, stream=f"payment:{name}", event=received)


def applied(flows: tuple[Flow, ...]) -> list[tuple[str, int]]:
    return [(flow.subject, total(flow.curve)) for flow in flows if flow.kind == "application"]


def elected(_day: date) -> InvoicingOptions:
    return InvoicingOptions()


def test_money_goes_to_what_is_due_first() -> None:
    late = fact(1, stream="invoice:late", event=invoice(amount=500, due=NEXT_YEAR))
    soon = fact(2, stream="invoice:soon", event=invoice(amount=300, due=JULY))

    flows = settlement_flows([late, soon, payment(3, "p", 2, 400)], "c", "USD", elected)

    assert applied(flows) == [("p:soon", 300), ("p:late", 100)]


def test_what_a_person_states_goes_first() -> None:
    late = fact(1, stream="invoice:late", event=invoice(amount=500, due=NEXT_YEAR))
    soon = fact(2, stream="invoice:soon", event=invoice(amount=300, due=JULY))
    rows = (Application(invoice="late", amount_minor=400),)
    stated = fact(4, stream="payment:p", event=PaymentApplied(when=on(3, 1), applications=rows))

    flows = settlement_flows([late, soon, payment(3, "p", 2, 400), stated], "c", "USD", elected)

    assert applied(flows) == [("p:late:stated", 400)]


def test_a_refund_undoes_what_was_applied_last() -> None:
    issued = fact(1, stream="invoice:i", event=invoice(amount=500))
    refund = fact(3, stream="payment:p", event=PaymentRefunded(when=on(4, 1), amount_minor=150))

    flows = settlement_flows([issued, payment(2, "p", 2, 400), refund], "c", "USD", elected)

    assert applied(flows) == [("p:i", 400), ("p:i", -150)]
    assert flows[-1].causes == (1, 2, 3)


def test_money_left_over_stands_as_contract_liability_once_its_contract_is_in_force() -> None:
    opened = ContractOpened(
        when=on(5, 1),
        customer="c",
        currency="USD",
        price_minor=900,
        obligations=(Obligation(obligation="o", ssp_minor=1, pattern="point-in-time"),),
    )
    facts = [payment(1, "p", 2, 400, "k"), fact(2, stream="contract:k", event=opened)]

    flows = settlement_flows(facts, "c", "USD", elected)

    assert [(flow.kind, flow.curve) for flow in flows] == [
        ("receipt", At(date(2024, 2, 1), 400)),
        ("advance", At(date(2024, 5, 1), 400)),
    ]
