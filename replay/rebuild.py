"""What is derived, made again from the log: views switched in if they tie, the journal compared.

The rebuild runs the same poster and the same folds as the live ledger; it has no arithmetic of its
own. It ends where the live ledger stands, so both are asked at one position.
"""

from __future__ import annotations

from msgspec import Struct

from projections import PROJECTIONS, generations, runner, shadow
from projections.breaks import Break
from store import checkpoints, failpoint, log
from store.db import Connection


class RebuiltViews(Struct, frozen=True, kw_only=True):
    """Rows compared by hash, per entity and view; switched only if nothing differed."""

    generation: int
    rows: int
    comparisons: int
    switched: bool
    breaks: tuple[Break, ...]


class RebuiltJournal(Struct, frozen=True, kw_only=True):
    """Entries and lines made again and compared row by row, and seals computed again from them."""

    positions: dict[str, int]
    entries: int
    lines: int
    seals: int
    breaks: tuple[Break, ...]


def rebuild_views(
    connection: Connection,
    *,
    batch: int = runner.BATCH,
    progress: runner.Progress | None = None,
) -> RebuiltViews:
    """Fold every view beside the live one, compare at one position, switch if all ties."""
    live = generations.live(connection)
    new = live + 1
    # A rebuild that was cut off, or differed, left its tables to be looked at until now.
    generations.drop(connection, new)
    generations.make(connection, new)
    rows, compared, breaks = 0, 0, []
    for entity in sorted(log.heads(connection)):
        for view in PROJECTIONS:
            for generation in (new, live):
                runner.follow(connection, entity, view, generation, batch=batch, progress=progress)
            with connection.transaction():
                # The journal's checkpoint, once held, keeps both from moving any further.
                checkpoints.lease(connection, entity, checkpoints.JOURNAL, checkpoints.ONLY)
                for generation in (new, live):
                    runner.follow(connection, entity, view, generation, batch=batch)
                again = generations.digest(connection, entity, view, new)
                found = generations.digest(connection, entity, view, live)
            rows, compared = rows + again.rows, compared + 1
            if again != found:
                breaks.append(_view_break(entity, view.name, again, found))
    if not breaks:
        failpoint.reach("rebuild-before-switch")
        checkpoints.switch_generation(connection, new)
        failpoint.reach("rebuild-in-switch")
        generations.drop_before(connection, live)
    return RebuiltViews(
        generation=new,
        rows=rows,
        comparisons=compared,
        switched=not breaks,
        breaks=tuple(breaks),
    )


def _view_break(
    entity: str, view: str, again: generations.Digest, found: generations.Digest
) -> Break:
    return Break(
        check="view",
        entity=entity,
        what=f"{view}: {again.rows} rows rebuilt, {found.rows} found",
        expected=again.sha256,
        found=found.sha256,
        positions=(found.position,),
    )


def rebuild_journal(
    connection: Connection,
    entity: str | None = None,
    *,
    batch: int = runner.BATCH,
    progress: runner.Progress | None = None,
) -> RebuiltJournal:
    """Post the log again where the live journal cannot be read; then compare, as far as it is."""
    entities = [entity] if entity is not None else sorted(log.heads(connection))
    ends = {name: checkpoints.passed(connection, name, checkpoints.JOURNAL) for name in entities}
    breaks: list[Break] = []
    entries = lines = seals = 0
    with shadow.shadow_schema(connection) as schema:
        with shadow.as_rebuilder(connection, schema):
            for name, end in ends.items():
                runner.post(connection, name, batch=batch, upto=end, progress=progress)
        for name, end in ends.items():
            made = shadow.size(connection, schema, name)
            entries, lines = entries + made[0], lines + made[1]
            breaks += shadow.differences(connection, schema, name, end)
            sealed = list(shadow.seals(connection, schema, name, end))
            seals += len(sealed)
            breaks += [difference for difference in sealed if difference is not None]
    return RebuiltJournal(
        positions=ends, entries=entries, lines=lines, seals=seals, breaks=tuple(breaks)
    )
