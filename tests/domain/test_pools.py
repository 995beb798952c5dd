"""What a contract's amounts are worth in functional currency, told with all that they came from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.accounting.curves import At, total
from domain.accounting.schedule import Flow, Schedule
from domain.contract_facts import Obligation, PriceConceded
from domain.invoice_facts import InvoiceLine
from domain.party import CustomerRegistered
from domain.policy import Options
from domain.price import PriceSet
from domain.pricing import Flat
from domain.subscription import Item, SubscriptionStarted
from tests.domain.contracting import point
from tests.domain.test_foreign_contracts import bill, opened, satisfied
from tests.domain.test_foreign_currency import Ledger, day

UNIT = "contract:k"
MARCH = date(2024, 3, 31)


def rated(*rates: tuple[int, int, str], options: Options | None = None) -> Ledger:
    """A USD entity, and what a euro is worth from days of 2024 on."""
    ledger = Ledger(options) if options else Ledger()
    for month, number, rate in rates:
        ledger.rate(month, number, rate)
    return ledger


MONTHS = ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.00"), (4, 30, "1.50"))


def told(flow: Flow, since: str) -> list[tuple[str, str]]:
    """What a flow says, from a step on."""
    rows = [(step.what, step.value) for step in flow.steps]
    return rows[next(place for place, (what, _) in enumerate(rows) if what == since) :]


def worths(schedule: Schedule, kind: str = "release") -> dict[str, int]:
    found: dict[str, int] = {}
    for flow in schedule.flows:
        if flow.kind == kind and flow.functional is not None:
            found[flow.subject] = found.get(flow.subject, 0) + total(flow.functional)
    return found


def test_what_was_billed_first_is_earned_first_whatever_was_told_first() -> None:
    ledger = rated(*MONTHS)
    opened(ledger, point("a", 100_00), point("b", 100_00), price=200_00)
    bill(ledger, "late", 1, 20, 100_00, "1.30")
    bill(ledger, "soon", 1, 10, 100_00, "1.10")
    satisfied(ledger, 1, 25, "a")
    satisfied(ledger, 2, 10, "b")

    assert worths(ledger.measured(UNIT, MARCH)) == {"a": 110_00, "b": 130_00}


def test_of_one_day_documents_and_promises_come_by_their_names() -> None:
    ledger = rated(*MONTHS)
    opened(ledger, point("b", 100_00), point("a", 100_00), price=200_00)
    bill(ledger, "i2", 1, 10, 100_00, "1.30")
    bill(ledger, "i1", 1, 10, 100_00, "1.10")
    satisfied(ledger, 1, 25, "b")
    satisfied(ledger, 1, 25, "a")

    assert worths(ledger.measured(UNIT, MARCH)) == {"a": 110_00, "b": 130_00}


def claims() -> Ledger:
    """200.00 of 300.00 earned in January, half of them due; 150.00 billed in March at 1.30."""
    ledger = rated(*MONTHS)
    rows = (
        point("licence", 200_00, price_minor=100_00),
        point("training", 100_00, price_minor=200_00),
    )
    opened(ledger, *rows)
    satisfied(ledger, 1, 15, "licence")
    bill(ledger, "i1", 3, 15, 150_00, "1.30")
    return ledger


def test_what_a_claim_is_worth_is_told_from_all_that_it_came_from_and_was() -> None:
    schedule = claims().measured(UNIT, MARCH)
    at_cost = [
        (
            "licence on 2024-01-31",
            "-200.00 EUR is -220.00 USD, 1 EUR = 1.1 USD on 2024-01-31 by self",
        ),
        ("i1:1 on 2024-03-15", "150.00 EUR is 195.00 USD"),
    ]
    anew = [
        (f"{account} on {at}", f"{euro} EUR is {usd} USD, 1 EUR = {rate} USD on {at} by self")
        for account, at, euro, usd, rate in (
            ("unbilled-receivable", "2024-01-31", "100.00", "110.00", "1.1"),
            ("contract-asset", "2024-01-31", "100.00", "110.00", "1.1"),
            ("unbilled-receivable", "2024-02-29", "100.00", "120.00", "1.2"),
            ("contract-asset", "2024-02-29", "100.00", "120.00", "1.2"),
            ("contract-asset", "2024-03-31", "50.00", "50.00", "1"),
        )
    ]
    (licence,) = [flow for flow in schedule.flows if flow.kind == "release"]
    exchange = {flow.subject: flow for flow in schedule.flows if flow.kind == "exchange"}

    assert told(licence, "licence on 2024-01-31") == at_cost
    assert told(exchange["contract:billed:realised"], "licence on 2024-01-31") == at_cost
    unbilled = exchange["contract:unbilled:unrealised"]
    assert told(unbilled, "licence on 2024-01-31") == [*at_cost, *anew]
    assert ("entitled licence", "entitled@1") in told(unbilled, "billing i1:1")
    assert ("entitled licence", "entitled@1") not in told(licence, "transaction price")
    # The rate of January, the contract, what was done of it, the bill; then the later rates too.
    assert licence.causes == (5, 9, 10, 11)
    assert unbilled.causes == (5, 6, 7, 9, 10, 11)


def test_what_is_presented_of_a_claim_is_its_cost_as_it_was_billed() -> None:
    schedule = claims().measured(UNIT, MARCH)

    assert [(row.obligation, row.account, row.marks) for row in schedule.presented] == [
        ("", "unbilled-receivable", ((date(2024, 1, 31), 110_00), (MARCH, 0))),
        ("", "contract-asset", ((date(2024, 1, 31), 110_00), (MARCH, 55_00))),
    ]


def differences(schedule: Schedule) -> list[tuple[str, str, int, bool]]:
    """What was gained: of what, on which day, how much, and whether with a document of that day."""
    return [
        (
            flow.subject.removeprefix("contract:"),
            str(flow.curve.day)[5:],
            total(flow.functional),
            flow.on is not None,
        )
        for flow in schedule.flows
        if flow.kind == "exchange" and flow.functional is not None and isinstance(flow.curve, At)
    ]


def test_inside_a_period_what_is_left_of_a_claim_keeps_its_share_of_what_it_was_told_last() -> None:
    ledger = rated(*MONTHS)
    opened(ledger, point("goods", 100_00), price=100_00)
    satisfied(ledger, 1, 15, "goods")
    bill(ledger, "i1", 3, 10, 40_00, "1.30")

    # Told at 1.20 in February; 40.00 that cost 44.00 are billed at 52.00; no rate of 20 March.
    assert differences(ledger.measured(UNIT, date(2024, 3, 20))) == [
        ("unbilled:unrealised", "02-29", 10_00, False),
        ("billed:realised", "03-10", 8_00, True),
        ("unbilled:unrealised", "03-20", -4_00, False),
    ]


def test_a_document_of_a_later_day_is_posted_with_all_that_it_changes_of_a_claim() -> None:
    ledger = rated(*MONTHS)
    opened(ledger, point("goods", 100_00), price=100_00)
    satisfied(ledger, 1, 15, "goods")
    bill(ledger, "i1", 3, 10, 40_00, "1.30")
    schedule = ledger.measured(UNIT, date(2024, 2, 29))

    assert differences(schedule) == [
        ("unbilled:unrealised", "02-29", 10_00, False),
        ("billed:realised", "03-10", 8_00, True),
        ("unbilled:unrealised", "03-10", -4_00, True),
    ]
    assert schedule.presented[0].marks == ((date(2024, 1, 31), 110_00), (date(2024, 3, 10), 66_00))


def test_a_book_that_tells_nothing_anew_leaves_claims_at_their_cost() -> None:
    ledger = rated(*MONTHS, options=Options(remeasure="realised-only"))
    opened(ledger, point("goods", 100_00), price=100_00)
    satisfied(ledger, 1, 15, "goods")
    bill(ledger, "i1", 3, 10, 40_00, "1.30")

    assert differences(ledger.measured(UNIT, MARCH)) == [("billed:realised", "03-10", 8_00, True)]


def test_what_is_taken_back_is_worth_what_it_was_and_where_it_lies_again_costs_its_share() -> None:
    """100.00 earned at 1.10 and billed at 1.30, 50.00 more earned at 1.20; 80.00 are conceded."""
    ledger = rated(*MONTHS)
    opened(ledger, point("a", 100_00), point("b", 50_00), price=150_00)
    satisfied(ledger, 1, 15, "a")
    bill(ledger, "i1", 2, 10, 100_00, "1.30")
    satisfied(ledger, 2, 20, "b")
    back = PriceConceded(when=day(3, 10), obligation="a", amount_minor=80_00)
    ledger.say(UNIT, back)
    schedule = ledger.measured(UNIT, MARCH)

    # What was earned last: 50.00 at 60.00, and 30.00 at 33.00.
    assert worths(schedule) == {"a": 110_00 - 93_00, "b": 60_00}
    # 50.00 of the claim had cost 60.00; what lies there again is 30.00 of 80.00 that cost 93.00.
    assert differences(schedule) == [
        ("billed:realised", "02-10", 20_00, True),
        ("billed:realised", "03-31", 93_00 - 60_00 - 34_88, False),
    ]


def test_what_is_settled_is_known_for_good_and_a_claim_or_what_is_to_come_is_not() -> None:
    done, open_one, to_come = (rated(*MONTHS) for _ in range(3))
    for ledger in (done, open_one):
        opened(ledger, point("goods", 100_00), price=100_00)
        satisfied(ledger, 1, 15, "goods")
    bill(done, "i1", 1, 10, 100_00, "1.30")
    year = Obligation(obligation="care", service_from=date(2024, 1, 1), service_to=date(2024, 4, 1))
    opened(to_come, year, price=91_00)
    bill(to_come, "i1", 1, 1, 91_00, "1.10")

    last = date(2024, 2, 29)
    assert done.measured(UNIT, last).valued_to is None
    assert open_one.measured(UNIT, last).valued_to == last
    assert to_come.measured(UNIT, last).valued_to == last
    assert to_come.measured(UNIT, MARCH).valued_to is None
    assert done.measured(UNIT, last).functional_currency == "USD"


def test_each_item_of_a_subscription_is_worth_what_its_own_bills_are() -> None:
    ledger = rated(*MONTHS)
    quarter = (date(2024, 1, 1), date(2024, 4, 1))
    for item in ("b", "a"):
        price = PriceSet(
            when=day(1, 1), currency="EUR", model=Flat(amount=Decimal(91)), interval_months=3
        )
        ledger.say(f"price:{item}", price)
    ledger.say("customer:c1", CustomerRegistered(when=day(1, 1), currency="EUR"))
    started = SubscriptionStarted(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        term_from=quarter[0],
        term_to=quarter[1],
        items=(Item(item="a", price="a"), Item(item="b", price="b")),
    )
    ledger.say("subscription:s", started)
    for name, item, rate in (("i1", "b", "1.30"), ("i2", "a", "1.10")):
        line = InvoiceLine(
            line="1",
            amount_minor=91_00,
            subscription="s",
            obligation=item,
            service_from=quarter[0],
            service_to=quarter[1],
        )
        ledger.issue(name, day(1, 1), line, rate)
    schedule = ledger.measured("subscription:s", MARCH)

    assert worths(schedule) == {"a": 100_10, "b": 118_30}
    assert {row.obligation for row in schedule.presented} == {"a", "b"}
    assert differences(schedule) == []


def test_inside_a_period_no_more_is_worth_anything_than_is_earned_so_far() -> None:
    ledger = rated(*MONTHS)
    care = Obligation(obligation="care", service_from=date(2024, 1, 1), service_to=date(2024, 4, 1))
    opened(ledger, care, price=91_00)
    bill(ledger, "i1", 1, 1, 91_00, "1.10")

    schedule = ledger.measured(UNIT, date(2024, 2, 10))

    # By months, January: 30.33.
    assert worths(schedule) == {"care": 33_36}


def test_what_is_due_only_after_all_is_done_is_worth_a_contract_asset_until_then() -> None:
    ledger = rated(*MONTHS)
    rows = (point("licence", 100_00), point("training", 100_00))
    opened(ledger, *rows, price=200_00, right_after="training")
    satisfied(ledger, 1, 15, "licence")
    schedule = ledger.measured(UNIT, date(2024, 1, 31))

    assert [(row.account, row.marks) for row in schedule.presented] == [
        ("unbilled-receivable", ()),
        ("contract-asset", ((date(2024, 1, 31), 110_00),)),
    ]


def test_a_claim_that_grows_inside_a_period_keeps_what_it_was_told_last() -> None:
    ledger = rated(*MONTHS, (3, 10, "1.05"))
    opened(ledger, point("a", 100_00), point("b", 50_00), price=150_00)
    satisfied(ledger, 1, 15, "a")
    satisfied(ledger, 3, 10, "b")
    ledger.rate(3, 20, "1.30")

    # 50.00 more at the rate of the day that time has come to, and no gain on it.
    schedule = ledger.measured(UNIT, date(2024, 3, 20))
    assert differences(schedule) == [("unbilled:unrealised", "02-29", 10_00, False)]
    assert schedule.presented[0].marks[-1] == (date(2024, 3, 20), 110_00 + 65_00)
