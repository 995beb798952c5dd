"""Price = revenue to date + what remains, for one deal of every kind, by hand; and what `verify`
says when one of the three was meddled with.

All of it from January 2024, seen at the end of March.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec import structs

from domain.accounting.curves import Steps
from domain.accounting.schedule import Flow
from domain.cash import ReceivePayment
from domain.contract_commands import (
    ConcedePrice,
    ExerciseRights,
    JoinContract,
    ModifyContract,
    OpenContract,
    ReportBase,
    SatisfyObligation,
    TerminateContract,
)
from domain.contract_facts import DiscountOption, Obligation, VariableAmount
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.rates import PublishRates, Rate
from domain.subscription import CancelSubscription, Item, StartSubscription
from projections.breaks import Verdict
from projections.question import Question
from projections.remaining import remaining_obligations
from replay.price_ties import CHECK
from replay.verify import verify
from store.unit_states import schedule_of

if TYPE_CHECKING:
    from domain.deciders import Command
    from tests.stories.conftest import Company

JANUARY, MARCH = date(2024, 1, 1), date(2024, 3, 31)

# Price, revenue to date and what remains of each promise.
TIES = {
    "contract:hours hours": (400_00, 400_00, 0),
    "contract:royalty fee": (500_00, 500_00, 0),
    # 600.00 may come, 240.00 of it will most likely stay: 2,640.00 over two years.
    "contract:bonus service": (2640_00, 330_00, 2310_00),
    # Sold for 100.00 with a right that is worth 12.00 beside it.
    "contract:right goods": (89_29, 89_29, 0),
    "contract:right voucher": (10_71, 0, 10_71),
    # Two contracts that are one: 100.00 shared as 60 and 40 sell alone, over January to April.
    "contract:licence licence": (60_00, 60_00, 0),
    "contract:licence support/service": (40_00, 30_00, 10_00),
    "contract:kept service": (1200_00, 1200_00, 0),
    "contract:refunded service": (200_00, 200_00, 0),
    "contract:conceded service": (1170_00, 270_00, 900_00),
    # Of 2,400.00 an agent keeps 600.00.
    "contract:agent resold": (600_00, 75_00, 525_00),
    "contract:lease machine": (2400_00, 300_00, 2100_00),
    # A change of July counts from when it was agreed: in March, or in July.
    "contract:signed service": (2580_00, 300_00, 2280_00),
    "contract:later service": (2400_00, 300_00, 2100_00),
    "contract:notice service": (2400_00, 300_00, 2100_00),
    "contract:euro service": (2400_00, 300_00, 2100_00),
    # Wrong from its beginning counts whenever it is credited; given back later does not.
    "invoice:wrong:1 1": (960_00, 240_00, 720_00),
    "invoice:unhappy:1 1": (1200_00, 300_00, 900_00),
    # 120.00 a month, shared as 100 and 50 sell alone.
    "subscription:shared desk": (960_00, 240_00, 720_00),
    "subscription:shared help": (480_00, 120_00, 360_00),
    "subscription:left desk": (200_00, 200_00, 0),
}


def on(month: int, day: int, agreed_on: date | None = None) -> When:
    return When(effective=date(2024, month, day), agreed_on=agreed_on)


def service(name: str = "service", years: int = 2, **said: object) -> Obligation:
    term = {"service_from": JANUARY, "service_to": date(2024 + years, 1, 1)}
    return Obligation(obligation=name, **(term | said))  # type: ignore[arg-type]


def opened(company: Company, name: str, *promises: Obligation, **said: object) -> None:
    given = {"currency": "USD", "price_minor": 0} | said
    command = OpenContract(when=on(1, 1), customer="c1", obligations=promises, **given)  # type: ignore[arg-type]
    company.send(f"contract:{name}", command)


def invoice(
    company: Company, name: str, when: When, line: InvoiceLine, currency: str = "USD"
) -> None:
    command = IssueInvoice(when=when, customer="c1", currency=currency, lines=(line,))
    company.send(f"invoice:{name}", command)


def priced_by_itself(company: Company) -> None:
    opened(company, "hours", Obligation(obligation="hours", pattern="as-invoiced"))
    invoice(
        company, "hours", on(2, 15), InvoiceLine(line="1", amount_minor=400_00, contract="hours")
    )
    fee = Obligation(obligation="fee", pattern="percent-of-base", percent_of_base=Decimal(5))
    opened(company, "royalty", fee)
    reported = ReportBase(when=on(2, 10), obligation="fee", base_minor=10_000_00)
    company.send("contract:royalty", reported)


def uncertain(company: Company) -> None:
    bonus = VariableAmount(
        name="bonus", estimate_minor=600_00, included_minor=240_00, obligations=("service",)
    )
    opened(company, "bonus", service(price_minor=2400_00), variable=(bonus,))
    option = DiscountOption(
        average_purchase_minor=50_00,
        percent=Decimal(40),
        percent_for_anybody=Decimal(10),
        probability=Decimal("0.8"),
    )
    goods = Obligation(obligation="goods", pattern="point-in-time", ssp_minor=100_00)
    voucher = Obligation(obligation="voucher", pattern="as-exercised", option=option)
    opened(company, "right", goods, voucher, price_minor=100_00)
    company.send("contract:right", SatisfyObligation(when=on(1, 10), obligation="goods"))
    company.send("contract:right", ExerciseRights(when=on(4, 10), obligation="voucher"))


def one_of_two(company: Company) -> None:
    licence = Obligation(
        obligation="licence", pattern="point-in-time", price_minor=90_00, ssp_minor=60_00
    )
    opened(company, "licence", licence)
    until = date(2024, 5, 1)
    opened(company, "support", service(price_minor=10_00, ssp_minor=40_00, service_to=until))
    company.send("contract:licence", SatisfyObligation(when=on(1, 10), obligation="licence"))
    joined = JoinContract(when=on(4, 5), contract="licence", because="one-objective")
    company.send("contract:support", joined)


def ended(company: Company) -> None:
    for name, back in (("kept", 0), ("refunded", 1000_00)):
        opened(company, name, service(years=1, price_minor=1200_00))
        company.send(f"contract:{name}", TerminateContract(when=on(3, 1), refund_minor=back))
    opened(company, "conceded", service(years=1, price_minor=1200_00))
    less = ConcedePrice(when=on(2, 10), obligation="service", amount_minor=30_00)
    company.send("contract:conceded", less)


def for_others(company: Company) -> None:
    sold = service("resold", price_minor=2400_00, presented="net", others_share_minor=1800_00)
    opened(company, "agent", sold)
    opened(company, "lease", service("machine", price_minor=2400_00, presented="elsewhere"))


def agreed_and_not(company: Company) -> None:
    for name, when in (("signed", on(7, 1, date(2024, 3, 20))), ("later", on(7, 1))):
        opened(company, name, service(price_minor=2400_00))
        company.send(f"contract:{name}", ModifyContract(when=when, price_change_minor=180_00))
    opened(company, "notice", service(price_minor=2400_00), cancellable_days=30)
    # Money came, and there is no contract yet.
    opened(company, "hoped", service(price_minor=2400_00), criteria_met=False)
    paid = ReceivePayment(
        when=on(1, 5), customer="c1", currency="USD", amount_minor=500_00, contract="hoped"
    )
    company.send("payment:p1", paid)
    # It ended, and never was one: it has no price, and what was paid is revenue of the account.
    opened(company, "given-up", service(price_minor=2400_00), criteria_met=False)
    for name in ("p2", "p3"):
        stays = structs.replace(paid, contract="given-up", amount_minor=300_00, deposit=True)
        company.send(f"payment:{name}", stays)
    company.send("contract:given-up", TerminateContract(when=on(3, 10), refund_minor=200_00))
    # What is agreed in April is nobody's promise in March.
    late = OpenContract(
        when=on(4, 5),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(service(price_minor=2400_00, service_from=date(2024, 4, 5)),),
    )
    company.send("contract:april", late)


def in_euro(company: Company) -> None:
    for month, rate in ((1, "1.10"), (3, "1.20")):
        row = Rate(currency="EUR", into="USD", rate=Decimal(rate))
        company.send("rates:self", PublishRates(when=on(month, 1), rates=(row,)))
    opened(company, "euro", service(price_minor=2400_00), currency="EUR")
    line = InvoiceLine(line="1", amount_minor=1200_00, contract="euro")
    invoice(company, "euro", on(1, 1), line, "EUR")


def invoiced(company: Company) -> None:
    year = {"service_from": JANUARY, "service_to": date(2025, 1, 1)}
    for name, treatment in (("wrong", "as-if-never"), ("unhappy", "from-now")):
        invoice(company, name, on(1, 1), InvoiceLine(line="1", amount_minor=1200_00, **year))  # type: ignore[arg-type]
        credit = IssueCredit(
            when=on(4, 10),
            number=f"CN-{name}",
            lines=(CreditLine(line="1", amount_minor=240_00),),
            treatment=treatment,  # type: ignore[arg-type]
        )
        company.send(f"invoice:{name}", credit)


def subscribed(company: Company) -> None:
    for name, amount, alone in (("desk", "100", "100"), ("help", "20", "50")):
        command: Command = SetPrice(
            when=on(1, 1),
            currency="USD",
            model=PerUnit(unit_amount=Decimal(amount)),
            ssp=Decimal(alone),
        )
        company.send(f"price:{name}", command)
    for name, items in (("shared", ("desk", "help")), ("left", ("desk",))):
        command = StartSubscription(
            when=on(1, 1),
            customer="c1",
            currency="USD",
            term_from=JANUARY,
            term_to=date(2025, 1, 1),
            items=tuple(Item(item=item, price=item) for item in items),
        )
        company.send(f"subscription:{name}", command)
    company.send("subscription:left", CancelSubscription(when=on(3, 1)))


@pytest.fixture
def sold(company: Company) -> Company:
    company.on(4, 15)
    for some in (
        priced_by_itself,
        uncertain,
        one_of_two,
        ended,
        for_others,
        agreed_and_not,
        in_euro,
        invoiced,
        subscribed,
    ):
        some(company)
    company.run(MARCH)
    return company


def verdict(company: Company) -> Verdict:
    with company.ledger.connection() as connection:
        return next(one for one in verify(connection).verdicts if one.check == CHECK)


def test_every_price_is_earned_or_remains(sold: Company) -> None:
    with sold.ledger.connection() as connection:
        ask = Question(entity="acme", book="main")
        rows = remaining_obligations(connection, ask).rows
        told = {
            f"{row.unit} {row.obligation}": (
                row.price_minor,
                row.earned_minor,
                row.remaining_minor + row.left_out_minor,
            )
            for row in rows
        }
        booked = {
            f"{unit} {obligation}": minor
            for unit, obligation, minor in connection.execute(
                "SELECT unit, obligation, -sum(minor)::bigint FROM journal_line"
                " WHERE account IN ('revenue', 'external-clearing') AND kind <> 'receipt'"
                " GROUP BY unit, obligation"
            )
        }
        assert verify(connection).breaks == 0
    left = {place: amounts for place, amounts in TIES.items() if amounts[2]}
    reasons = {"contract:hours hours", "contract:royalty fee"}
    assert {place: told[place] for place in told.keys() - reasons} == left
    assert booked.pop("customer:c1:USD ") == 400_00
    assert booked == {place: earned for place, (_, earned, _) in TIES.items() if earned}
    assert verdict(sold).comparisons == len(TIES)


def meddle(company: Company, statement: str, *values: object) -> None:
    with company.ledger.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        assert connection.execute(statement.encode(), values).rowcount == 1


@pytest.mark.parametrize(
    ("unit", "obligation", "account"),
    [
        ("contract:bonus", "service", "revenue"),
        ("contract:lease", "machine", "external-clearing"),
    ],
)
def test_a_line_that_was_meddled_with_is_told_with_all_three(
    sold: Company, unit: str, obligation: str, account: str
) -> None:
    meddle(
        sold,
        "UPDATE journal_line SET minor = minor - 5, functional_minor = functional_minor - 5"
        " WHERE unit = %s AND account = %s AND earned = '2024-02-29'",
        unit,
        account,
    )

    (found,) = verdict(sold).breaks

    price, earned, left = TIES[f"{unit} {obligation}"]
    assert found.row == {
        "book": "main",
        "contract": unit,
        "obligation": obligation,
        "currency": "USD",
        "price_minor": price,
        "revenue_minor": earned + 5,
        "remaining_minor": left,
        "difference_minor": -5,
        "revenue_functional_minor": earned + 5,
        "difference_functional_minor": 0,
    }
    assert found.what == f"{obligation} of {unit} in main, USD"
    assert found.expected == f"price {price}"


def make_dearer(company: Company, unit: str) -> None:
    """In the schedule that the poster keeps, what is promised is a cent more."""
    with company.ledger.connection() as connection:
        row = connection.execute(
            "SELECT schedule FROM unit_state WHERE unit = %s", [unit]
        ).fetchone()
    assert row is not None
    kept = schedule_of(row[0])
    memos = [_more(memo) if memo.kind == "promised" else memo for memo in kept.memos]
    altered = structs.replace(kept, memos=tuple(memos))
    meddle(
        company,
        "UPDATE unit_state SET schedule = %s WHERE unit = %s",
        msgspec.msgpack.encode(altered),
        unit,
    )


def _more(memo: Flow) -> Flow:
    assert isinstance(memo.curve, Steps), memo
    marks = tuple((day, minor + 1) for day, minor in memo.curve.marks)
    return structs.replace(memo, curve=structs.replace(memo.curve, marks=marks))


def test_a_memo_that_was_meddled_with_is_found(sold: Company) -> None:
    make_dearer(sold, "contract:bonus")

    (found,) = verdict(sold).breaks

    assert found.row["remaining_minor"] == 2310_01
    assert found.row["difference_minor"] == -1


def test_what_revenue_is_worth_is_compared_in_functional_currency(sold: Company) -> None:
    meddle(
        sold,
        "UPDATE journal_line SET functional_minor = functional_minor - 1"
        " WHERE unit = 'contract:euro' AND account = 'revenue' AND earned = '2024-02-29'",
    )

    (found,) = verdict(sold).breaks

    # Billed at 1.10, three months of 100.00.
    assert found.row["revenue_functional_minor"] == 330_01
    assert (found.row["difference_minor"], found.row["difference_functional_minor"]) == (0, -1)
