"""What users of billing engines asked of documents: altered by hand, undone, summed to the cent."""

from datetime import date
from decimal import Decimal

from domain.adjusting import AdjustDraft
from domain.facts import When
from domain.invoice import IssueInvoice, VoidInvoice
from domain.invoice_facts import InvoiceLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.pricing import Flat
from domain.subscription import CancelSubscription, Item

JANUARY = date(2024, 1, 1)
GRACE_OVER = date(2024, 1, 6)


def drafted(shop):
    """A plan of 239.90 a month, whose first invoice is still a draft."""
    shop.price("plan", Flat(amount=Decimal("239.90")))
    shop.sell(JANUARY, date(2025, 1, 1), Item(item="plan", price="plan"))
    options = InvoicingOptions(grace_days=5)
    shop.send("invoicing:self", AdoptInvoicing(when=When(effective=JANUARY), options=options))
    (document,) = shop.bill(JANUARY).documents
    return document.stream


def adjust(shop, stream, minor):
    command = AdjustDraft(
        when=When(effective=JANUARY), line="1", reason="as agreed", amount_minor=minor
    )
    return shop.send(stream, command)


def test_an_adjusted_line_is_not_invoiced_again_after_a_repair(shop):
    """Row 3: the plan is adjusted to 19.72, and no run bills the 220.18. A repair takes back what
    was asked for, no more; undone, what it took is asked for again.
    """
    stream = drafted(shop)
    adjust(shop, stream, 19_72)
    assert shop.settles(GRACE_OVER) == 19_72

    cancelled = shop.send("subscription:s1", CancelSubscription(when=When(effective=JANUARY)))
    assert shop.settles(GRACE_OVER) == 0
    shop.undo("subscription:s1", cancelled)

    shop.bill(GRACE_OVER)
    assert shop.settles(date(2024, 1, 31)) == 239_90
    assert shop.earned() == {"2024-01": 239_90}


def test_a_mistaken_adjustment_is_undone(shop):
    """Row 8."""
    stream = drafted(shop)
    mistaken = adjust(shop, stream, 19_72)
    shop.undo(stream, mistaken)

    assert shop.settles(GRACE_OVER) == 239_90
    assert [line.kind for line in shop.lines()] == ["subscription"]


def test_what_rounding_leaves_over_is_a_line_of_its_own(shop):
    """Row 19: 241.66 by its lines, 241.67 on the paper of an outside system."""
    plan = InvoiceLine(line="1", amount_minor=241_66)
    residue = InvoiceLine(line="2", amount_minor=1, kind="rounding", description="of the sum")
    when = When(effective=JANUARY)
    command = IssueInvoice(when=when, customer="c1", currency="USD", lines=(plan, residue))
    shop.send("invoice:i1", command)
    shop.ledger.run("acme", JANUARY)

    assert shop.net() == 241_67
    assert (shop.earned(), shop.earned("rounding")) == ({"2024-01": 241_66}, {"2024-01": 1})
    shop.send("invoice:i1", VoidInvoice(when=when))
    shop.ledger.run("acme", JANUARY)
    assert (shop.earned(), shop.earned("rounding")) == ({}, {})
