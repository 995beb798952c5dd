"""A billing run asks for tax before it issues; what nobody can tell the tax of waits by name."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from domain.facts import Source, When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, TaxedBy
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.party import AmendCustomer
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import CancelSubscription
from domain.tax.status import TaxStatus
from domain.tax.table import SetTaxRates, TaxRate
from domain.tax.taxed import TaxPart
from projections.exceptions import exceptions
from projections.question import Question
from projections.tax import tax_by_period
from projections.trial_balance import trial_balance
from replay.tax.http import HttpEngine, Patience
from replay.tax.telling import Telling
from store import log
from store.request import Request
from tests.replay.tax_server import serving

NEW_YEAR, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
SINCE = When(effective=NEW_YEAR)
VAT = TaxRate(name="VAT", percent=Decimal("8.1"))


@pytest.fixture
def taxed(company, send):
    """The company elects the table, which knows its customer's country; not yet the customer."""
    send("invoicing:self", AdoptInvoicing(when=SINCE, options=InvoicingOptions(tax="table")))
    send("tax:CH", SetTaxRates(when=SINCE, rates=(VAT,), seller="established"))
    return company


@pytest.fixture
def known(taxed, send):
    send("customer:c1", AmendCustomer(when=SINCE, tax=TaxStatus(jurisdiction="CH")))
    return taxed


def events(ledger, kind):
    with ledger.connection() as connection:
        facts = log.read_categories(connection, "acme", ["invoice"])
    return [fact.event for fact in facts if isinstance(fact.event, kind)]


def waiting(ledger):
    ledger.catch_up("acme")
    with ledger.connection() as connection:
        rows = exceptions(connection, Question(entity="acme")).rows
    return [(row.subject, row.detail, row.count) for row in rows if row.kind == "awaiting-tax"]


def test_an_invoice_goes_out_with_its_tax(known):
    billed = known.bill("acme", NEW_YEAR)
    (issued,) = events(known, InvoiceIssued)

    assert [(one.kind, one.amount_minor) for one in issued.lines] == [
        ("subscription", 1000_00),
        ("tax", 81_00),
    ]
    assert issued.lines[1].tax.parts[0].taxable_minor == 1000_00
    assert issued.taxed_by.engine == "table"
    assert [document.total_minor for document in billed.documents] == [1081_00]
    assert known.bill("acme", NEW_YEAR).documents == ()


def test_what_the_customer_is_charged_ties_to_the_books(known):
    known.bill("acme", NEW_YEAR)
    known.run("acme", NEW_YEAR)
    with known.connection() as connection:
        rows = trial_balance(connection, Question(entity="acme", book="main")).rows
    balances = {row.account: row.minor for row in rows}

    assert balances["accounts-receivable"] == 1081_00
    assert balances["tax-payable"] == -81_00


def test_a_customer_without_a_status_waits_by_name_until_it_has_one(taxed, send):
    billed = taxed.bill("acme", NEW_YEAR)
    (carried,) = billed.carried

    assert billed.documents == ()
    assert (carried.reason, carried.code, carried.minor) == (
        "awaiting-tax",
        "tax-status-missing",
        1000_00,
    )
    taxed.bill("acme", NEW_YEAR)
    assert waiting(taxed) == [
        ("customer:c1:USD", f"tax-status-missing since {taxed.clock().date()}", 2)
    ]

    send("customer:c1", AmendCustomer(when=SINCE, tax=TaxStatus(jurisdiction="CH")))
    assert [one.total_minor for one in taxed.bill("acme", NEW_YEAR).documents] == [1081_00]
    assert waiting(taxed) == []


def test_a_preview_keeps_nobody_waiting(taxed):
    assert [one.code for one in taxed.bill_preview("acme", NEW_YEAR).carried] == [
        "tax-status-missing"
    ]
    assert waiting(taxed) == []


def test_a_credit_note_of_the_run_repeats_the_tax(known, send):
    known.bill("acme", NEW_YEAR)
    send("subscription:s1", CancelSubscription(when=When(effective=date(2024, 1, 17))))
    billed = known.bill("acme", FEBRUARY)
    (credited,) = events(known, CreditIssued)
    minors = {row.line: row.amount_minor for row in credited.lines}

    assert minors == {"1": 483_87, "tax-1": 39_19}
    assert billed.documents[0].total_minor == -523_06


def test_credits_of_all_parts_take_all_of_the_tax_and_a_void_the_rest(known, send):
    known.bill("acme", NEW_YEAR)
    (stream,) = {fact.stream for fact in facts(known) if isinstance(fact.event, InvoiceIssued)}
    for number in range(3):
        rows = (CreditLine(line="1", amount_minor=333_33),)
        when = When(effective=date(2024, 1, 20))
        send(stream, IssueCredit(when=when, number=f"n{number}", lines=rows))
    send(stream, VoidInvoice(when=When(effective=date(2024, 1, 21))))
    known.run("acme", FEBRUARY)
    with known.connection() as connection:
        rows = trial_balance(connection, Question(entity="acme", book="main")).rows

    assert [row.minor for row in rows if row.account == "tax-payable"] in ([], [0])


