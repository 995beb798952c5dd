"""Mutation testing of the modules that decide amounts: `python -m tests.mutants.of_code [WORD]`.

Each mutant changes one place of one function's syntax tree. The tests that come to that place are
run in a forked process until one fails, those first that saw the mutants before it, then the
fastest; a mutant that none of them sees survives and is printed.
"""

from __future__ import annotations

import importlib
import mmap
import os
import signal
import sys
import time
from itertools import groupby
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants.variants import ROOT, Mutant, file_of, mutants_of

# The journal's types have no function that decides anything.
CONTRACT = (
    *("allocation", "changes", "combined", "costs", "course", "ending", "events", "exercise"),
    *("financing", "ground", "inception", "parts", "priced", "pricing", "promise", "purchases"),
    *("received", "rights", "spread", "stretch", "term", "transfer", "unbilled", "variable"),
)
BESIDE = (
    *("contracts", "modification", "revenue", "curves", "as_agreed", "subscriptions", "invoices"),
    *("pools", "exchange", "remaining", "access", "sharing", "upfront", "run_on", "served"),
    *("documents", "opening", "causes", "fees", "ended"),
)
MODULES = (
    *("domain.ledger", "domain.due", "domain.net_position", "domain.carried"),
    *(f"domain.accounting.contract.{name}" for name in CONTRACT),
    *(f"domain.accounting.{name}" for name in BESIDE),
)
TESTS = ("tests/domain", "tests/laws/test_contracts.py")
# Of one test, of the processor's time: what takes longer hangs.
SECONDS_MOST = 20


def put(mutant: Mutant) -> None:
    module = sys.modules[mutant.module]
    _found(module, mutant.function).__code__ = mutant.code


def _found(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = found.__dict__[part]
    found = getattr(found, "fget", found)
    assert isinstance(found, FunctionType), name
    return found


class Session:
    """The tests once with every line noted, then once more for each mutant that they come to."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.tests: dict[tuple[str, int], list[pytest.Item]] = {}
        self.seconds: dict[pytest.Item, float] = {}
        # In memory that a process shares with those it forks: which test it is at.
        self.at = mmap.mmap(-1, 4)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What draws has a seed of its own and takes long; the laws are tested by mutants too."""
        items[:] = [one for one in items if not hasattr(getattr(one, "obj", None), "hypothesis")]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        wanted: dict[str, list[Mutant]] = {}
        for name in MODULES:
            importlib.import_module(name)
            for mutant in mutants_of(name):
                if not self.words or any(word in str(mutant) for word in self.words):
                    wanted.setdefault(name, []).append(mutant)
        files = {str(file_of(name)) for name in wanted}
        for _, same in groupby(session.items, key=lambda item: item.nodeid.partition("[")[0]):
            self._note([*same], files)
        for name, mutants in wanted.items():
            seen = sum(
                self._seen_among([*rows])
                for _, rows in groupby(mutants, key=lambda mutant: mutant.function)
            )
            self._tell(f"{name}: {seen} of {len(mutants)}, {seen * 100 // len(mutants)} %")
        return True

    def _note(self, items: list[pytest.Item], files: set[str]) -> None:
        """Which lines of the files a test comes to, in whichever of its forms: what one of them
        worked out is kept for the others, and of other tests nothing.
        """
        # Of each code the lines that none has come to yet: once there are none it is left alone.
        unseen: dict[CodeType, set[int]] = {}

        def note(frame: FrameType, _event: str, _: object) -> Any:
            code = frame.f_code
            left = unseen.get(code)
            if left is None:
                left = unseen[code] = _lines_of(code) if code.co_filename in files else set()
            left.discard(frame.f_lineno)
            return note if left else None

        _forget()
        passed = []
        for item in items:
            began = time.process_time()
            sys.settrace(note)
            reports = runtestprotocol(item, log=False, nextitem=None)
            sys.settrace(None)
            self.seconds[item] = time.process_time() - began
            if all(report.passed for report in reports):
                passed.append(item)
        places = {
            (code.co_filename, line)
            for code, left in unseen.items()
            if code.co_filename in files
            for line in _lines_of(code) - left
        }
        for place in places:
            self.tests.setdefault(place, []).extend(passed)

    def _seen_among(self, mutants: list[Mutant]) -> int:
        """How many of a function's mutants are seen: what saw others is asked first."""
        seen = 0
        killers: dict[pytest.Item, int] = {}
        for mutant in mutants:
            tests = sorted(
                self._coming_to(mutant),
                key=lambda item: (-killers.get(item, 0), self.seconds[item]),
            )
            killer = self._killer(mutant, tests)
            if killer is None:
                self._tell(f"survived  {mutant}")
            else:
                killers[killer] = killers.get(killer, 0) + 1
                seen += 1
        return seen

    def _coming_to(self, mutant: Mutant) -> set[pytest.Item]:
        file = str(file_of(mutant.module))
        return {item for line in mutant.lines for item in self.tests.get((file, line), ())}

    def _tell(self, line: str) -> None:
        sys.__stdout__.write(f"{line}\n")
        sys.__stdout__.flush()

    def _killer(self, mutant: Mutant, items: list[pytest.Item]) -> pytest.Item | None:
        """In a process of its own, so that nothing of the mutant stays; what hangs is seen."""
        child = os.fork()
        if child == 0:
            os._exit(self._fails(mutant, items))
        _, status = os.waitpid(child, 0)
        return items[int.from_bytes(self.at[:], "big")] if status != 0 else None

    def _fails(self, mutant: Mutant, items: list[pytest.Item]) -> int:
        try:
            put(mutant)
            _forget()
            for at, item in enumerate(items):
                self.at[:] = at.to_bytes(4, "big")
                most = max(SECONDS_MOST, 2 * self.seconds[item])
                signal.setitimer(signal.ITIMER_VIRTUAL, most)
                if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
                    return 1
        except BaseException:  # noqa: BLE001 (whatever a mutant breaks, it was seen)
            return 1
        return 0


def _lines_of(code: CodeType) -> set[int]:
    return {line for _, _, line in code.co_lines() if line is not None}


def _forget() -> None:
    """What was worked out before the code was broken is not kept."""
    for name, module in [*sys.modules.items()]:
        if name.startswith(("domain", "tests")):
            for one in [*vars(module).values()]:
                if callable(clear := getattr(one, "cache_clear", None)):
                    clear()


def main(words: list[str]) -> int:
    session = Session(words)
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header")
    pytest.main([*options, *(str(ROOT / test) for test in TESTS)], plugins=[session])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
