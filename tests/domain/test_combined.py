"""Contracts accounted for as one: who may join whom, and what the one comes to."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.contract.combined import as_one
from domain.accounting.curves import standing
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.carried import CarriedPosition, OpeningPositionChanged, OpeningPositionEnded
from domain.contract_commands import JoinContract
from domain.contract_facts import (
    ContractJoined,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    Financing,
    NonCash,
    NonCashReceived,
    Obligation,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    Restated,
    VariableAmount,
)
from domain.errors import Rejected
from domain.facts import Event, Fact
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.master import MasterData
from domain.opening import ControlTotals, OpeningProposed
from domain.policy import Options
from domain.routing import is_stated, route
from domain.service import AccessGranted
from tests.domain.contracting import CALENDAR, FAR, balance, even, point, revenue, steps, units
from tests.domain.given import code, decide, fact, on

FIRST, SECOND = "contract:k1", "contract:k2"
LICENCE = point("licence", 60_00)
SERVICE = even("service", "2024-01-01", "2024-05-01", 40_00)


def opened(*rows: Obligation, price_minor: int, **how: Any) -> ContractOpened:
    return ContractOpened(
        when=on(1, 1),
        customer="c1",
        currency="USD",
        **{"price_minor": price_minor, "obligations": rows, **how},
    )


ONE = opened(LICENCE, price_minor=90_00)
OTHER = opened(SERVICE, price_minor=10_00)
JOIN = JoinContract(when=on(1, 1), contract="k1", because="one-objective")
JOINED = ContractJoined(when=on(1, 1), contract="k1", because="one-objective")
DELIVERED = ObligationSatisfied(when=on(1, 10), obligation="licence")
Said = tuple[str, Event]


def measured(*said: Said, unit: str = FIRST, **options: Any) -> Schedule:
    """A unit by what is said, one position and order each."""
    chosen = Options(**{"ratable_by": "month", **options})
    master = MasterData(calendar=CALENDAR, policies={"main": ((date.min, chosen),)})
    return measure(unit, _facts(said), (), master, "main", FAR)


def _facts(said: Sequence[Said]) -> list[Fact]:
    return [fact(at, stream=stream, event=event) for at, (stream, event) in enumerate(said, 1)]


def bill(number: int, contract: str, minor: int, obligation: str | None = None) -> Said:
    line = InvoiceLine(
        line="1", amount_minor=minor, kind="one-off", contract=contract, obligation=obligation
    )
    issued = InvoiceIssued(
        when=on(1, 1),
        customer="c1",
        currency="USD",
        number=f"I{number}",
        due_on=date(2024, 1, 31),
        lines=(line,),
    )
    return f"invoice:i{number}", issued


BOTH: tuple[Said, ...] = ((FIRST, ONE), (SECOND, OTHER), (SECOND, JOINED))


# --- who may join whom ---


def test_a_contract_joins_another_and_says_why() -> None:
    assert decide(SECOND, JOIN, OTHER, others={FIRST: [ONE]}) == (JOINED,)


@pytest.mark.parametrize(
    ("refused", "given", "others"),
    [
        ("contract-not-open", (), (ONE,)),
        ("contract-not-open", (OTHER,), ()),
        ("combined-already", (OTHER, structs.replace(JOINED, contract="k3")), (ONE,)),
        ("combined-in-a-circle", (OTHER,), (ONE, structs.replace(JOINED, contract="k2"))),
        ("combined-customers-differ", (structs.replace(OTHER, customer="c2"),), (ONE,)),
        ("currency-mismatch", (structs.replace(OTHER, currency="EUR"),), (ONE,)),
        ("combined-terms-differ", (structs.replace(OTHER, cancellable_days=30),), (ONE,)),
        ("combined-terms-differ", (OTHER,), (structs.replace(ONE, right_after="licence"),)),
        ("criteria-not-met", (structs.replace(OTHER, criteria_met=False),), (ONE,)),
        ("ssp-missing", (opened(point("hardware"), price_minor=10_00),), (ONE,)),
        (
            "residual-out-of-range",
            (opened(point("hardware", ssp_range_minor=(1, 9)), price_minor=10_00),),
            (opened(point("licence", ssp_range_minor=(1, 9)), price_minor=90_00),),
        ),
    ],
)
def test_it_is_refused_by_name(
    refused: str, given: tuple[Event, ...], others: tuple[Event, ...]
) -> None:
    assert code(SECOND, JOIN, *given, others={FIRST: others}) == refused


def test_it_never_joins_itself() -> None:
    myself = structs.replace(JOIN, contract="k2")

    assert code(SECOND, myself, OTHER) == "combined-with-itself"


def test_once_it_is_a_contract_it_may_join() -> None:
    waiting = structs.replace(OTHER, criteria_met=False)

    events = decide(SECOND, JOIN, waiting, CriteriaMet(when=on(1, 2)), others={FIRST: [ONE]})

    assert events == (JOINED,)


def test_a_source_may_name_a_contract_that_is_not_known_yet() -> None:
    assert decide(SECOND, JOIN, outside=True) == (JOINED,)
    assert code(SECOND, JOIN, JOINED, outside=True) == "combined-already"


# --- where facts go ---


def test_what_names_a_contract_that_joined_reaches_the_one_too() -> None:
    went = {FIRST: (FIRST, "customer:c1:USD"), SECOND: (FIRST, SECOND, "customer:c1:USD")}
    invoice = fact(9, stream="invoice:i1", event=bill(1, "k2", 100)[1])

    assert route(invoice, lambda name: went.get(name, ())) == (FIRST, SECOND, "customer:c1:USD")
    assert [*filter(is_stated, route(_facts(BOTH)[2], lambda _: ()))] == [FIRST, SECOND]


# --- what the one comes to ---


def test_what_both_cost_is_shared_by_what_each_promise_sells_for() -> None:
    schedule = measured(*BOTH, (FIRST, DELIVERED), bill(1, "k1", 90_00), bill(2, "k2", 10_00))

    assert revenue(schedule, "2024-01-01", "2024-01-31", "licence") == 60_00
    assert revenue(schedule, "2024-01-01", "2024-01-31", "k2/service") == 10_00
    assert balance(schedule, "accounts-receivable", "2024-01-31") == 100_00
    assert balance(schedule, "contract-liability", "2024-01-31") == -30_00
    assert steps(schedule, "licence")["transaction price"] == "100.00"
    assert steps(schedule, "k2/service")["accounted for as one"] == "k1, k2"


def test_the_unit_of_what_joined_comes_to_nothing() -> None:
    schedule = measured(*BOTH, (FIRST, DELIVERED), bill(2, "k2", 10_00), unit=SECOND)

    assert (schedule.flows, schedule.memos) == ((), ())
    assert (schedule.customer, schedule.currency) == ("c1", "USD")


def test_every_amount_rests_on_what_joined_them() -> None:
    schedule = measured(*BOTH, (FIRST, DELIVERED), bill(1, "k1", 90_00), bill(2, "k2", 10_00))

    assert {(flow.subject, flow.causes) for flow in schedule.flows} == {
        ("licence", (1, 2, 3, 4)),
        ("k2/service", (1, 2, 3)),
        ("i1:1", (1, 5)),
        ("i2:1", (2, 3, 6)),
    }


def test_before_they_joined_and_once_that_is_retracted_each_is_by_itself() -> None:
    gone = measured((FIRST, ONE), (SECOND, OTHER), (FIRST, DELIVERED), bill(2, "k2", 10_00))
    alone = measured((FIRST, ONE), (FIRST, DELIVERED))

    assert revenue(gone, "2024-01-01", "2024-12-31") == 90_00
    assert [f.curve for f in gone.flows] == [f.curve for f in alone.flows]


def test_a_chain_is_one_contract_in_the_last_of_it() -> None:
    third = opened(point("training", 100_00), price_minor=100_00)
    chain = (*BOTH, ("contract:k0", third), (FIRST, structs.replace(JOINED, contract="k0")))
    schedule = measured(*chain, (FIRST, DELIVERED), unit="contract:k0")

    assert revenue(schedule, "2024-01-01", "2024-12-31", "k1/licence") == 60_00
    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/service") == 40_00
    assert measured(*chain, unit=FIRST).flows == ()


def test_a_circle_waits_by_name() -> None:
    circle = (*BOTH, (FIRST, structs.replace(JOINED, contract="k2")))

    beyond = ("contract:k3", structs.replace(JOINED, contract="k1"))
    for unit in (FIRST, SECOND, "contract:k3"):
        with pytest.raises(Rejected, match="combined-in-a-circle"):
            measured(*circle, beyond, unit=unit)


@pytest.mark.parametrize(
    ("waits", "one", "other"),
    [
        ("combined-customers-differ", ONE, structs.replace(OTHER, customer="c2")),
        ("currency-mismatch", ONE, structs.replace(OTHER, currency="EUR")),
        ("ssp-missing", ONE, opened(point("hardware"), price_minor=10_00)),
        ("duplicate-obligation", opened(point("k2/service", 1), price_minor=1), OTHER),
    ],
)
def test_what_turns_out_not_to_be_one_waits(
    waits: str, one: ContractOpened, other: ContractOpened
) -> None:
    with pytest.raises(Rejected, match=waits):
        measured((FIRST, one), (SECOND, other), (SECOND, JOINED))


def test_one_that_is_not_known_yet_has_what_joined_it_as_it_is() -> None:
    schedule = measured((SECOND, OTHER), (SECOND, JOINED), bill(2, "k2", 10_00))

    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/service") == 10_00


def test_alone_it_need_not_say_what_it_sells_for() -> None:
    hardware = opened(point("hardware"), price_minor=10_00)
    done = ObligationSatisfied(when=on(1, 10), obligation="hardware")
    schedule = measured((SECOND, hardware), (SECOND, JOINED), (SECOND, done))

    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/hardware") == 10_00


def test_of_what_joined_once_nothing_is_left_with_the_one() -> None:
    facts = _facts(((FIRST, ONE), (SECOND, OTHER), bill(1, "k1", 90_00), bill(2, "k2", 10_00)))

    assert [one.stream for one in as_one(FIRST, facts)] == [FIRST, "invoice:i1"]


def test_what_is_said_of_one_that_is_not_opened_yet_waits_for_that() -> None:
    ended = ContractTerminated(when=on(2, 1))
    schedule = measured((FIRST, ONE), (SECOND, JOINED), (SECOND, ended), (FIRST, DELIVERED))

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 90_00


# --- what comes later ---


def test_the_end_of_one_is_not_the_end_of_the_other() -> None:
    ended = ContractTerminated(when=on(3, 1), refund_minor=5_00)
    later = structs.replace(DELIVERED, when=on(4, 1))
    schedule = measured(*BOTH, (SECOND, ended), (FIRST, later))

    assert revenue(schedule, "2024-01-01", "2024-02-29", "k2/service") == 20_00
    assert revenue(schedule, "2024-03-01", "2024-12-31", "k2/service") == 15_00
    assert revenue(schedule, "2024-01-01", "2024-03-31", "licence") == 0
    assert revenue(schedule, "2024-04-01", "2024-04-30", "licence") == 60_00


def test_of_one_that_ends_is_not_owed_what_it_did_not_bill_by_itself() -> None:
    """By itself it has 10.00, and 6.00 of them were not billed when it ended; 4.00 are later."""
    ends = ContractTerminated(when=on(3, 1), owed="billed")
    last = InvoiceIssued(
        when=on(4, 20),
        customer="c1",
        currency="USD",
        number="I2",
        due_on=date(2024, 4, 30),
        lines=(InvoiceLine(line="1", amount_minor=4_00, kind="one-off", contract="k2"),),
    )
    facts = (*BOTH, (FIRST, DELIVERED), bill(1, "k2", 4_00), (SECOND, ends))

    # Of 40.00 half is earned; of the 20.00 that are left 6.00 are not owed.
    for schedule, month in (
        (measured(*facts), 0),
        (measured(*facts, ("invoice:i2", last)), 4_00),
    ):
        assert revenue(schedule, "2024-01-01", "2024-02-29", "k2/service") == 20_00
        assert revenue(schedule, "2024-03-01", "2024-03-31", "k2/service") == 14_00
        assert revenue(schedule, "2024-04-01", "2024-12-31", "k2/service") == month
        assert revenue(schedule, "2024-01-01", "2024-12-31", "licence") == 60_00


def test_one_that_ends_owes_back_what_it_charged_beyond_what_it_keeps_by_itself() -> None:
    """It charged its own 10.00 and keeps 5.00 of them, though its share of what both cost is
    40.00. What the other earned and did not bill is claimed beside (606-10-32-10), also at its end.
    """
    ends = ContractTerminated(when=on(3, 1), refund_minor=5_00)
    line = CreditLine(line="1", amount_minor=5_00)
    note = CreditIssued(
        when=on(5, 10), number="C1", lines=(line,), treatment="from-now", purpose="correction"
    )
    facts = (*BOTH, bill(1, "k2", 10_00), (FIRST, DELIVERED), (SECOND, ends))

    for more in ((), ((FIRST, ContractTerminated(when=on(4, 1))),)):
        schedule = measured(*facts, *more, ("invoice:i1", note))
        months = ("2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31")

        assert [balance(schedule, "refund-liability", day) for day in months] == [0, -500, -500, 0]
        assert [balance(schedule, "contract-liability", day) for day in months] == [0, 0, 0, 0]
        assert [claimed(schedule, day) for day in months] == [70_00, 90_00, 90_00, 90_00]


def test_of_one_contract_what_one_promise_did_not_bill_is_kept_of_what_another_did() -> None:
    """Of 100.00 charged for two promises the contract keeps 60.00 and 20.00, whatever is named."""
    both = opened(structs.replace(SERVICE, price_minor=40_00), LICENCE, price_minor=60_00)
    other = opened(even("help", "2024-01-01", "2024-05-01", 40_00), price_minor=40_00)
    ends = ContractTerminated(when=on(3, 1), refund_minor=20_00)
    said = ((FIRST, other), (SECOND, both), (SECOND, JOINED), bill(1, "k2", 100_00, "service"))
    schedule = measured(*said, (SECOND, DELIVERED), (SECOND, ends))

    assert balance(schedule, "refund-liability", "2024-03-31") == -20_00


def test_each_of_several_that_ended_owes_back_its_own_in_its_own_name() -> None:
    said = (*BOTH, bill(1, "k1", 90_00), bill(2, "k2", 10_00))
    ends = (
        ContractTerminated(when=on(2, 1), refund_minor=90_00),
        ContractTerminated(when=on(3, 1), refund_minor=10_00),
    )
    schedule = measured(*said, (FIRST, ends[0]), (SECOND, ends[1]))
    owed = {
        flow.subject: standing(flow.curve, FAR)
        for flow in schedule.flows
        if flow.kind == "owed-back"
    }

    assert owed == {"k1:ended": 90_00, "k2:ended": 10_00}
    assert balance(schedule, "refund-liability", "2024-02-29") == -90_00
    assert balance(schedule, "refund-liability", "2024-03-31") == -100_00


def test_what_another_is_due_waits_for_time_alone_whatever_one_owes_back() -> None:
    """What is owed back was charged for no performance, so it pays nothing of the other's 90.00."""
    own = opened(structs.replace(LICENCE, price_minor=90_00), price_minor=0)
    other = opened(structs.replace(SERVICE, price_minor=100_00), price_minor=0)
    ends = ContractTerminated(when=on(3, 1), refund_minor=95_00)
    both = ((FIRST, own), (SECOND, other), (SECOND, JOINED))
    schedule = measured(*both, bill(1, "k2", 100_00), (FIRST, DELIVERED), (SECOND, ends))

    assert balance(schedule, "unbilled-receivable", "2024-03-31") == 90_00
    assert balance(schedule, "contract-asset", "2024-03-31") == 0
    assert balance(schedule, "refund-liability", "2024-03-31") == -95_00


