"""Drafts of the billing run: measured again until issued, approved, thrown away, resumed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from msgspec.structs import replace

from domain.adjusting import AdjustDraft
from domain.coupon import GrantCoupon
from domain.draft import ApproveDraft, DiscardDraft
from domain.errors import Rejected
from domain.facts import When
from domain.invoice import IssueInvoice, VoidInvoice
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued, InvoiceLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.party import RegisterCustomer
from domain.subscription import CancelSubscription, Item, StartSubscription
from projections.question import Question
from projections.receivables import open_items
from projections.register import register, register_gaps
from replay.billing.run import Wanted
from replay.ledger import whole
from store import failpoint, log
from store.usage_stage import UsageBatch

NEW_YEAR, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
IN_GRACE, AFTER = date(2024, 2, 3), date(2024, 2, 6)
NAME = "c1-USD-20240201-1"


def elect(send, **options):
    command = AdoptInvoicing(when=When(effective=NEW_YEAR), options=InvoicingOptions(**options))
    send("invoicing:self", command)


def use(ledger, event, quantity, day="2024-01-10", subscription="s1"):
    row = {
        "event_id": event,
        "subscription": subscription,
        "meter": "calls",
        "quantity": str(quantity),
        "occurred_at": f"{day}T12:00:00Z",
    }
    ledger.ingest(UsageBatch(entity="acme", source="app", key=event), [row])


def acts(billed):
    return [(one.act, one.name, one.total_minor) for one in billed.documents]


def events(ledger, kind, stream=f"invoice:{NAME}"):
    with ledger.connection() as connection:
        facts = log.read_stream(connection, "acme", stream)
    return [fact.event for fact in facts if isinstance(fact.event, kind)]


def billed_of(ledger):
    """What stands issued: subscription, item and service period of every line, each once."""
    with ledger.connection() as connection:
        facts = log.read_categories(connection, "acme", ["invoice"])
    return sorted(
        (line.subscription, line.obligation, str(line.service_from), line.amount_minor)
        for fact in facts
        if isinstance(fact.event, InvoiceIssued)
        for line in fact.event.lines
    )


@pytest.fixture
def graced(company, send):
    """January is billed; from here on there are five days of grace."""
    company.bill("acme", NEW_YEAR)
    elect(send, grace_days=5)
    use(company, "e1", 1000)
    return company


def test_a_run_drafts_and_the_first_run_after_the_grace_issues(graced):
    drafted = graced.bill("acme", FEBRUARY)
    waiting = graced.bill("acme", IN_GRACE)
    issued = graced.bill("acme", AFTER)

    assert acts(drafted) == [("drafted", NAME, 1020_00)]
    assert acts(waiting) == []
    assert acts(issued) == [("issued", NAME, 1020_00)]
    (invoice,) = events(graced, InvoiceIssued)
    assert (invoice.when.effective, invoice.tax_point) == (AFTER, FEBRUARY)
    assert invoice.due_on == AFTER + timedelta(days=14)
    assert acts(graced.bill("acme", AFTER)) == []


def test_a_draft_moves_nothing(graced):
    graced.bill("acme", FEBRUARY)
    graced.run("acme", MARCH, key="run")

    with graced.connection() as connection:
        rows = open_items(connection, Question(entity="acme", book="main")).rows

    assert [row.invoice for row in rows] == ["c1-USD-20240101-1"]


def test_what_comes_in_the_grace_is_on_the_draft(graced):
    graced.bill("acme", FEBRUARY)
    use(graced, "late", 500, "2024-01-20")

    again = graced.bill("acme", IN_GRACE)
    use(graced, "later", 500, "2024-01-21")
    last = graced.bill("acme", AFTER)

    assert acts(again) == [("drafted anew", NAME, 1030_00)]
    assert acts(last) == [("drafted anew", NAME, 1040_00), ("issued", NAME, 1040_00)]
    assert sum(line.amount_minor for line in events(graced, InvoiceIssued)[0].lines) == 1040_00


def test_what_comes_after_the_issue_is_billed_as_ever(graced):
    for day in (FEBRUARY, AFTER):
        graced.bill("acme", day)
    use(graced, "late", 500, "2024-01-20")

    after = graced.bill("acme", date(2024, 2, 20))

    assert acts(after) == [("drafted", "c1-USD-20240220-1", 10_00)]


def test_a_preview_says_what_the_run_does_and_writes_nothing(graced):
    graced.bill("acme", FEBRUARY)
    use(graced, "late", 500, "2024-01-20")
    head = graced.head("acme")

    said = graced.bill_preview("acme", AFTER)

    assert graced.head("acme") == head
    assert graced.bill("acme", AFTER).documents == said.documents


def test_drafts_of_several_days_bill_each_charge_once(graced, send):
    graced.bill("acme", FEBRUARY)
    start = StartSubscription(
        when=When(effective=date(2024, 2, 2)),
        customer="c1",
        currency="USD",
        term_from=date(2024, 2, 2),
        term_to=date(2025, 2, 2),
        items=(Item(item="seats", price="seat", quantity=Decimal(1)),),
    )
    send("subscription:s2", start)

    second = graced.bill("acme", IN_GRACE)
    third = graced.bill("acme", AFTER)
    fourth = graced.bill("acme", date(2024, 2, 9))

    assert acts(second) == [("drafted", "c1-USD-20240203-1", 100_00)]
    assert acts(third) == [("issued", NAME, 1020_00)]
    assert acts(fourth) == [("issued", "c1-USD-20240203-1", 100_00)]
    found = billed_of(graced)
    assert len(found) == len({row[:3] for row in found})


def test_a_draft_that_comes_to_nothing_is_thrown_away(graced, send):
    graced.bill("acme", FEBRUARY)
    cancel = CancelSubscription(when=When(effective=NEW_YEAR))
    send("subscription:s1", cancel)
    with graced.connection() as connection:
        (batch,) = log.read_categories(connection, "acme", ["usage"])
    order = UsageBatch(entity="acme", source="app", key="gone", kind="retraction")
    graced.ingest(order, ["e1"])
    del batch

    gone = graced.bill("acme", IN_GRACE)

    assert ("discarded", NAME, 0) in acts(gone)
    assert events(graced, InvoiceIssued) == []


def test_what_is_thrown_away_is_due_again_and_may_be_had_back(graced, send):
    graced.bill("acme", FEBRUARY)
    (discarded,) = send(f"invoice:{NAME}", DiscardDraft(when=When(effective=NEW_YEAR)))
    with pytest.raises(Rejected, match="nothing-to-issue"):
        send(f"invoice:{NAME}", IssueInvoice(when=When(effective=FEBRUARY)))

    anew = graced.bill("acme", FEBRUARY)
    send(f"invoice:{NAME}", None, corrects=discarded)
    back = graced.bill("acme", AFTER)

    assert acts(anew) == [("drafted", "c1-USD-20240201-2", 1020_00)]
    assert acts(back) == [("issued", NAME, 1020_00), ("discarded", "c1-USD-20240201-2", 0)]


def test_nothing_is_issued_before_somebody_else_approves_it_as_it_stands(company, send):
    company.bill("acme", NEW_YEAR)
    elect(send, approval="required")
    use(company, "e1", 1000)
    approve = ApproveDraft(when=When(effective=FEBRUARY))

    drafted = whole(company.billing(Wanted(entity="acme", through=FEBRUARY), actor="ann"))
    with pytest.raises(Rejected, match="own-approval"):
        send(f"invoice:{NAME}", approve, actor="ann")
    with pytest.raises(Rejected, match="not-approved"):
        send(f"invoice:{NAME}", IssueInvoice(when=When(effective=FEBRUARY)))
    send(f"invoice:{NAME}", approve, actor="bob")
    use(company, "late", 500, "2024-01-20")
    changed = whole(company.billing(Wanted(entity="acme", through=IN_GRACE), actor="ann"))
    send(f"invoice:{NAME}", approve, actor="bob")
    issued = company.bill("acme", AFTER)

    assert acts(drafted) == [("drafted", NAME, 1020_00)]
    assert acts(changed) == [("drafted anew", NAME, 1030_00)]
    assert acts(issued) == [("issued", NAME, 1030_00)]
    with company.connection() as connection:
        rows = connection.execute("SELECT subject, preparer, approver FROM approval").fetchall()
    assert rows == [(f"invoice:{NAME}", "ann", "bob")] * 2


def test_a_running_period_is_drafted_as_it_is(graced):
    use(graced, "e2", 300, "2024-02-02")
    wanted = Wanted(entity="acme", through=IN_GRACE, interim=True)

    drafted = whole(graced.billing(wanted))
    again = graced.bill("acme", date(2024, 2, 4))
    issued = graced.bill("acme", date(2024, 2, 8))

    assert acts(drafted) == [("drafted", "c1-USD-20240203-1", 1026_00)]
    assert (acts(again), acts(issued)) == ([], [("issued", "c1-USD-20240203-1", 1026_00)])
    assert not events(graced, InvoiceDrafted, "invoice:c1-USD-20240203-1")[0].is_measured


def test_a_narrow_run_leaves_drafts_alone_that_it_does_not_look_at_in_full(graced, send):
    start = StartSubscription(
        when=When(effective=FEBRUARY),
        customer="c1",
        currency="USD",
        term_from=FEBRUARY,
        term_to=date(2025, 2, 1),
        items=(Item(item="seats", price="seat", quantity=Decimal(1)),),
    )
    send("subscription:s2", start)
    send("customer:idle", RegisterCustomer(when=When(effective=FEBRUARY), currency="USD"))
    graced.bill("acme", FEBRUARY)

    for narrow in ({"subscriptions": ("s2",)}, {"customers": ("idle",)}):
        wanted = Wanted(entity="acme", through=IN_GRACE, **narrow)
        assert acts(whole(graced.billing(wanted))) == []
    since = Wanted(entity="acme", through=IN_GRACE, customers=("c1",), since=FEBRUARY)
    assert acts(whole(graced.billing(since))) == []
    assert acts(graced.bill("acme", AFTER)) == [("issued", NAME, 1120_00)]


def test_a_voided_invoice_is_billed_anew_in_its_place(company, send):
    company.bill("acme", NEW_YEAR)
    send("invoice:c1-USD-20240101-1", VoidInvoice(when=When(effective=date(2024, 1, 5))))

    (again,) = company.bill("acme", date(2024, 1, 6)).documents

    assert (again.name, again.total_minor) == ("c1-USD-20240106-1", 1000_00)
    (issued,) = events(company, InvoiceIssued, "invoice:c1-USD-20240106-1")
    assert issued.replaces == "c1-USD-20240101-1"
    assert events(company, InvoiceIssued, "invoice:c1-USD-20240101-1")[0].replaces is None


def test_what_comes_to_nothing_is_kept_without_a_number_and_billed_once(company, send):
    elect(send, zero_invoices="skip", series="INV-")
    send("customer:z", RegisterCustomer(when=When(effective=NEW_YEAR), currency="USD"))
    start = StartSubscription(
        when=When(effective=NEW_YEAR),
        customer="z",
        currency="USD",
        term_from=NEW_YEAR,
        term_to=date(2025, 1, 1),
        items=(Item(item="calls", price="call"),),
    )
    send("subscription:z", start)

    billed = company.bill("acme", FEBRUARY)
    company.catch_up("acme")

    assert ("issued", "z-USD-20240201-1", 0) in acts(billed)
    assert acts(company.bill("acme", FEBRUARY)) == []
    with company.connection() as connection:
        rows = register(connection, Question(entity="acme")).rows
    assert [(row.number, row.invoice, row.state) for row in rows] == [
        ("", "z-USD-20240201-1", "skipped"),
        ("INV-000001", "c1-USD-20240201-1", "issued"),
    ]


def test_a_debit_note_adds_to_an_invoice_of_its_account(company, send):
    elect(send, series="INV-", debit_series="DN-")
    company.bill("acme", NEW_YEAR)
    line = InvoiceLine(line="1", amount_minor=50_00, kind="one-off")
    debit = IssueInvoice(
        when=When(effective=FEBRUARY), customer="c1", currency="USD", lines=(line,), debits="x"
    )
    with pytest.raises(Rejected, match="unknown-invoice"):
        send("invoice:d1", debit)
    named = replace(debit, debits="c1-USD-20240101-1")
    with pytest.raises(Rejected, match="other-account"):
        send("invoice:d2", replace(named, customer="c2"))
    send("invoice:d3", named)
    company.catch_up("acme")

    with company.connection() as connection:
        rows = register(connection, Question(entity="acme"), series="DN-").rows
    assert [(row.number, row.kind, row.invoice, row.total_minor) for row in rows] == [
        ("DN-000001", "debit-note", "d3", 50_00)
    ]


CUSTOMERS = 5


@pytest.fixture
def many(company, send):
    """Customers with a subscription each, a series, days of grace, and February drafted."""
    elect(send, grace_days=5, series="INV-{year}-", credit_series="CN-")
    for number in range(CUSTOMERS):
        send(f"customer:m{number}", RegisterCustomer(when=When(effective=NEW_YEAR), currency="USD"))
        start = StartSubscription(
            when=When(effective=NEW_YEAR),
            customer=f"m{number}",
            currency="USD",
            term_from=NEW_YEAR,
            term_to=date(2025, 1, 1),
            items=(Item(item="seats", price="seat", quantity=Decimal(3)),),
        )
        send(f"subscription:n{number}", start)
    return company


def whole_register(ledger):
    ledger.catch_up("acme")
    with ledger.connection() as connection:
        facts = log.read_categories(connection, "acme", ["invoice"])
        gaps = register_gaps(connection, Question(entity="acme")).rows
    assert gaps == ()
    return sorted(fact.event.number for fact in facts if isinstance(fact.event, InvoiceIssued))


@pytest.mark.parametrize(
    "place", ["decided-not-written", "facts-inserted", "head-updated", "committed-not-answered"]
)
@pytest.mark.parametrize("day", [FEBRUARY, IN_GRACE, AFTER])
def test_a_run_cut_off_at_any_step_is_run_again_and_nothing_happens_twice(
    many, monkeypatch, place, day
):
    monkeypatch.setattr("replay.billing.run.SUBSCRIPTIONS_TOGETHER", 2)
    for before in (FEBRUARY, IN_GRACE):
        if before < day:
            many.bill("acme", before)
    use(many, f"late-{day}", 700, "2024-01-12")
    for passing in (1, 2):
        failpoint.arm(f"{place}:raise:{passing}")
        try:
            many.bill("acme", day)
        except failpoint.FailpointReached:
            pass
        finally:
            failpoint.arm(None)
    many.bill("acme", AFTER)
    many.bill("acme", date(2024, 2, 12))

    numbers = whole_register(many)
    assert numbers == [f"INV-2024-{place:06}" for place in range(1, len(numbers) + 1)]
    found = billed_of(many)
    assert len(found) == len({row[:3] for row in found})
    assert len(numbers) == CUSTOMERS + 1


def test_two_runs_at_once_do_what_one_would(many):
    many.bill("acme", FEBRUARY)
    use(many, "late", 700, "2024-01-12")
    barrier = Barrier(2)

    def act(_):
        barrier.wait()
        return many.bill("acme", AFTER)

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(act, range(2))

    assert sorted(acts(one) + acts(two)).count(("issued", NAME, 2014_00)) == 1
    assert len(whole_register(many)) == CUSTOMERS + 1
    assert acts(many.bill("acme", AFTER)) == []


# --- altered by hand ---


def adjust(send, line, **how):
    command = AdjustDraft(when=When(effective=FEBRUARY), line=line, reason="as agreed", **how)
    return send(f"invoice:{NAME}", command)


def kinds(ledger):
    (issued,) = events(ledger, InvoiceIssued)
    return [(one.kind, one.amount_minor) for one in issued.lines]


def test_what_is_altered_by_hand_stays_until_the_issue_and_is_not_billed_back(graced, send):
    graced.bill("acme", FEBRUARY)
    lines = {one.obligation: one for one in events(graced, InvoiceDrafted)[-1].lines}
    plain = sum(one.amount_minor for one in lines.values())
    calls = lines["calls"]

    adjust(send, calls.line, quantity=Decimal(3), unit_amount=Decimal(150))
    use(graced, "e2", 5)
    graced.bill("acme", IN_GRACE)
    assert acts(graced.bill("acme", IN_GRACE)) == []
    graced.bill("acme", AFTER)

    total = plain - calls.amount_minor + 450_00
    assert sum(minor for _, minor in kinds(graced)) == total
    assert acts(graced.bill("acme", AFTER)) == []


def test_what_is_said_of_a_draft_counts_whatever_its_day(company, send):
    company.bill("acme", NEW_YEAR)
    elect(send, approval="required")
    use(company, "e1", 1000)
    company.bill("acme", FEBRUARY)
    drafted = events(company, InvoiceDrafted)[-1]
    first, *others = drafted.lines
    approve = ApproveDraft(when=When(effective=NEW_YEAR))

    send(f"invoice:{NAME}", approve, actor="bob")
    adjusting = AdjustDraft(
        when=When(effective=NEW_YEAR), line=first.line, reason="as agreed", amount_minor=1
    )
    send(f"invoice:{NAME}", adjusting)
    waiting = company.bill("acme", IN_GRACE)
    send(f"invoice:{NAME}", approve, actor="bob")
    issued = company.bill("acme", AFTER)

    total = 1 + sum(one.amount_minor for one in others)
    assert acts(waiting) == []
    assert acts(issued) == [("issued", NAME, total)]


def test_coupons_come_off_what_an_adjustment_leaves(graced, send):
    half = GrantCoupon(when=When(effective=NEW_YEAR), customer="c1", percent=Decimal(50))
    send("coupon:half", half)
    graced.bill("acme", FEBRUARY)
    lines = events(graced, InvoiceDrafted)[-1].lines
    (calls,) = (one for one in lines if (one.obligation, one.kind) == ("calls", "usage"))
    adjust(send, calls.line, amount_minor=20_00)

    graced.bill("acme", AFTER)

    own = [one for one in events(graced, InvoiceIssued)[0].lines if one.obligation == "calls"]
    assert sum(one.amount_minor for one in own) == 10_00


def test_an_adjustment_that_is_undone_leaves_the_draft_as_it_is_measured(graced, send):
    graced.bill("acme", FEBRUARY)
    drafted = events(graced, InvoiceDrafted)[-1]
    (position,) = adjust(send, drafted.lines[0].line, amount_minor=1)
    graced.bill("acme", IN_GRACE)
    send(f"invoice:{NAME}", None, corrects=position)

    graced.bill("acme", AFTER)

    assert kinds(graced) == [(one.kind, one.amount_minor) for one in drafted.lines]


def test_an_adjustment_of_what_is_no_longer_billed_is_told(graced, send):
    graced.bill("acme", FEBRUARY)
    lines = events(graced, InvoiceDrafted)[-1].lines
    (seats,) = (one for one in lines if one.obligation == "seats")
    adjust(send, seats.line, amount_minor=1)
    send("subscription:s1", CancelSubscription(when=When(effective=FEBRUARY)))

    billed = graced.bill("acme", IN_GRACE)

    told = [(one.reason, one.document, one.detail) for one in billed.carried]
    assert told == [("adjustment-without-line", f"invoice:{NAME}", "as agreed")]
