"""What a contract says in one way, and of what it fits: all else would be lost without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from domain.contract_commands import ExerciseRights, ReviseExpectation
from domain.contract_facts import Obligation, ObligationPattern, Restated, VariableAmount
from domain.errors import Rejected

# Each is one way to say the same: how many rights were used, what is expected of them,
_USED = ("quantity", "cumulative")
_EXPECTED = ("expected_exercised", "breakage_percent")
# what is expected of an uncertain amount, and what of it is included in the price,
_ESTIMATED = (
    "estimate_minor",
    "conceded_percent",
    "conceded_quantity",
    "outcomes",
    "unit_price",
    "non_cash",
)
_INCLUDED = ("included_minor", "included_conceded_percent")
# and what a promise costs. What comes on top of it has a price of its own, beside no other.
_PRICED = ("price_minor", "unit_price", "fees")
_MORE = "added_quantity"
# What only a promise that is transferred so has.
_OF_PATTERN: dict[str, ObligationPattern] = {
    "renewals": "ratable",
    "milestones": "milestones",
    "percent_of_base": "percent-of-base",
    "expected_exercised": "as-exercised",
    "breakage_percent": "as-exercised",
}
_REVISED: dict[str, ObligationPattern] = {
    "expected_cost_minor": "percent-complete",
    "materials_minor": "percent-complete",
    "expected_exercised": "as-exercised",
    "breakage_percent": "as-exercised",
}


def require_one_way_of_use(command: ExerciseRights) -> None:
    _require_one(command, _USED, "")


def require_one_way_expected(row: Obligation, field: str) -> None:
    _require_one(row, _EXPECTED, f"{field}.")


def require_one_way_estimated(rows: Iterable[VariableAmount]) -> None:
    for row in rows:
        _require_one(row, _ESTIMATED, "variable.")
        _require_one(row, _INCLUDED, "variable.")


def require_one_way_restated(rows: Iterable[Restated]) -> None:
    for row in rows:
        _require_one(row, _PRICED, "restated.")
        for name in ("quantity", *_PRICED):
            _require_one(row, (name, _MORE), "restated.")


def require_of_pattern(row: Obligation, field: str) -> None:
    _require_fitting(row, _OF_PATTERN, row.pattern, f"{field}.")


def require_revised(command: ReviseExpectation, row: Obligation | None) -> None:
    """A source may tell it before the promise is known."""
    _require_one(command, _EXPECTED, "")
    if row is not None:
        _require_fitting(command, _REVISED, row.pattern, "")


def _require_fitting(
    said: object, fits: Mapping[str, ObligationPattern], pattern: ObligationPattern, field: str
) -> None:
    for name, fitting in fits.items():
        if _is_said(said, name) and pattern != fitting:
            raise Rejected("transferred-otherwise", field=f"{field}{name}", pattern=pattern)


def _is_said(said: object, name: str) -> bool:
    return getattr(said, name) not in (None, ())


def _require_one(said: object, names: Sequence[str], field: str) -> None:
    """At most one of these; the refusal names the second, and all that are said."""
    ways = [name for name in names if _is_said(said, name)]
    if len(ways) > 1:
        raise Rejected("said-in-two-ways", field=f"{field}{ways[1]}", ways=ways)