def claimed(schedule: Schedule, day: str) -> int:
    return sum(balance(schedule, one, day) for one in ("unbilled-receivable", "contract-asset"))


def test_what_changes_of_the_price_after_one_ended_is_shared_with_it_at_once() -> None:
    ended = ContractTerminated(when=on(3, 1))
    paid = CustomerPaymentPromised(when=on(4, 1), amount_minor=10_00)
    schedule = measured(*BOTH, (SECOND, ended), (FIRST, paid), (FIRST, DELIVERED))

    assert revenue(schedule, "2024-04-01", "2024-04-30", "k2/service") == -4_00
    assert revenue(schedule, "2024-01-01", "2024-12-31") == 90_00


def test_what_ended_since_the_rest_was_shared_anew_has_its_part_of_a_later_price_at_once() -> None:
    """606-10-32-45(a), IFRS 15.90(a): shared as what was left, as in example 6, ended or not."""
    goods = opened(point("goods", 40_00), price_minor=10_00)
    anew = Restated(obligation="licence", ssp_minor=40_00)
    more = ContractModified(when=on(2, 1), price_change_minor=10_00, restated=(anew,))
    paid = CustomerPaymentPromised(when=on(4, 1), amount_minor=10_00)
    said = ((FIRST, ONE), (SECOND, goods), (SECOND, JOINED), (FIRST, more))
    end = (SECOND, ContractTerminated(when=on(3, 1)))
    done = (FIRST, structs.replace(DELIVERED, when=on(5, 1)))
    schedule = measured(*said, end, (FIRST, paid), done)

    # 110.00 is left of what sells for 40.00 each; so is what is paid for both of it.
    assert revenue(schedule, "2024-03-01", "2024-03-31", "k2/goods") == 55_00
    assert revenue(schedule, "2024-04-01", "2024-04-30", "k2/goods") == -5_00
    assert revenue(schedule, "2024-05-01", "2024-05-31", "licence") == 55_00 - 5_00


