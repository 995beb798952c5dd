"""The steps of dunning as an entity elects them: how many days after the due date each comes."""

from __future__ import annotations

from itertools import pairwise

from domain.errors import Rejected

NONE = "none"
DAYS_MAX = 3_650


def steps_of(option: str) -> tuple[int, ...]:
    """Days overdue of each step, from the election; none: nobody is reminded."""
    if option == NONE:
        return ()
    parts = [part.strip() for part in option.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise Rejected("bad-dunning-steps", field="options.dunning", steps=option)
    days = tuple(int(part) for part in parts)
    if days[-1] > DAYS_MAX or any(first >= last for first, last in pairwise((-1, *days))):
        raise Rejected("bad-dunning-steps", field="options.dunning", steps=option)
    return days
