"""Worked cases: data files played through the public commands, their figures compared to the cent.

A case passes when every figure it expects is what the ledger says, and when it still holds with all
money times 3 and times 7 and with all dates 28 years later. The harness reads of `expected` only
the last month before the ledger has answered. Nothing here knows a case by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from domain.currency import exponent
from domain.errors import Malformed, Rejected
from replay.accounting_cases.answers import Answers, Posted
from replay.accounting_cases.figure import Compared, compare
from replay.accounting_cases.figures import figures, last_month, to_the_end
from replay.accounting_cases.format import Document, document
from replay.accounting_cases.plan import Act, Plan, plan
from replay.accounting_cases.steps import NoEffect, Translation
from replay.accounting_cases.translation import translate
from replay.accounting_cases.variants import scaled
from replay.accounting_cases.words import currency_of
from replay.billing_cases.acts import Course
from replay.billing_cases.format import is_billing
from replay.billing_cases.run import run_billing_case
from replay.billing_cases.seen import Seen
from replay.case_format import CaseError, read_document
from replay.case_result import Report, Result
from replay.case_variants import FACTORS, SHIFT_YEARS, shifted


class Stage(Protocol):
    """A ledger to play on: each case in an entity of its own."""

    def do(self, entity: str, act: Act) -> None:
        """One act through a public command; a refusal is raised."""
        ...

    def answers(self, entity: str, course: Plan) -> Answers:
        """What the books of the entity say, when all is done."""
        ...

    def play_billing(self, entity: str, course: Course) -> Seen:
        """All acts of a billing case, and what its runs issued."""
        ...


class Played(Struct, frozen=True, kw_only=True):
    """What one playing of a case brought to light."""

    compared: tuple[Compared, ...]
    posted: tuple[Posted, ...]
    notes: tuple[str, ...]
    step_minor: int = 1


def run_cases(directory: Path, stage: Stage, told: Callable[[Result], None]) -> Report:
    """Every .json file of a folder; `told` hears of each result as it comes."""
    results = []
    for path in sorted(directory.glob("*.json")):
        results.append(run_case(path, stage))
        told(results[-1])
    passed = sum(result.passed for result in results)
    return Report(passed=passed, failed=len(results) - passed, cases=tuple(results))


def run_case(path: Path, stage: Stage) -> Result:
    name = path.stem
    try:
        raw = read_document(path)
        name = str(raw.get("id") or name)
        if is_billing(raw):
            return run_billing_case(raw, name, path.name, stage)
        case = document(raw, name)
        base = play(case, stage)
    except CaseError as no:
        return Result(case=name, file=path.name, passed=False, problems=no.reasons)
    differences = tuple(row.difference() for row in base.compared if not row.is_equal)
    variants = {} if differences else dict(_variants(raw, base, stage))
    return Result(
        case=name,
        file=path.name,
        passed=not differences and all(said == "passed" for said in variants.values()),
        compared=len(base.compared),
        differences=differences,
        variants=variants,
        notes=base.notes,
    )


def play(case: Document, stage: Stage) -> Played:
    """Translate, set on the time line, play, compare. What cannot be is refused by name."""
    wanted, steps = _both(lambda: figures(case.expected), lambda: translate(case.given))
    course = plan(steps, last_month(wanted), to_the_end=to_the_end(wanted))
    entity = entity_of(case)
    for act in course.acts:
        _do(stage, entity, act)
    answers = stage.answers(entity, course)
    posted = tuple(answers.posted())
    return Played(
        compared=compare(
            wanted, answers, currency_of(case.given.currency), in_whole=steps.shown_in_whole
        ),
        posted=posted,
        notes=(*steps.notes, *_notes(course.acts), *answers.left_over()),
        step_minor=_step_minor(steps),
    )


def _step_minor(steps: Translation) -> int:
    """What amounts are rounded to: cents or whole units, for each contract of a portfolio."""
    in_whole = steps.shown_in_whole or steps.rounds_to_whole
    unit: int = 10 ** exponent(steps.currency)
    return (unit if in_whole else 1) * steps.alike


def _do(stage: Stage, entity: str, act: Act) -> None:
    try:
        stage.do(entity, act)
    except (Rejected, Malformed) as no:
        raise CaseError(f"the ledger refused {act.key}: {no}") from None


def _both(wanted: Callable[[], Any], steps: Callable[[], Any]) -> tuple[Any, Any]:
    """Two readings of one case; what neither can read is named together."""
    done: list[Any] = []
    reasons: list[str] = []
    for read in (steps, wanted):
        try:
            done.append(read())
        except CaseError as no:
            reasons.extend(no.reasons)
    if reasons:
        raise CaseError(*reasons)
    return done[1], done[0]


def entity_of(case: Document) -> str:
    """A name that follows from what the case gives: the same case again is the same entity."""
    given = msgspec.json.encode(msgspec.to_builtins(case.given, str_keys=True), order="sorted")
    return f"case-{hashlib.sha256(given).hexdigest()[:16]}"


def _notes(acts: Iterable[Act]) -> Iterator[str]:
    for act in acts:
        if isinstance(act.does, NoEffect):
            yield f"{act.key}: no effect, {act.does.why}"


def _variants(raw: Mapping[str, Any], base: Played, stage: Stage) -> Iterator[tuple[str, str]]:
    for factor in FACTORS:
        yield f"x{factor}", _said(scaled(raw, factor), stage, partial(scales, base, factor))
    yield f"+{SHIFT_YEARS}y", _said(shifted(raw), stage, partial(shifts, base))


def _said(raw: Mapping[str, Any], stage: Stage, check: Callable[[Played], Iterable[str]]) -> str:
    """What is wrong with a variant; `passed` if nothing is."""
    try:
        seen = play(document(raw, "variant"), stage)
    except CaseError as no:
        return str(no)
    wrong = [*check(seen), *unbalanced(seen.posted)]
    return "; ".join(wrong) or "passed"


def scales(base: Played, factor: int, seen: Played, marks: int | None = None) -> Iterator[str]:
    """Each amount is `factor` times the base, within (factor + 1) / 2 of what is rounded to, for
    each rounding; what is no amount stays.

    A journal line is the difference of two rounded marks; `marks` says how many a figure may have.
    """
    for was, now in zip(base.compared, seen.compared, strict=True):
        allowed = (factor + 1) * (marks or max(1, 2 * now.lines)) * seen.step_minor
        if not now.is_money or was.found_minor is None or now.found_minor is None:
            yield from _same(now, factor)
            continue
        for wanted in (factor * was.found_minor, now.expected_minor):
            if 2 * abs(now.found_minor - wanted) > allowed:
                yield f"{now.figure.name}: {now.found_minor} is not about {wanted} minor units"


def _same(now: Compared, factor: int) -> Iterator[str]:
    if not now.is_about(factor):
        yield f"{now.figure.name}: {now.said}, not {now.figure.text}"


def shifts(base: Played, seen: Played) -> Iterator[str]:
    """Every figure is the same, and every line is the same line so many years later."""
    for was, now in zip(base.compared, seen.compared, strict=True):
        if not now.is_equal or now.found_minor != was.found_minor:
            yield f"{now.figure.name}: {now.said}, before {was.said}"
    moved = sorted((_later(row.booked), row.account, row.minor) for row in base.posted)
    if moved != sorted((row.booked, row.account, row.minor) for row in seen.posted):
        yield "the journal is not the same journal with later dates"


def unbalanced(posted: Iterable[Posted]) -> Iterator[str]:
    """Each run's lines sum to zero in each period they are booked in."""
    sums: dict[tuple[int, str, str], int] = {}
    for row in posted:
        place = (row.known_at, row.booked, row.currency)
        sums[place] = sums.get(place, 0) + row.minor
    for (run, booked, _), total in sorted(sums.items()):
        if total:
            yield f"the lines of run {run} booked in {booked} sum to {total}"


def _later(period: str) -> str:
    year, _, month = period.partition("-")
    return f"{int(year) + SHIFT_YEARS}-{month}"