def test_the_one_is_a_contract_once_each_part_of_it_is() -> None:
    waiting = structs.replace(ONE, criteria_met=False)
    said = ((SECOND, OTHER), (FIRST, waiting), (SECOND, JOINED), (FIRST, DELIVERED))
    schedule = measured(*said, (FIRST, CriteriaMet(when=on(2, 10))))

    assert revenue(schedule, "2024-01-01", "2024-02-09") == 0
    # Two of four months of 40.00 by the end of February, and the licence.
    assert revenue(schedule, "2024-02-10", "2024-02-29") == 60_00 + 20_00


def test_a_change_of_one_is_spread_over_what_remains_of_both() -> None:
    more = ContractModified(when=on(3, 1), price_change_minor=-10_00)
    schedule = measured(*BOTH, (FIRST, DELIVERED), (FIRST, more))

    assert revenue(schedule, "2024-03-01", "2024-04-30", "k2/service") == 10_00


def test_what_is_said_of_a_promise_of_one_counts_there() -> None:
    conceded = PriceConceded(when=on(2, 1), obligation="service", amount_minor=1_00)
    schedule = measured(*BOTH, (FIRST, DELIVERED), (SECOND, conceded))

    assert revenue(schedule, "2024-02-01", "2024-02-29", "k2/service") == 9_00


