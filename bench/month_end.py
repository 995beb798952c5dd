"""The run at the end of a month over many active contracts: untouched, and with some changed.

Contracts begin like the typical one and then stay as they are; each round is one month on, first
with nothing new since the last run, then with one contract in a hundred amended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from bench.contract import Submit, posting, send, typical
from bench.floors import copied
from bench.lap import Lap, Reading, Taken, timed
from bench.stand import Stand
from domain.calendar import ONE_DAY, add_months
from domain.deciders import Command
from domain.facts import When
from domain.subscription import AmendSubscription, ItemChange
from projections import runner
from store.db import Connection
from store.request import Request

ROWS_OF_A_CONTRACT = 10
# Of so many contracts one is changed in a month.
CHANGED = 100
ENTITY = "month-end"
FLOOR = "floor_month_end"
FIRST = date(2024, 1, 1)
NAME = "NAME-OF-CONTRACT"
TABLES = {
    "journal_entry": "SELECT * FROM journal_entry WHERE entity = %(entity)s AND known_at = %(run)s",
    "journal_line": "SELECT * FROM journal_line WHERE entity = %(entity)s AND known_at = %(run)s",
}

_decoder = msgspec.json.Decoder(tuple[Submit, Submit, Submit])


def month_end(stand: Stand, number: int) -> list[Lap | Reading]:
    """Floor of both: the entries and lines that the run wrote, copied in."""
    count = max(CHANGED, stand.rows // ROWS_OF_A_CONTRACT)
    if number == 0:
        _begin(stand, count)
    month = add_months(FIRST, number + 1)
    untouched = _run(stand, month, 1, "month-end-untouched", count)
    changed = [f"c{place:06}" for place in range(number % CHANGED, count, CHANGED)]
    send(stand.ledger, ENTITY, (_amendment(name, month) for name in changed))
    touched = _run(stand, month, 2, "month-end-changed", len(changed))
    peak = max(untouched.taken.peak_mib, touched.taken.peak_mib)
    memory = Reading(figure="month-end-memory", unit="MiB", value=peak, peak_mib=peak)
    return [untouched, touched, memory]


def _begin(stand: Stand, count: int) -> None:
    """Every contract sold, billed and posted up to the end of its first month."""
    send(stand.ledger, ENTITY, _opening(count))
    send(stand.ledger, ENTITY, [posting(ENTITY, add_months(FIRST, 1) - ONE_DAY)])
    _post(stand)
    stand.floor.execute("VACUUM ANALYZE")
    copied.make(stand.floor, [("public", table) for table in TABLES], into=FLOOR)


def _opening(count: int) -> Iterator[Request]:
    """Customer, start and first invoice of each; the typical contract changes, these do not."""
    whole = typical(NAME)
    for place, row in enumerate(whole.master):
        yield _request(row.stream, f"opening:{place}", row.command)
    begins = msgspec.json.encode(whole.acts[:3])
    for number in range(count):
        acts = _decoder.decode(begins.replace(NAME.encode(), f"c{number:06}".encode()))
        yield from (_request(act.stream, act.key, act.command) for act in acts)


def _request(stream: str, key: str, command: Command | None) -> Request:
    return Request(entity=ENTITY, stream=stream, key=key, command=command)


def _amendment(name: str, month: date) -> Request:
    return Request(
        entity=ENTITY,
        stream=f"subscription:{name}",
        key=f"{name}:{month}",
        command=AmendSubscription(
            when=When(effective=month),
            items=(ItemChange(item="seats", quantity=Decimal(15)),),
        ),
    )


def _run(stand: Stand, month: date, place: int, figure: str, count: int) -> Lap:
    through = add_months(month, 1) - ONE_DAY
    order = posting(ENTITY, through)
    asked = Request(
        entity=ENTITY, stream=order.stream, key=f"{order.key}:{place}", command=order.command
    )
    (receipt,) = send(stand.ledger, ENTITY, [asked])
    taken = timed(stand.floor, lambda: _post(stand))
    floor = _floor(stand.floor, receipt.positions[0], count)
    return Lap(
        figure=figure, unit="contracts/s", count=count, taken=taken, floors={"": floor.seconds}
    )


def _post(stand: Stand) -> None:
    with stand.ledger.connection() as connection:
        runner.post(connection, ENTITY, crew=stand.ledger.crew)


def _floor(connection: Connection, run: int, count: int) -> Taken:
    """Every contract has an entry, no unit waits; the same rows into tables alike."""
    names = {"entity": ENTITY, "run": run}
    parked = connection.execute("SELECT unit, code, detail FROM parked").fetchall()
    assert not parked, parked[:3]
    query = "SELECT count(DISTINCT unit) FROM journal_entry WHERE entity = %s AND known_at = %s"
    posted = connection.execute(query, (ENTITY, run)).fetchone()
    assert posted == (count,), (posted, count)
    rows = [copied.encoded(connection, table, query, names) for table, query in TABLES.items()]
    return timed(connection, lambda: copied.copy_in(connection, [rows], schema=FLOOR))
