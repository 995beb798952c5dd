"""What a contract says of one thing in one way: of two ways, one would be lost without a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.contract_commands import ExerciseRights, ReviseExpectation
from domain.contract_facts import Obligation, Restated, VariableAmount
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


def require_one_way_of_use(command: ExerciseRights) -> None:
    _require_one(command, _USED, "")


def require_one_way_expected(said: Obligation | ReviseExpectation, field: str = "") -> None:
    _require_one(said, _EXPECTED, field)


def require_one_way_estimated(rows: Iterable[VariableAmount]) -> None:
    for row in rows:
        _require_one(row, _ESTIMATED, "variable.")
        _require_one(row, _INCLUDED, "variable.")


def require_one_way_restated(rows: Iterable[Restated]) -> None:
    for row in rows:
        _require_one(row, _PRICED, "restated.")
        for name in ("quantity", *_PRICED):
            _require_one(row, (name, _MORE), "restated.")


def _require_one(said: object, names: Sequence[str], field: str) -> None:
    """At most one of these; the refusal names the second, and all that are said."""
    ways = [name for name in names if getattr(said, name) not in (None, ())]
    if len(ways) > 1:
        raise Rejected("said-in-two-ways", field=f"{field}{ways[1]}", ways=ways)
