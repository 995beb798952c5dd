"""A statement of account: all that changed what a customer owes in one currency, and what is left.

Made of the same flows that a posting run posts. Money that is not applied counts as paid, so that
applying it changes nothing; what we no longer expect is owed all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate

from msgspec import Struct

from domain.accounting.curves import total
from domain.accounting.documents import BilledLine, billed_lines
from domain.accounting.schedule import Flow
from domain.facts import Fact
from domain.settlement import settlement_flows
from domain.settlement.walk import Elections

# What a customer owes, and what stands against it.
OWN = frozenset({"accounts-receivable", "unapplied-cash", "deposits", "refund-clearing"})
# What is ours to know: what we no longer expect, and which contract money waits for.
NOT_TOLD = frozenset({"write-off", "advance", "exchange", "prepaid"})


class Change(Struct, frozen=True, kw_only=True):
    """What an invoice, a credit note, a payment and so on did to the balance on its day.

    `kind`: invoice, credit-note, void, or what moved money (domain/journal.py). `name` is what the
    customer knows it by.
    """

    on: date
    kind: str
    name: str
    minor: int


class Statement(Struct, frozen=True, kw_only=True):
    """`brought_minor` is the balance before `since`; each balance is after the change beside it."""

    customer: str
    currency: str
    since: date | None
    on: date
    brought_minor: int
    changes: tuple[Change, ...]
    balances: tuple[int, ...]

    @property
    def closing_minor(self) -> int:
        return self.balances[-1] if self.balances else self.brought_minor


def statement(
    facts: Sequence[Fact],
    account: tuple[str, str],
    elections: Elections,
    since: date | None,
    through: date | None,
) -> Statement:
    """Of an account (customer, currency) up to a day, else to its last change; facts are known and
    in effective order.
    """
    every = _changes(facts, account, elections)
    upto = [one for one in every if through is None or one.on <= through]
    before = [one.minor for one in upto if since is not None and one.on < since]
    shown = tuple(upto[len(before) :])
    _, *balances = accumulate((one.minor for one in shown), initial=sum(before))
    return Statement(
        customer=account[0],
        currency=account[1],
        since=since,
        on=through or max((one.on for one in upto), default=since or date.min),
        brought_minor=sum(before),
        changes=shown,
        balances=tuple(balances),
    )


def _changes(
    facts: Sequence[Fact], account: tuple[str, str], elections: Elections
) -> tuple[Change, ...]:
    billed = (row for row in billed_lines(facts) if (row.customer, row.currency) == account)
    sums: dict[tuple[date, str, str], int] = {}
    flows = settlement_flows(facts, *account, elections)
    for key, minor in (*_documents(billed), *_money(flows)):
        sums[key] = sums.get(key, 0) + minor
    found = (Change(on=on, kind=kind, name=name, minor=m) for (on, kind, name), m in sums.items())
    return tuple(sorted((one for one in found if one.minor), key=lambda one: one.on))


def _documents(lines: Iterable[BilledLine]) -> Iterator[tuple[tuple[date, str, str], int]]:
    for row in lines:
        yield (row.issued_on, "invoice", row.number), row.line.amount_minor
        for cut in row.cuts:
            if cut.name == "void":
                yield (cut.day, "void", row.number), -cut.minor
            else:
                yield (cut.day, "credit-note", cut.name), -cut.minor


def _money(flows: Iterable[Flow]) -> Iterator[tuple[tuple[date, str, str], int]]:
    for flow in flows:
        sides = sum(side for account, side in flow.legs if account in OWN)
        if sides and flow.kind not in NOT_TOLD and flow.on is not None:
            yield (flow.on, flow.kind, flow.document), sides * total(flow.curve)
