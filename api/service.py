"""What every handler works on, and how a request says who sends it and under which key."""

from typing import Any, NamedTuple, TypeVar

from litestar import Request, Response

from api.auth import Holder
from api.committer import Committers
from api.usage_body import JSON_LINES
from domain.errors import Malformed
from domain.written import json_bytes
from replay.documents.templates import Templates
from replay.ledger import Ledger

AnyRequest = Request[Holder, str, Any]
Value = TypeVar("Value")


class Service(NamedTuple):
    """The ledger at hand, the threads that commit to it, and what documents are rendered with."""

    ledger: Ledger
    committers: Committers
    templates: Templates


def service_of(request: AnyRequest) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


def key_of(request: AnyRequest) -> str | None:
    """The Idempotency-Key header, bare or quoted as in the draft standard."""
    return _unquoted(request.headers.get("idempotency-key"))


def correlation_of(request: AnyRequest) -> str | None:
    return request.headers.get("x-correlation-id")


def content_type_of(request: AnyRequest) -> str:
    """The media type of the body, without its parameters."""
    kind: str = request.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


def is_ndjson(request: AnyRequest) -> bool:
    return content_type_of(request) in JSON_LINES


def required(value: str | None, field: str) -> str:
    if value is None:
        raise Malformed("missing-field", field=field)
    return value


def answer(value: object, status: int = 200) -> Response[bytes]:
    """JSON with decimals and dates as text."""
    body = json_bytes(value, order="deterministic")
    return Response(body, status_code=status, media_type="application/json")


def _unquoted(text: str | None) -> str | None:
    if text is not None and len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text
