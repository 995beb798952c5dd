"""The typical contract, read from its file and played on a ledger, once or many times over.

Many contracts arrive act by act, not one after the other, as a month arrives at a real company; the
usage of all of them in one month is one batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from domain.books import RunPosting
from domain.calendar import month_end
from domain.deciders import Command
from domain.facts import When
from replay.ledger import Ledger
from store.request import Receipt, Request
from store.usage_stage import UsageBatch

FILE = Path(__file__).with_name("typical_contract.json")
BOOK = "main"
SOURCE = "bench"
# Requests that are decided under one lock of the head.
TOGETHER = 5_000
_MONTH = re.compile(r"\d{4}-\d{2}")


class Submit(Struct, frozen=True, kw_only=True, tag_field="does", tag="submit"):
    """A command, or without one the retraction of the fact that came under the key `corrects`."""

    stream: str
    key: str
    command: Command | None = None
    corrects: str | None = None
    reason: str | None = None


class Ingest(Struct, frozen=True, kw_only=True, tag_field="does", tag="ingest"):
    """Rows of one contract; all contracts' rows of one batch travel together."""

    batch: str
    rows: list[dict[str, Any]]


class Run(Struct, frozen=True, kw_only=True, tag_field="does", tag="run"):
    """A posting run of the whole entity."""

    through: date


Act = Submit | Ingest | Run


class Master(Struct, frozen=True, kw_only=True):
    """A command that comes before every contract."""

    stream: str
    command: Command


class Contract(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    about: str
    master: tuple[Master, ...]
    acts: tuple[Act, ...]


def typical(name: str) -> Contract:
    """The contract under a name of its own: customer, subscription, documents, keys and events."""
    return _decoder.decode(FILE.read_text(encoding="utf-8").replace("{contract}", name))


_decoder = msgspec.json.Decoder(Contract)


def play(ledger: Ledger, entity: str, count: int) -> int:
    """`count` contracts into an entity of its own, runs included; nothing is posted yet.

    Returns the position of the head.
    """
    send(ledger, entity, opening(entity))
    return _play(ledger, entity, [typical(f"c{number:06}").acts for number in range(count)])


def play_monthly(ledger: Ledger, entity: str, count: int) -> int:
    """The same with a posting run after every month, as books are kept: a contract that changed
    posts what a month makes, not what two years make.
    """
    send(ledger, entity, opening(entity))
    return _play(
        ledger, entity, [monthly(typical(f"c{number:06}").acts) for number in range(count)]
    )


def monthly(acts: tuple[Act, ...]) -> tuple[Act, ...]:
    """Acts with a run after each month's usage, where they have none of that day themselves."""
    there = {act.through for act in acts if isinstance(act, Run)}
    found: list[Act] = []
    for act in acts:
        found.append(act)
        if isinstance(act, Ingest) and (end := _end_of(act.batch)) and end not in there:
            found.append(Run(through=end))
    return tuple(found)


def _end_of(batch: str) -> date | None:
    """The last day of the month a batch is named after; one of corrections is named after none."""
    if not _MONTH.fullmatch(batch):
        return None
    first = date.fromisoformat(f"{batch}-01")
    return month_end(first)


def _play(ledger: Ledger, entity: str, contracts: Iterable[tuple[Act, ...]]) -> int:
    positions: dict[str, int] = {}
    for acts in zip(*contracts, strict=True):
        _act(ledger, entity, acts, positions)
    return ledger.head(entity)


def _act(
    ledger: Ledger,
    entity: str,
    acts: tuple[Act, ...],
    positions: dict[str, int],
) -> None:
    """The same act of every contract."""
    match acts[0]:
        case Submit():
            requests = [_request(entity, act, positions) for act in acts if isinstance(act, Submit)]
            for receipt in send(ledger, entity, requests):
                positions[receipt.key] = receipt.positions[-1]
        case Ingest(batch=batch):
            rows = [row for act in acts if isinstance(act, Ingest) for row in act.rows]
            order = UsageBatch(entity=entity, source=SOURCE, key=f"usage:{batch}")
            taken = ledger.ingest(order, rows)
            assert taken.accepted == len(rows), taken
        case Run(through=through):
            send(ledger, entity, [posting(entity, through)])
        case _:
            raise AssertionError(acts[0])


def _request(entity: str, act: Submit, positions: dict[str, int]) -> Request:
    return Request(
        entity=entity,
        stream=act.stream,
        key=act.key,
        command=act.command,
        reason=act.reason,
        corrects=positions[act.corrects] if act.corrects else None,
    )


def opening(entity: str) -> Iterator[Request]:
    """What comes before any contract: calendar, book, policy, meter, prices."""
    for place, row in enumerate(typical("c").master):
        yield Request(entity=entity, stream=row.stream, key=f"opening:{place}", command=row.command)


def posting(entity: str, through: date) -> Request:
    command = RunPosting(when=When(effective=through), through=through)
    return Request(entity=entity, stream="run:self", key=f"run:{through}", command=command)


def send(ledger: Ledger, entity: str, requests: Iterable[Request]) -> list[Receipt]:
    """All of them, and every one accepted: a benchmark of refusals would measure nothing."""
    return [*sent(ledger, entity, requests)]


def sent(ledger: Ledger, entity: str, requests: Iterable[Request]) -> Iterator[Receipt]:
    """The same, chunk by chunk, for those who keep nothing."""
    waiting = iter(requests)
    while chunk := list(islice(waiting, TOGETHER)):
        for outcome in ledger.submit_many(entity, chunk):
            assert isinstance(outcome, Receipt), outcome
            yield outcome
