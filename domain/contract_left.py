"""What of a contract's promises is transferred so far, and what may not be said beyond it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct, structs

from domain.accounting.contract.pricing import restated
from domain.contract_checks import HUNDRED, require_above_nothing, require_worth
from domain.contract_commands import (
    ExerciseRights,
    ExpireRights,
    ModifyContract,
    ReceiveNonCash,
    ReviseExpectation,
    SatisfyObligation,
)
from domain.contract_facts import (
    ContractModified,
    NonCash,
    Obligation,
    ObligationSatisfied,
    ProgressMeasured,
    Restated,
    RightsExercised,
    RightsExpired,
    VariableAmount,
)
from domain.errors import Rejected, require_name

Progress = ObligationSatisfied | RightsExercised | RightsExpired | ProgressMeasured


class Used(NamedTuple):
    """Rights used in all by a day, as a fact leaves them; whether it counted all of them."""

    day: date
    units: Decimal
    is_count: bool


class Transferred(Struct, frozen=True, kw_only=True):
    """What of a promise is done: units or rights, use by use, and rights that expired; milestones;
    costs and those of materials at cost among them; all of it since a day.
    """

    units: Decimal = Decimal(0)
    uses: tuple[Used, ...] = ()
    expired: Decimal = Decimal(0)
    milestones: frozenset[str] = frozenset()
    incurred_minor: int = 0
    materials_minor: int = 0
    done_on: date | None = None


def with_restated(rows: dict[str, Obligation], change: ContractModified) -> dict[str, Obligation]:
    """How many units are promised, until when and at what price, once a change is counted."""
    for row in change.restated:
        own = rows.get(row.obligation)
        if own is not None:
            rows[own.obligation] = restated(own, row, change.when.measured)
    return rows


def transferred(own: Obligation | None, before: Transferred, event: Progress) -> Transferred:
    """What is done once one fact more is known; of a promise nobody knows yet, no whole."""
    match event:
        case RightsExercised():
            units, is_count = event.cumulative, event.cumulative is not None
            if units is None:
                units = before.units + (event.quantity or _rights_left(own, before))
            use = Used(event.when.effective, units, is_count)
            return structs.replace(before, units=units, uses=(*before.uses, use))
        case RightsExpired():
            gone = event.quantity or _rights_left(own, before)
            return structs.replace(before, expired=before.expired + gone)
        case ProgressMeasured():
            is_whole = event.percent == HUNDRED
            return structs.replace(
                before,
                incurred_minor=event.incurred_minor or 0,
                materials_minor=(
                    before.materials_minor
                    if event.materials_minor is None
                    else event.materials_minor
                ),
                done_on=event.when.effective if is_whole else None,
            )
        case ObligationSatisfied():
            units = before.units + (event.quantity or 0)
            reached = before.milestones | ({event.milestone} if event.milestone else set())
            return Transferred(
                units=units,
                milestones=reached,
                done_on=event.when.effective if _is_whole(own, units, reached) else None,
            )


def _rights_left(own: Obligation | None, before: Transferred) -> Decimal:
    """Rights that were neither used nor expired; none where nobody said how many there are."""
    promised = (own.quantity if own is not None else None) or Decimal(0)
    return max(promised - before.units - before.expired, Decimal(0))


def _is_whole(own: Obligation | None, units: Decimal, reached: frozenset[str]) -> bool:
    if own is None:
        return False
    if own.pattern == "units":
        return own.quantity is not None and units >= own.quantity
    return own.pattern == "point-in-time" or {row.milestone for row in own.milestones} <= reached


def to_give(
    rows: Sequence[NonCash], variable: Sequence[VariableAmount]
) -> dict[str, Decimal | None]:
    """What is promised that is no money, and how many of it; none where that is uncertain."""
    uncertain = (row.non_cash.name for row in variable if row.non_cash is not None)
    return {**dict.fromkeys(uncertain), **{row.name: row.quantity for row in rows}}


def require_given(
    command: ReceiveNonCash,
    promised: Mapping[str, Decimal | None],
    given: Mapping[str, Decimal],
    *,
    is_outside: bool,
) -> None:
    """What was promised, and no more of it; a source may know it first."""
    require_name(command.name, "name")
    require_above_nothing(command.quantity, "quantity")
    require_worth(command.unit_value, "unit_value")
    if is_outside:
        return
    if command.name not in promised:
        raise Rejected("unknown-non-cash", field="name", name=command.name)
    most, before = promised[command.name], given.get(command.name, Decimal(0))
    if most is not None and before + command.quantity > most:
        raise Rejected(
            "beyond-the-promise", field="quantity", promised=str(most), transferred=str(before)
        )


def require_left(command: SatisfyObligation, row: Obligation, done: Transferred) -> None:
    """No more units than were promised; what passed as a whole may be said again, and counts once,
    since the fact that said so first may yet be retracted.
    """
    if row.quantity is not None and done.units + (command.quantity or 0) > row.quantity:
        raise Rejected(
            "beyond-the-promise",
            field="quantity",
            promised=str(row.quantity),
            transferred=str(done.units),
        )


def require_rights(command: ExerciseRights, row: Obligation, done: Transferred) -> None:
    used = command.cumulative or done.units + (command.quantity or 0)
    field = "quantity" if command.cumulative is None else "cumulative"
    _require_rights_left(used + done.expired, row, done, field)
    _require_no_fewer(command, done, field)
    if command.expected is not None and command.expected < used:
        raise Rejected("estimate-under-certain", field="expected", certain=str(used))


def _require_no_fewer(command: ExerciseRights, done: Transferred, field: str) -> None:
    """What was used stays used: who finds that fewer were corrects the fact that says more. Facts
    come in any order, so what is counted is judged among those of its day.
    """
    uses = done.uses
    at = bisect_right(uses, command.when.effective, key=attrgetter("day"))
    before = uses[at - 1].units if at else Decimal(0)
    used = command.cumulative or before + (command.quantity or 0)
    if used < before:
        raise Rejected("fewer-than-were-used", field=field, used=str(before), counted=str(used))
    for last, use in pairwise([Used(command.when.effective, before, is_count=True), *uses[at:]]):
        if use.is_count:
            if use.units < last.units - before + used:
                by = str(last.units - before + used)
                raise Rejected("fewer-than-were-used", field=field, used=by, counted=str(use.units))
            return


def require_not_gone(command: ExpireRights, row: Obligation, done: Transferred) -> None:
    """No more rights expire than were neither used nor expired before."""
    gone = done.units + done.expired + (command.quantity or 0)
    _require_rights_left(gone, row, done, "quantity")


def _require_rights_left(gone: Decimal, row: Obligation, done: Transferred, field: str) -> None:
    if row.quantity is None or gone <= row.quantity:
        return
    raise Rejected(
        "beyond-the-promise",
        field=field,
        promised=str(row.quantity),
        transferred=str(done.units),
        expired=str(done.expired),
    )


def require_expected(command: ReviseExpectation, row: Obligation | None, done: Transferred) -> None:
    """What has happened already is certain: no fewer rights used, no less cost in all."""
    rights, costs = command.expected_exercised, command.expected_cost_minor
    percent = command.breakage_percent
    if row is not None and row.quantity is not None and percent is not None:
        used = row.quantity * (HUNDRED - percent) / HUNDRED
        if used < done.units:
            raise Rejected(
                "estimate-under-certain", field="breakage_percent", certain=str(done.units)
            )
    if rights is not None and rights < done.units:
        raise Rejected(
            "estimate-under-certain", field="expected_exercised", certain=str(done.units)
        )
    if costs is not None and costs < done.incurred_minor:
        raise Rejected(
            "estimate-under-certain", field="expected_cost_minor", certain=done.incurred_minor
        )
    materials = command.materials_minor
    if materials is not None and materials < done.materials_minor:
        raise Rejected(
            "estimate-under-certain", field="materials_minor", certain=done.materials_minor
        )


def require_unfinished(
    command: ModifyContract,
    known: Mapping[str, Obligation],
    transfers: Mapping[str, Transferred],
) -> None:
    """Of what was wholly transferred before nothing is left to state anew: its price may change,
    and more may be added. No fewer units are promised than were transferred.
    """
    for row in command.restated:
        done = transfers.get(row.obligation, Transferred())
        if row.quantity is not None and row.quantity < done.units:
            raise Rejected(
                "beyond-the-promise",
                field="restated.quantity",
                promised=str(row.quantity),
                transferred=str(done.units),
            )
        done_on = done.done_on or _last_day_of(known.get(row.obligation))
        if done_on is None or done_on >= command.when.effective or not _is_of_the_rest(row):
            continue
        raise Rejected(
            "obligation-finished",
            field="restated.obligation",
            obligation=row.obligation,
            on=str(done_on),
        )


def _last_day_of(own: Obligation | None) -> date | None:
    """Of what is earned evenly the day after the last: what goes on from there may be stated."""
    return own.service_to if own is not None and own.pattern == "ratable" else None


def _is_of_the_rest(row: Restated) -> bool:
    said = (row.service_to, row.quantity, row.ssp_minor)
    return bool(row.fees or row.added_cost_minor) or any(one is not None for one in said)
