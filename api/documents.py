"""GET: an invoice, draft or credit note as a document to read, print or send."""

import asyncio

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from api.problems import Missing
from api.reading import read_date
from api.service import AnyRequest, answer, service_of
from domain.errors import Malformed
from replay.documents.render import Asked, Rendered, Wanted, render, render_statement
from replay.documents.sent import Sent, sent
from replay.documents.templates import SUFFIXES, Medium

NOT_MODIFIED = 304
# What a document may do in a browser: show itself, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@get("/v1/entities/{entity:str}/invoices/{invoice:str}/document")
async def get_document(
    entity: FromPath[str],
    invoice: FromPath[str],
    request: AnyRequest,
    credit: FromQuery[str | None] = None,
    locale: FromQuery[str | None] = None,
    known_at: FromQuery[int | None] = None,
) -> Response[bytes]:
    """The document as HTML or PDF, as `Accept` asks; its ETag is the SHA-256 of the bytes."""
    medium = _medium(request.headers.get("accept", "*/*"))
    wanted = Wanted(medium=medium, credit=credit, locale=locale, known_at=known_at)
    found = await asyncio.to_thread(_rendered, request, entity, invoice, wanted)
    return _file(request, found)


def _file(request: AnyRequest, found: Rendered) -> Response[bytes]:
    tag = f'"{found.sha256}"'
    headers = {
        "ETag": tag,
        "Vary": "Accept",
        "Content-Language": found.locale,
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Tieout-Known-At": str(found.known_at),
        "Tieout-Template": found.template,
    }
    if tag in {text.strip() for text in request.headers.get("if-none-match", "").split(",")}:
        return Response(b"", status_code=NOT_MODIFIED, headers=headers)
    return Response(found.body, media_type=found.medium, headers=headers)


@get("/v1/entities/{entity:str}/customers/{customer:str}/statement")
async def get_statement(
    entity: FromPath[str],
    customer: FromPath[str],
    request: AnyRequest,
    currency: FromQuery[str],
    since: FromQuery[str | None] = None,
    through: FromQuery[str | None] = None,
    locale: FromQuery[str | None] = None,
    known_at: FromQuery[int | None] = None,
) -> Response[bytes]:
    """A statement of a customer's account, as HTML or PDF."""
    asked = Asked(
        customer=customer,
        currency=currency,
        since=None if since is None else read_date(since, "since"),
        through=None if through is None else read_date(through, "through"),
        medium=_medium(request.headers.get("accept", "*/*")),
        locale=locale,
        known_at=known_at,
    )
    service = service_of(request)

    def rendering() -> Rendered | None:
        with service.ledger.connection() as connection:
            return render_statement(connection, entity, asked, service.templates)

    found = await asyncio.to_thread(rendering)
    if found is None:
        raise Missing("account", f"{customer} {currency}")
    return _file(request, found)


@get("/v1/entities/{entity:str}/invoices/{invoice:str}/sent")
async def get_sent(
    entity: FromPath[str], invoice: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """What was sent of an invoice, and whether it still comes out byte for byte."""

    def looking() -> tuple[Sent, ...] | None:
        service = service_of(request)
        with service.ledger.connection() as connection:
            return sent(connection, entity, invoice, service.templates)

    found = await asyncio.to_thread(looking)
    if found is None:
        raise Missing("invoice", invoice)
    return answer({"entity": entity, "rows": found})


DOCUMENT_ROUTES = (get_document, get_statement, get_sent)


def _rendered(request: AnyRequest, entity: str, invoice: str, wanted: Wanted) -> Rendered:
    service = service_of(request)
    with service.ledger.connection() as connection:
        ((_, found),) = render(connection, entity, [invoice], wanted, service.templates)
    if found is None:
        raise Missing("document", wanted.credit or invoice)
    return found


def _medium(accept: str) -> Medium:
    """The first medium asked for that documents come in; their order says more than weights."""
    for part in accept.lower().split(","):
        asked = part.partition(";")[0].strip()
        for medium in SUFFIXES:
            if asked in {medium, "*/*", f"{medium.partition('/')[0]}/*"}:
                return medium
    raise Malformed("not-acceptable", field="Accept", expected=", ".join(SUFFIXES))
