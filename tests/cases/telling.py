"""What a case that was played comes to, in words."""

from __future__ import annotations

from replay.case_result import Result


def told(result: Result) -> list[str]:
    """What is wrong with a case, figure by figure, and what waits."""
    said = [
        f"{row['figure']}: expected {row['expected']}, found {row['found']}"
        for row in result.differences
    ]
    wrong = [f"{name}: {what}" for name, what in result.variants.items() if what != "passed"]
    return [*result.problems, *said, *wrong]