def test_what_is_no_money_is_of_the_contract_that_names_it() -> None:
    shares = NonCash(name="shares", quantity=Decimal(4), unit_value=Decimal("2.50"))
    bonus = VariableAmount(name="bonus", non_cash=structs.replace(shares, name="more"))
    first = structs.replace(opened(LICENCE, price_minor=50_00), non_cash=(shares,))
    second = structs.replace(
        opened(SERVICE, price_minor=30_00), non_cash=(shares,), variable=(bonus,)
    )
    came = NonCashReceived(when=on(2, 1), name="shares", quantity=Decimal(3))
    schedule = measured(
        (FIRST, first), (SECOND, second), (SECOND, JOINED), (SECOND, came), (FIRST, came)
    )
    found = [flow for flow in schedule.flows if flow.kind == "non-cash"]

    assert [flow.subject for flow in found] == ["shares", "k2/shares"]
    # 110.00 in all, shared by all.
    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/service") == 44_00


def test_a_line_names_its_promise_as_its_contract_does() -> None:
    support = Obligation(obligation="support", pattern="as-invoiced")
    other = opened(SERVICE, support, price_minor=10_00)
    schedule = measured(
        (FIRST, ONE), (SECOND, other), (SECOND, JOINED), bill(1, "k2", 7_00, "support")
    )

    assert revenue(schedule, "2024-01-01", "2024-01-31", "k2/support") == 7_00