def test_a_price_with_tax_is_what_is_paid_and_earned_without_it(known, send):
    """108.10 a seat with 8.1 percent in it: 100.00 to earn; a credit gives back both."""
    price = SetPrice(
        when=SINCE,
        currency="USD",
        model=PerUnit(unit_amount=Decimal("108.10")),
        includes_tax=True,
    )
    send("price:seat", price)
    billed = known.bill("acme", NEW_YEAR)
    known.run("acme", date(2024, 1, 31))
    first = balances(known)
    send("subscription:s1", CancelSubscription(when=When(effective=NEW_YEAR), refund="full"))
    known.bill("acme", FEBRUARY)
    known.run("acme", FEBRUARY)
    (credited,) = events(known, CreditIssued)

    assert [one.total_minor for one in billed.documents] == [1081_00]
    assert first == {
        "accounts-receivable": 1081_00,
        "revenue": -1000_00,
        "tax-payable": -81_00,
    }
    assert {row.line: row.amount_minor for row in credited.lines} == {
        "1": 1081_00,
        "included-1": -81_00,
        "tax-1": 81_00,
    }
    assert balances(known) == {}


def balances(ledger):
    with ledger.connection() as connection:
        rows = trial_balance(connection, Question(entity="acme", book="main")).rows
    return {row.account: row.minor for row in rows if row.minor}


# --- by an engine --------------------------------------------------------------------------------


@pytest.fixture
def avalon():
    with serving() as found:
        yield found


@pytest.fixture
def engined(company, send, avalon):
    """The company elects an engine that is there."""
    send("invoicing:self", AdoptInvoicing(when=SINCE, options=InvoicingOptions(tax="avalon")))
    send("customer:c1", AmendCustomer(when=SINCE, tax=TaxStatus(jurisdiction="FR")))
    patience = Patience(attempts=1, failures=9, sleep=lambda _: None)
    company.engines = {"avalon": HttpEngine("avalon", avalon.url, patience=patience)}
    return company


def test_an_engine_is_asked_and_its_answer_kept(engined, avalon):
    billed = engined.bill("acme", NEW_YEAR)
    (issued,) = events(engined, InvoiceIssued)

    assert [one.total_minor for one in billed.documents] == [1200_00]
    assert issued.taxed_by == TaxedBy(engine="avalon", reference="q-invoice:c1-USD-20240101-1")
    assert engined.bill("acme", NEW_YEAR).documents == ()
    assert len(avalon.asked) == 1


def test_a_failing_engine_holds_the_invoice_and_the_next_run_issues_it(engined, avalon):
    avalon.answers = [500, b"nonsense"]
    codes = [engined.bill("acme", NEW_YEAR).carried[0].code for _ in range(2)]

    assert codes == ["tax-engine-unreachable", "tax-engine-nonsense"]
    assert [count for _, _, count in waiting(engined)] == [2]
    assert [one.total_minor for one in engined.bill("acme", NEW_YEAR).documents] == [1200_00]
    assert waiting(engined) == []


def test_an_engine_nobody_told_of_holds_the_invoice(engined):
    for engine in engined.engines.values():
        engine.close()
    engined.engines = {}

    assert engined.bill("acme", NEW_YEAR).carried[0].code == "tax-engine-unknown"


def test_nobody_far_away_is_asked_under_the_heads_lock(engined, avalon):
    """What came while the run waited for its answer is taken in; the next run asks for the rest."""
    line = InvoiceLine(
        line="1",
        amount_minor=100_00,
        service_from=NEW_YEAR,
        service_to=FEBRUARY,
        subscription="s1",
        obligation="seats",
    )
    command = IssueInvoice(when=SINCE, customer="c1", currency="USD", lines=(line,))
    abroad = Source(system="billing", kind="invoice", id="x")
    avalon.first = lambda: engined.submit(
        Request(entity="acme", stream="invoice:x", key="x", command=command, source=abroad)
    )
    (carried,) = engined.bill("acme", NEW_YEAR).carried

    assert (carried.code, carried.minor, len(avalon.asked)) == ("tax-not-asked-yet", 900_00, 1)
    assert [one.total_minor for one in engined.bill("acme", NEW_YEAR).documents] == [1080_00]


def told(avalon):
    return [
        (key, [(tax["taxable"], tax["tax"]) for tax in body["taxes"]]) for key, body in avalon.told
    ]


def credit(send, minor, number="n1"):
    rows = (CreditLine(line="1", amount_minor=minor),)
    when = When(effective=date(2024, 1, 20))
    send(STREAM, IssueCredit(when=when, number=number, lines=rows))


STREAM = "invoice:c1-USD-20240101-1"


