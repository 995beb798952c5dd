"""Two contracts that were one from inception, which was found out once January was closed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from domain.cash import ReceivePayment
from domain.contract_commands import JoinContract, OpenContract, SatisfyObligation
from domain.contract_facts import Obligation
from domain.errors import Malformed, Rejected
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from projections.lineage import JournalLine, explain_line, lineage_up
from projections.question import Question
from projections.remaining import remaining_obligations
from replay.journal import journal
from replay.rebuild import rebuild_journal
from replay.verify import verify
from store.request import Request

if TYPE_CHECKING:
    from tests.stories.conftest import Company

JANUARY, FEBRUARY = date(2024, 1, 31), date(2024, 2, 29)
LICENCE = Obligation(
    obligation="licence", price_minor=90_00, ssp_minor=60_00, pattern="point-in-time"
)
SERVICE = Obligation(
    obligation="service",
    price_minor=10_00,
    ssp_minor=40_00,
    service_from=date(2024, 1, 1),
    service_to=date(2024, 5, 1),
)


def opened(company: Company, contract: str, promise: Obligation) -> None:
    """One promise at the price stated for it, billed at once."""
    assert promise.price_minor is not None
    when = When(effective=date(2024, 1, 1))
    command = OpenContract(
        when=when,
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(promise,),
    )
    company.send(f"contract:{contract}", command)
    bill(company, contract, promise.price_minor, date(2024, 1, 1))


def bill(company: Company, contract: str, minor: int, day: date) -> None:
    line = InvoiceLine(line="1", amount_minor=minor, kind="one-off", contract=contract)
    issued = IssueInvoice(when=When(effective=day), customer="c1", currency="USD", lines=(line,))
    company.send(f"invoice:{contract}-{day}", issued)


def join(company: Company, contract: str, other: str) -> int:
    when = When(effective=date(2024, 1, 1))
    command = JoinContract(when=when, contract=other, because="one-objective")
    return company.send(f"contract:{contract}", command).positions[0]


def retract(company: Company, stream: str, position: int) -> None:
    request = Request(
        entity="acme", stream=stream, key=f"gone-{position}", command=None, corrects=position
    )
    company.ledger.submit(request)


def lines(company: Company) -> list[JournalLine]:
    with company.ledger.connection() as connection:
        return [*journal(connection, Question(entity="acme", book="main")).rows]


def sums(company: Company, account: str, *places: str) -> dict[tuple[str, ...], int]:
    """What stands, credits positive, by what a line says of its place."""
    found: dict[tuple[str, ...], int] = {}
    for row in lines(company):
        if row.account == account:
            place = tuple(str(getattr(row, name)) for name in places)
            found[place] = found.get(place, 0) - row.minor
    return {place: minor for place, minor in found.items() if minor}


def require_it_ties(company: Company) -> None:
    """Every law that a live ledger is asked, and its journal made again from the log alone."""
    with company.ledger.connection() as connection:
        assert verify(connection).breaks == 0
        assert rebuild_journal(connection, "acme").breaks == ()


@pytest.fixture
def closed(company: Company) -> Company:
    """A licence for 90.00 that sells for 60.00, four months of service for 10.00 that sell for
    40.00; the licence delivered, January closed.
    """
    opened(company, "k1", LICENCE)
    opened(company, "k2", SERVICE)
    done = SatisfyObligation(when=When(effective=date(2024, 1, 10)), obligation="licence")
    company.send("contract:k1", done)
    company.run(JANUARY)
    company.close("2024-01")
    return company


def test_what_was_one_from_inception_is_booked_with_january_as_the_period_earned(
    closed: Company,
) -> None:
    seal = closed.digest_now("2024-01")
    join(closed, "k2", "k1")
    closed.run(FEBRUARY)

    # January was 90.00 + 2.50; as one it is 60.00 + 10.00.
    assert closed.booked() == {"2024-01": 92_50, "2024-02": -22_50 + 10_00}
    assert closed.earned() == {"2024-01": 70_00, "2024-02": 10_00}
    assert sums(closed, "revenue", "unit", "obligation", "earned") == {
        ("contract:k1", "licence", "2024-01-31"): 60_00,
        ("contract:k1", "k2/service", "2024-01-31"): 10_00,
        ("contract:k1", "k2/service", "2024-02-29"): 10_00,
    }
    assert sums(closed, "accounts-receivable", "unit") == {("contract:k1",): -100_00}
    assert sums(closed, "contract-liability", "unit") == {("contract:k1",): 20_00}
    assert closed.digest_now("2024-01") == seal == closed.seals()["2024-01"]
    require_it_ties(closed)


def test_once_it_is_retracted_each_is_by_itself_again(closed: Company) -> None:
    joined = join(closed, "k2", "k1")
    closed.run(FEBRUARY)
    retract(closed, "contract:k2", joined)
    closed.run(FEBRUARY)

    assert closed.earned() == {"2024-01": 92_50, "2024-02": 2_50}
    assert sums(closed, "revenue", "unit", "obligation") == {
        ("contract:k1", "licence"): 90_00,
        ("contract:k2", "service"): 5_00,
    }
    require_it_ties(closed)


def test_later_invoices_payments_and_facts_of_either_work_as_before(closed: Company) -> None:
    join(closed, "k2", "k1")
    closed.run(FEBRUARY)
    bill(closed, "k2", 5_00, date(2024, 3, 1))
    when = When(effective=date(2024, 3, 2))
    paid = ReceivePayment(
        when=when, customer="c1", currency="USD", amount_minor=125_00, contract="k2"
    )
    closed.send("payment:p1", paid)
    more = Obligation(
        obligation="training", price_minor=10_00, ssp_minor=10_00, pattern="point-in-time"
    )
    opened(closed, "k3", more)
    join(closed, "k3", "k2")
    done = SatisfyObligation(when=when, obligation="training")
    closed.send("contract:k3", done)
    closed.run(date(2024, 3, 31))

    # 110.00 shared as 60, 40 and 10 sell: nothing moves of the first two.
    assert sums(closed, "revenue", "unit", "obligation") == {
        ("contract:k1", "licence"): 60_00,
        ("contract:k1", "k2/service"): 30_00,
        ("contract:k1", "k3/training"): 10_00,
    }
    assert sums(closed, "accounts-receivable", "document") == {}
    # What is paid above the bills of all, and names one of them, is an advance on it.
    assert sums(closed, "contract-liability", "unit") == {
        ("contract:k1",): 15_00,
        ("customer:c1:USD",): 10_00,
    }
    with closed.ledger.connection() as connection:
        question = Question(entity="acme", book="main", through=date(2024, 3, 31))
        left = remaining_obligations(connection, question).rows
    assert [(row.unit, row.obligation, row.remaining_minor) for row in left] == [
        ("contract:k1", "k2/service", 10_00)
    ]
    require_it_ties(closed)


def test_what_it_moved_says_why(closed: Company) -> None:
    joined = join(closed, "k2", "k1")
    closed.run(FEBRUARY)

    with closed.ledger.connection() as connection:
        found = lineage_up(connection, "acme", joined)
        assert found is not None
        assert {(row.unit, row.rule) for row in found.lines if row.account == "revenue"} == {
            ("contract:k1", "point-in-time@1"),
            ("contract:k1", "ratable-by-month@1"),
            ("contract:k2", "no-longer-due@1"),
        }
        row = next(one for one in found.lines if one.obligation == "licence")
        explained = explain_line(connection, "acme", row.entry, row.line)
    assert explained is not None
    told = {step.what: step.value for share in explained.shares for step in share.steps}
    assert told["accounted for as one"] == "k1, k2"
    assert told["transaction price"] == "100.00"
    assert told["carved in or out"] == "-30.00"


@pytest.mark.parametrize("other", ["k2", "k3"])
def test_contracts_never_go_round_in_a_circle(closed: Company, other: str) -> None:
    opened(closed, "k3", SERVICE)
    join(closed, "k2", "k1")
    join(closed, "k3", "k2")

    with pytest.raises(Rejected, match="combined-in-a-circle"):
        join(closed, "k1", other)
    with pytest.raises(Rejected, match="combined-already"):
        join(closed, "k2", "k3")


def test_what_joins_contracts_is_posted_before_a_month_it_moves_is_closed(company: Company) -> None:
    opened(company, "k1", LICENCE)
    opened(company, "k2", SERVICE)
    company.run(JANUARY)
    command = JoinContract(
        when=When(effective=date(2024, 3, 1)), contract="k1", because="one-objective"
    )
    company.send("contract:k2", command)

    with pytest.raises(Rejected, match="close-unposted"):
        company.close("2024-01")


@pytest.mark.parametrize("name", ["", "k2", "nobody"])
def test_what_is_joined_must_be_another_contract_that_is_there(closed: Company, name: str) -> None:
    refused = {"": "unknown-stream", "k2": "combined-with-itself", "nobody": "contract-not-open"}

    with pytest.raises((Malformed, Rejected), match=refused[name]):
        join(closed, "k2", name)
