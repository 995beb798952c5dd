"""What a billing case may say: everything else is refused by name, and nothing of it is guessed."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.coupon import GrantCoupon
from domain.cycle import Every
from domain.invoicing import AdoptInvoicing
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.subscription import AmendSubscription, StartSubscription
from domain.tax.table import SetTaxRates
from replay.billing_cases.acts import (
    Adjust,
    Course,
    Credit,
    Issue,
    Keep,
    Pay,
    Refund,
    Run,
    Submit,
    Use,
    Void,
)
from replay.billing_cases.by_hand import ByHand, command
from replay.billing_cases.deal import deal
from replay.billing_cases.figures import require_known
from replay.billing_cases.format import expected, given
from replay.billing_cases.of_papers import LABEL
from replay.billing_cases.papers import Papers
from replay.billing_cases.phrases import elections, policy_notes
from replay.billing_cases.terms import said
from replay.billing_cases.translation import translate
from replay.billing_cases.variants import scaled, shifted
from replay.case_format import CaseError

CASES = Path(__file__).parent / "billing"
USED: dict[str, Any] = {"at": "2025-01-15T00:00:00Z", "type": "usage", "quantity": "5"}
TODAY = date(2025, 1, 15)
TAXED = {"tax_percent": "7"}
IN_FRANCE = "20% in France; reverse charge across the border is 0 with the taxable amount kept"
PER_UNIT: dict[str, Any] = {"model": "per_unit", "unit_amount": "2"}


def case(price: Any = None, *events: dict[str, Any], **more: Any) -> Any:
    facts: dict[str, Any] = {
        "timezone": "UTC",
        "currency": "USD",
        "price": PER_UNIT if price is None else price,
        "events": [*(events or (USED,))],
    }
    return {
        "facts": facts | more.pop("facts", {}),
        "policy": more.pop("policy", {}),
        "expected": more.pop("expected", {"total": "10"}),
    }


def refusal(raw: Any) -> str:
    def read() -> None:
        require_known(expected(raw))
        translate(given(raw))

    with pytest.raises(CaseError) as no:
        read()
    return str(no.value)


def commands(course: Course, kind: type) -> list[Any]:
    return [
        act.does.command
        for act in course.acts
        if isinstance(act.does, Submit) and isinstance(act.does.command, kind)
    ]


def runs(course: Course) -> list[tuple[str, str]]:
    return [(str(act.does.on), act.does.why) for act in course.acts if isinstance(act.does, Run)]


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (case(None, {**USED, "type": "loan_granted"}), "unknown event loan_granted"),
        (case(None, {**USED, "colour": "red"}), "unknown field usage.colour"),
        (case(None, {"type": "usage", "quantity": "5"}), "missing field usage.at"),
        (case(facts={"weather": "fair"}), "unknown key facts.weather"),
        (case(facts={"period": {"middle": "2025-01-15"}}), "unknown key facts.period.middle"),
        (case({"model": "lottery"}), "unknown price model lottery"),
        (case({**PER_UNIT, "luck": "7"}), "unknown field price.luck"),
        (case({**PER_UNIT, "unit_amount": "much"}), "must be a number, not 'much'"),
        (case({**PER_UNIT, "aggregation": "median"}), "unknown aggregation median"),
        (case({"model": "graduated", "tiers": []}), "price.tiers must be a list"),
        (case({"gold": "dear"}), "unknown price gold: dear"),
        (case({"amount": "5", "billing": "at dawn"}), "unknown words for price.billing: at dawn"),
        (case(policy={"weather": "fair"}), "unknown policy key weather"),
        (case(policy={"tiers": "by moon"}), "unknown phrase for policy tiers: by moon"),
        (case(None, {**USED, "unit": "miles"}), "usage: 0 meters it could mean"),
        (case(None, {**USED, "quantity": None}), "must be a number, not None"),
        (case(None, {**USED, "at": "soon"}), "not an ISO date or instant: 'soon'"),
        (case(None, {**USED, "at": "2025-01-15T10:00:00"}), "an instant without its offset"),
        (case({"amount": "5"}, {"at": "2025-01-15", "type": "upgraded"}), "missing field upgraded"),
        (case(expected={"luck": "7"}), "unknown figure luck"),
        (case(expected={"total": ["7"]}), "expected.total must be a number, not ['7']"),
        (case(expected={"credit": {"net": "much"}}), "expected.credit.net must be a number"),
        (case(expected={"lines": [{"from": "soon", "amount": "1"}]}), "lines.from must be an ISO"),
        (case(expected={"lines": [{"from": "2025-01-01"}]}), "missing field lines.amount"),
        (case(expected={"runs": "none"}), "expected runs must be a list"),
        (case(facts={"timezone": "Mars/Base"}), "facts.timezone is unknown: 'Mars/Base'"),
        (case(facts={"currency": "XXL"}), "facts.currency is unknown: 'XXL'"),
        (case(facts={"bill_cycle_day": "32"}), "facts.bill_cycle_day must be a day of the month"),
        (case(facts={"tax_percent": "much"}), "facts.tax_percent must be a number"),
        (case(facts={"period": "May"}), "facts.period must be an object"),
        (case(facts={"period": {"start": "2025-01-01"}}), "missing field facts.period.end"),
        (
            case(facts={"period": {"start": "2025-02-01", "end": "2025-01-01"}}),
            "facts.period must end after it begins",
        ),
        (case(facts={"events": []}), "`events` must not be empty"),
        (case(policy={"tiers": ["own"]}), "`policy` is of phrases"),
        (case(None, {**USED, "values": "25"}), "usage.values must be a list of numbers"),
        (case(None, {**USED, "at": "0001-01-01"}), "a year out of reach"),
        (case(None, {"at": "2025-01-15", "type": "seat_added"}), "missing field seat_added.seat"),
        (
            case(None, {"at": "2025-01-15", "type": "seat_removed", "seat": "a"}),
            "seat_removed: the price does not prorate seats",
        ),
        (
            case({"amount": "5"}, {"at": "2025-01-15", "type": "coupon"}),
            "coupon must have an amount or a percent",
        ),
        (
            case(
                {"amount": "5"},
                {"at": "2025-01-15", "type": "coupon", "amount": "1", "limited_to": ["x"]},
            ),
            "coupon: nothing is sold as x",
        ),
        (
            case({"a": "5"}, {"at": "2025-01-15", "type": "upgraded", "plan": "dear"}),
            "unknown plan dear",
        ),
        (case({**PER_UNIT, "thresholds": "200"}), "price.thresholds must be a list"),
        (case({**PER_UNIT, "free_units": ["1"]}), "price.free_units must be a number"),
        (case({"amount": "20 or 30"}), "2 amounts it could mean: 20 or 30"),
        (case({"amount": ["20"]}), "price.amount must be a text"),
        (case({"amount": "5", "billing": "7"}), "unknown words for price.billing: 7"),
        (case({"amount": "5", "bill_cycle_day": "0"}), "price.bill_cycle_day must be 1 to 31"),
        (case({"matched": ["1"]}), "price.matched must be two amounts"),
        (case({"matched": ["1", ["2", "3"]]}), "price.matched must be two amounts"),
        (case([{"amount": "5"}]), "missing field price.id"),
        (case([]), "price must not be empty"),
        (case([{"id": "a", "amount": "5", "luck": "7"}]), "unknown field price.luck"),
        (case(None, {**USED, "price": "miles"}), "usage: 0 meters it could mean"),
        (
            case({"net": "5"}, {"at": "2025-01-15", "type": "invoiced", "customer": "a king"}),
            "unknown customer a king",
        ),
        (
            case({"amount": "5"}, {"at": "2025-01-15", "type": "fee_adjusted"}),
            "fee_adjusted: 0 items it could mean",
        ),
        (case(expected={"invoice": {"luck": "7"}}), "unknown figure invoice.luck"),
        (case(expected={}), "no expected figure to compare"),
        (case(expected={"lines": [{"colour": "red"}]}), "unknown field lines.colour"),
        (case(expected={"lines": [{"type": "gift", "amount": "1"}]}), "unknown type of line gift"),
    ],
)
def test_what_no_table_names_is_refused_by_name(raw: Any, named: str) -> None:
    assert named in refusal(raw)


def test_all_unknown_words_are_named_together() -> None:
    raw = case(None, {**USED, "type": "loan_granted"}, {**USED, "colour": "red"})

    assert refusal(raw) == "unknown event loan_granted; unknown field usage.colour"


def test_every_case_is_translated_without_what_it_expects() -> None:
    for path in sorted(CASES.glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        blind = {name: raw[name] for name in ("facts", "policy")}

        assert translate(given(raw)) == translate(given(blind)), path.name


def test_what_a_change_charges_stands_apart_where_that_is_asked_for() -> None:
    raw = case({"old": "30", "new": "60"}, {"at": "2025-01-15", "type": "upgrade"})

    def lines(policy: dict[str, str], *, apart: bool) -> set[str]:
        told = translate(given({**raw, "policy": policy}), apart=apart)
        found = [getattr(act.does, "command", None) for act in told.acts]
        return {one.options.change_lines for one in found if isinstance(one, SetPrice)}

    assert lines({}, apart=True) == {"separate"}
    assert lines({}, apart=False) == {"net"}
    assert lines({"netting": "the old plan is netted against the new"}, apart=True) == {"net"}


def test_a_phrase_is_known_with_other_numbers_and_months() -> None:
    assert elections({"day_count": "termination day counts (9 of 28)"}).options == (
        elections({"day_count": "termination day counts: 18 of 31"}).options
    )
    assert elections({"factor": "4 decimals, half up"}).options.factor_places == 4
    window = (
        "three billing periods back from the last billed date; anything older, also a deletion, "
        "is ignored without a trace"
    )
    assert elections({"window": window}).options.late_periods == 3


@pytest.mark.parametrize(
    ("policy", "elected"),
    [
        ({"day_count": "the termination day counts, 4 of 30 days"}, {"cancellation_day": "served"}),
        ({"day_count": "both ends counted, 12 of 28"}, {"prorated_part": "unused"}),
        ({"window": "one period back"}, {"late_periods": 1}),
        ({"rounding": "each fee rounded half up"}, {"rounding": "line"}),
        ({"correction": "the rest goes on the current period"}, {"credits": "next-invoice"}),
        ({"factor": "7 decimals"}, {"factor_places": 7}),
        ({"proration": "days left over days in the period"}, {"prorated_part": "unused"}),
        ({"change": "old plan credited, new plan charged"}, {"change_lines": "separate"}),
        ({"late": "added to the next invoice"}, {"correction_period": "current"}),
        ({"late": "a line of the period it belongs to"}, {"correction_period": "original"}),
        (
            {"boundary": "the day of cancellation is billed"},
            {"usage_on_cancellation_day": "billed"},
        ),
    ],
)
def test_a_phrase_says_the_same_in_other_words(
    policy: dict[str, str], elected: dict[str, object]
) -> None:
    options = elections(policy).options

    assert {name: getattr(options, name) for name in elected} == elected


@pytest.mark.parametrize(
    ("phrase", "proration", "ends_counted"),
    [
        ("30/360", "thirty-days", False),
        ("no proration", "none", False),
        ("exact, to the second", "second", False),
        ("actual days, both days inclusive", "day", True),
        ("daily", "day", False),
    ],
)
def test_how_a_part_of_a_period_is_counted_is_said_in_many_ways(
    phrase: str, proration: str, ends_counted: bool
) -> None:
    elected = elections({"proration": phrase})

    assert (elected.proration, elected.ends_counted) == (proration, ends_counted)


@pytest.mark.parametrize("phrase", ["half even", "down"])
def test_what_the_ledger_does_not_do_is_no_phrase(phrase: str) -> None:
    with pytest.raises(CaseError, match="unknown phrase for policy rounding"):
        elections({"rounding": phrase})


@pytest.mark.parametrize(
    ("phrase", "takes"),
    [
        ("total usage sets one rate for all units", ("all",)),
        ("graduated: each unit at the tier it falls in", ("own",)),
    ],
)
def test_tiers_price_what_falls_in_them_or_all(phrase: str, takes: tuple[str, ...]) -> None:
    assert elections({"tiers": phrase}).takes == takes


def test_what_a_phrase_says_under_another_key_it_says_all_the_same() -> None:
    policy = {"refund": "the cancel credits the unused part", "cap": "9 decimals as printed"}
    options = elections(policy).options

    assert (options.credits, options.factor_places) == ("next-invoice", 9)
    with pytest.raises(CaseError, match="unknown phrase for policy refund: by moon"):
        elections({"refund": "by moon"})


def test_a_key_that_elects_nothing_is_a_note() -> None:
    policy = {"grace": "three days", "factor": "9 decimals"}

    assert elections(policy).options.factor_places == 9
    assert policy_notes(policy) == ("policy grace: elects nothing, three days",)


def test_the_rate_of_a_country_is_read_with_its_decimals() -> None:
    found = elections({"tax": "8.1% in Luxembourg; reverse charge across the border"})

    assert (found.tax_percent, found.tax_place) == (Decimal("8.1"), "LU")


def test_prose_says_how_often_when_and_how_much() -> None:
    found = said("31.00 calendar monthly in arrears")

    assert (found.amount, found.every, found.alignment, found.bill, found.rest) == (
        Decimal("31.00"),
        Every(1),
        "calendar",
        "arrears",
        "",
    )


def test_a_change_may_be_known_later_and_be_of_another_quantity() -> None:
    begun = {"at": "2025-01-01", "type": "subscription_started", "quantity": "3"}
    changed = {"at": "2025-01-20", "type": "changed", "effective_at": "2025-01-10", "quantity": "5"}
    later = {"at": "2025-02-05", "type": "upgraded", "plan": "c"}
    raw = case({"a": "1", "b": "2", "c": "4"}, begun, {**changed, "plan": "b"}, later)
    first, second = commands(translate(given(raw)), AmendSubscription)

    assert (str(first.when.effective), first.items[0].quantity) == ("2025-01-10", Decimal(5))
    assert second.items[0].quantity == Decimal(5)


def test_what_changes_on_the_day_it_begins_is_billed_as_it_begins() -> None:
    begin = {"at": "2025-01-01T00:00:00Z", "type": "period_start"}
    changed = {"at": "2025-01-01T00:00:00Z", "type": "changed"}
    end = {"at": "2025-01-31T00:00:00Z", "type": "period_end"}
    course = translate(given(case({"old": "100", "new": "200"}, begin, changed, end)))

    assert runs(course)[:2] == [("2025-01-01", "change"), ("2025-01-01", "change")]
    assert [type(act.does) for act in course.acts if act.event] == [Run, Submit, Run]


def test_a_coupon_is_an_amount_or_a_share_for_a_while() -> None:
    coupon = {"at": "2025-01-01", "type": "coupon", "percent": "25", "times": 3}
    until = {"at": "2025-01-01", "type": "coupon", "amount": "5", "until": "2025-06-01"}
    raw = case({"amount": "5"}, coupon, until, {"at": "2025-01-01", "type": "invoiced"})
    share, amount = commands(translate(given(raw)), GrantCoupon)

    assert (share.percent, share.currency, share.times, share.amount) == (
        Decimal(25),
        None,
        3,
        None,
    )
    assert (amount.amount, str(amount.until), amount.percent) == (Decimal(5), "2025-06-01", None)


def test_several_items_may_come_go_and_change_their_price() -> None:
    price = {"matched": [["100", "160"], ["30", "15"]], "added": ["6", "7"], "removed": "8"}
    offered = deal(given(case(price, {"at": "2025-01-01", "type": "changed"}))).offer

    assert [sale.item for sale in offered.plan("old")] == ["plan", "plan-2", "removed"]
    assert [sale.item for sale in offered.plan("new")] == ["plan", "plan-2", "added", "added-2"]


def test_usage_after_the_period_of_a_case_is_not_what_it_is_about() -> None:
    period = {"start": "2025-01-01", "end": "2025-02-01"}
    late = {**USED, "at": "2025-02-01T00:00:00Z"}
    course = translate(given(case(None, USED, late, facts={"period": period})))

    assert runs(course)[-1] == ("2025-02-01", "period")


def test_an_invoice_is_named_by_its_place() -> None:
    found = [LABEL.fullmatch(label) for label in ("second invoice tax", "last invoice total")]

    assert [match and match["nth"] for match in found] == ["second", "last"]


def test_a_period_that_only_the_calendar_has_is_the_calendars() -> None:
    start = {"at": "2024-05-20T10:00:00Z", "type": "subscription_started"}
    period = {"start": "2024-04-01", "end": "2024-07-01"}
    raw = case({"amount": "910.00"}, start, facts={"period": period, "billing": "quarterly"})
    agreed = deal(given(raw))

    assert (agreed.alignment, agreed.every) == ("calendar", Every(3))


def test_both_ends_of_one_period_make_its_term() -> None:
    begin = {"at": "2025-01-01T00:00:00Z", "type": "period_start"}
    changed = {"at": "2025-01-16T00:00:00Z", "type": "changed"}
    end = {"at": "2025-01-31T00:00:00Z", "type": "period_end"}
    raw = case({"old": "100", "new": "200"}, begin, changed, end)
    course = translate(given(raw))
    start = commands(course, StartSubscription)[0]

    assert (str(start.term_from), str(start.term_to)) == ("2025-01-01", "2025-01-31")
    assert len(commands(course, AmendSubscription)) == 1
    assert runs(course) == [
        ("2025-01-01", "period"),
        ("2025-01-16", "change"),
        ("2025-01-31", "period"),
    ]


def test_a_snapshot_becomes_what_was_used_since_the_one_before() -> None:
    def snapshot(day: str, *readings: str) -> dict[str, Any]:
        at = f"2025-01-{day}T00:00:00Z"
        return {"at": at, "type": "usage_snapshot", "cumulative_by_period": [*readings]}

    raw = case(None, snapshot("10", "3"), snapshot("20", "4", "7"))
    used = [act.does.rows[0] for act in translate(given(raw)).acts if isinstance(act.does, Use)]

    assert [(str(row.at.date()), row.quantity) for row in used] == [
        ("2025-01-01", Decimal(3)),
        ("2025-01-01", Decimal(1)),
        ("2025-01-10", Decimal(3)),
    ]


def test_money_scales_and_nothing_else() -> None:
    raw = case(
        {"subscription": "31.00 calendar monthly in arrears", "minimum_commitment": "100"},
        {**USED, "type": "already_billed", "units": "5", "amount": "10.00"},
        expected={"total": "10", "days": "3", "lines": ["5", {"amount": "5", "units": "1"}]},
    )
    tripled = scaled(raw, 3)

    assert tripled["facts"]["price"] == {
        "subscription": "93.00 calendar monthly in arrears",
        "minimum_commitment": "300",
    }
    assert tripled["facts"]["events"][0]["units"] == "5"
    assert tripled["facts"]["events"][0]["amount"] == "30.00"
    assert tripled["expected"] == {
        "total": "30",
        "days": "3",
        "lines": ["15", {"amount": "15", "units": "1"}],
    }


def test_where_a_price_is_a_share_of_money_quantities_are_money() -> None:
    price = {"model": "percentage", "rate_percent": "1", "free_units_total": "250"}
    tripled = scaled(case(price), 3)

    assert tripled["facts"]["price"] == price | {"free_units_total": "750"}
    assert tripled["facts"]["events"][0]["quantity"] == "15"


def test_every_date_moves_also_in_prose_and_amounts_do_not() -> None:
    raw = case(
        policy={"resume": "the resumed item (2000 for 8 Feb 2014 - 1 Feb 2015)"},
        expected={"lines": [{"from": "2014-01-14", "amount": "2014"}]},
    )
    later = shifted(raw)

    assert later["facts"]["events"][0]["at"] == "2053-01-15T00:00:00Z"
    assert later["policy"]["resume"] == "the resumed item (2000 for 8 Feb 2042 - 1 Feb 2043)"
    assert later["expected"]["lines"] == [{"from": "2042-01-14", "amount": "2014"}]


def test_a_rate_of_tax_is_a_code_in_the_table_of_the_place() -> None:
    rows = [
        {"fee": "cards true up", "amount": "20", "tax_percent": "20"},
        {"fee": "other", "amount": "5"},
    ]
    course = translate(given(case(rows, {"at": "2025-01-31", "type": "invoiced"}, facts=TAXED)))
    (table,), (options,) = commands(course, SetTaxRates), commands(course, AdoptInvoicing)
    coded = {
        str(act.does.stream): act.does.command.tax_code
        for act in course.acts
        if isinstance(act.does, Submit) and isinstance(act.does.command, SetPrice)
    }

    assert [(rate.code, rate.percent) for rate in table.rates] == [
        ("at-20", Decimal(20)),
        ("at-7", Decimal(7)),
    ]
    assert coded == {
        "price:subscription-1-cards-true-up": "at-20",
        "price:subscription-1-other": "at-7",
    }
    assert options.options.tax == "table"


def test_customers_that_are_named_buy_one_after_the_other() -> None:
    events = [
        {"at": "2024-02-01", "type": "invoiced", "customer": "FR business"},
        {"at": "2024-02-01", "type": "invoiced", "customer": "DE consumer"},
    ]
    raw = case({"net": "35.00"}, *events, policy={"tax": IN_FRANCE})
    course = translate(given(raw))
    told = [type(act.does).__name__ for act in course.acts if act.event]
    status = {row.tax.jurisdiction: row.tax for row in commands(course, RegisterCustomer)}

    assert told == ["Submit", "Run", "Submit", "Run"]
    assert [row.customer for row in commands(course, StartSubscription)] == [
        "FR-business",
        "DE-consumer",
    ]
    assert (status["FR"].tax_id_valid, status["DE"].tax_id_valid) == (True, False)
    assert [(row.seller, row.union) for row in commands(course, SetTaxRates)] == [
        ("established", "UNION"),
        ("none", "UNION"),
    ]


def test_what_a_wallet_is_not_for_is_taken_off_it_after_the_bill_of_that_day() -> None:
    events = [
        {"at": "2025-01-02", "type": "wallet_granted", "credits": "9", "limited_to": ["a"]},
        {"at": "2025-01-03T10:00:00Z", "type": "usage", "price": "b"},
        {"at": "2025-01-04T10:00:00Z", "type": "usage", "price": "a"},
    ]
    rows = [{"id": "a", "amount": "5"}, {"id": "b", "amount": "7"}]
    course = translate(given(case(rows, *events)))
    told = [type(act.does).__name__ for act in course.acts if act.event]

    assert told == ["Submit", "Use", "Run", "Keep", "Use", "Run"]


def test_a_wallet_that_is_granted_later_is_not_for_what_was_billed_before() -> None:
    events = [
        {"at": "2025-01-02", "type": "wallet_granted", "credits": "3"},
        {"at": "2025-01-03T10:00:00Z", "type": "usage", "price": "a"},
        {"at": "2025-01-05", "type": "wallet_granted", "credits": "9"},
    ]
    course = translate(given(case([{"id": "a", "amount": "5"}], *events)))
    kept = [act.does for act in course.acts if isinstance(act.does, Keep)]

    assert kept == [Keep(on=date(2025, 1, 5), balance="wallet-2", invoice=0)]


def test_a_case_whose_invoice_ends_its_period_is_billed_in_arrears() -> None:
    period = {"start": "2023-01-01", "end": "2023-02-01"}
    invoiced = {"at": "2023-02-01T00:00:00Z", "type": "invoiced"}
    agreed = deal(given(case({"amount": "5"}, invoiced, facts={"period": period})))

    assert (str(agreed.start), agreed.terms.bill) == ("2023-01-01", "arrears")


def test_amounts_by_item_scale_and_rates_stay() -> None:
    rows = [{"fee": "a", "amount": "10.00", "tax_percent": "20"}]
    raw = case(rows, expected={"coupon_cents": {"a": "676.4706"}, "invoice": {"tax": "1.00"}})
    tripled = scaled(raw, 3)

    assert tripled["facts"]["price"] == [{"fee": "a", "amount": "30.00", "tax_percent": "20"}]
    assert tripled["expected"] == {
        "coupon_cents": {"a": "2029.4118"},
        "invoice": {"tax": "3.00"},
    }


@pytest.mark.parametrize(
    ("does", "named"),
    [
        (Pay(on=TODAY), "there is no invoice yet"),
        (Credit(on=TODAY, amount=Decimal(5)), "there is no invoice yet"),
        (Void(on=TODAY, of_first=True), "there is no invoice yet"),
        (Keep(on=TODAY, balance="wallet-1"), "there is no invoice yet"),
        (Refund(on=TODAY, amount=Decimal(5)), "there is no payment yet"),
        (Adjust(on=TODAY, item="a", units=Decimal(1), unit_amount=Decimal(5)), "no draft yet"),
        (Issue(on=TODAY), "there is no draft yet"),
    ],
)
def test_what_is_done_by_hand_is_done_to_something(does: ByHand, named: str) -> None:
    papers = Papers(translate(given(case())))

    with pytest.raises(CaseError, match=named):
        command(does, papers, "key")
