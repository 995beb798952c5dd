"""What is derived, made again: views beside the live ones, the journal to be compared."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from api.cli.checks import tell_breaks
from api.cli.output import as_json, examples, print_json, print_table, progress_console
from api.cli.session import open_ledger
from projections import PROJECTIONS
from replay.ledger import Ledger
from replay.rebuild import (
    RebuiltJournal,
    RebuiltViews,
    build_views,
    rebuild_views,
    roll_back,
    switch_views,
)
from replay.side_by_side import rebuild_journals
from replay.switching import Status, Switched
from replay.switching import status as found_status
from store import checkpoints

SAY_SECONDS = 0.5

restart_option = click.option(
    "--restart", is_flag=True, help="Begin anew, instead of going on where another was cut off."
)
processes_option = click.option(
    "--processes",
    type=click.IntRange(1),
    help="How many entities' journals are made at once; one for each core if not said.",
)


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "tieout rebuild                     all views, switched in if they tie, and the journal",
        "tieout rebuild --json              the same, counts and breaks as data",
    ),
)
@restart_option
@processes_option
@as_json
@click.pass_context
def rebuild(context: click.Context, *, restart: bool, processes: int | None, as_json: bool) -> None:
    """Make all that is derived again, prove it equal, switch views.

    It is made from the log alone. Facts come in and readers read meanwhile. A rebuild that was cut
    off goes on where it stood. Leaves with 1 if anything differs.
    """
    if context.invoked_subcommand is not None:
        return
    with open_ledger() as ledger:
        ledger.catch_up()
        with ledger.connection() as connection:
            with _estimated(ledger, [view.name for view in PROJECTIONS]) as told:
                views = rebuild_views(connection, restart=restart, progress=told)
            with _estimated(ledger, [checkpoints.JOURNAL]) as told:
                journal = rebuild_journals(
                    connection,
                    processes=processes or os.cpu_count() or 1,
                    restart=restart,
                    progress=told,
                )
    if as_json:
        print_json({"views": views, "journal": journal})
    else:
        _say_views(views)
        _say_journal(journal)
    tell_breaks([*views.breaks, *journal.breaks], as_json=as_json)


@rebuild.command(
    epilog=examples(
        "tieout rebuild views",
        "tieout rebuild views --restart     not from where another was cut off",
        "tieout rebuild switch              afterwards: readers see what was built",
    )
)
@restart_option
@as_json
def views(*, restart: bool, as_json: bool) -> None:
    """Fold all views beside the live ones and compare by hash; readers stay where they are.

    Leaves with 1 if anything differs.
    """
    with open_ledger() as ledger:
        ledger.catch_up()
        names = [view.name for view in PROJECTIONS]
        with ledger.connection() as connection, _estimated(ledger, names) as told:
            found = build_views(connection, restart=restart, progress=told)
    if as_json:
        print_json(found)
    else:
        _say_views(found)
    tell_breaks([*found.breaks], as_json=as_json)


@rebuild.command(
    epilog=examples(
        "tieout rebuild journal",
        "tieout rebuild journal --processes 1 --json",
    )
)
@restart_option
@processes_option
@as_json
def journal(*, restart: bool, processes: int | None, as_json: bool) -> None:
    """Post the log again where the live journal cannot be read, and compare row by row.

    It is never switched: what was posted stays posted. Leaves with 1 if anything differs.
    """
    with open_ledger() as ledger:
        ledger.catch_up()
        names = [checkpoints.JOURNAL]
        with ledger.connection() as connection, _estimated(ledger, names) as told:
            found = rebuild_journals(
                connection,
                processes=processes or os.cpu_count() or 1,
                restart=restart,
                progress=told,
            )
    if as_json:
        print_json(found)
    else:
        _say_journal(found)
    tell_breaks([*found.breaks], as_json=as_json)


@rebuild.command(epilog=examples("tieout rebuild switch", "tieout rebuild switch --json"))
@as_json
def switch(*, as_json: bool) -> None:
    """Let readers see the views that were built and tie; they are brought level before.

    Those of until now are kept: `tieout rebuild rollback` returns to them.
    """
    with open_ledger() as ledger, ledger.connection() as connection:
        found = switch_views(connection)
    _say_switched(found, as_json=as_json)


@rebuild.command(epilog=examples("tieout rebuild rollback", "tieout rebuild rollback --json"))
@as_json
def rollback(*, as_json: bool) -> None:
    """Let readers see the views of before the last switch; they are brought level before.

    Done twice, readers are where they were.
    """
    with open_ledger() as ledger, ledger.connection() as connection:
        found = roll_back(connection)
    _say_switched(found, as_json=as_json)


@rebuild.command(epilog=examples("tieout rebuild status", "tieout rebuild status --json"))
@as_json
def status(*, as_json: bool) -> None:
    """Which generations of views there are, who sees them, and how far they are."""
    with open_ledger() as ledger, ledger.connection() as connection:
        found = found_status(connection)
    if as_json:
        print_json(found)
    else:
        _say_status(found)


# --- words ---------------------------------------------------------------------------------------


def _say_views(found: RebuiltViews) -> None:
    begun = "gone on with" if found.resumed else "built"
    ties = "differs" if found.breaks else "ties"
    click.echo(
        f"views: generation {found.generation} {begun} and {ties}: "
        f"{found.rows} rows, {found.comparisons} comparisons by hash"
    )
    for name in found.not_compared:
        click.echo(f"views: {name} is new in this version, there was nothing to compare it with")
    if found.switched:
        click.echo(f"views: readers see generation {found.generation} now, {_held(found.held_ms)}")
    elif not found.breaks:
        click.echo("views: `tieout rebuild switch` shows it to readers")


def _say_journal(found: RebuiltJournal) -> None:
    ties = f"{len(found.breaks)} differences" if found.breaks else "every row the same"
    click.echo(
        f"journal: posted again and compared: {found.entries} entries, {found.lines} lines, "
        f"{found.seals} seals, entities {len(found.positions)}: {ties}"
    )


def _say_switched(found: Switched, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    click.echo(
        f"readers see generation {found.live} now, {_held(found.held_ms)}; "
        f"generation {found.before} is kept"
    )


def _held(milliseconds: int) -> str:
    return f"others waited {milliseconds} ms at most"


def _say_status(found: Status) -> None:
    rows = [
        (one.generation, one.standing, row.view, row.version, row.deployed, row.behind)
        for one in found.generations
        for row in one.views
    ]
    print_table(
        ("generation", "standing", "view", "version", "deployed", "facts behind"), rows, "views"
    )
    for name in found.outdated:
        click.echo(f"{name}: readers have another version than this tieout's; rebuild the views")
    for entity in found.journals:
        click.echo(f"the journal of {entity} was begun again and is not compared yet")


# --- how long it still takes ---------------------------------------------------------------------


@contextmanager
def _estimated(ledger: Ledger, names: list[str]) -> Iterator["Estimate"]:
    with progress_console().status("") as shown:
        yield Estimate(shown.update, ledger.heads(), names)


class Estimate:
    """Hears how far each view of each entity is, and says how long the rest will take."""

    def __init__(
        self, say: Callable[[str], None], heads: Mapping[str, int], names: list[str]
    ) -> None:
        self._say = say
        self._total = sum(heads.values()) * len(names)
        self._passed: dict[tuple[str, str], int] = {}
        # What was there at first took none of our time: another was cut off behind it.
        self._first: dict[tuple[str, str], int] = {}
        self._began = self._said = time.monotonic()

    def __call__(self, entity: str, view: str, position: int) -> None:
        self._first.setdefault((entity, view), position)
        self._passed[entity, view] = position
        now = time.monotonic()
        if now - self._said >= SAY_SECONDS:
            self._said = now
            self._say(f"{entity}: {view} at {position}, {self._left(now)}")

    def _left(self, now: float) -> str:
        done = sum(self._passed.values())
        since = done - sum(self._first.values())
        if not since:
            return "just begun"
        left = (now - self._began) * max(self._total - done, 0) / since
        return f"{100 * done // self._total} % of all, about {left:.0f} s left"
