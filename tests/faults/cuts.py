"""Cuts: the connection goes away before, at or after a message that asks for an answer.

Half of them wait for a commit, so that the sender cannot know whether it happened. The sender asks
again under the same key, once through the proxy and once beside it, and gets the same answer.
"""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from random import Random

import psycopg.conninfo

from replay.ledger import Ledger
from tests.faults.acts import Clock, Kept, patiently, perform
from tests.faults.checks import Answers, check, merged, places_of
from tests.faults.kills import Say
from tests.faults.machine import Machine
from tests.faults.plan import PLACES, Step, Tell, script, story
from tests.faults.proxy import MOMENTS, Cut, Proxy
from tests.faults.report import Report

CHECKED_EVERY = 25
EXCHANGES_MAX = 12
COMMITS_MAX = 3


def campaign(machine: Machine, *, seed: int, count: int, say: Say, size_max: int = 100) -> Report:
    """So many cuts that happened. Raises Broken at the first difference."""
    began = time.monotonic()
    random = Random(seed)
    report = Report(what="cuts", seed=seed)
    socket = Path(str(psycopg.conninfo.conninfo_to_dict(machine.server.dsn)["host"]))
    with Proxy(socket / ".s.PGSQL.5432") as proxy:
        while report.faults.total() < count:
            told = story(random, random.randrange(2**32), size_max=size_max)
            with machine.database() as dsn:
                sitting = Sitting(proxy, dsn, random, report)
                while told.waiting and report.faults.total() < count:
                    acts = script(random, told, random.choice(PLACES))
                    for step in (*acts.shared, *acts.baits):
                        sitting.act(step, may_cut=report.faults.total() < count)
                    if sitting.since_check >= CHECKED_EVERY:
                        report.compared.update(
                            check(sitting.direct, told, sitting.answers, deep=False)
                        )
                        sitting.since_check = 0
                        say(f"{report.faults.total()} of {count}, {time.monotonic() - began:.0f} s")
                for step in told.told:
                    sitting.act(step, may_cut=False)
                report.compared.update(check(sitting.direct, told, sitting.answers, deep=True))
                sitting.close()
            report.counts["stories"] += 1
    report.seconds = Decimal(f"{time.monotonic() - began:.1f}")
    return report


class Sitting:
    """One story told through the proxy, with a way around it."""

    def __init__(self, proxy: Proxy, dsn: str, random: Random, report: Report) -> None:
        self.proxy, self.random, self.report = proxy, random, report
        self.cut: Cut | None = None
        self.answers: Answers = {}
        self.since_check = 0
        self.kept: Kept = {}
        self.direct = Ledger.open(dsn, Clock(1))
        self.through = Ledger.open(proxy.dsn(dsn), Clock(2))

    def close(self) -> None:
        self.proxy.disarm()
        self.through.close()
        self.direct.close()

    def act(self, step: Step, *, may_cut: bool) -> None:
        """Do it through the proxy until there is an answer; then hear the same from beside it."""
        if may_cut and self.cut is None:
            self.cut = self._draw()
            self.proxy.arm(self.cut)
        places = places_of(self.answers)
        answer = patiently(lambda: perform(self.through, step, places, self.kept), self._outage)
        if answer is not None:
            merged(self.answers, [answer])
        if self.cut is not None and self.cut.done:
            self._count(self.cut)
            self.cut = None
            if isinstance(step, Tell):
                again = perform(self.direct, step, places)
                merged(self.answers, [again] if again is not None else [])
                self.report.counts["retried with the same key"] += 1

    def _draw(self) -> Cut:
        at_commit = self.random.random() < 0.5
        most = COMMITS_MAX if at_commit else EXCHANGES_MAX
        return Cut(
            moment=self.random.choice(MOMENTS),
            left=self.random.randint(1, most),
            only_commits=at_commit,
        )

    def _count(self, cut: Cut) -> None:
        where = "at a commit" if cut.only_commits else "anywhere"
        self.report.faults[f"cut: {cut.moment}, {where}"] += 1
        self.since_check += 1

    def _outage(self, _: BaseException) -> None:
        self.report.counts["outages seen by senders"] += 1