def test_a_credit_note_of_what_joined_is_one_of_the_one() -> None:
    line = CreditLine(line="1", amount_minor=4_00)
    credit = CreditIssued(
        when=on(1, 20), number="C1", lines=(line,), treatment="as-if-never", purpose="correction"
    )
    schedule = measured(*BOTH, bill(2, "k2", 10_00), ("invoice:i2", credit))

    assert balance(schedule, "accounts-receivable", "2024-01-31") == 6_00


def test_a_bonus_of_one_is_shared_by_both_and_has_a_name_of_its_own() -> None:
    bonus = VariableAmount(name="bonus", stated_minor=10_00)
    one, other = (structs.replace(event, variable=(bonus,)) for event in (ONE, OTHER))
    less = PriceEstimated(when=on(2, 1), variable=(structs.replace(bonus, included_minor=0),))
    facts = ((FIRST, one), (SECOND, other), (SECOND, JOINED), (FIRST, DELIVERED), (SECOND, less))
    schedule = measured(*facts)

    assert revenue(schedule, "2024-01-01", "2024-01-31", "licence") == 72_00
    assert revenue(schedule, "2024-02-01", "2024-02-29", "licence") == -6_00


def test_a_bonus_for_one_promise_is_its_own() -> None:
    bonus = VariableAmount(name="bonus", stated_minor=10_00, obligations=("service",))
    other = structs.replace(OTHER, variable=(bonus,))
    schedule = measured((FIRST, ONE), (SECOND, other), (SECOND, JOINED), (FIRST, DELIVERED))

    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/service") == 50_00


