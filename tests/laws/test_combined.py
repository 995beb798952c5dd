"""The laws over drawn contracts of which some joined others, before or after all else is known.

Each history is drawn from its number alone. TIEOUT_LAW_COMBINED says how many: 12 by default.
"""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import cast

import pytest

from domain.accounting.curves import total
from domain.contract_facts import ContractJoined, ContractOpened, ContractTerminated
from domain.facts import When
from domain.invoice_facts import InvoiceIssued
from domain.journal import Slot
from tests.laws import count
from tests.laws.combined import ORDER, combined, gone
from tests.laws.contract_laws import is_beside
from tests.laws.contracts import ENTITY, PERIODS
from tests.laws.ended_laws import what_ended_owes_money
from tests.laws.memory import Arrival, Books, History, and_then, play
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import (
    Ledger,
    final_run,
    holds,
    last_of_each_book,
    played,
    same,
    same_keys,
    standing_by_earned,
)

HISTORIES = int(os.environ.get("TIEOUT_LAW_COMBINED", "12"))
BLOCK = 12
BLOCKS = range(0, HISTORIES, BLOCK)


def undone(history: History, ledger: Ledger) -> int:
    """Once all is retracted, every balance by earned period is as if nothing had joined."""
    log = history.logs[ENTITY]
    joins = [one for one in log if isinstance(one.event, ContractJoined)]
    corrected = {one.corrects for one in log}
    back, final = ledger[ENTITY], final_run(ledger[ENTITY])
    for join in joins:
        if join.key not in corrected:
            back = and_then(back, gone(join))
    back = and_then(back, final)
    keys = {join.key for join in joins}
    never = play(ENTITY, [*(o for o in log if not {o.key, o.corrects} & keys), final])
    return same_keys(standing_by_earned(back), standing_by_earned(never), ENTITY)


def one_unit(history: History, ledger: Ledger) -> int:
    """What joined comes to nothing in its own unit; the one has what documents and prices of all
    come to: receivables are the same as apart.
    """
    log, final = history.logs[ENTITY], final_run(ledger[ENTITY])
    together = standing_by_earned(and_then(ledger[ENTITY], final))
    apart = play(ENTITY, [*(one for one in log if not _joins(one)), final])
    corrected = {one.corrects for one in log}
    joined = {
        join.stream
        for join in log
        if isinstance(join.event, ContractJoined) and join.key not in corrected
    }
    count = same_keys(_receivables(together), _receivables(standing_by_earned(apart)), ENTITY)
    return count + holds(not joined & set(_stands(together)), "stands where it joined", joined)


def _receivables(standing: dict[object, int]) -> dict[object, int]:
    """By line and day, whichever unit they stand in."""
    found: dict[object, int] = {}
    for key, minor in standing.items():
        _, book, currency, slot = cast("tuple[str, str, object, Slot]", key)
        if slot.account == "accounts-receivable":
            at = book, currency, slot.earned, slot.subject
            found[at] = found.get(at, 0) + minor
    return found


def _stands(standing: dict[object, int]) -> Iterator[str]:
    for key in standing:
        yield cast("tuple[str, str, object, Slot]", key)[0]


def price_is_the_same(history: History, ledger: Ledger) -> int:
    """What is promised in all is what each would promise by itself: joining moves shares, and no
    price. A refund at an end is borne by what is owed beside promises, too, by what each has left:
    so where there is both, joining moves what is ours.
    """
    log, final = history.logs[ENTITY], final_run(ledger[ENTITY])
    if any(_gives_back(one) for one in log) and _has_beside(ledger[ENTITY]):
        return 0
    apart = play(ENTITY, [*(one for one in log if not _joins(one)), final])
    found = _promised(and_then(ledger[ENTITY], final))
    return sum(same(found[book], minor, book) for book, minor in _promised(apart).items())


def _gives_back(one: Arrival) -> bool:
    return isinstance(one.event, ContractTerminated) and bool(one.event.refund_minor)


def _has_beside(books: Books) -> bool:
    found = (state for one in last_of_each_book(books) for state in one.states.values())
    return any(is_beside(flow) for state in found for flow in state.schedule.flows)


def _joins(one: Arrival) -> bool:
    return isinstance(one.event, ContractJoined) or one.key.startswith("gone-")


def _promised(books: Books) -> dict[str, int]:
    """By book, once all is known."""
    found: dict[str, int] = {}
    for settlement in last_of_each_book(books):
        memos = (memo for state in settlement.states.values() for memo in state.schedule.memos)
        minor = sum(total(memo.curve) for memo in memos if memo.kind == "promised")
        found[settlement.run.book] = minor
    return found


def owed_back_is_the_same(history: History, ledger: Ledger) -> int:
    """Of each contract that ended the same is owed back, day by day, as if nothing had joined: by
    itself first, and once all ended.
    """
    log = history.logs[ENTITY]
    apart = play(ENTITY, [one for one in log if not _joins(one)])
    together, final, count = ledger[ENTITY], final_run(ledger[ENTITY]), 0
    for end in _ends(log):
        apart, together = and_then(apart, end), and_then(together, end)
        found, expected = (_owed_back(and_then(one, final)) for one in (together, apart))
        count += same_keys(found, expected, ENTITY)
    return count


def all_owe_money(history: History, ledger: Ledger) -> int:
    """Once all ended."""
    books = ledger[ENTITY]
    for end in _ends(history.logs[ENTITY]):
        books = and_then(books, end)
    return what_ended_owes_money(history, {ENTITY: and_then(books, final_run(books))})


def _ends(log: Sequence[Arrival]) -> Iterator[Arrival]:
    """One contract after the other, with as much given back as was billed."""
    bills = [one.event for one in log if isinstance(one.event, InvoiceIssued)]
    lines = [line for event in bills for line in event.lines]
    opened = [one for one in log if isinstance(one.event, ContractOpened) and not one.corrects]
    for at, stream in enumerate(sorted({one.stream for one in opened})):
        mine = [line.amount_minor for line in lines if f"contract:{line.contract}" == stream]
        when = When(effective=PERIODS[10 + 2 * at].first, order=2 * ORDER + at)
        event = ContractTerminated(when=when, refund_minor=max(sum(mine), 0))
        yield Arrival(key=f"ends-{stream}", stream=stream, event=event)


def _owed_back(books: Books) -> dict[object, object]:
    """By book and contract."""
    found: dict[object, object] = {}
    for settlement in last_of_each_book(books):
        for state in settlement.states.values():
            for flow in state.schedule.flows:
                if flow.kind == "owed-back" and flow.subject != ":ended":
                    found[settlement.run.book, flow.subject] = flow.curve
    return found


NOT_THESE = {"7-conservation", "slow-reference"}
EVERY = {
    **{law: LAWS[law] for law in LAWS if law not in NOT_THESE},
    "undone-is-never": undone,
    "one-unit": one_unit,
    "11-the-price-is-the-same": price_is_the_same,
    "18-what-ended-owes-money": all_owe_money,
    "18-owed-back-is-the-same": owed_back_is_the_same,
}


@lru_cache(maxsize=2 * BLOCK)
def drawn(number: int) -> tuple[History, Ledger]:
    found = combined(number)
    return found, played(found)


@pytest.mark.parametrize("law", EVERY)
@pytest.mark.parametrize("first", BLOCKS)
def test_every_combination_keeps(first: int, law: str) -> None:
    compared = 0
    for number in range(first, min(first + BLOCK, HISTORIES)):
        told, ledger = drawn(number)
        compared += count.compared(f"{law}, of combinations", EVERY[law](told, ledger))

    assert compared > 0
