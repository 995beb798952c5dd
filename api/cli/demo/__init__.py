"""The demo: a made-up company, and what its books answer to queries that you can repeat."""

import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
from msgspec import Struct

from api.cli.checks import tell_breaks
from api.cli.demo.block import Block
from api.cli.demo.tour import tour
from api.cli.output import as_json, examples, print_compact, print_json, progress_console
from api.surroundings import templates_folder
from projections.breaks import Verdict
from replay.demo.company import ACTOR, COUNTRIES, GROUP, Size
from replay.demo.months import Part, Played, gather, open_group, play_country
from replay.demo.story import Moment
from replay.documents.templates import templates
from replay.ledger import Ledger
from replay.verify import LAWS, verify
from store import reset
from store.db import Connection, connect, migrate, open_database
from store.failure import StoreError
from store.home import default_home


@click.command(
    epilog=examples(
        "tieout demo",
        "tieout demo --customers 50 --months 6 --seed 2",
        "tieout demo --reset-demo          the demo of before goes, and a new one is made",
        "tieout serve                      afterwards: the same ledger over HTTP",
    )
)
@click.option("--seed", default=1, show_default=True, help="Another number, another company.")
@click.option(
    "--customers",
    type=click.IntRange(10),
    default=200,
    show_default=True,
    help="From 74 on, some live each change there is.",
)
@click.option(
    "--months",
    type=click.IntRange(4, 60),
    default=12,
    show_default=True,
    help="Closed and sealed one by one; twice the months take four times as long.",
)
@click.option(
    "--events", type=click.IntRange(0), default=None, help="Usage events; default: by size."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where documents and bank files go; none: `demo` in TIEOUT_HOME.",
)
@click.option("--reset-demo", is_flag=True, help="Remove a ledger that the demo itself made.")
@as_json
def demo(
    *,
    seed: int,
    customers: int,
    months: int,
    events: int | None,
    folder: Path | None,
    reset_demo: bool,
    as_json: bool,
) -> None:
    """Play a company's year, then a late truth, and ask its books.

    It wants an empty ledger. Four companies sell at every price model in four currencies, and their
    customers do whatever a customer may do. It writes through public commands only, and every table
    stands under the queries that give its figures again; those over all companies are their sums.
    """
    began = time.monotonic()
    usual = Size()
    share = customers * months, usual.customers * usual.months
    said = events if events is not None else usual.events * share[0] // share[1]
    size = Size(customers=customers, months=months, events=said)
    place = folder or default_home() / "demo"
    words = templates(templates_folder())
    with open_database() as server:
        with connect(server.dsn) as connection:
            migrate(connection)
            _require_empty(connection, reset_demo=reset_demo)
        with Ledger.open(server.dsn, Moment()) as ledger:
            open_group(ledger)
            stories = _tell_stories(server.dsn, size, seed, place)
            played = gather(size, [story.part for story in stories])
            asking = time.monotonic()
            with ledger.connection() as connection:
                verdicts = list(verify(connection, GROUP).verdicts)
                verdicts += [verdict for story in stories for verdict in story.verdicts]
                blocks = list(tour(ledger, connection, played, verdicts, words, place))
    took = {
        **{f"{story.part.entity}_wrote": f"{story.wrote:.1f}" for story in stories},
        **{f"{story.part.entity}_verified": f"{story.verified:.1f}" for story in stories},
        "asked": f"{time.monotonic() - asking:.1f}",
        "all": f"{time.monotonic() - began:.1f}",
    }
    if as_json:
        print_json({"played": played, "blocks": blocks, "took": took})
    else:
        _tell(played, blocks, took)
    tell_breaks([row for verdict in verdicts for row in verdict.breaks], as_json=as_json)
    if {verdict.law for verdict in verdicts if verdict.comparisons} != LAWS.keys():
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


def _tell_stories(dsn: str, size: Size, seed: int, folder: Path) -> list[Told]:
    """Each country in a process of its own, as its entity is a log of its own: two at a time."""
    with (
        progress_console().status("the countries' months, then the ten laws"),
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers,
    ):
        asked = [
            workers.submit(_tell_story, dsn, size, seed, at, folder) for at in range(len(COUNTRIES))
        ]
        return [one.result() for one in asked]


def _tell_story(dsn: str, size: Size, seed: int, place: int, folder: Path) -> Told:
    began = time.monotonic()
    country, moment = COUNTRIES[place], Moment()
    with Ledger.open(dsn, moment) as ledger:
        part = play_country(ledger, moment, size, partial(_chance, seed), country, folder)
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


def _tell(played: Played, blocks: Sequence[Block], took: Mapping[str, str]) -> None:
    parts, late = played.parts, played.late
    sums = {
        name: sum(getattr(part, name) for part in parts)
        for name in ("events", "invoices", "payments", "credits")
    }
    click.echo(
        f"Tideway: {len(parts)} companies, {len(played.closed)} months closed and sealed, "
        f"{sums['events']} usage events, {sums['invoices']} invoices, {sums['payments']} payments, "
        f"{sums['credits']} credit notes."
    )
    click.echo(
        f"Then, of {late.month}: more seats for {late.upgraded}, late usage, and the meter of "
        f"{late.corrected} corrected."
    )
    number = 0
    for block in blocks:
        number += not block.goes_on
        click.echo(block.title if block.goes_on else f"\n{number}. {block.title}")
        for query in block.queries:
            click.echo(f"$ {query}")
        if block.says:
            click.echo(block.says)
        print_compact(block.columns, block.rows)
        if block.more:
            click.echo(f"  {block.more}")
    click.echo("\nseconds: " + ", ".join(f"{name} {value}" for name, value in took.items()))
    click.echo("$ tieout serve      shows the same ledger")
