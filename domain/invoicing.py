"""How an entity invoices: elections of a closed schema, each in force from its effective date on.

The stream is `invoicing:self`. An election posts nothing and changes no document that went out; the
documents after it follow it. docs/reference/invoicing-options.md says who would want each.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from operator import itemgetter
from typing import Literal

from msgspec import Struct

from domain.dunning_steps import NONE, steps_of
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.series import require_series

GRACE_DAYS_MAX = 366
NO_TAX, BY_TABLE = "none", "table"
# Which open item money goes to first that nobody says the use of.
Apply = Literal["oldest-due", "oldest-issued", "reference-first"]
# Where money goes that a credit note sets free: to other open items, to the customer's credit, or
# back to the customer.
CreditTo = Literal["offset", "balance", "refund"]
# How much of an invoice may be given back: what is left of its lines, or what was paid of it.
CreditUpTo = Literal["line", "paid"]


class InvoicingOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every election; the defaults issue documents as they are asked for."""

    tax: str = NO_TAX
    tax_rounding: Literal["document", "rate", "line"] = "document"
    series: str = ""
    credit_series: str = ""
    debit_series: str = ""
    grace_days: int = 0
    approval: Literal["none", "required"] = "none"
    apply: Apply = "oldest-due"
    credits_to: CreditTo = "offset"
    credit_up_to: CreditUpTo = "line"
    zero_invoices: Literal["issue", "skip"] = "issue"
    dunning: str = NONE


class InvoicingAdopted(Event, frozen=True, kw_only=True, tag="invoicing-adopted"):
    """The elections in force from `effective` on, in place of all that were elected before."""

    options: InvoicingOptions


class AdoptInvoicing(
    Struct, frozen=True, kw_only=True, tag="adopt-invoicing", forbid_unknown_fields=True
):
    """Elect options for the entity's documents from a date on."""

    when: When
    options: InvoicingOptions


# The days elections are in force from, in order.
Elected = tuple[tuple[date, InvoicingOptions], ...]
_since = itemgetter(0)
_BEFORE_ANY = InvoicingOptions()


def elected_on(elected: Elected, day: date) -> InvoicingOptions:
    """The elections in force on a day; before the first adoption, the defaults."""
    place = bisect_right(elected, day, key=_since)
    return elected[place - 1][1] if place else _BEFORE_ANY


def evolve(state: Elected, fact: Fact) -> Elected:
    """Facts come in effective order; of one day the last counts."""
    event = fact.event
    assert isinstance(event, InvoicingAdopted), fact
    before = tuple(row for row in state if row[0] != fact.when.effective)
    return (*before, (fact.when.effective, event.options))


def decide(command: AdoptInvoicing, state: Elected, context: Context) -> tuple[Event, ...]:
    """Refused only where a name says nothing: the options are a closed schema."""
    del state, context
    require_name(command.options.tax, "options.tax")
    days = command.options.grace_days
    if not 0 <= days <= GRACE_DAYS_MAX:
        raise Rejected("grace-out-of-range", field="options.grace_days", days=days)
    steps_of(command.options.dunning)
    for field in ("series", "credit_series", "debit_series"):
        require_series(getattr(command.options, field), f"options.{field}")
    return (InvoicingAdopted(when=command.when, options=command.options),)


DECIDER: Decider[Elected, AdoptInvoicing] = Decider(
    category="invoicing",
    initial=(),
    evolve=evolve,
    decide=decide,
    commands=(AdoptInvoicing,),
    events=(InvoicingAdopted, Retracted),
)