def test_a_concession_of_an_amount_that_is_stated_is_shared_by_both() -> None:
    rebate = VariableAmount(name="rebate", stated_minor=20_00, conceded_percent=Decimal(50))
    other = structs.replace(OTHER, variable=(rebate,))
    schedule = measured((FIRST, ONE), (SECOND, other), (SECOND, JOINED), (FIRST, DELIVERED))

    assert revenue(schedule, "2024-01-01", "2024-12-31", "licence") == 66_00


def test_a_unit_price_that_is_expected_is_of_units_of_its_own_contract() -> None:
    one = opened(units("goods", "10", "10.00"), price_minor=0)
    cheaper = VariableAmount(name="price", unit_price=Decimal("8.00"))
    rows = (units("parts", "5", "10.00"), even("service", "2024-01-01", "2024-05-01", 40_00))
    other = opened(*rows, price_minor=0, variable=(cheaper,))
    done = (
        (FIRST, ObligationSatisfied(when=on(1, 10), obligation="goods", quantity=Decimal(10))),
        (SECOND, ObligationSatisfied(when=on(1, 10), obligation="parts", quantity=Decimal(5))),
    )
    apart = measured((FIRST, one), *done)
    schedule = measured((FIRST, one), (SECOND, other), (SECOND, JOINED), *done)

    # 150.00 for what sells for 100.00, 50.00 and 40.00; the 10.00 less are of the parts alone.
    assert revenue(apart, "2024-01-01", "2024-12-31", "goods") == 100_00
    assert revenue(schedule, "2024-01-01", "2024-12-31", "goods") == 78_95
    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/parts") == 39_47 - 10_00


