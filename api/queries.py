"""GET: views with both clocks, facts, and where the heads stand."""

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from api.openapi import document
from api.problems import Missing
from api.service import AnyRequest, answer, service_of
from api.views import ask
from domain.errors import Malformed
from projections.lineage import (
    explain_line,
    lineage_down,
    lineage_up,
    lineage_up_event,
)
from projections.question import Answer, Behind
from replay.bank.resolving import waiting
from replay.billing.evidence import billed_usage, invoices_of_event
from replay.standing import standing
from replay.switching import Status, status
from store import log

WAIT_SECONDS = 10.0
PAUSE_SECONDS = 0.02
PAGE_MAX = 1_000


@get("/health")
async def get_health(request: AnyRequest) -> Response[bytes]:
    """Whether the database answers; the one address that tells nothing and needs no key."""
    await asyncio.to_thread(service_of(request).ledger.heads)
    return answer({"status": "ok"})


@get("/v1/openapi.json")
async def get_openapi() -> Response[bytes]:
    """This interface, described; no other file is needed to read it."""
    return answer(document())


@get("/v1/heads")
async def get_heads(request: AnyRequest) -> Response[bytes]:
    """The position of every entity: what `known_at` may be at most."""
    return answer(await asyncio.to_thread(service_of(request).ledger.heads))


@get("/v1/generations")
async def get_generations(request: AnyRequest) -> Response[bytes]:
    """Which generations of views there are, who sees them, and how far they are."""
    return answer(await asyncio.to_thread(_generations, request))


@get("/v1/lag")
async def get_lag(request: AnyRequest, entity: FromQuery[str | None] = None) -> Response[bytes]:
    """How far the poster and each view are behind the heads, and which worker has an entity."""
    return answer(await asyncio.to_thread(service_of(request).ledger.lag, entity))


@get("/v1/entities/{entity:str}/facts")
async def get_facts(
    entity: FromPath[str],
    request: AnyRequest,
    after: FromQuery[int] = 0,
    limit: FromQuery[int] = 100,
) -> Response[bytes]:
    """The log from a position on; `next_after` is where the next page begins."""
    if not 1 <= limit <= PAGE_MAX:
        raise Malformed("wrong-type", field="limit", expected=f"1 to {PAGE_MAX}")
    facts = await asyncio.to_thread(_facts, request, entity, after, limit)
    more = facts[-1].position if len(facts) == limit else None
    return answer({"entity": entity, "rows": facts, "next_after": more})


@get("/v1/entities/{entity:str}/views/{view:str}")
async def get_view(
    entity: FromPath[str], view: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """One view: ?book= &through= &known_at= &basis= &at_least= (waits until it is seen)."""
    said = dict(request.query_params)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    while True:
        try:
            return answer(await asyncio.to_thread(_ask, request, view, entity, said))
        except Behind:
            if "at_least" not in said or loop.time() > deadline:
                raise
        await asyncio.sleep(PAUSE_SECONDS)


@get("/v1/entities/{entity:str}/journal/{entry:int}/lines/{line:int}/lineage")
async def get_line_lineage(
    entity: FromPath[str], entry: FromPath[int], line: FromPath[int], request: AnyRequest
) -> Response[bytes]:
    """From a journal line down to facts and usage rows."""
    return await _traced(request, lineage_down, "line", entity, entry, line)


@get("/v1/entities/{entity:str}/journal/{entry:int}/lines/{line:int}/explanation")
async def get_explanation(
    entity: FromPath[str], entry: FromPath[int], line: FromPath[int], request: AnyRequest
) -> Response[bytes]:
    """What a journal line is made of, step by step."""
    return await _traced(request, explain_line, "line", entity, entry, line)


@get("/v1/entities/{entity:str}/facts/{position:int}/lineage")
async def get_fact_lineage(
    entity: FromPath[str], position: FromPath[int], request: AnyRequest
) -> Response[bytes]:
    """From a fact up to every line that rests on it."""
    return await _traced(request, lineage_up, "fact", entity, position)


@get("/v1/entities/{entity:str}/usage/{source:str}/events/{event_id:str}/lineage")
async def get_event_lineage(
    entity: FromPath[str], source: FromPath[str], event_id: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """From a usage event up to every line it moved."""
    return await _traced(request, lineage_up_event, "event", entity, source, event_id)


@get("/v1/entities/{entity:str}/invoices/{invoice:str}")
async def get_invoice(
    entity: FromPath[str], invoice: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """An invoice as it stands: its draft, what was issued, credited and disputed of it."""
    return await _traced(request, standing, "invoice", entity, invoice)


@get("/v1/entities/{entity:str}/payments/waiting")
async def get_waiting(entity: FromPath[str], request: AnyRequest) -> Response[bytes]:
    """Money of nobody known: what its payer wrote, and the candidates as things stand."""
    rows = await asyncio.to_thread(waiting, service_of(request).ledger, entity)
    return answer({"entity": entity, "rows": rows})


@get("/v1/entities/{entity:str}/invoices/{invoice:str}/usage")
async def get_billed_usage(
    entity: FromPath[str], invoice: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """The usage rows that each line of an invoice bills."""
    return await _traced(request, billed_usage, "invoice", entity, invoice)


@get("/v1/entities/{entity:str}/usage/{source:str}/events/{event_id:str}/invoices")
async def get_event_invoices(
    entity: FromPath[str], source: FromPath[str], event_id: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """The invoices that bill a usage event."""
    return await _traced(request, invoices_of_event, "event", entity, source, event_id)


QUERY_ROUTES = (
    get_health,
    get_openapi,
    get_heads,
    get_lag,
    get_generations,
    get_facts,
    get_view,
    get_line_lineage,
    get_explanation,
    get_fact_lineage,
    get_event_lineage,
    get_invoice,
    get_waiting,
    get_billed_usage,
    get_event_invoices,
)


def _ask(request: AnyRequest, view: str, entity: str, said: dict[str, str]) -> Answer[Any]:
    with service_of(request).ledger.connection() as connection:
        return ask(connection, view, entity, said)


def _generations(request: AnyRequest) -> Status:
    with service_of(request).ledger.connection() as connection:
        return status(connection)


def _facts(request: AnyRequest, entity: str, after: int, limit: int) -> tuple[Any, ...]:
    with service_of(request).ledger.connection() as connection:
        log.known_head(connection, entity)
        return log.read(connection, entity, after=after, limit=limit)


async def _traced(
    request: AnyRequest,
    find: Callable[..., object | None],
    what: str,
    entity: str,
    *place: str | int,
) -> Response[bytes]:
    """The answer with what is found at a place of the ledger. Raises Missing."""

    def tracing() -> object | None:
        with service_of(request).ledger.connection() as connection:
            return find(connection, entity, *place)

    found = await asyncio.to_thread(tracing)
    if found is None:
        raise Missing.at(what, *place)
    return answer(found)
