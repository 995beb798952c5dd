"""Which usage rows an invoice line bills: by its days, by what came since, by item and price."""

from datetime import date
from decimal import Decimal

import pytest

from domain.billing_options import BillingOptions
from domain.facts import When
from domain.invoice import VoidInvoice
from domain.meter import DefineMeter
from domain.price import SetPrice
from domain.pricing import PerUnit
from replay.billing import run
from replay.billing.evidence import billed_usage, invoices_of_event
from replay.billing.run import Wanted
from replay.ledger import whole
from store.usage_stage import UsageBatch

NEW_YEAR, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)


def use(company, key, *rows, kind="rows"):
    company.ingest(UsageBatch(entity="acme", source="app", key=key, kind=kind), rows)


def row(event, quantity, day="2024-01-10", **more):
    return {
        "event_id": event,
        "subscription": "s1",
        "meter": "calls",
        "quantity": str(quantity),
        "occurred_at": day if "T" in day else f"{day}T12:00:00Z",
        **more,
    }


def bill(company, through, **more):
    """The numbers of the invoices of a run."""
    wanted = Wanted(entity="acme", through=through, **more)
    billed = whole(company.billing(wanted))
    return [one.stream.partition(":")[2] for one in billed.documents]


def rows_of(company, invoice):
    """The versions under each line: event and quantity."""
    with company.connection() as connection:
        found = billed_usage(connection, "acme", invoice)
    return [[(one.event_id, int(one.quantity)) for one in line.rows] for line in found.lines]


def test_a_line_for_late_usage_leads_to_what_came_late(company):
    use(company, "u1", row("e1", 100), row("e2", 50))
    (first,) = bill(company, FEBRUARY)
    use(company, "u2", row("e1", 200), kind="correction")
    use(company, "u3", row("e3", 10))
    (second,) = bill(company, date(2024, 2, 2))

    assert rows_of(company, first) == [[("e1", 100), ("e2", 50)]]
    assert rows_of(company, second) == [[("e1", 100), ("e1", 200), ("e3", 10)]]


def test_parts_of_a_period_lead_to_the_rows_on_their_days(company):
    use(company, "u1", row("e1", 100), row("e2", 100, "2024-01-20"))
    bill(company, NEW_YEAR)
    (early,) = bill(company, date(2024, 1, 15), interim=True)
    (rest,) = bill(company, FEBRUARY)

    assert (rows_of(company, early), rows_of(company, rest)) == ([[("e1", 100)]], [[("e2", 100)]])


def test_a_voided_line_leaves_its_rows_to_the_next(company, send):
    use(company, "u1", row("e1", 100))
    (first,) = bill(company, FEBRUARY)
    void = VoidInvoice(when=When(effective=FEBRUARY), treatment="as-if-never")
    send(f"invoice:{first}", void)
    (second,) = bill(company, FEBRUARY)

    assert rows_of(company, first) == rows_of(company, second) == [[("e1", 100)]]
    with company.connection() as connection:
        assert invoices_of_event(connection, "acme", "app", "e1").invoices == (first, second)


def test_lines_of_groups_lead_to_the_rows_of_each(company, send):
    when = When(effective=NEW_YEAR)
    send("meter:calls", DefineMeter(when=when, aggregation="sum", dimensions=("region",)))
    send(
        "price:call",
        SetPrice(
            when=when,
            currency="USD",
            model=PerUnit(unit_amount=Decimal(1)),
            meter="calls",
            bill="arrears",
            group_by=("region",),
        ),
    )
    use(
        company,
        "u1",
        row("e1", 1, dimensions={"region": "north"}),
        row("e2", 2, dimensions={"region": "south"}),
    )
    (invoice,) = bill(company, FEBRUARY)

    assert rows_of(company, invoice) == [[("e1", 1)], [("e2", 2)]]


def test_what_is_held_is_under_no_line(company, send):
    options = BillingOptions(late_usage="hold")
    when, model = When(effective=NEW_YEAR), PerUnit(unit_amount=Decimal(1))
    words = {"currency": "USD", "model": model, "meter": "calls", "bill": "arrears"}
    send("price:call", SetPrice(when=when, options=options, **words))
    (first,) = bill(company, FEBRUARY)
    use(company, "u1", row("e1", 100))

    assert bill(company, FEBRUARY) == []
    assert rows_of(company, first) == [[]]
    with company.connection() as connection:
        assert invoices_of_event(connection, "acme", "app", "e1").invoices == ()


def test_what_came_while_a_run_measured_is_not_its_own(company, monkeypatch):
    """The run looks at a position; usage that is stored before its documents is billed later."""
    use(company, "u1", row("e1", 100))
    bill(company, NEW_YEAR)
    measured = run.measured

    def measured_and_then(*words):
        found = measured(*words)
        use(company, "u2", row("e2", 7))
        return found

    monkeypatch.setattr(run, "measured", measured_and_then)
    (first,) = bill(company, FEBRUARY)
    monkeypatch.undo()
    (second,) = bill(company, FEBRUARY)

    assert (rows_of(company, first), rows_of(company, second)) == ([[("e1", 100)]], [[("e2", 7)]])


@pytest.mark.parametrize("name", ["no-such-invoice", "c1-USD-20240101-9"])
def test_no_invoice_and_no_event_are_nothing(company, name):
    with company.connection() as connection:
        assert billed_usage(connection, "acme", name) is None
        assert invoices_of_event(connection, "acme", "app", "never") is None