def test_what_is_worked_out_from_stated_prices_is_of_its_own_contract() -> None:
    one = opened(units("goods", "10", "10.00"), price_minor=0)
    conceded = VariableAmount(name="rebate", conceded_percent=Decimal(10))
    other = opened(
        even("service", "2024-01-01", "2024-05-01", price_minor=100_00),
        price_minor=0,
        variable=(conceded,),
    )
    schedule = measured((FIRST, one), (SECOND, other), (SECOND, JOINED))

    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/service") == 90_00


def test_a_part_of_stated_prices_is_of_those_of_its_own_contract() -> None:
    one = opened(units("goods", "10", "10.00"), price_minor=0)
    service = even("service", "2024-01-01", "2024-05-01", 100_00, price_minor=300_00)
    conceded = VariableAmount(name="rebate", conceded_percent=Decimal(10))
    other = opened(service, price_minor=0, variable=(conceded,))
    schedule = measured((FIRST, one), (SECOND, other), (SECOND, JOINED))

    # Half of 400.00 by what each sells for; the tenth is of 300.00.
    assert revenue(schedule, "2024-01-01", "2024-12-31", "k2/service") == 200_00 - 30_00


def test_an_amount_that_is_stated_is_shared_by_both_also_where_promises_state_prices() -> None:
    rebate = VariableAmount(name="rebate", stated_minor=20_00, conceded_percent=Decimal(50))
    service = structs.replace(SERVICE, price_minor=10_00)
    other = opened(service, price_minor=0, variable=(rebate,))
    schedule = measured((FIRST, ONE), (SECOND, other), (SECOND, JOINED), (FIRST, DELIVERED))

    assert revenue(schedule, "2024-01-01", "2024-12-31", "licence") == 66_00


def test_the_one_is_measured_as_a_book_elected_when_the_first_was_opened() -> None:
    later = structs.replace(OTHER, when=on(2, 1))
    said = ((FIRST, ONE), (SECOND, later), (SECOND, structs.replace(JOINED, when=on(2, 1))))
    elected = ((date.min, Options(ratable_by="month")), (date(2024, 1, 15), Options()))
    master = MasterData(calendar=CALENDAR, policies={"main": elected})
    schedule = measure(FIRST, _facts(said), (), master, "main", FAR)

    # By months: nothing yet inside the first of them.
    assert revenue(schedule, "2024-01-01", "2024-01-30", "k2/service") == 0
    assert revenue(schedule, "2024-01-01", "2024-01-31", "k2/service") == 10_00


def test_what_is_paid_to_one_for_what_it_buys_is_left_when_that_one_ends() -> None:
    goods = Obligation(obligation="goods", pattern="as-invoiced")
    paid = CustomerPaymentPromised(when=on(1, 1), amount_minor=10_00, purchases_minor=100_00)
    said = (*BOTH[1:], (FIRST, opened(LICENCE, goods, price_minor=90_00)), (FIRST, paid))
    end = ContractTerminated(when=on(3, 1))
    of_it = measured(*said, bill(1, "k1", 20_00, "goods"), (FIRST, end))
    of_the_other = measured(*said, bill(1, "k1", 20_00, "goods"), (SECOND, end))

    assert revenue(of_it, "2024-01-01", "2024-12-31", "goods") == 20_00 - 10_00
    assert revenue(of_the_other, "2024-01-01", "2024-12-31", "goods") == 20_00 - 2_00


def test_each_finances_its_own_price() -> None:
    terms = Financing(kind="advance", rate_percent=Decimal(10), until=date(2025, 1, 1))
    one = structs.replace(ONE, financing=terms)
    schedule = measured((FIRST, one), (SECOND, OTHER), (SECOND, JOINED))
    interest = next(flow for flow in schedule.flows if flow.kind == "interest")

    assert interest.subject == "licence"
    assert balance(schedule, "interest-expense", "2024-12-31") == 9_00


