"""A disk that fills up: a server on a small file system, a ballast, and usage until nothing fits.

Where the space ends is drawn: in a table, which fails one statement, or in the log of PostgreSQL,
which takes the server down. Space comes back, the server is started if it is gone, everything is
asked again.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from random import Random

from msgspec import structs

from tests.faults.acts import OUTAGES, perform
from tests.faults.checks import check, merged, places_of
from tests.faults.kills import Say, Scene, ask_again, ledger_of
from tests.faults.machine import Machine, machine
from tests.faults.plan import Step, Story, Tell, script, story
from tests.faults.report import Report

DISK_BYTES = 160 * 2**20
ROWS = 2_000
BATCHES_MAX = 200
BY_ITSELF_SECONDS = 5.0


class NoMount(Exception):
    """This user may not mount a file system."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own in memory; root may make one, most others may not."""
    place = Path(tempfile.mkdtemp(prefix="tieout-disk-"))
    place.chmod(0o755)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", f"{place}"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        if made.returncode:
            raise NoMount(made.stderr.strip())
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", f"{place}"], check=True)
    finally:
        place.rmdir()


def campaign(*, seed: int, count: int, say: Say) -> Report:
    """So many times full. Raises Broken at the first difference."""
    began = time.monotonic()
    random = Random(seed)
    report = Report(what="disk", seed=seed)
    with small_disk() as disk, machine(disk) as hurt:
        for number in range(count):
            _fill(hurt, disk, random, report)
            say(f"{number + 1} of {count}, {time.monotonic() - began:.0f} s")
    report.seconds = Decimal(f"{time.monotonic() - began:.1f}")
    return report


def _fill(hurt: Machine, disk: Path, random: Random, report: Report) -> None:
    told = story(random, random.randrange(2**32), size_max=30)
    with hurt.database() as dsn:
        scene = Scene(story=told, dsn=dsn)
        first = script(random, told, "usage-before-fact")
        done: list[Step] = [*first.shared, *first.baits]
        _do(scene, done)
        with _ballast(disk, leaving=random.randint(2, 24) * 2**20):
            for number in range(BATCHES_MAX):
                step = _large(told, random, number)
                done.append(step)
                told.told.append(step)
                if (outage := _outage_of(lambda step=step: _do(scene, [step]))) is not None:  # type: ignore[misc]
                    break
            else:
                raise AssertionError("the disk never filled up")
        report.faults[f"disk full: {outage}"] += 1
        if not hurt.comes_back(BY_ITSELF_SECONDS):
            hurt.start_again()
            report.counts["server started again"] += 1
        last = script(random, told, "poster-mid-chunk")
        done += [*last.shared, *last.baits]
        report.counts["retried with the same key"] += ask_again(scene, tuple(done), 0)
        with ledger_of(scene, 0) as ledger:
            report.compared.update(check(ledger, told, scene.answers, deep=True))


def _do(scene: Scene, steps: list[Step]) -> None:
    with ledger_of(scene, 0) as ledger:
        for step in steps:
            answer = perform(ledger, step, places_of(scene.answers))
            merged(scene.answers, [answer] if answer is not None else [])


def _outage_of(act: Callable[[], None]) -> str | None:
    try:
        act()
    except OUTAGES as outage:
        return type(outage).__name__
    return None


def _large(told: Story, random: Random, number: int) -> Tell:
    """A batch that needs some space."""
    base = next(step for step in told.told if step.arrival.key.startswith("usage"))
    row = base.arrival.rows[0]
    rows = tuple(
        structs.replace(
            row, event_id=f"large-{number}-{place}", quantity=Decimal(random.randint(1, 9))
        )
        for place in range(ROWS)
    )
    arrival = structs.replace(base.arrival, key=f"large-{number}", rows=rows)
    return structs.replace(base, arrival=arrival, repeats=(), broken=0)


@contextmanager
def _ballast(disk: Path, *, leaving: int) -> Iterator[None]:
    """Something that takes the space, but for a little."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb") as file:
            left = shutil.disk_usage(disk).free - leaving
            while left > 0:
                left -= file.write(b"\0" * min(left, 2**20))
        yield
    finally:
        with suppress(FileNotFoundError):
            ballast.unlink()
