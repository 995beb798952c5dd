"""Kills: of processes at every named place, and of PostgreSQL while a process stands at one.

A round starts a worker on its script, sometimes a second on the same one and a follower beside it,
kills, starts whatever died, asks everything again under the same keys and checks all there is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import TypeVar

from msgspec import Struct, field

from replay.ledger import Ledger
from tests.faults.acts import Clock, patiently, perform
from tests.faults.checks import Answers, check, merged, places_of
from tests.faults.machine import BLOWS, Blow, Machine
from tests.faults.plan import BAITS, PLACES, CatchUp, Script, Story, script, story
from tests.faults.processes import POLL_SECONDS, Worker
from tests.faults.report import Report

Name = TypeVar("Name")
Say = Callable[[str], None]
BY_TIME = 0.3  # of the blows to the server; the others while a process stands at its place
FOLLOWS = 20  # catch-ups of a follower beside


class Fault(Struct, frozen=True, kw_only=True):
    """What one round does to whom: everything a seed decides about it."""

    kind: str
    place: str
    passing: int
    blow: Blow = "none"
    beside: int = 0
    at_random: Decimal | None = None


class Scene(Struct, kw_only=True):
    """A story under way on its database, with everything that was ever answered."""

    story: Story
    dsn: str
    answers: Answers = field(default_factory=dict)


def faults(random: Random, process: int, postgres: int) -> Iterator[Fault]:
    """Every place and blow as often as any other, in a drawn order; a third have company."""
    kinds = ["process"] * process + ["postgres"] * postgres
    random.shuffle(kinds)
    places = {kind: _in_turn(random, PLACES) for kind in ("process", "postgres")}
    blows = _in_turn(random, BLOWS)
    for kind in kinds:
        of_server = kind == "postgres"
        by_time = of_server and random.random() < BY_TIME
        yield Fault(
            kind=kind,
            place=next(places[kind]),
            passing=random.randint(1, BAITS),
            blow=next(blows) if of_server else "none",
            beside=random.choice((0, 0, 0, 0, 1, 2)),
            at_random=Decimal(random.randint(0, 80)) / 1000 if by_time else None,
        )


def _in_turn(random: Random, names: Sequence[Name]) -> Iterator[Name]:
    """All of them in a drawn order, then all again in another."""
    while True:
        yield from random.sample(names, len(names))


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


def _round(machine: Machine, scene: Scene, fault: Fault, random: Random, report: Report) -> None:
    acts = script(random, scene.story, fault.place)
    seed = random.randrange(2**32)
    done = (*acts.shared, *acts.baits)
    first = _worker(scene, done, fault, seed)
    company = _company(scene, acts.shared, fault, seed)
    failed = _hurt(machine, first, fault, Random(seed))
    for worker in company:
        worker.wait()
    workers = [first, *company]
    if not failed:
        assert company, (fault, "the place was not reached")
        report.counts["company was quicker, and the fault came later"] += 1
        done = (*done, *acts.spare)
        scene.story.tell(acts.spare)
        workers.append(_worker(scene, acts.spare, fault, seed))
        assert _hurt(machine, workers[-1], fault, Random(seed)), (fault, "was not reached")
    _note(scene, fault, workers, report)
    report.counts["retried with the same key"] += ask_again(scene, done, seed)
    with ledger_of(scene, seed) as ledger:
        report.compared.update(check(ledger, scene.story, scene.answers, deep=False))


def _worker(scene: Scene, steps: Script, fault: Fault, seed: int) -> Worker:
    """The one that is armed."""
    action = "kill" if fault.kind == "process" else "stop"
    armed = None if fault.at_random is not None else f"{fault.place}:{action}:{fault.passing}"
    return Worker(scene.dsn, steps, places_of(scene.answers), seed=seed, armed=armed)


def _company(scene: Scene, shared: Script, fault: Fault, seed: int) -> list[Worker]:
    """A second that tells the same, and a third that only follows."""
    places, company = places_of(scene.answers), []
    if fault.beside > 0:
        company.append(Worker(scene.dsn, shared, places, seed=seed + 1))
    if fault.beside > 1:
        follows = [CatchUp(entity=name, batch=7, units=2) for name in scene.story.entities]
        company.append(Worker(scene.dsn, (*follows,) * FOLLOWS, places, seed=seed + 2))
    return company


def _hurt(machine: Machine, worker: Worker, fault: Fault, random: Random) -> bool:
    """Until the worker ends. The server is hit when it stands at its place, or after a while."""
    if fault.kind == "process":
        worker.wait()
        return worker.was_killed
    due = time.monotonic() + float(fault.at_random or 0)
    hit = False
    while worker.hear(POLL_SECONDS):
        stopped = fault.at_random is None and worker.is_stopped()
        if not hit and (stopped or (fault.at_random is not None and time.monotonic() >= due)):
            machine.hit(fault.blow, random)
            hit = True
            if stopped:
                worker.go_on()
    if not hit and fault.at_random is not None:
        machine.hit(fault.blow, random)
        hit = True
    return hit


def _note(scene: Scene, fault: Fault, workers: list[Worker], report: Report) -> None:
    place = "at any time" if fault.at_random is not None else fault.place
    report.faults[f"{fault.kind}: {place}"] += 1
    if fault.blow != "none":
        report.counts[f"postgres by {fault.blow}"] += 1
    for worker in workers:
        report.counts["acknowledged before"] += len(worker.answers)
        report.counts["outages seen by senders"] += len(worker.outages)
        merged(scene.answers, worker.answers)


def ask_again(scene: Scene, steps: Script, seed: int) -> int:
    """Everything of the round once more, answered or not; what was answered is answered alike."""
    places = places_of(scene.answers)
    with ledger_of(scene, seed) as ledger:
        heard = [
            patiently(lambda step=step: perform(ledger, step, places), lambda _: None)  # type: ignore[misc]
            for step in steps
        ]
    told = [answer for answer in heard if answer is not None]
    merged(scene.answers, told)
    return len(told)


def _end(scene: Scene, report: Report) -> None:
    """The whole story once more, key by key; then the deep check."""
    report.counts["told again at the end"] += ask_again(scene, tuple(scene.story.told), 0)
    with ledger_of(scene, 0) as ledger:
        report.compared.update(check(ledger, scene.story, scene.answers, deep=True))


@contextmanager
def ledger_of(scene: Scene, seed: int) -> Iterator[Ledger]:
    with patiently(lambda: Ledger.open(scene.dsn, Clock(seed)), lambda _: None) as ledger:
        yield ledger
