"""The demo: a made-up company, and what its books answer to queries that you can repeat."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import click
from msgspec import Struct

from api.cli.checks import law_rows, tell_breaks
from api.cli.output import as_json, examples, print_json, progress_console
from api.cli.reports import print_rows
from api.views import ask
from domain.written import builtins
from projections.breaks import Verdict
from projections.lineage import JournalLine, explain_line, lineage_down, lineage_up_event
from replay.demo import Moment, Part, Played, gather, open_group, play_country
from replay.demo_company import ACTOR, COUNTRIES, GROUP, SOURCE, Size
from replay.ledger import Ledger
from replay.verify import Verified, verify
from store import reset
from store.db import Connection, connect, migrate, open_database
from store.failure import StoreError

SHOWN = 12


class Block(Struct, frozen=True, kw_only=True):
    """One answer, and the command that gives it again."""

    title: str
    query: str
    rows: list[dict[str, Any]]
    shown: int = SHOWN


@click.command(
    epilog=examples(
        "tieout demo",
        "tieout demo --customers 50 --months 6 --seed 2",
        "tieout demo --reset-demo          the demo of before goes, and a new one is made",
        "tieout serve                      afterwards: the same ledger over HTTP",
    )
)
@click.option("--seed", default=1, show_default=True, help="Another number, another company.")
@click.option("--customers", type=click.IntRange(10), default=500, show_default=True)
@click.option("--months", type=click.IntRange(4, 60), default=18, show_default=True)
@click.option(
    "--events", type=click.IntRange(0), default=None, help="Usage events; default: by size."
)
@click.option("--reset-demo", is_flag=True, help="Remove a ledger that the demo itself made.")
@as_json
def demo(
    *,
    seed: int,
    customers: int,
    months: int,
    events: int | None,
    reset_demo: bool,
    as_json: bool,
) -> None:
    """Play a company's months on an empty ledger, then a late truth, and ask the books.

    It writes through public commands only, and prints nothing that the query beside it does not
    return.
    """
    began = time.monotonic()
    said = events if events is not None else 200_000 * customers * months // (500 * 18)
    size = Size(customers=customers, months=months, events=said)
    with open_database() as server:
        with connect(server.dsn) as connection:
            migrate(connection)
            _require_empty(connection, reset_demo=reset_demo)
        with Ledger.open(server.dsn, Moment()) as ledger:
            open_group(ledger)
            stories = _tell_stories(server.dsn, size, seed)
            played = gather(size, [story.part for story in stories])
            asking = time.monotonic()
            with ledger.connection() as connection:
                blocks = list(_blocks(connection, played))
                asked = time.monotonic() - asking
                verdicts = list(verify(connection, GROUP).verdicts)
    verdicts += [verdict for story in stories for verdict in story.verdicts]
    laws = _together(verdicts)
    blocks.append(_laws(laws))
    took = {
        **{f"{story.part.entity}_wrote": f"{story.wrote:.1f}" for story in stories},
        **{f"{story.part.entity}_verified": f"{story.verified:.1f}" for story in stories},
        "asked": f"{asked:.1f}",
        "all": f"{time.monotonic() - began:.1f}",
    }
    if as_json:
        print_json({"played": played, "blocks": blocks, "took": took})
    else:
        _tell(played, blocks, took)
    tell_breaks([row for verdict in laws.verdicts for row in verdict.breaks], as_json=as_json)
    if laws.not_compared:
        raise SystemExit(1)


def _require_empty(connection: Connection, *, reset_demo: bool) -> None:
    """The demo is for an empty ledger; only what a demo made is removed, and only when asked."""
    if reset_demo:
        names = [GROUP, *(country.entity for country in COUNTRIES)]
        reset.reset(connection, actor=ACTOR, entities=names)
    if not reset.is_empty(connection):
        raise StoreError(
            "ledger-not-empty",
            "the demo needs an empty ledger; --reset-demo removes one that a demo made, "
            "TIEOUT_HOME names another place",
        )


class Told(Struct, frozen=True, kw_only=True):
    """One country's story and its laws, with the seconds of both."""

    part: Part
    verdicts: tuple[Verdict, ...]
    wrote: float
    verified: float


def _tell_stories(dsn: str, size: Size, seed: int) -> list[Told]:
    """Each country in a process of its own, as its entity is a log of its own: two at a time."""
    with (
        progress_console().status("the countries' months, then the ten laws"),
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers,
    ):
        asked = [workers.submit(_tell_story, dsn, size, seed, at) for at in range(len(COUNTRIES))]
        return [one.result() for one in asked]