def test_positions_taken_over_come_along() -> None:
    row = CarriedPosition(
        obligation="service", customer="c1", billed_minor=9_00, recognised_minor=0, contract="k2"
    )
    told = OpeningProposed(
        when=on(1, 1),
        currency="USD",
        items=(),
        positions=(row, structs.replace(row, contract="k1", obligation="licence")),
        control=ControlTotals(
            items=0,
            positions=2,
            receivable_minor=0,
            deferred_minor=9_00,
            unbilled_minor=0,
            to_earn_minor=0,
        ),
        proposed_by="ana",
    )
    facts = _facts((*BOTH, ("opening:o1", told)))

    (found,) = (one.event for one in as_one(FIRST, facts) if one.stream == "opening:o1")

    assert isinstance(found, OpeningProposed)
    assert [(one.unit, one.obligation) for one in found.positions] == [
        (FIRST, "k2/service"),
        (FIRST, "licence"),
    ]


def test_what_became_of_positions_comes_along() -> None:
    ended = OpeningPositionEnded(when=on(2, 1), contract="k2", obligation="service")
    own = OpeningPositionChanged(when=on(2, 1), contract="k1", obligation="licence")
    other = structs.replace(ended, contract=None, subscription="s1")
    said = (("opening:o1", ended), ("opening:o1", own), ("opening:o1", other))

    found = [one.event for one in as_one(FIRST, _facts((*BOTH, *said))) if "opening" in one.stream]

    assert [
        (one.unit, one.obligation)
        for one in found
        if isinstance(one, OpeningPositionChanged | OpeningPositionEnded)
    ] == [(FIRST, "k2/service"), (FIRST, "licence"), ("subscription:s1", "service")]


def test_the_terms_of_both_bind_as_far_as_the_shorter_notice() -> None:
    one, other = (
        structs.replace(event, cancellable_days=days) for event, days in ((ONE, 90), (OTHER, 30))
    )
    schedule = measured((FIRST, one), (SECOND, other), (SECOND, JOINED))

    assert schedule.outlook is not None
    assert schedule.outlook.notice_days == 30


def test_access_to_everything_is_to_what_its_own_contract_promises() -> None:
    """60.00 and 40.00; let into the second on 1 March, so its two months are 20.00 each."""
    both = (FIRST, ONE), (SECOND, OTHER), (SECOND, JOINED), (FIRST, DELIVERED)
    said = AccessGranted(when=on(3, 1)), AccessGranted(when=on(3, 1), item="service")
    for event in said:
        told = measured(*both, (SECOND, event))

        assert revenue(told, "2024-01-01", "2024-02-29", "k2/service") == 0
        assert revenue(told, "2024-03-01", "2024-03-31", "k2/service") == 20_00
    elsewhere = measured(*both, (FIRST, said[0]))
    assert revenue(elsewhere, "2024-01-01", "2024-02-29", "k2/service") == 20_00


def test_what_only_one_contract_brings_about_rests_on_that_one() -> None:
    calls = Obligation(obligation="calls", pattern="units", unit_price=Decimal(2))
    stated = VariableAmount(
        name="extra", stated_minor=20_00, estimate_minor=5_00, obligations=("licence",)
    )
    schedule = measured(
        (FIRST, opened(LICENCE, price_minor=90_00, variable=(stated,))),
        (SECOND, opened(SERVICE, calls, price_minor=10_00)),
        (SECOND, JOINED),
        (FIRST, DELIVERED),
        (SECOND, ObligationSatisfied(when=on(1, 11), obligation="calls", quantity=Decimal(3))),
    )
    flows = {(flow.kind, flow.subject): flow for flow in schedule.flows}
    used = next(flow for (_, name), flow in flows.items() if name.endswith("calls"))

    assert flows["lump-owed", "licence"].causes == (1, 4)
    assert set(used.causes) == {2, 3, 5}
    assert set(flows["release", "licence"].causes) >= {1, 2, 3, 4}
