"""Apply each mutant to a copy of the tree; its law must fail: `python -m tests.mutants [WORD]`.

A mutant that no test sees is a hole in the laws; one that cannot be applied is a stale table. Both
fail the run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.table import MUTANTS, RULE, Mutant

ROOT = Path(__file__).parents[2]
NEEDED = (
    *("domain", "store", "projections", "replay"),
    *("tests/laws", "tests/domain", "tests/projections", "tests/conftest.py", "pyproject.toml"),
)
# Enough histories for a law to meet what a mutant breaks; the first that fails ends the run.
HISTORIES = {"TIEOUT_LAW_HISTORIES": "60", "TIEOUT_LAW_HISTORIES_ON_POSTGRESQL": "2"}
SAMPLE = """
from decimal import Decimal
from domain.pricing import Graduated, Tier, rate
tiers = (Tier(unit_amount=Decimal(3), up_to=Decimal(10)), Tier(unit_amount=Decimal(1)))
rated = rate(Graduated(tiers=tiers), Decimal(25))
print(rated.amount)
print([(step.what, step.value) for step in rated.steps])
"""


def copy_of_tree(place: Path) -> None:
    for name in NEEDED:
        source, target = ROOT / name, place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def broken(place: Path, mutant: Mutant) -> str | None:
    """Apply it; what is wrong with the table, if anything."""
    file = place / mutant.file
    text = file.read_text()
    if text.count(mutant.old) != 1:
        return f"found {text.count(mutant.old)} times in {mutant.file}, not once"
    file.write_text(text.replace(mutant.old, mutant.new))
    return None


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    quick = {"TIEOUT_LAW_QUICK": "1", **HISTORIES}
    return subprocess.run(
        [sys.executable, *command],
        cwd=place,
        env={**os.environ, **own, **quick},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def law_fails(mutant: Mutant) -> str | None:
    """None if the law's test fails, as it must; else what happened."""
    with tempfile.TemporaryDirectory(prefix="tieout-mutant-") as folder:
        place = Path(folder)
        copy_of_tree(place)
        if (stale := broken(place, mutant)) is not None:
            return stale
        found = run(place, "-m", "pytest", *_test_of(mutant), "-x", "-q")
        if found.returncode == 1:
            return None
        return f"the law's test did not fail (exit {found.returncode}): {found.stdout[-300:]}"


def _test_of(mutant: Mutant) -> tuple[str, ...]:
    if mutant.test:
        return tuple(mutant.test.split())
    if mutant.is_of_the_store:
        name = f"test_postgres_keeps_{mutant.law.replace('-', '_')}"
        return ("tests/laws/test_laws_on_postgres.py", "-k", name)
    return ("tests/laws/test_laws.py", "-k", f"keeps and {mutant.law}")


def rule_changes_both() -> str | None:
    """A mutant of a rule changes the amount and its explanation: they come from one call."""
    with tempfile.TemporaryDirectory(prefix="tieout-mutant-") as folder:
        place = Path(folder)
        copy_of_tree(place)
        before = run(place, "-c", SAMPLE).stdout.splitlines()
        if (stale := broken(place, RULE)) is not None:
            return stale
        after = run(place, "-c", SAMPLE).stdout.splitlines()
    both = len(before) == len(after) == 2 and all(
        a != b for a, b in zip(before, after, strict=True)
    )
    return None if both else f"{before} became {after}"


def judged(mutant: Mutant) -> tuple[Mutant, str | None, float]:
    began = time.monotonic()
    wrong = rule_changes_both() if mutant is RULE else law_fails(mutant)
    return mutant, wrong, time.monotonic() - began


def main(words: list[str]) -> int:
    chosen = [one for one in (*MUTANTS, RULE) if all(word in f"{one}" for word in words)]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        results = []
        for mutant, wrong, seconds in pool.map(judged, chosen):
            said = "seen  " if wrong is None else "MISSED"
            sys.stdout.write(f"{said} {seconds:5.1f}s  {mutant.law}: {mutant.why}\n")
            if wrong is not None:
                sys.stdout.write(f"        {wrong}\n")
            sys.stdout.flush()
            results.append(wrong is None)
    sys.stdout.write(f"{results.count(True)} passed, {results.count(False)} failed\n")
    return 0 if all(results) and results else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
