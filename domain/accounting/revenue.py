"""Revenue flows: an obligation's amount released from contract liability along its pattern.

Rules are versioned by name, `pattern@version`; the name travels with every line.
"""

from __future__ import annotations

from datetime import date, datetime

from domain.accounting.curves import (
    At,
    Curve,
    Instants,
    Progress,
    Ratable,
    Steps,
    evenly,
    word_of,
)
from domain.accounting.schedule import Flow
from domain.explain import Step, Told, steps_of

RELEASE = (("contract-liability", 1), ("revenue", -1))


def release(obligation: str, curve: Curve, causes: tuple[int, ...], rule: str, told: Told) -> Flow:
    """Liability to revenue, driven by time (rules 30 to 32)."""
    return Flow(
        kind="release",
        subject=obligation,
        obligation=obligation,
        legs=RELEASE,
        curve=curve,
        causes=causes,
        rule=rule,
        told=(lambda: told) if isinstance(told, tuple) else told,
    )


def over_time(
    obligation: str,
    start: date,
    end: date,
    minor: int,
    by: Progress,
    causes: tuple[int, ...],
    told: Told = (),
) -> Flow:
    """Straight-line over [start, end) (rule 32); cumulative rounding closes to zero (rule 47).

    Where no day is left the amount is earned at once: nothing may vanish (law 9).
    """
    curve = evenly(start, end, minor, by)
    if curve.end <= curve.start:
        return at_once(obligation, start, minor, causes, told)
    word = word_of(by)
    rule = f"ratable-by-{word}@1"
    return release(obligation, curve, causes, rule, lambda: (*steps_of(told), _spread(curve)))


def _spread(curve: Ratable) -> Step:
    begin: date | datetime = curve.start
    end: date | datetime = curve.end
    if isinstance(curve.by, Instants):
        begin, end = curve.by.begins or begin, curve.by.ends or end
    return Step(what=f"earned evenly by {word_of(curve.by)}", value=f"{begin} to {end}")


def at_once(
    obligation: str, day: date, minor: int, causes: tuple[int, ...], told: Told = ()
) -> Flow:
    """The whole amount when control passes (rule 30)."""
    return release(
        obligation,
        At(day, minor),
        causes,
        "point-in-time@1",
        lambda: (*steps_of(told), Step(what="earned", value=str(day))),
    )


def as_used(
    obligation: str,
    marks: tuple[tuple[date, int], ...],
    causes: tuple[int, ...],
    told: Told = (),
) -> Flow:
    """Usage is earned in the period it occurs in (rules 24 and 26)."""
    return release(obligation, Steps(marks), causes, "usage-as-it-occurs@1", told)


def short(
    obligation: str,
    marks: tuple[tuple[date, int], ...],
    causes: tuple[int, ...],
    told: Told = (),
) -> Flow:
    """What was promised and not used is earned when the period that could use it is over, or as it
    stands each day where a price elects that (breakage, ASC 606-10-55-48, IFRS 15.B46).
    """
    return release(obligation, Steps(marks), causes, "shortfall@1", told)


def as_drawn(
    obligation: str,
    marks: tuple[tuple[date, int], ...],
    causes: tuple[int, ...],
    told: Told = (),
) -> Flow:
    """What was paid for credits is earned in proportion as they are drawn (rule 35)."""
    return release(obligation, Steps(marks), causes, "credits-as-drawn@1", told)


def lapsed(
    obligation: str,
    marks: tuple[tuple[date, int], ...],
    causes: tuple[int, ...],
    told: Told = (),
) -> Flow:
    """What was paid for credits that nobody drew (breakage, ASC 606-10-55-48, IFRS 15.B46)."""
    return release(obligation, Steps(marks), causes, "breakage@1", told)
