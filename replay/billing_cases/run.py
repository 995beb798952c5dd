"""One billing case from its file to its result: translated, played, compared, varied."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from domain.errors import Malformed, Rejected
from replay.billing_cases.acts import Course
from replay.billing_cases.figures import Compared, compare, last_day, require_known
from replay.billing_cases.format import expected, given
from replay.billing_cases.phrases import policy_notes
from replay.billing_cases.seen import Seen
from replay.billing_cases.translation import translate
from replay.billing_cases.variants import scaled, shifted
from replay.case_format import CaseError
from replay.case_result import Result
from replay.case_variants import FACTORS, SHIFT_YEARS


class Stage(Protocol):
    """A ledger to play on: each case in an entity of its own."""

    def play_billing(self, entity: str, course: Course) -> Seen:
        """All acts of a case, and what its runs issued."""
        ...


def run_billing_case(raw: Mapping[str, Any], name: str, file: str, stage: Stage) -> Result:
    """The case as written, and if it comes out right, its variants. Raises CaseError."""
    compared = play(raw, stage)
    differences = tuple(_difference(row) for row in compared if not row.is_equal)
    variants = {} if differences else dict(_variants(raw, stage))
    return Result(
        case=name,
        file=file,
        passed=not differences and all(said == "passed" for said in variants.values()),
        compared=len(compared),
        differences=differences,
        variants=variants,
        notes=policy_notes(given(raw).policy),
    )


def play(
    raw: Mapping[str, Any], stage: Stage, factor: int = 1, variant: str = ""
) -> tuple[Compared, ...]:
    """Before the ledger has answered, only names and the last day of what is expected are read."""
    wanted = expected(raw)
    require_known(wanted)
    try:
        course = translate(given(raw), last_day(wanted), apart="charge" in wanted)
    except (Rejected, Malformed) as no:
        raise CaseError(f"the ledger cannot hold it: {no}") from None
    return compare(wanted, stage.play_billing(_entity(raw, variant), course), factor)


def _entity(raw: Mapping[str, Any], variant: str) -> str:
    """A name that follows from all that the case says: of two that differ in what they expect
    alone, each is played by itself.
    """
    text = msgspec.json.encode({**raw, "variant": variant}, order="sorted")
    return f"case-{hashlib.sha256(text).hexdigest()[:16]}"


def _difference(row: Compared) -> dict[str, str]:
    return {
        "figure": row.name,
        "expected": row.expected,
        "found": row.found,
        "difference": row.difference,
    }


def _variants(raw: Mapping[str, Any], stage: Stage) -> Iterator[tuple[str, str]]:
    for factor in FACTORS:
        yield f"x{factor}", _said(scaled(raw, factor), stage, factor, f"x{factor}")
    yield f"+{SHIFT_YEARS}y", _said(shifted(raw), stage, 1, "later")


def _said(raw: Mapping[str, Any], stage: Stage, factor: int, variant: str) -> str:
    """What is wrong with a variant; `passed` if nothing is."""
    try:
        rows: Iterable[Compared] = play(raw, stage, factor, variant)
    except CaseError as no:
        return str(no)
    wrong = [f"{row.name}: {row.found}, not {row.expected}" for row in rows if not row.is_equal]
    return "; ".join(wrong) or "passed"
