"""A contract that the customer may leave binds for the days of its notice (rule 2)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.accounting.curves import At, Ratable, Steps, ahead, standing
from domain.accounting.schedule import Schedule
from domain.contract_checks import require_open
from domain.contract_commands import OpenContract
from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    CustomerPaymentPromised,
    Fee,
    Obligation,
    PriceEstimated,
    RightsExercised,
)
from domain.contract_facts import VariableAmount as Variable
from domain.due import due
from domain.errors import Rejected
from domain.facts import Event
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceVoided
from domain.journal import Balances
from domain.ledger import moves
from domain.service import AccessGranted, GrantAccess
from tests.domain.contracting import (
    CALENDAR,
    FAR,
    balance,
    billed,
    by_month,
    even,
    on,
    opened,
    point,
    revenue,
    scheduled,
    steps,
)
from tests.domain.given import decide
from tests.domain.test_contract_examples import YEAR

RAMP = (
    Fee(
        amount_minor=100_00, service_from=date(2024, 1, 1), service_to=date(2024, 4, 1), per="month"
    ),
    Fee(
        amount_minor=130_00, service_from=date(2024, 4, 1), service_to=date(2024, 7, 1), per="month"
    ),
)
HALF = ("2024-01-01", "2024-07-01")

# A year at 1.00 a day that may be left on a month's notice: what is charged beyond goes back.
MAY_BE_LEFT = opened(
    "2024-01-01",
    even("service", *YEAR),
    price_minor=366_00,
    cancellable_days=30,
    refundable=True,
)


def credited(purpose: Literal["correction", "concession"], day: str = "2024-03-10") -> CreditIssued:
    lines = (CreditLine(line="1", amount_minor=300_00),)
    return CreditIssued(
        when=on(day), number="C1", treatment="from-now", purpose=purpose, lines=lines
    )


def test_a_ramp_that_may_be_left_is_not_evened_out() -> None:
    bound = scheduled(opened("2024-01-01", even("service", *HALF, fees=RAMP)))
    free = scheduled(opened("2024-01-01", even("service", *HALF, fees=RAMP), cancellable_days=30))

    assert by_month(bound, "2024-01-01", 6) == [115_00] * 6
    assert by_month(free, "2024-01-01", 6) == [100_00] * 3 + [130_00] * 3
    assert balance(free, "contract-asset", "2024-03-31") == 0


def test_what_was_charged_beyond_the_notice_is_owed_back_to_who_leaves() -> None:
    said = (
        MAY_BE_LEFT,
        billed("2024-01-01", 366_00),
    )
    schedule = scheduled(*said, ratable_by="day")
    kept = scheduled(opened("2024-01-01", even("service", *YEAR), price_minor=366_00), said[1])

    assert balance(schedule, "refund-liability", "2024-01-31") == -305_00
    assert balance(schedule, "contract-liability", "2024-01-31") == -30_00
    assert balance(schedule, "refund-liability", "2024-12-31") == 0
    assert balance(schedule, "contract-liability", "2024-12-31") == 0
    assert balance(kept, "refund-liability", "2024-01-31") == 0


@pytest.mark.parametrize(
    ("service", "charged", "how", "then", "beside"),
    [
        # Others get 66.00 of it.
        ({"presented": "net", "others_share_minor": 66_00}, 366_00, {}, (), "partner-payable"),
        # 36.60 is stated beside the price, and expected to go back.
        (
            {},
            402_60,
            {"variable": (Variable(name="bonus", stated_minor=36_60, included_minor=0),)},
            (),
            "refund-liability",
        ),
        # 36.60 is paid to the customer for nothing.
        (
            {},
            366_00,
            {},
            (CustomerPaymentPromised(when=on("2024-01-01"), amount_minor=36_60),),
            "customer-payable",
        ),
    ],
)
def test_what_was_charged_and_is_owed_to_somebody_is_not_owed_back_again(
    service: dict[str, object],
    charged: int,
    how: dict[str, object],
    then: tuple[Event, ...],
    beside: str,
) -> None:
    deal = opened(
        "2024-01-01",
        even("service", *YEAR, **service),
        price_minor=366_00,
        cancellable_days=30,
        refundable=True,
        **how,
    )
    schedule = scheduled(deal, billed("2024-01-01", charged), *then, ratable_by="day")
    owed = {"partner-payable": -66_00, "refund-liability": -36_60, "customer-payable": -36_60}

    assert {
        name: minor
        for name in (*owed, "contract-liability", "unbilled-receivable")
        if (minor := balance(schedule, name, "2024-12-31"))
    } == {beside: owed[beside]}


def test_what_is_charged_for_others_binds_for_the_notice_too() -> None:
    service = even("service", *YEAR, presented="net", others_share_minor=66_00)
    deal = structs.replace(MAY_BE_LEFT, obligations=(service,))
    schedule = scheduled(deal, billed("2024-01-01", 366_00), ratable_by="day")

    assert balance(schedule, "refund-liability", "2024-01-31") == -305_00
    assert balance(schedule, "contract-liability", "2024-01-31") == -30_00


def test_what_is_charged_as_it_is_served_is_owed_back_to_nobody() -> None:
    schedule = scheduled(
        MAY_BE_LEFT,
        billed("2024-01-31", 31_00),
        ratable_by="day",
    )

    assert "refund-owed" not in {flow.kind for flow in schedule.flows}


def test_a_concession_gives_back_nothing_beyond_the_notice() -> None:
    said = (
        MAY_BE_LEFT,
        billed("2024-01-01", 366_00),
    )
    given = CreditIssued(
        when=on("2024-02-10"),
        number="C1",
        purpose="concession",
        treatment="from-now",
        lines=(CreditLine(line="1", amount_minor=36_60),),
    )
    schedule = scheduled(*said, given, ratable_by="day")

    # 366.00 less 31 days and 30 of notice; then less 60 and 30.
    assert balance(schedule, "refund-liability", "2024-01-31") == -305_00
    assert balance(schedule, "refund-liability", "2024-02-29") == -276_00


@pytest.mark.parametrize(
    ("taken_back", "owed_then", "liability", "not_billed"),
    [
        # All of it: 31.00 of January are earned, and nobody is owed what was never charged.
        (InvoiceVoided(when=on("2024-03-10")), 0, 0, 31_00),
        # 300.00 of 366.00: 66.00 are charged, of which 61.00 bind by the end of January's notice.
        (credited("correction"), 5_00, 30_00, 0),
        (credited("concession"), 5_00, 30_00, 0),
        (billed("2024-03-10", 300_00, 2), 305_00, 330_00, 0),
    ],
    ids=["void", "correction", "concession", "one more invoice"],
)
def test_a_document_of_a_later_day_takes_back_what_is_owed_on_its_own_day(
    taken_back: Event, owed_then: int, liability: int, not_billed: int
) -> None:
    """A run through January posts it in March already; it owes nobody more than is charged then."""
    schedule = scheduled(
        MAY_BE_LEFT,
        billed("2024-01-01", 366_00),
        taken_back,
        ratable_by="day",
    )
    january = date(2024, 1, 31)
    balances = due(schedule, january, CALENDAR)

    assert stands(balances, "refund-liability", january) == -305_00
    assert stands(balances, "refund-liability") == -owed_then
    assert stands(balances, "contract-liability") == -liability
    assert stands(balances, "unbilled-receivable") == not_billed


def test_nobody_gets_back_more_than_was_charged() -> None:
    """A price cut to less than nothing is revenue taken back, and no refund of what nobody paid."""
    terms = {"cancellable_days": 0, "refundable": True}
    cut = ContractModified(when=on("2024-02-01"), price_change_minor=-500_00)
    schedule = scheduled(
        opened("2024-01-01", even("service", *YEAR), price_minor=366_00, **terms), cut
    )

    assert revenue(schedule, "2024-01-01", "2024-06-30") < 0
    assert balance(schedule, "refund-liability", "2024-06-30") == 0


def test_what_is_cut_again_moves_with_a_document_of_a_later_day() -> None:
    """What is owed to who left stands for good; a concession of it in June is caught up in June."""
    schedule = scheduled(
        MAY_BE_LEFT,
        billed("2024-01-01", 366_00),
        credited("concession", "2024-06-10"),
        ContractTerminated(when=on("2024-03-01"), refund_minor=306_00),
        ratable_by="day",
    )
    april, may, june = date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 30)
    whole, again = due(schedule, may, CALENDAR), due(schedule, may, CALENDAR, edge=april)

    assert stands(whole, "refund-liability", may) == -306_00
    assert stands(whole, "refund-liability") == -6_00
    assert stands(again, "refund-liability") == 300_00
    assert moves(schedule, may, june)
    assert stands(due(schedule, june, CALENDAR), "refund-liability") == -306_00


def stands(balances: Balances, account: str, last: date = FAR) -> int:
    """In an account by the end of a day, whatever documents of later days are posted already."""
    rows = (
        one.minor
        for slot, one in balances.items()
        if slot.account == account and slot.earned <= last
    )
    return sum(rows)


def test_what_goes_back_rests_on_nothing_that_a_day_knew_first_and_changed_again() -> None:
    """What is added for nothing was used before it was agreed: it is caught up on that day."""
    more = Obligation(
        obligation="points", pattern="as-exercised", quantity=Decimal(10), distinct=False
    )
    added = ContractModified(when=on("2024-05-01"), price_change_minor=0, added=(more,))
    used = RightsExercised(
        when=on("2024-03-01"),
        obligation="points",
        quantity=Decimal(4),
        service_from=date(2024, 4, 1),
        service_to=date(2024, 7, 1),
    )
    schedule = scheduled(MAY_BE_LEFT, billed("2024-01-01", 366_00), added, used, ratable_by="day")
    owed = next(flow for flow in schedule.flows if flow.kind == "refund-owed")

    assert owed.causes == (1, 2, 3)
    assert "rights used" not in {step.what for step in owed.steps}


def test_who_leaves_moves_nothing_of_the_days_before() -> None:
    said = (
        MAY_BE_LEFT,
        billed("2024-01-01", 366_00),
    )
    left = ContractTerminated(when=on("2024-04-01"), refund_minor=275_00)
    before, after = scheduled(*said, ratable_by="day"), scheduled(*said, left, ratable_by="day")

    for account in ("refund-liability", "contract-liability"):
        assert balance(after, account, "2024-03-31") == balance(before, account, "2024-03-31")
    assert balance(after, "refund-liability", "2024-04-30") == -275_00


def test_a_price_cut_lowers_each_stretch_that_is_left() -> None:
    schedule = scheduled(
        opened("2024-01-01", even("service", *HALF, fees=RAMP), cancellable_days=30),
        ContractModified(when=on("2024-03-01"), price_change_minor=-49_00),
    )

    assert by_month(schedule, "2024-01-01", 6) == [100_00, 100_00, 90_00, 117_00, 117_00, 117_00]


def test_an_estimate_is_caught_up_along_the_stretches() -> None:
    schedule = scheduled(
        opened(
            "2024-01-01",
            even("service", *HALF, fees=RAMP),
            cancellable_days=30,
            variable=(Variable(name="rebate", estimate_minor=0),),
        ),
        PriceEstimated(
            when=on("2024-05-01"), variable=(Variable(name="rebate", estimate_minor=-69_00),)
        ),
    )

    # 10 % less: 30.00 of three months at 100.00, 13.00 of April, and of each month to come.
    months = by_month(schedule, "2024-01-01", 6)
    assert months == [100_00, 100_00, 100_00, 130_00, 117_00 - 43_00, 117_00]


def test_what_comes_to_nothing_where_each_month_has_its_fee_is_taken_back() -> None:
    """The price, and what is owed back of 720.00 billed: of 30.00 stated 12.00 are not expected."""
    ramp = even("service", *HALF, fees=RAMP)
    nothing = Variable(name="rebate", estimate_minor=-690_00)
    none_left = PriceEstimated(when=on("2024-03-01"), variable=(nothing,))
    schedule = scheduled(opened("2024-01-01", ramp, cancellable_days=0), none_left)
    assert by_month(schedule, "2024-01-01", 6) == [100_00, 100_00, -200_00, 0, 0, 0]

    stated = Variable(name="rebate", stated_minor=30_00, conceded_percent=Decimal(40))
    kept = Variable(name="rebate", stated_minor=30_00)
    deal = opened("2024-01-01", ramp, variable=(stated,), cancellable_days=0)
    bill = billed("2024-07-10", 720_00)
    schedule = scheduled(deal, bill, PriceEstimated(when=on("2024-08-10"), variable=(kept,)))
    assert balance(schedule, "refund-liability", "2024-07-31") == -12_00
    assert balance(schedule, "refund-liability", "2024-08-31") == 0


def test_an_estimate_after_a_price_cut_goes_along_each_stretch_of_the_whole() -> None:
    schedule = scheduled(
        opened(
            "2024-01-01",
            even("service", *HALF, fees=RAMP),
            cancellable_days=30,
            variable=(Variable(name="rebate", estimate_minor=0),),
        ),
        ContractModified(when=on("2024-03-01"), price_change_minor=-49_00),
        PriceEstimated(
            when=on("2024-05-01"), variable=(Variable(name="rebate", estimate_minor=-69_00),)
        ),
    )

    # 10.00 less for each of three months and 13.00 for each of the others: in May for five.
    months = by_month(schedule, "2024-01-01", 6)
    assert months == [100_00, 100_00, 90_00, 117_00, 117_00 - 56_00, 117_00 - 13_00]


def test_what_goes_back_needs_a_notice() -> None:
    command = OpenContract(
        when=on("2024-01-01"),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(),
        refundable=True,
    )
    with pytest.raises(Rejected) as no:
        require_open(command)

    assert no.value.code == "refundable-without-notice"


CURVES = st.one_of(
    st.builds(At, st.just(date(2024, 3, 10)), st.integers(-999, 999)),
    st.builds(Steps, st.just(((date(2024, 2, 1), 100), (date(2024, 5, 9), 250)))),
    st.builds(
        Ratable,
        st.dates(date(2024, 1, 1), date(2024, 3, 31)),
        st.dates(date(2024, 4, 1), date(2024, 9, 30)),
        st.integers(-999, 999),
        st.sampled_from(["day", "month", "month-by-days", "month-cut-off", "half-month"]),
        st.one_of(st.none(), st.dates(date(2024, 3, 31), date(2024, 8, 1))),
    ),
)


@given(CURVES, st.integers(0, 90), st.dates(date(2024, 1, 1), date(2024, 12, 31)))
def test_to_look_ahead_is_to_look_later(curve: At | Steps | Ratable, days: int, day: date) -> None:
    later = ahead(curve, days, date(2024, 1, 1))

    assert standing(later, day) == standing(curve, day + timedelta(days=days))


@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 500_00)), min_size=1, max_size=3),
    st.sampled_from(["day", "month"]),
    st.one_of(st.none(), st.integers(1, 300)),
)
def test_what_is_owed_back_is_what_was_charged_less_what_binds(
    notice: int, bills: list[tuple[int, int]], by: str, leaves: int | None
) -> None:
    """Who leaves is known to leave from that day on."""
    first = date(2024, 1, 1)
    events = [
        opened(
            str(first),
            even("service", *YEAR),
            price_minor=1200_00,
            cancellable_days=notice,
            refundable=True,
        ),
        *(
            billed(str(first + timedelta(days=day)), minor, place)
            for place, (day, minor) in enumerate(bills)
        ),
    ]
    stays = scheduled(*events, ratable_by=by)
    schedule, end = stays, FAR
    if leaves is not None:
        end = first + timedelta(days=leaves)
        left = ContractTerminated(when=on(str(end)), refund_minor=0)
        schedule = scheduled(*events, left, ratable_by=by)

    for place in range(0, 366, 15):
        day = first + timedelta(days=place)
        known = stays if day < end else schedule
        binds = revenue(known, str(first), str(day + timedelta(days=notice)))
        charged = sum(minor for at, minor in bills if at <= place)
        assert owed(schedule, day) == max(0, charged - binds)


def owed(schedule: Schedule, day: date) -> int:
    return -sum(
        sign * standing(flow.curve, day)
        for flow in schedule.flows
        for account, sign in flow.legs
        if account == "refund-liability"
    )


def test_a_ratable_promise_is_earned_from_the_later_of_plan_and_access() -> None:
    """1,100.00: planned from February on, let in on 1 March, so ten months of 110.00."""
    own = even("plan", "2024-01-01", "2025-01-01", available_from=date(2024, 2, 1))
    deal = opened("2024-01-01", own, price_minor=110_000)
    early = AccessGranted(when=on("2024-01-15"), item="plan")
    late = AccessGranted(when=on("2024-03-01"), item="plan")
    other = AccessGranted(when=on("2024-05-01"), item="other")

    planned = [0, *[10_000] * 11]
    assert by_month(scheduled(deal, early), "2024-01-01", 12) == planned
    assert by_month(scheduled(deal, other), "2024-01-01", 12) == planned
    assert by_month(scheduled(deal, late), "2024-01-01", 12) == [0, 0, *[11_000] * 10]
    assert scheduled(deal, late).flows[0].causes == (1, 2)
    assert steps(scheduled(deal, late), "plan")["access"] == "from 2024-03-01"


def test_what_a_change_adds_waits_for_access_too() -> None:
    """600.00 for six months from July on; let in on 1 August: what was earned by then stays."""
    deal = opened("2024-01-01", even("plan", "2024-01-01", "2024-07-01"), price_minor=60_000)
    more = ContractModified(
        when=on("2024-06-01"),
        price_change_minor=60_000,
        added=(even("more", "2024-07-01", "2025-01-01", 60_000),),
    )
    access = AccessGranted(when=on("2024-08-01"), item="more")
    told = scheduled(deal, more, access)

    assert by_month(told, "2024-07-01", 6, "more") == [0, *[12_000] * 5]


@pytest.mark.parametrize(
    ("item", "code"), [("nobody", "unknown-obligation"), ("once", "transferred-otherwise")]
)
def test_evidence_of_access_names_a_ratable_promise(item: str, code: str) -> None:
    deal = opened("2024-01-01", even("plan", "2024-01-01", "2025-01-01"), point("once"))
    granted = GrantAccess(when=on("2024-03-01"), item=item)
    with pytest.raises(Rejected) as refused:
        decide("contract:k1", granted, deal)

    assert (refused.value.code, refused.value.field) == (code, "item")
    assert decide("contract:k1", GrantAccess(when=on("2024-03-01")), deal)
