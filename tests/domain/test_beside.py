"""Lines beside a line: coupons, adjustments and included tax, and what they move of its revenue."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.curves import standing
from domain.accounting.measure import measure
from domain.contract_facts import ContractOpened, Obligation
from domain.facts import Event, Fact
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.master import MasterData, master_data
from domain.party import CustomerRegistered
from domain.price import PriceSet
from domain.pricing import Flat
from domain.routing import unit_of_line
from domain.statement.accounts import Asked, sold, statement
from domain.subscription import Item, SubscriptionStarted
from tests.domain.given import code, decide, fact, on

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
HALF = date(2024, 1, 16)
STREAM = "invoice:i1"
LINE = InvoiceLine(
    line="1", amount_minor=3_100, service_from=JANUARY, service_to=FEBRUARY, subscription="s1"
)


def beside(kind: str, minor: int, name: str = "2", of: str = "1", **how: Any) -> InvoiceLine:
    more = {"coupon": "spring"} if kind == "coupon" else {}
    words = {"line": name, "kind": kind, "amount_minor": minor, "of_line": of} | more | how
    return structs.replace(LINE, **words)


def issue(*lines: InvoiceLine) -> IssueInvoice:
    return IssueInvoice(when=on(1, 1), customer="c1", currency="USD", lines=lines)


def issued(*lines: InvoiceLine) -> InvoiceIssued:
    return InvoiceIssued(
        when=on(1, 1), customer="c1", currency="USD", number="i1", due_on=FEBRUARY, lines=lines
    )


# --- what is refused ---


def test_an_invoice_with_lines_beside_its_lines_is_issued_as_it_is() -> None:
    lines = (
        LINE,
        beside("adjustment", -100, "2", quantity=Decimal(3), unit_amount=Decimal(10)),
        beside("coupon", -1_000, "3"),
        beside("coupon", -1_000, "4", coupon="summer"),
        beside("included-tax", -200, "5"),
    )

    (event,) = decide(STREAM, issue(*lines))

    assert isinstance(event, InvoiceIssued)
    assert event.lines == lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (beside("coupon", -1, of="9"), "beside-no-line"),
        (beside("coupon", -1, of="2"), "beside-no-line"),
        (beside("coupon", -1, of_line=None), "beside-no-line"),
        (beside("coupon", -1, of="tax"), "beside-no-line"),
        (beside("coupon", -1, subscription="s2"), "beside-another-service"),
        (beside("coupon", -1, service_to=HALF), "beside-another-service"),
        (beside("subscription", 1), "not-beside-a-line"),
        (beside("coupon", -1, coupon=None), "coupon-unnamed"),
        (beside("adjustment", -1, coupon="spring"), "coupon-unnamed"),
        (beside("coupon", -1, coupon=" "), "empty-text"),
        (beside("coupon", 1), "coupon-above-line"),
        (beside("coupon", 0), "coupon-above-line"),
        (beside("coupon", -3_101), "coupon-above-line"),
        (beside("included-tax", 1), "included-tax-above-line"),
        (beside("included-tax", -3_101), "included-tax-above-line"),
        (beside("adjustment", 1, unit_amount=Decimal(1)), "unit-amount-alone"),
        (beside("coupon", -1, unit_amount=Decimal(1), quantity=Decimal(1)), "unit-amount-alone"),
    ],
)
def test_a_line_beside_a_line_takes_no_more_than_there_is_of_it(
    line: InvoiceLine, expected: str
) -> None:
    tax = InvoiceLine(line="tax", kind="tax", amount_minor=5_000)

    assert code(STREAM, issue(LINE, tax, line)) == expected


def test_coupons_and_tax_come_off_what_an_adjustment_leaves() -> None:
    lines = LINE, beside("adjustment", -3_000)
    other = InvoiceLine(line="other", amount_minor=10_000)

    assert decide(STREAM, issue(*lines, beside("coupon", -100, "3")))
    assert code(STREAM, issue(*lines, other, beside("coupon", -101, "3"))) == "coupon-above-line"
    coupon = beside("coupon", -60, "3")
    above = beside("included-tax", -41, "4")
    assert code(STREAM, issue(*lines, coupon, above)) == "included-tax-above-line"


def residue(minor: int, **how: Any) -> InvoiceLine:
    words = {"line": "r", "kind": "rounding", "amount_minor": minor, "description": "of the sum"}
    return InvoiceLine(**words | how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (residue(2), "residue-too-large"),
        (residue(-2), "residue-too-large"),
        (residue(1, description=""), "empty-text"),
        (residue(1, subscription="s1"), "residue-of-a-deal"),
    ],
)
def test_what_rounding_leaves_over_is_a_line_that_says_so(line: InvoiceLine, expected: str) -> None:
    assert decide(STREAM, issue(LINE, residue(-1)))
    assert code(STREAM, issue(LINE, line)) == expected


def test_a_residue_is_neither_revenue_nor_owed_to_anybody() -> None:
    given = fact(1, stream=STREAM, event=issued(LINE, residue(1)))

    schedule = measure("invoice:i1:r", [given], (), master([]), "main", date(2024, 12, 31))

    (flow,) = schedule.flows
    assert flow.legs == (("accounts-receivable", 1), ("rounding", -1))


def credit(*rows: tuple[str, int]) -> IssueCredit:
    lines = tuple(CreditLine(line=line, amount_minor=minor) for line, minor in rows)
    return IssueCredit(when=on(1, 16), number="C-1", lines=lines)


def test_a_credit_has_the_sign_of_its_line_and_takes_no_more_than_it_gives_back() -> None:
    given = issued(LINE, beside("coupon", -1_000))

    (event,) = decide(STREAM, credit(("1", 500), ("2", -500)), given)
    assert isinstance(event, CreditIssued)
    assert code(STREAM, credit(("1", 500), ("2", 100)), given) == "credit-not-positive"
    assert code(STREAM, credit(("1", -500)), given) == "credit-not-positive"
    assert code(STREAM, credit(("1", 1_500), ("2", -1_001)), given) == "credit-above-invoice"
    assert code(STREAM, credit(("1", 100), ("2", -101)), given) == "negative-credit"


# --- whose revenue it is ---


def test_a_line_beside_one_that_opens_its_own_contract_belongs_to_that() -> None:
    own = structs.replace(LINE, subscription=None)
    line = beside("coupon", -100, subscription=None)

    assert unit_of_line("i1", own) == unit_of_line("i1", line) == "invoice:i1:1"
    assert unit_of_line("i1", beside("coupon", -100)) == "subscription:s1"


def revenue(unit: str, *events: tuple[str, Event], day: date = FEBRUARY) -> dict[str, int]:
    """What is earned by the end of a day, by the slot it is earned in."""
    facts = [fact(place, stream=name, event=event) for place, (name, event) in enumerate(events, 1)]
    schedule = measure(unit, facts, (), master(facts), "main", date(2024, 12, 31))
    found: dict[str, int] = {}
    for flow in schedule.flows:
        if flow.kind == "release" and flow.rule:
            earned = standing(flow.curve, day)
            found[flow.subject] = found.get(flow.subject, 0) + earned
    return found


def master(facts: list[Fact]) -> MasterData:
    return master_data(one for one in facts if one.stream.startswith(("price:", "policy:")))


PRICED = PriceSet(when=on(1, 1, year=2020), currency="USD", model=Flat(amount=Decimal(31)))
STARTED = SubscriptionStarted(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    term_from=JANUARY,
    term_to=FEBRUARY,
    items=(Item(item="seat", price="flat"),),
)
TAKEN_BACK = CreditIssued(
    when=on(1, 16),
    number="C-1",
    lines=(CreditLine(line="2", amount_minor=-310),),
    treatment="as-if-never",
    purpose="correction",
)
COUPONED = issued(LINE, beside("coupon", -620))


def test_a_coupon_lowers_what_a_subscription_earns_over_the_period_of_its_line() -> None:
    deal = ("price:flat", PRICED), ("subscription:s1", STARTED), (STREAM, COUPONED)

    assert revenue("subscription:s1", *deal, day=date(2024, 1, 10)) == {"seat": 1_000, "i1:2": -200}
    assert revenue("subscription:s1", *deal) == {"seat": 3_100, "i1:2": -620}


def test_what_is_given_back_of_a_coupon_as_if_never_was_never_taken() -> None:
    deal = ("price:flat", PRICED), ("subscription:s1", STARTED), (STREAM, COUPONED)
    credited = (*deal, (STREAM, TAKEN_BACK))
    now = (*deal, (STREAM, structs.replace(TAKEN_BACK, treatment="from-now")))

    assert revenue("subscription:s1", *credited, day=date(2024, 1, 10))["i1:2"] == -100
    assert revenue("subscription:s1", *now, day=date(2024, 1, 10))["i1:2"] == -200
    assert revenue("subscription:s1", *credited)["i1:2"] == -310
    assert revenue("subscription:s1", *now)["i1:2"] == -310


def test_a_coupon_beside_a_line_of_a_stated_contract_or_of_no_contract_lowers_it_too() -> None:
    deal = {"subscription": None, "contract": "k1", "obligation": "o1"}
    contract = ContractOpened(
        when=on(1, 1),
        customer="c1",
        currency="USD",
        price_minor=3_100,
        obligations=(
            Obligation(obligation="o1", ssp_minor=1, service_from=JANUARY, service_to=FEBRUARY),
        ),
    )
    stated = issued(structs.replace(LINE, **deal), beside("coupon", -620, **deal))
    alone = {"subscription": None}
    own = issued(structs.replace(LINE, **alone), beside("coupon", -620, **alone))

    assert revenue("contract:k1", ("contract:k1", contract), (STREAM, stated)) == {
        "o1": 3_100,
        "i1:2": -620,
    }
    assert sum(revenue("invoice:i1:1", (STREAM, own)).values()) == 2_480


def test_what_is_earned_as_invoiced_is_earned_less_its_coupon_at_issue() -> None:
    price = structs.replace(PRICED, pattern="as-invoiced")
    deal = ("price:flat", price), ("subscription:s1", STARTED), (STREAM, COUPONED)

    assert sum(revenue("subscription:s1", *deal, day=JANUARY).values()) == 2_480


# --- what is billed ---


def bill(*lines: InvoiceLine) -> list[tuple[str, int]]:
    """What a run finds to bill beside some lines: the document, and what it comes to."""
    registered = CustomerRegistered(when=on(1, 1), currency="USD")
    events: list[tuple[str, Event]] = [("customer:c1", registered), ("subscription:s1", STARTED)]
    if lines:
        events.append((STREAM, issued(*lines)))
    facts = [fact(place, stream=name, event=event) for place, (name, event) in enumerate(events, 1)]
    known = master([fact(9, stream="price:flat", event=PRICED)])
    asked = Asked(through=JANUARY, master=known)
    made = statement(sold(facts, JANUARY, known), {}, asked, {STREAM}.__contains__)
    return [(document.stream, document.total_minor) for document in made.documents]


@pytest.mark.parametrize("kind", ["adjustment", "coupon", "included-tax"])
def test_what_stands_beside_a_line_bills_nothing_that_is_charged(kind: str) -> None:
    assert bill() == [("invoice:c1-USD-20240101-1", 3_100)]
    assert bill(LINE) == []
    assert bill(LINE, beside(kind, -1_000)) == []
    assert bill(structs.replace(LINE, amount_minor=1_000), beside("adjustment", 2_100)) == [
        ("invoice:c1-USD-20240101-1", 2_100)
    ]
