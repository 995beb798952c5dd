"""What is derived, made again from the log: views switched in if they tie, the journal compared.

The rebuild runs the same poster and the same folds as the live ledger; it has no arithmetic of its
own. Facts keep coming in meanwhile: both are asked at one position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import Struct, structs

from projections import PROJECTIONS, generations, runner, shadow
from projections.alone import alone, unhurried
from projections.breaks import Break
from projections.crew import Crew
from replay.switching import Switched, switch_to
from store import checkpoints, log
from store.db import Connection, StoreError

VIEWS = "the views"


class RebuiltViews(Struct, frozen=True, kw_only=True):
    """Rows compared by hash, per entity and view; ready to be switched in if nothing differed.

    `resumed`: it went on from where another was cut off. `not_compared` are views that the live
    generation lacks, or has in another version. `held_ms`: how long a switch made others wait.
    """

    generation: int
    resumed: bool
    rows: int
    comparisons: int
    not_compared: tuple[str, ...]
    breaks: tuple[Break, ...]
    switched: bool = False
    held_ms: int = 0


class RebuiltJournal(Struct, frozen=True, kw_only=True):
    """Entries and lines made again and compared row by row, and seals computed again from them."""

    positions: dict[str, int]
    entries: int
    lines: int
    seals: int
    breaks: tuple[Break, ...]


# --- views ---------------------------------------------------------------------------------------


def rebuild_views(
    connection: Connection,
    *,
    batch: int | None = None,
    progress: runner.Progress | None = None,
    restart: bool = False,
) -> RebuiltViews:
    """Build, compare, and switch if all ties."""
    built = build_views(connection, batch=batch, progress=progress, restart=restart)
    if built.breaks:
        return built
    switched = switch_views(connection)
    return structs.replace(built, switched=True, held_ms=switched.held_ms)


def build_views(
    connection: Connection,
    *,
    batch: int | None = None,
    progress: runner.Progress | None = None,
    restart: bool = False,
) -> RebuiltViews:
    """Fold every view beside the live one and compare both at one position of each entity.

    A build that was cut off goes on from its checkpoints, if its tables are those of today.
    """
    with alone(connection, VIEWS), unhurried(connection):
        live = generations.live(connection)
        beside, resumed = _begin(connection, restart=restart)
        _fold(connection, beside, batch, progress)
        generations.add_keys(connection, beside)
        compared = list(_compare(connection, live, beside, batch))
        breaks = tuple(broken for _, broken in compared if broken is not None)
        generations.mark(connection, beside, ties=not breaks)
        same = {view.name for view in generations.followed(connection, live)}
    return RebuiltViews(
        generation=beside,
        resumed=resumed,
        rows=sum(rows for rows, _ in compared),
        comparisons=len(compared),
        not_compared=tuple(view.name for view in PROJECTIONS if view.name not in same),
        breaks=breaks,
    )


def switch_views(connection: Connection) -> Switched:
    """Let readers see the generation that was built and tied."""
    with alone(connection, VIEWS), unhurried(connection):
        now = generations.standing(connection)
        if now.ready is None:
            raise StoreError("nothing-to-switch", "no generation of views is built and ties")
        return switch_to(connection, now.ready)


def roll_back(connection: Connection) -> Switched:
    """Let readers see the generation of before the last switch again, once it has caught up."""
    with alone(connection, VIEWS), unhurried(connection):
        now = generations.standing(connection)
        if now.before is None:
            raise StoreError("nothing-to-roll-back", "no generation was live before this one")
        return switch_to(connection, now.before)


def _begin(connection: Connection, *, restart: bool) -> tuple[int, bool]:
    """The generation to build, and whether it was begun before."""
    now = generations.standing(connection)
    kept = {number for number in (now.live, now.before) if number is not None}
    begun = [number for number in generations.held(connection) if number not in kept]
    cut_off = begun and not restart and now.ready is None
    if cut_off and generations.is_of_this_shape(connection, max(begun)):
        return max(begun), True
    generations.drop_others(connection, kept)
    beside = generations.next_number(connection)
    generations.make(connection, beside, has_keys=False)
    return beside, False


def _fold(
    connection: Connection, beside: int, batch: int | None, progress: runner.Progress | None
) -> None:
    views = generations.followed(connection, beside)
    for entity in sorted(log.heads(connection)):
        for view in views:
            runner.follow(connection, entity, view, beside, batch=batch, progress=progress)


def _compare(
    connection: Connection, live: int, beside: int, batch: int | None
) -> Iterator[tuple[int, Break | None]]:
    """Rows of each entity and view, and what differs, as known where the live view stands."""
    views = generations.followed(connection, live)
    for entity in sorted(log.heads(connection)):
        for view in views:
            at = runner.follow(connection, entity, view, live, batch=batch)
            runner.follow(connection, entity, view, beside, batch=batch, upto=at)
            again = generations.digest(connection, entity, view, beside, at)
            found = generations.digest(connection, entity, view, live, at)
            tie = again == found
            yield again.rows, None if tie else _break(entity, view.name, again, found)


def _break(entity: str, view: str, again: generations.Digest, found: generations.Digest) -> Break:
    return Break(
        check="view",
        entity=entity,
        what=f"{view}: {again.rows} rows rebuilt, {found.rows} found",
        expected=again.sha256,
        found=found.sha256,
        positions=(found.position,),
    )


# --- the journal ---------------------------------------------------------------------------------


def rebuild_journal(
    connection: Connection,
    entity: str | None = None,
    *,
    batch: int = runner.BATCH,
    progress: runner.Progress | None = None,
    restart: bool = False,
    processes: int | None = None,
) -> RebuiltJournal:
    """Post the log again where the live journal cannot be read; then compare, as far as it is.

    An entity that was cut off goes on from where it stood. Large runs are settled by so many
    processes, one for each core if not said.
    """
    entities = [entity] if entity is not None else sorted(log.heads(connection))
    with Crew(processes) as crew:
        post = partial(runner.post, connection, batch=batch, progress=progress, crew=crew)
        return together(
            _journal_again(connection, name, post, restart=restart) for name in entities
        )


def together(parts: Iterable[RebuiltJournal]) -> RebuiltJournal:
    """The journals of several entities."""
    found = list(parts)
    return RebuiltJournal(
        positions={entity: at for part in found for entity, at in part.positions.items()},
        entries=sum(part.entries for part in found),
        lines=sum(part.lines for part in found),
        seals=sum(part.seals for part in found),
        breaks=tuple(difference for part in found for difference in part.breaks),
    )


def _journal_again(
    connection: Connection, entity: str, post: Callable[..., int], *, restart: bool
) -> RebuiltJournal:
    schema = shadow.schema_of(entity)
    with alone(connection, f"the journal of {entity}"), unhurried(connection):
        shadow.make(connection, entity, restart=restart)
        end = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
        with shadow.as_rebuilder(connection, schema):
            at = post(entity, upto=end)
        shadow.add_keys(connection, schema)
        entries, lines = shadow.size(connection, schema, entity)
        sealed = list(shadow.seals(connection, schema, entity, at))
        breaks = [*shadow.differences(connection, schema, entity, at)]
        breaks += [difference for difference in sealed if difference is not None]
        shadow.drop(connection, entity)
    return RebuiltJournal(
        positions={entity: at},
        entries=entries,
        lines=lines,
        seals=len(sealed),
        breaks=tuple(breaks),
    )