def test_an_engine_is_told_what_went_out_once(engined, avalon, send):
    engined.bill("acme", NEW_YEAR)
    credit(send, 100_00)
    send(STREAM, VoidInvoice(when=When(effective=date(2024, 1, 21))))
    engined.tell_tax("acme")

    assert told(avalon) == [
        ("commit:c1-USD-20240101-1", [("1000.00", "200.00")]),
        ("adjust:n1", [("-100.00", "-20.00")]),
        ("void:c1-USD-20240101-1", [("-900.00", "-180.00")]),
    ]
    assert engined.tell_tax("acme") == Telling(confirmed=0, waiting=0)


def test_an_engine_is_told_what_is_taken_back_and_corrected(engined, avalon, send):
    """Whatever a person undoes in the log is undone at the engine, once."""
    engined.bill("acme", NEW_YEAR)
    credit(send, 100_00)
    engined.tell_tax("acme")
    avalon.told.clear()
    retract(engined, facts(engined)[-1].position)
    retract(engined, facts(engined)[0].position)
    avalon.answers = [500]

    assert engined.tell_tax("acme") == Telling(confirmed=0, waiting=2)
    assert engined.tell_tax("acme") == Telling(confirmed=2, waiting=0)
    assert engined.tell_tax("acme") == Telling(confirmed=0, waiting=0)
    assert told(avalon) == [
        (f"adjust:n1@{facts(engined)[-2].position}", [("100.00", "20.00")]),
        ("void:c1-USD-20240101-1", [("-1000.00", "-200.00")]),
    ]


def test_a_corrected_invoice_reaches_the_engine_as_what_it_differs_by(engined, avalon):
    engined.bill("acme", NEW_YEAR)
    avalon.told.clear()
    (issued,) = facts(engined)
    at = structs.replace(
        issued.event.lines[1].tax, parts=(TaxPart(line="1", taxable_minor=Decimal(800_00)),)
    )
    lines = (
        structs.replace(issued.event.lines[0], amount_minor=800_00),
        structs.replace(issued.event.lines[1], amount_minor=160_00, tax=at),
    )
    command = IssueInvoice(when=SINCE, customer="c1", currency="USD", lines=lines)
    engined.submit(
        Request(entity="acme", stream=STREAM, key="fix", command=command, corrects=issued.position)
    )
    engined.tell_tax("acme")

    assert told(avalon) == [("adjust:c1-USD-20240101-1", [("-200.00", "-40.00")])]


def retract(ledger, position):
    ledger.submit(Request(entity="acme", stream=STREAM, key=f"undo {position}", corrects=position))


def test_what_is_not_confirmed_is_told_again_in_its_turn(engined, avalon, send):
    avalon.answers = [None, 500, 500]
    engined.bill("acme", NEW_YEAR)
    credit(send, 100_00)

    assert engined.tell_tax("acme") == Telling(confirmed=0, waiting=2)
    assert told(avalon) == []
    assert [(one.kind, one.count) for one in findings(engined)] == [
        ("tax-untold", 2),
        ("tax-untold", 1),
    ]
    assert engined.tell_tax("acme") == Telling(confirmed=2, waiting=0)
    assert [key for key, _ in told(avalon)] == ["commit:c1-USD-20240101-1", "adjust:n1"]
    assert findings(engined) == []


def findings(ledger):
    ledger.catch_up("acme")
    with ledger.connection() as connection:
        return [*exceptions(connection, Question(entity="acme")).rows]


def test_tax_by_period_and_place_ties_to_what_is_payable(engined, send):
    engined.bill("acme", NEW_YEAR)
    head = engined.head("acme")
    engined.bill("acme", FEBRUARY)
    credit(send, 333_33)
    send("invoice:x", IssueInvoice(when=SINCE, customer="c1", currency="USD", lines=UNTOLD))
    engined.run("acme", FEBRUARY)
    with engined.connection() as connection:
        rows = tax_by_period(connection, Question(entity="acme")).rows
        books = trial_balance(connection, Question(entity="acme", book="main")).rows
        (before,) = tax_by_period(connection, Question(entity="acme", known_at=head)).rows
    found = {
        (row.period, row.jurisdiction): (row.taxable_minor, row.tax_minor, row.documents)
        for row in rows
    }

    assert found == {
        ("2024-01", ""): (0, 1_00, 1),
        ("2024-01", "FR"): (666_67, 133_33, 2),
        ("2024-02", "FR"): (1000_00, 200_00, 1),
    }
    assert before.tax_minor == 200_00
    assert sum(row.tax_minor for row in rows) == -sum(
        row.minor for row in books if row.account == "tax-payable"
    )


UNTOLD = (
    InvoiceLine(line="1", amount_minor=10_00),
    InvoiceLine(line="2", amount_minor=1_00, kind="tax"),
)


def facts(ledger):
    with ledger.connection() as connection:
        return log.read_categories(connection, "acme", ["invoice"])
