"""Prints, after the laws, how often each law compared and each two kinds of facts met.

Where files are shared out over processes, each tells the one that prints.
"""

from __future__ import annotations

import pytest

from tests.laws import count


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["laws"] = count.told()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """A process that dies tells nothing; its tests have failed then."""
    count.take(getattr(node, "workeroutput", {}).get("laws", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not count.COMPARISONS:
        return
    terminalreporter.section("the ten laws")
    for law, made in sorted(count.COMPARISONS.items()):
        terminalreporter.line(f"{made:>12,} comparisons  {law}")
    met = count.pairs()
    drawn = f"{count.histories():>12,} histories drawn, {len(met)} pairs of kinds of facts"
    terminalreporter.line(drawn)
    for (one, other), times in sorted(met.items(), key=lambda row: row[1]):
        terminalreporter.line(f"{times:>12,}  {one} with {other}")
