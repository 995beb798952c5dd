"""Changes that promise something of a contract after it ended: kept, and nothing of them is due.

No decider takes one, but a source may tell of it. Its price counts; what it promises is listed for
a person, who ends the contract later or retracts the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from domain.accounting.contract.transfer import in_order
from domain.contract_facts import ContractModified, ContractTerminated
from domain.facts import Fact


class TooLate(Struct, frozen=True, kw_only=True):
    """What a change of `changed` promises or states anew of a contract that `ended` by then, by
    name; `since` is the position from which both are known.
    """

    names: tuple[str, ...]
    changed: date
    ended: date
    since: int


def too_late(facts: Sequence[Fact]) -> Iterator[TooLate]:
    """Of one contract, by the facts about it that are known, as accounting measures them."""
    ended: Fact | None = None
    for _, fact in in_order(facts):
        if isinstance(fact.event, ContractTerminated):
            ended = ended or fact
        elif ended is not None and isinstance(fact.event, ContractModified):
            added = [own.obligation for own in fact.event.added]
            names = (*added, *[row.obligation for row in fact.event.restated])
            if names:
                yield TooLate(
                    names=names,
                    changed=fact.when.measured,
                    ended=ended.when.measured,
                    since=max(fact.position, ended.position),
                )
