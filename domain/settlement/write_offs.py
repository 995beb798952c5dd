"""What is given up of an invoice stands against it like money, until it is paid after all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from domain.facts import Fact
from domain.invoice_facts import InvoiceRecovered, InvoiceWrittenOff
from domain.settlement.holders import Change, Claim, Money, alone, meet
from domain.settlement.walk import Walk, free, give_way, note, stand, touched


def give_up(
    walk: Walk,
    acts: Iterable[tuple[int, Fact]],
    day: date,
    apply: Callable[[Walk, date], None],
) -> None:
    """What is open after all money was applied; what is recovered may be paid at once."""
    for place, fact in acts:
        if isinstance(fact.event, InvoiceWrittenOff | InvoiceRecovered):
            _write_off(walk, fact, place, day)
            apply(walk, day)
    for holder in touched(walk):
        if isinstance(holder, Claim) and holder.write_off is not None:
            minor = min(holder.write_off.left, holder.left)
            if minor > 0:
                stand(walk, holder.write_off, holder, day, minor)


def _write_off(walk: Walk, fact: Fact, place: int, day: date) -> None:
    claim = walk.account.claims[fact.stream.partition(":")[2]]
    if claim.write_off is None:
        claim.write_off = Money(
            name=f"{claim.name}:write-off",
            day=day,
            order=place,
            account="contract-liability" if claim.shares else "bad-debt",
            settles="write-off",
            by_default=False,
        )
        alone(claim.write_off)
        meet(claim, claim.write_off)
    given_up, event = claim.write_off, fact.event
    assert isinstance(event, InvoiceWrittenOff | InvoiceRecovered), fact
    if isinstance(event, InvoiceWrittenOff):
        minor, what = max(claim.left, 0), "written off"
        minor = minor if event.amount_minor is None else min(minor, event.amount_minor)
    else:
        minor, what = -given_up.whole, "recovered"
        minor = minor if event.amount_minor is None else max(minor, -event.amount_minor)
    given_up.whole += minor
    note(given_up, Change(day, place, minor, (fact.position,), what))
    give_way(walk, given_up, day)
    free(walk, claim)
    if isinstance(event, InvoiceWrittenOff):
        left = min(given_up.left, claim.left)
        if left > 0:
            stand(walk, given_up, claim, day, left)
