"""Prints, after the laws, how often each law compared and each two kinds of facts met."""

import pytest

from tests.laws import count


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
