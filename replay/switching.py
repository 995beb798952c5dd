"""Readers are given another generation of views, once it is level with the one they see."""

from __future__ import annotations

from msgspec import Struct

from projections import PROJECTIONS, generations, runner, shadow
from projections.switch import Busy, hold_still, switch
from store import failpoint, log
from store.db import Connection, StoreError

TRIES = 20
# Facts of a view that are folded while everybody is held still; more are folded before.
LEVEL = 2_000


class Switched(Struct, frozen=True, kw_only=True):
    """From one generation of views to another, and how long that made others wait."""

    live: int
    before: int
    held_ms: int


class HeldView(Struct, frozen=True, kw_only=True):
    """`deployed` is the version this tieout has; `behind` are posted facts not folded yet."""

    view: str
    version: int
    deployed: int | None
    behind: int


class Generation(Struct, frozen=True, kw_only=True):
    """`standing`: live is what readers see, before what a rollback returns to, ready what a switch
    gives them; begun is being built, or was cut off.
    """

    generation: int
    standing: str
    views: tuple[HeldView, ...]


class Status(Struct, frozen=True, kw_only=True):
    """Generations of views in order of their numbers, and journals that were begun again.

    `outdated` are views that readers have in another version than this tieout's: build and switch.
    """

    generations: tuple[Generation, ...]
    outdated: tuple[str, ...]
    journals: tuple[str, ...]


def status(connection: Connection) -> Status:
    """Nothing is changed, and nothing waited for."""
    generations.live(connection)
    now = generations.standing(connection)
    held = generations.held(connection)
    deployed = {view.name: view.version for view in PROJECTIONS}
    found = {row.view: row.version for row in held[now.live]}
    return Status(
        generations=tuple(
            Generation(
                generation=number,
                standing=_standing(number, now),
                views=tuple(_view(row, deployed) for row in rows),
            )
            for number, rows in held.items()
        ),
        outdated=tuple(name for name in deployed if deployed[name] != found.get(name)),
        journals=shadow.cut_off(connection),
    )


def _standing(number: int, now: generations.Standing) -> str:
    named = {now.live: "live", now.before: "before", now.ready: "ready"}
    return named.get(number, "begun")


def _view(row: generations.Held, deployed: dict[str, int]) -> HeldView:
    return HeldView(
        view=row.view, version=row.version, deployed=deployed.get(row.view), behind=row.behind
    )


def switch_to(connection: Connection, to: int) -> Switched:
    """Only to a generation that this tieout can fold: one that stands still would be of no use."""
    live = generations.live(connection)
    if generations.followed(connection, to) != PROJECTIONS:
        raise StoreError(
            "generation-of-another-version",
            f"generation {to} has views of another version than this tieout's; "
            "use the tieout that made it, or build a new one",
        )
    failpoint.reach("rebuild-before-switch")
    held_ms = _switch_soon(connection, to)
    generations.drop_others(connection, {to, live})
    return Switched(live=to, before=live, held_ms=held_ms)


def _switch_soon(connection: Connection, to: int) -> int:
    for _ in range(TRIES - 1):
        _catch_up(connection, to)
        try:
            return _switch(connection, to)
        except Busy:
            # Whoever folds the live views was quicker; what it did is to be folded here as well.
            continue
    _catch_up(connection, to)
    return _switch(connection, to)


def _catch_up(connection: Connection, generation: int) -> None:
    for entity in sorted(log.heads(connection)):
        for view in PROJECTIONS:
            runner.follow(connection, entity, view, generation)


def _switch(connection: Connection, to: int) -> int:
    """A reader must not see less after the switch than before it."""
    views = {view.name: view for view in PROJECTIONS}
    with connection.transaction():
        for row in hold_still(connection, to):
            if row.position - row.beside > LEVEL:
                raise Busy
            if row.position > row.beside and row.view in views:
                runner.follow(connection, row.entity, views[row.view], to, upto=row.position)
        held_ms = switch(connection, to)
        failpoint.reach("rebuild-in-switch")
    return held_ms
