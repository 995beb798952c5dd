"""What an engine is told of one invoice: fact by fact the difference it makes to the tax there is.

Each message follows from the facts up to its own, in the order the ledger learned them. So what is
told adds up to what stands, whatever was corrected or taken back, and is the same whenever it is
told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct, field, structs

from domain.facts import Fact, timeline
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceVoided
from domain.tax.moved import TaxMoved, tax_moved
from domain.tax.port import TaxMessage, Told
from domain.tax.taxed import Category

# A document on a day, and what of it one tax is.
_Place = tuple[str, date]
_Tax = tuple[str, str, Decimal, Category]
_Standing = dict[_Place, dict[_Tax, TaxMoved]]
_KINDS: dict[type, Told] = {
    InvoiceIssued: "commit",
    CreditIssued: "adjust",
    InvoiceVoided: "void",
}


class _Telling(Struct):
    """The invoice as it was known last, and the keys that its messages have used. A correction
    that does not say who said its tax leaves the reference as it was.
    """

    reference: str = ""
    issued: InvoiceIssued | None = None
    is_void: bool = False
    standing: _Standing = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def tax_messages(facts: Iterable[Fact]) -> dict[int, tuple[TaxMessage, ...]]:
    """By the position of each fact of an invoice what it gives to tell; nothing for most."""
    telling, seen = _Telling(), list[Fact]()
    found: dict[int, tuple[TaxMessage, ...]] = {}
    for fact in sorted(facts, key=lambda one: one.position):
        seen.append(fact)
        if type(fact.event) in _KINDS or fact.corrects is not None:
            found[fact.position] = tuple(_messages(telling, fact, timeline(seen)))
    return found


def _messages(telling: _Telling, fact: Fact, known: Sequence[Fact]) -> Iterator[TaxMessage]:
    """What the fact itself did comes first, then what it changed of other documents. What has no
    number went to nobody.
    """
    before, was_void, earlier = telling.issued, telling.is_void, telling.standing
    telling.issued = next((f.event for f in known if isinstance(f.event, InvoiceIssued)), None)
    telling.is_void = any(isinstance(f.event, InvoiceVoided) for f in known)
    telling.standing = _standing(known)
    invoice = telling.issued or before
    if invoice is None:
        return
    if invoice.taxed_by is not None:
        telling.reference = invoice.taxed_by.reference
    gone = telling.issued is None and not was_void
    moved = _moved(fact, earlier, telling.standing)
    own = _own(fact, invoice) if fact.corrects is None else None
    for place in [*([own] if own else []), *sorted(moved.keys() - {own})]:
        number, day = place
        if not number:
            continue
        kind: Told = "adjust"
        if place == own:
            kind = _KINDS[type(fact.event)]
        elif number == invoice.number and gone:
            kind = "void"
        elif number == invoice.number and f"commit:{number}" not in telling.used:
            kind = "commit"
        yield TaxMessage(
            kind=kind,
            key=_key(telling, f"{kind}:{number}", fact),
            number=number,
            invoice=invoice.number,
            reference=telling.reference,
            currency=invoice.currency,
            on=day,
            taxes=moved.get(place, ()),
        )


def _own(fact: Fact, invoice: InvoiceIssued) -> _Place:
    event = fact.event
    if isinstance(event, InvoiceIssued):
        return event.number, event.tax_point or fact.when.effective
    return (
        event.number if isinstance(event, CreditIssued) else invoice.number,
        fact.when.effective,
    )


def _key(telling: _Telling, key: str, fact: Fact) -> str:
    """A document is told under its kind and number, what corrects that under its fact as well."""
    plain, again = key, 0
    while key in telling.used:
        again += 1
        key = f"{plain}@{fact.position}" + (f".{again}" if again > 1 else "")
    telling.used.add(key)
    return key


def _standing(known: Sequence[Fact]) -> _Standing:
    found: _Standing = {}
    for one in tax_moved(known):
        taxes = found.setdefault((one.number, one.day), {})
        before = taxes.get(_tax(one))
        taxes[_tax(one)] = one if before is None else _plus(before, one, 1)
    return found


def _tax(one: TaxMoved) -> _Tax:
    return one.jurisdiction, one.name, one.percent, one.category


def _plus(one: TaxMoved, other: TaxMoved, sign: int) -> TaxMoved:
    return structs.replace(
        one,
        taxable_minor=one.taxable_minor + sign * other.taxable_minor,
        tax_minor=one.tax_minor + sign * other.tax_minor,
    )


def _moved(fact: Fact, before: _Standing, after: _Standing) -> dict[_Place, tuple[TaxMoved, ...]]:
    """What stands now less what stood before, where that is anything."""
    moved: dict[_Place, tuple[TaxMoved, ...]] = {}
    for place in before.keys() | after.keys():
        was, now = before.get(place, {}), after.get(place, {})
        rows = (_difference(was.get(tax), now.get(tax)) for tax in [*(now | was)])
        told = tuple(
            structs.replace(row, position=fact.position)
            for row in rows
            if row.taxable_minor or row.tax_minor
        )
        if told:
            moved[place] = told
    return moved


def _difference(was: TaxMoved | None, now: TaxMoved | None) -> TaxMoved:
    if was is None:
        assert now is not None
        return now
    return _plus(now if now is not None else _plus(was, was, -1), was, -1)