def _tell_story(dsn: str, size: Size, seed: int, place: int) -> Told:
    began = time.monotonic()
    country, moment = COUNTRIES[place], Moment()
    with Ledger.open(dsn, moment) as ledger:
        part = play_country(ledger, moment, size, partial(_chance, seed), country)
        wrote = time.monotonic() - began
        with ledger.connection() as connection:
            found = verify(connection, country.entity)
    return Told(
        part=part,
        verdicts=found.verdicts,
        wrote=wrote,
        verified=time.monotonic() - began - wrote,
    )


def _chance(seed: int, name: str) -> random.Random:
    """Chance that can be repeated, not secrecy."""
    return random.Random(f"{seed}/{name}")  # noqa: S311


def _together(verdicts: Sequence[Verdict]) -> Verified:
    return Verified(
        positions={},
        comparisons=sum(verdict.comparisons for verdict in verdicts),
        breaks=sum(len(verdict.breaks) for verdict in verdicts),
        verdicts=tuple(verdicts),
    )


def _laws(found: Verified) -> Block:
    names = ("law", "says", "check", "comparisons", "differences")
    rows = [dict(zip(names, row, strict=True)) for row in law_rows(found)]
    return Block(title="the ten laws", query="tieout verify", rows=rows, shown=len(rows))


def _blocks(connection: Connection, played: Played) -> Iterator[Block]:
    """What the books answer, in the order of the story."""
    late, through = played.late, str(played.through)
    yield _view(connection, "ageing", late.entity, {"through": through})
    yield _view(connection, "waterfall", late.entity, {})
    bridge = _view(connection, "bridge", late.entity, {}, shown=len(played.closed) + 1)
    yield bridge
    yield Block(
        title="why: what was booked late, by cause", query=bridge.query, rows=_causes(bridge)
    )
    yield _view(connection, "trial-balance", late.entity, {"through": through})
    up = lineage_up_event(connection, late.entity, SOURCE, late.late_event)
    assert up is not None, late
    yield Block(
        title="one late usage event, up to the journal lines it moved",
        query=f"tieout lineage event {SOURCE} {late.late_event} -e {late.entity}",
        rows=_plain(up.lines),
    )
    line = next(line for line in up.lines if line.account == "revenue")
    yield from _of_line(connection, late.entity, line)


def _view(
    connection: Connection, view: str, entity: str, said: Mapping[str, str], shown: int = SHOWN
) -> Block:
    options = "".join(f" --{name.replace('_', '-')} {value}" for name, value in said.items())
    return Block(
        title=view,
        query=f"tieout report {view} -e {entity}{options}",
        rows=_plain(ask(connection, view, entity, {"book": "main", **said}).rows),
        shown=shown,
    )


def _causes(bridge: Block) -> list[dict[str, Any]]:
    """The rows within the bridge's rows."""
    return [cause for row in bridge.rows for cause in row["late"]]


def _of_line(connection: Connection, entity: str, line: JournalLine) -> Iterator[Block]:
    """One of those lines, down to its facts and rows, and by the steps that measured it."""
    down = lineage_down(connection, entity, line.entry, line.line)
    explained = explain_line(connection, entity, line.entry, line.line)
    assert down is not None, line
    assert explained is not None, line
    query = f"tieout lineage line {line.entry} {line.line} -e {entity}"
    yield Block(
        title=f"line {line.entry}/{line.line}: its facts",
        query=query,
        rows=[
            {name: row[name] for name in ("position", "what", "stream", "effective", "actor")}
            for row in _plain(down.causes)
        ],
    )
    yield Block(
        title=f"line {line.entry}/{line.line}: its rows", query=query, rows=_plain(down.rows)
    )
    yield Block(
        title=f"line {line.entry}/{line.line}, explained",
        query=f"tieout explain {line.entry} {line.line} -e {entity}",
        rows=[
            {"subject": share["subject"], **step}
            for share in _plain(explained.shares)
            for step in share["steps"]
        ],
    )


def _plain(rows: object) -> list[dict[str, Any]]:
    found = builtins(rows)
    assert isinstance(found, list | tuple), found
    return list(found)


def _tell(played: Played, blocks: list[Block], took: Mapping[str, str]) -> None:
    click.echo(
        f"{len(played.entities)} entities, {len(played.closed)} months closed and sealed: "
        f"{played.events} usage events, {played.invoices} invoices, {played.payments} payments, "
        f"{played.credits} credit notes"
    )
    late = played.late
    click.echo(
        f"then, of {late.month}: an upgrade of {late.upgraded}, late usage, and the meter of "
        f"{late.corrected} corrected"
    )
    for block in blocks:
        click.echo(f"\n$ {block.query}")
        print_rows(block.rows[: block.shown], block.title)
        if len(block.rows) > block.shown:
            click.echo(f"  and {len(block.rows) - block.shown} more")
    click.echo("\nseconds: " + ", ".join(f"{name} {value}" for name, value in took.items()))
    click.echo("$ tieout serve      shows the same ledger")
