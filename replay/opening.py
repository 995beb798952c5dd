"""Opening positions from a file: read, compared with the control totals, proposed, signed.

A row is an open item, a position of a contract, or the control totals; amounts are in major units
of the currency. Signing issues the open items as invoices under their own numbers; done again, it
issues only what is not there yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from domain.carried import CarriedPosition
from domain.errors import Malformed, Rejected
from domain.facts import Source, When, fold
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.money import minor_exactly
from domain.opening import (
    DECIDER,
    ControlTotals,
    OpeningProposed,
    OpeningState,
    OpenItem,
    ProposeOpening,
    SignOpening,
    totals,
)
from replay.ledger import Ledger
from replay.records import records
from store import log
from store.codec import canonical_json
from store.request import Receipt, Request

EMPTY = ("",)
_ITEM = frozenset({"number", "customer", "due_on", "amount"})
_POSITION = frozenset(
    {"contract", "subscription", "obligation", "customer", "billed", "recognised", "to_earn"}
    | {"service_from", "service_to"}
)
_CONTROL = frozenset({"items", "positions", "receivable", "deferred", "unbilled", "to_earn"})
_OF_KIND = {"item": _ITEM, "position": _POSITION, "control": _CONTROL}


class Read(Struct, frozen=True, kw_only=True):
    """What a file says: its rows, what they come to, and what it says they come to."""

    items: tuple[OpenItem, ...]
    positions: tuple[CarriedPosition, ...]
    stated: ControlTotals
    found: ControlTotals

    @property
    def differs(self) -> tuple[str, ...]:
        """The control totals that the rows do not come to."""
        names = ControlTotals.__struct_fields__
        return tuple(
            name for name in names if getattr(self.stated, name) != getattr(self.found, name)
        )


class Signed(Struct, frozen=True, kw_only=True):
    """Where an opening was signed, and its invoices: issued now, and there before."""

    position: int
    issued: int
    repeated: int


def read_opening(path: Path, currency: str) -> Read:
    """CSV or NDJSON. Raises Malformed with the row for whatever cannot be read."""
    items: list[OpenItem] = []
    positions: list[CarriedPosition] = []
    control: list[ControlTotals] = []
    for number, record in enumerate(records(path, EMPTY), 1):
        if isinstance(record, str):
            raise Malformed("malformed-row", field="file", row=number)
        row = _Row(number, record, currency)
        match row.kind:
            case "item":
                items.append(_item(row))
            case "position":
                positions.append(_position(row))
            case _:
                control.append(_control(row))
    if len(control) != 1:
        raise Malformed("no-control-totals", field="file", rows=len(control))
    return Read(
        items=tuple(items),
        positions=tuple(positions),
        stated=control[0],
        found=totals(items, positions),
    )


class _Row:
    """A record whose fields are asked for by name, each refused by row and name."""

    def __init__(self, number: int, record: Mapping[str, object], currency: str) -> None:
        self.number = number
        self.record = {name: value for name, value in record.items() if value is not None}
        self.currency = currency
        kind = self.record.pop("kind", None)
        if kind not in _OF_KIND:
            raise Malformed("unknown-row-kind", field="kind", row=number, value=str(kind))
        self.kind = str(kind)
        for name in self.record:
            if name not in _OF_KIND[self.kind]:
                raise Malformed("unknown-field", field=name, row=number)

    def text(self, name: str) -> str:
        if name not in self.record:
            raise Malformed("missing-field", field=name, row=self.number)
        return str(self.record[name])

    def maybe(self, name: str) -> str | None:
        return str(self.record[name]) if name in self.record else None

    def minor(self, name: str) -> int:
        """Nothing said is nothing."""
        return minor_exactly(str(self.record.get(name, 0)), self.currency, name)

    def count(self, name: str) -> int:
        text = self.text(name)
        if not text.isdecimal():
            raise Malformed("wrong-type", field=name, row=self.number, expected="a whole number")
        return int(text)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise Malformed("bad-date", field=name, row=self.number) from None


def _item(row: _Row) -> OpenItem:
    return OpenItem(
        number=row.text("number"),
        customer=row.text("customer"),
        due_on=row.day("due_on"),
        amount_minor=row.minor("amount"),
    )


def _position(row: _Row) -> CarriedPosition:
    return CarriedPosition(
        contract=row.maybe("contract"),
        subscription=row.maybe("subscription"),
        obligation=row.text("obligation"),
        customer=row.text("customer"),
        billed_minor=row.minor("billed"),
        recognised_minor=row.minor("recognised"),
        to_earn_minor=row.minor("to_earn"),
        service_from=row.day("service_from") if row.maybe("service_from") else None,
        service_to=row.day("service_to") if row.maybe("service_to") else None,
    )


def _control(row: _Row) -> ControlTotals:
    return ControlTotals(
        items=row.count("items"),
        positions=row.count("positions"),
        receivable_minor=row.minor("receivable"),
        deferred_minor=row.minor("deferred"),
        unbilled_minor=row.minor("unbilled"),
        to_earn_minor=row.minor("to_earn"),
    )


def propose(
    ledger: Ledger,
    entity: str,
    name: str,
    day: date,
    currency: str,
    read: Read,
    *,
    book: str | None = None,
    actor: str = "system",
) -> Receipt:
    """Propose what a file says under a name; refused if the control totals differ.

    The same content again changes nothing; other content has a key of its own.
    """
    command = ProposeOpening(
        when=When(effective=day),
        currency=currency,
        control=read.stated,
        items=read.items,
        positions=read.positions,
        book=book,
    )
    content = sha256(canonical_json(command).encode()).hexdigest()
    return ledger.submit(
        Request(
            entity=entity,
            stream=f"opening:{name}",
            key=f"opening {name} proposed as {content}",
            command=command,
            actor=actor,
        )
    )


def sign(ledger: Ledger, entity: str, name: str, *, actor: str) -> Signed:
    """Sign, and issue each open item. Raises Rejected for the proposer, and what is not there."""
    state = opening(ledger, entity, name)
    if state.proposed is None:
        raise Rejected("not-proposed", field="stream")
    when = When(effective=state.proposed.when.effective)
    receipt = ledger.submit(
        Request(
            entity=entity,
            stream=f"opening:{name}",
            key=f"opening {name} signed by {actor}",
            command=SignOpening(when=when),
            actor=actor,
        )
    )
    requests = [
        _invoice(entity, name, item, state.proposed, actor) for item in state.proposed.items
    ]
    outcomes = ledger.submit_many(entity, requests)
    for outcome in outcomes:
        if not isinstance(outcome, Receipt):
            raise outcome
    repeated = sum(isinstance(one, Receipt) and one.repeated for one in outcomes)
    return Signed(position=receipt.positions[0], issued=len(outcomes) - repeated, repeated=repeated)


def opening(ledger: Ledger, entity: str, name: str) -> OpeningState:
    """What is known of an opening."""
    with ledger.connection() as connection:
        return fold(DECIDER, log.read_stream(connection, entity, f"opening:{name}"))


def _invoice(
    entity: str, name: str, item: OpenItem, proposed: OpeningProposed, actor: str
) -> Request:
    return Request(
        entity=entity,
        stream=f"invoice:{item.number}",
        key=f"opening {name} item {item.number}",
        command=IssueInvoice(
            when=When(effective=proposed.when.effective),
            customer=item.customer,
            currency=proposed.currency,
            number=item.number,
            due_on=item.due_on,
            lines=(InvoiceLine(line="1", amount_minor=item.amount_minor, kind="opening"),),
            opening=name,
        ),
        actor=actor,
        # Other books issued it: its number is its own, and its tax was told there.
        source=Source(system=f"opening:{name}", kind="invoice", id=item.number),
    )
