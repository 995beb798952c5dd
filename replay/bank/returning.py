"""Entries that undo an earlier one, such as a debit that bounced: their payment has failed."""

from __future__ import annotations

from collections.abc import Mapping

from domain.cash import FailPayment
from domain.facts import When
from projections import matching
from replay.bank.entry import Entry
from replay.bank.mapping import BankMapping
from replay.bank.reading import key_of, source_of
from replay.ledger import Ledger
from store.request import Request


def returns(
    ledger: Ledger, entity: str, mapping: BankMapping, undone: Mapping[str, Entry], actor: str
) -> dict[str, Request]:
    """For each entry that undoes one known payment, and no other, what is to be asked.

    Several may undo a payment in parts, together no more than is left of it.
    """
    references = sorted({name for entry in undone.values() for name in _references(entry)})
    if not references:
        return {}
    ledger.catch_up(entity)
    with ledger.connection() as connection:
        paid = matching.payments_named(connection, entity, references)
    left = {one.payment: one.left_minor for one in paid}
    asking = {}
    for name, entry in undone.items():
        wanted = {*_references(entry)}
        alike = [one.payment for one in paid if wanted & {*one.references}]
        found = [payment for payment in alike if left[payment] >= -entry.amount_minor > 0]
        if len(found) == 1:
            left[found[0]] += entry.amount_minor
            asking[name] = _request(entity, mapping, name, entry, found[0], actor)
    return asking


def _references(entry: Entry) -> list[str]:
    return [name for name in (entry.end_to_end, entry.bank_reference) if name]


def _request(
    entity: str, mapping: BankMapping, name: str, entry: Entry, payment: str, actor: str
) -> Request:
    failed = FailPayment(
        when=When(effective=entry.booked_on),
        amount_minor=-entry.amount_minor,
        reason=entry.reason,
    )
    return Request(
        entity=entity,
        stream=f"payment:{payment}",
        key=key_of(mapping, name),
        command=failed,
        actor=actor,
        source=source_of(mapping, name),
    )
