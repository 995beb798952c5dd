"""Kills: of processes at every named place, and of PostgreSQL while a process stands at one.

A round starts a worker on its script, sometimes a second on the same one and a follower beside it,
kills, starts whatever died, asks everything again under the same keys and checks all there is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from random import Random

from msgspec import Struct, field

from replay.ledger import Ledger
from store import failpoint
from tests.faults.acts import Clock, patiently, perform
from tests.faults.checks import Answers, check, merged, places_of
from tests.faults.machine import BLOWS, Machine
from tests.faults.plan import BAITS, CatchUp, Rebuild, Script, Story, script, story
from tests.faults.processes import POLL_SECONDS, Worker
from tests.faults.report import Report

Say = Callable[[str], None]
KEEPS_UP = 400  # catch-ups of a follower beside, far more than a round lasts


class Fault(Struct, frozen=True, kw_only=True):
    """What one round does to whom: everything a seed decides about it."""

    kind: str
    place: str
    passing: int
    blow: str = ""
    beside: int = 0
    at_random: Decimal | None = None


class Scene(Struct, kw_only=True):
    """A story under way on its database, with everything that was ever answered."""

    story: Story
    dsn: str
    answers: Answers = field(default_factory=dict)


def faults(random: Random, process: int, postgres: int) -> Iterator[Fault]:
    """Every place as often as any other, in a drawn order; a third of rounds have company."""
    kinds = ["process"] * process + ["postgres"] * postgres
    random.shuffle(kinds)
    places: dict[str, list[str]] = {"process": [], "postgres": []}
    for number, kind in enumerate(kinds):
        if not places[kind]:
            places[kind] = random.sample(failpoint.NAMES, len(failpoint.NAMES))
        yield Fault(
            kind=kind,
            place=places[kind].pop(),
            passing=random.randint(1, BAITS),
            blow=BLOWS[number % len(BLOWS)] if kind == "postgres" else "",
            beside=random.choice((0, 0, 0, 0, 1, 2)),
            at_random=Decimal(random.randint(0, 80)) / 1000
            if kind == "postgres" and random.random() < 0.3
            else None,
        )


def campaign(
    machine: Machine, *, seed: int, process: int, postgres: int, say: Say, size_max: int = 100
) -> Report:
    """Round by round, a new story whenever one is told. Raises Broken at the first difference."""
    began = time.monotonic()
    random = Random(seed)
    report = Report(what="kills", seed=seed)
    planned = list(faults(random, process, postgres))
    place = 0
    while place < len(planned):
        told = story(random, random.randrange(2**32), size_max=size_max)
        with machine.database() as dsn:
            scene = Scene(story=told, dsn=dsn)
            while place < len(planned) and told.waiting:
                _round(machine, scene, planned[place], random, report)
                place += 1
                if place % 20 == 0:
                    say(f"{place} of {len(planned)} faults, {time.monotonic() - began:.0f} s")
            _end(scene, report)
        report.counts["stories"] += 1
    report.seconds = Decimal(f"{time.monotonic() - began:.1f}")
    return report


def _round(
    machine: Machine, scene: Scene, fault: Fault, random: Random, report: Report
) -> None:
    shared, baits = script(random, scene.story, fault.place)
    seed = random.randrange(2**32)
    workers = _start(scene, shared, baits, fault, seed)
    if fault.kind == "process":
        for worker in workers:
            worker.wait()
        assert workers[0].was_killed, (fault, "the place was not reached")
    else:
        _hurt(machine, workers, fault, Random(seed))
    report.faults[f"{fault.kind}: {fault.place}"] += 1
    if fault.blow:
        report.counts[f"postgres by {fault.blow}"] += 1
    for worker in workers:
        report.counts["acknowledged before"] += len(worker.answers)
        report.counts["outages seen by senders"] += len(worker.outages)
        merged(scene.answers, worker.answers)
    report.counts["retried with the same key"] += _again(scene, (*shared, *baits), seed)
    with _ledger(scene, seed) as ledger:
        report.compared.update(check(ledger, scene.story, scene.answers, deep=False))


def _start(scene: Scene, shared: Script, baits: Script, fault: Fault, seed: int) -> list[Worker]:
    """The one that is armed, a second that tells the same, a third that only follows.

    The baits are the first one's alone: answered to another, they would pass no place.
    """
    places = places_of(scene.answers)
    action = "kill" if fault.kind == "process" else "stop"
    armed = None if fault.at_random is not None else f"{fault.place}:{action}:{fault.passing}"
    workers = [Worker(scene.dsn, (*shared, *baits), places, seed=seed, armed=armed)]
    if fault.beside > 0:
        second = tuple(step for step in shared if not isinstance(step, Rebuild))
        workers.append(Worker(scene.dsn, second, places, seed=seed + 1))
    if fault.beside > 1:
        follows = [CatchUp(entity=name, batch=7, units=2) for name in scene.story.entities]
        workers.append(Worker(scene.dsn, (*follows,) * 20, places, seed=seed + 2))
    return workers


def _hurt(machine: Machine, workers: list[Worker], fault: Fault, random: Random) -> None:
    """Hit the server when the first worker stands at its place, or after a drawn while."""
    due = time.monotonic() + float(fault.at_random or 0)
    hit = False
    while workers[0].hear(POLL_SECONDS):
        stopped = fault.at_random is None and workers[0].is_stopped()
        if not hit and (stopped or (fault.at_random is not None and time.monotonic() >= due)):
            machine.hit(fault.blow, random)  # type: ignore[arg-type]
            hit = True
            if stopped:
                workers[0].go_on()
    if not hit:
        assert fault.at_random is not None, (fault, "the place was not reached")
        machine.hit(fault.blow, random)  # type: ignore[arg-type]
    for worker in workers[1:]:
        worker.wait()


def _again(scene: Scene, steps: Script, seed: int) -> int:
    """Everything of the round once more, answered or not; what was answered is answered alike."""
    places = places_of(scene.answers)
    with _ledger(scene, seed) as ledger:
        heard = [
            patiently(lambda step=step: perform(ledger, step, places), lambda _: None)  # type: ignore[misc]
            for step in steps
        ]
    told = [answer for answer in heard if answer is not None]
    merged(scene.answers, told)
    return len(told)


def _end(scene: Scene, report: Report) -> None:
    """The whole story once more, key by key; then the deep check."""
    report.counts["told again at the end"] += _again(scene, tuple(scene.story.told), 0)
    with _ledger(scene, 0) as ledger:
        report.compared.update(check(ledger, scene.story, scene.answers, deep=True))


@contextmanager
def _ledger(scene: Scene, seed: int) -> Iterator[Ledger]:
    with patiently(lambda: Ledger.open(scene.dsn, Clock(seed)), lambda _: None) as ledger:
        yield ledger
