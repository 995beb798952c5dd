"""Runs of faults as long as one likes: `python -m tests.faults kills|cuts|statements|papers|soak`.

Each prints its seed, how far it is, and a report; it leaves with 1 at the first difference.
"""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
from decimal import Decimal

from tests.faults import cuts, disk, kills, papers, soak, statements
from tests.faults.machine import machine
from tests.faults.report import Report
from tests.laws.time_laws import Broken


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    runs = parser.add_subparsers(dest="run", required=True)
    one = runs.add_parser("kills", help="processes at every named place, and PostgreSQL")
    one.add_argument("--process", type=int, default=500)
    one.add_argument("--postgres", type=int, default=100)
    one = runs.add_parser("cuts", help="connections, before, at and after a commit")
    one.add_argument("--count", type=int, default=2_000)
    one = runs.add_parser("statements", help="imports of a bank's statement, at every place")
    one.add_argument("--count", type=int, default=200)
    one = runs.add_parser("papers", help="billing runs that draft and issue, at every place")
    one.add_argument("--count", type=int, default=200)
    one = runs.add_parser("disk", help="a small disk that fills up; needs to mount one")
    one.add_argument("--count", type=int, default=20)
    one = runs.add_parser("soak", help="two services and two workers on one ledger under load")
    one.add_argument("--minutes", type=Decimal, default=Decimal(10))
    for run in runs.choices.values():
        run.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
        run.add_argument("--json", action="store_true", help="the report as JSON")
    return parser.parse_args()


def _run(told: argparse.Namespace) -> Report:
    if told.run == "disk":
        return disk.campaign(seed=told.seed, count=told.count, say=_say)
    with machine() as hurt:
        if told.run == "soak":
            return soak.campaign(hurt, seed=told.seed, minutes=told.minutes, say=_say)
        if told.run == "statements":
            return statements.campaign(hurt, seed=told.seed, count=told.count, say=_say)
        if told.run == "papers":
            return papers.campaign(hurt, seed=told.seed, count=told.count, say=_say)
        if told.run == "cuts":
            return cuts.campaign(hurt, seed=told.seed, count=told.count, say=_say)
        return kills.campaign(
            hurt, seed=told.seed, process=told.process, postgres=told.postgres, say=_say
        )


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def main() -> int:
    told = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and folders go with us
    _say(f"{told.run} --seed {told.seed}")
    try:
        report = _run(told)
    except Broken as difference:
        _say(f"BROKEN under seed {told.seed}: {difference}")
        return 1
    sys.stdout.write(
        json.dumps(report.as_builtins(), indent=2) if told.json else "\n".join(report.lines())
    )
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
