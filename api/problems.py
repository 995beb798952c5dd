"""What went wrong, as RFC 9457 problem details: the one place where a code meets an HTTP status."""

import json
from typing import Any, Self

from msgspec import UNSET, Struct, UnsetType

from api.problem_titles import TITLES
from domain.errors import Malformed, Rejected
from projections.question import Behind
from store.failure import StoreError
from store.request import Conflict

REFERENCE = "docs/reference/problems.md"
MEDIA_TYPE = "application/problem+json"

# Where a code answers with another status than its kind does.
STATUS = {
    "key-reused": 409,
    "source-id-reused": 409,
    "batch-number-reused": 409,
    "not-acceptable": 406,
    "period-already-closed": 423,
    "actor-not-allowed": 403,
    "own-approval": 403,
    "same-person": 403,
}
RETRYABLE = frozenset(
    {"database-unreachable", "too-many-waiting", "version-conflict", "views-behind"}
)


class Missing(Exception):
    """What was asked for by name is not there."""

    def __init__(self, what: str, name: object) -> None:
        super().__init__(f"no {what} {name}")
        self.code = "not-found"
        self.field = what
        self.context = {what: name}

    @classmethod
    def at(cls, what: str, *place: str | int) -> Self:
        """Nothing at a place that may have several parts, such as entry and line."""
        return cls(what, place[0] if len(place) == 1 else "/".join(map(str, place)))


class Problem(Struct, frozen=True, kw_only=True):
    """`code` is for programs and stable, `field` names what is at fault, `context` says how."""

    type: str
    title: str
    status: int
    code: str
    retryable: bool
    detail: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    context: dict[str, Any] | UnsetType = UNSET
    instance: str | UnsetType = UNSET


Named = Rejected | Malformed | Conflict | Missing | StoreError | Behind


def problem_of(error: Named, instance: str | None = None) -> Problem:
    match error:
        case Rejected():
            return _problem(error.code, 422, error.field, error.context, instance)
        case Malformed():
            return _problem(error.code, 400, error.field, error.context, instance)
        case Conflict():
            return _problem(error.code, 409, error.field, error.context, instance)
        case Missing():
            return _problem(error.code, 404, error.field, error.context, instance)
        case StoreError():
            return _problem(error.code, 503, None, {}, instance, str(error))
        case Behind():
            return _problem("views-behind", 503, None, {}, instance, str(error))


def http_problem(code: str, status: int, detail: str, instance: str) -> Problem:
    """What HTTP itself refuses."""
    return _problem(code, status, None, {}, instance, detail)


def _problem(
    code: str,
    status: int,
    field: str | None,
    context: dict[str, Any],
    instance: str | None,
    detail: str | None = None,
) -> Problem:
    return Problem(
        type=f"{REFERENCE}#{code}",
        title=TITLES.get(code, code),
        status=STATUS.get(code, status),
        code=code,
        retryable=code in RETRYABLE,
        detail=detail or UNSET,
        field=field or UNSET,
        context=json.loads(json.dumps(context, default=str)) if context else UNSET,
        instance=instance or UNSET,
    )
