"""Entries that undo an earlier one, such as a debit that bounced: their payment has failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from domain.cash import FailPayment
from domain.facts import When
from projections import matching
from replay.ledger import Ledger


class Return(Struct, frozen=True, kw_only=True):
    """What came back: below zero, under the references that the payment came with."""

    references: tuple[str, ...]
    amount_minor: int
    on: date
    reason: str


class Failed(Struct, frozen=True, kw_only=True):
    """The payment that came back, and what is to be said of it."""

    payment: str
    command: FailPayment


def returns(ledger: Ledger, entity: str, undone: Mapping[str, Return]) -> dict[str, Failed]:
    """For each that undoes one known payment, and no other, what is to be asked.

    Several may undo a payment in parts, together no more than is left of it.
    """
    references = sorted({name for one in undone.values() for name in one.references})
    if not references:
        return {}
    with ledger.connection() as connection:
        paid = matching.payments_named(connection, entity, references)
    left = {one.payment: one.left_minor for one in paid}
    found = {}
    for name, back in undone.items():
        wanted = {*back.references}
        alike = [one.payment for one in paid if wanted & {*one.references}]
        enough = [payment for payment in alike if left[payment] >= -back.amount_minor > 0]
        if len(enough) == 1:
            left[enough[0]] += back.amount_minor
            found[name] = Failed(payment=enough[0], command=_failed(back))
    return found


def _failed(back: Return) -> FailPayment:
    return FailPayment(
        when=When(effective=back.on), amount_minor=-back.amount_minor, reason=back.reason
    )
