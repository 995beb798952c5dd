"""The HTTP face, wired: one ledger, its committers and follower, every route behind a key.

Binds nothing by itself; `tieout serve` does, to 127.0.0.1 unless told otherwise.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
from litestar import Litestar, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.middleware.authentication import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
)

from api.auth import Holder, holder, keep_first_key, replace_key
from api.commands import COMMAND_ROUTES
from api.committer import Committers
from api.documents import DOCUMENT_ROUTES
from api.follower import Follower
from api.problems import MEDIA_TYPE, Missing, Problem, http_problem, problem_of
from api.queries import QUERY_ROUTES
from api.service import AnyRequest, Service
from api.surroundings import tax_engines, templates_folder
from domain.errors import Malformed, Rejected
from projections.question import Behind
from replay.documents.templates import templates
from replay.ledger import Ledger
from store.db import connect
from store.failure import StoreError
from store.request import Conflict

LOG = logging.getLogger("tieout.http")
OPEN_PATHS = ["^/health$", r"^/v1/openapi\.json$"]
SERVICE_UNAVAILABLE = 503
HTTP_CODES = {
    400: "wrong-type",
    401: "not-authorized",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


class KeyRequired(AbstractAuthenticationMiddleware):
    """`Authorization: Bearer KEY` on every address that is not open."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        ledger: Ledger = connection.app.state.service.ledger
        found = None
        if scheme.lower() == "bearer" and token:
            found = await asyncio.to_thread(_holder, ledger, token)
        if found is None:
            raise HTTPException(status_code=401, detail="send `Authorization: Bearer KEY`")
        return AuthenticationResult(user=found, auth=token)


def _holder(ledger: Ledger, token: str) -> Holder | None:
    with ledger.connection() as lent:
        return holder(lent, token)


def now() -> datetime:
    return datetime.now(UTC)


def first_key(dsn: str) -> str | None:
    """The admin key of a ledger that has none yet; shown once, never again."""
    token = _random_key()
    with connect(dsn) as connection:
        return token if keep_first_key(connection, token, now()) else None


def another_key(dsn: str) -> str:
    """Another admin key; the one before opens nothing any more."""
    token = _random_key()
    with connect(dsn) as connection:
        replace_key(connection, token, now())
    return token


def _random_key() -> str:
    return f"tk_{secrets.token_urlsafe(32)}"


def create_app(dsn: str, run_every: float | None = None, *, follows: bool = True) -> Litestar:
    """The service on a migrated database; with `run_every` seconds it posts news by itself.

    Without `follows` poster and views are left to workers in processes of their own.
    """
    chosen = templates(templates_folder())

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        ledger = Ledger.open(dsn, now, tax_engines())
        committers, follower = Committers(ledger), Follower(ledger, run_every)
        app.state.service = Service(ledger, committers, chosen)
        if follows:
            ledger.catch_up()
            follower.start()
        try:
            yield
        finally:
            committers.stop()
            if follows:
                follower.stop()
            ledger.close()

    return Litestar(
        route_handlers=[*COMMAND_ROUTES, *QUERY_ROUTES, *DOCUMENT_ROUTES],
        lifespan=[running],
        middleware=[DefineMiddleware(KeyRequired, exclude=OPEN_PATHS)],
        exception_handlers={
            Rejected: _told,
            Malformed: _told,
            Conflict: _told,
            Missing: _told,
            StoreError: _told,
            psycopg.OperationalError: _outage,
            psycopg.InterfaceError: _outage,
            psycopg.errors.IdleInTransactionSessionTimeout: _outage,
            Behind: _behind,
            HTTPException: _http,
            Exception: _failed,
        },
        openapi_config=None,
        logging_config=None,
        state=State(),
    )


def _told(
    request: AnyRequest, error: Rejected | Malformed | Conflict | Missing | StoreError
) -> Response[bytes]:
    problem = problem_of(error, request.url.path)
    later = problem.retryable and problem.status == SERVICE_UNAVAILABLE
    return _response(problem, {"Retry-After": "1"} if later else None)


def _outage(request: AnyRequest, error: psycopg.Error) -> Response[bytes]:
    """Nothing is lost: under its key the same request can be sent again."""
    LOG.warning("%s %s: %s", request.method, request.url.path, error)
    problem = http_problem("database-unreachable", 503, "", request.url.path)
    return _response(problem, {"Retry-After": "1"})


def _behind(request: AnyRequest, error: Behind) -> Response[bytes]:
    return _response(problem_of(error, request.url.path), {"Retry-After": "1"})


def _http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    code = HTTP_CODES.get(error.status_code, "internal-error")
    headers = {"WWW-Authenticate": "Bearer"} if error.status_code == 401 else {}  # noqa: PLR2004
    problem = http_problem(code, error.status_code, error.detail, request.url.path)
    return _response(problem, headers)


def _failed(request: AnyRequest, error: Exception) -> Response[bytes]:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _response(http_problem("internal-error", 500, "", request.url.path))


def _response(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers or {},
    )
