"""POST: commands into the log, by the capability they belong to, one at a time or by the line."""

import asyncio
from collections import deque
from concurrent.futures import Future
from datetime import date
from functools import partial
from typing import Any

import msgspec
from litestar import Response, post, put
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from api.auth import actor_of
from api.problems import Problem, problem_of
from api.reading import read_as, read_json, read_request
from api.service import (
    AnyRequest,
    Service,
    answer,
    content_type_of,
    correlation_of,
    is_ndjson,
    key_of,
    required,
    service_of,
)
from api.usage_body import NDJSON, key_by_content, rows_of
from domain.errors import Malformed, Rejected
from replay.billing.run import Wanted
from replay.ledger import whole
from replay.tax.filling import asks
from store.request import Outcome, Receipt, Request
from store.usage_stage import Kind, UsageBatch

# Lines of one body that wait for their answers at a time.
LINES_AHEAD = 2_000
BATCH_BYTES_MAX = 256 * 1024 * 1024

# The collection in an address and the category of its streams.
CAPABILITIES = {
    "adjustments": "adjustment",
    "balances": "balance",
    "books": "book",
    "contracts": "contract",
    "coupons": "coupon",
    "customers": "customer",
    "invoices": "invoice",
    "invoicing": "invoicing",
    "judgements": "judgement",
    "meters": "meter",
    "openings": "opening",
    "payments": "payment",
    "policies": "policy",
    "prices": "price",
    "products": "product",
    "rates": "rates",
    "subscriptions": "subscription",
    "tax": "tax",
    "usage": "usage",
}
CAPABILITY_AT = 4  # /v1/entities/acme/invoices/...


class RunAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settle everything, time-driven lines up to a day."""

    through: date
    actor: str | None = None


class BillingRunAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Issue what is due by a day, of all or of some; with `preview` only say so."""

    through: date
    customers: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    since: date | None = None
    interim: bool = False
    preview: bool = False
    actor: str | None = None


class CloseAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close and seal a period, or with `soft` only draw the cut."""

    period: str
    soft: bool = False
    actor: str | None = None


class ReopenAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two people undo a close."""

    period: str
    approved_by: str
    actor: str | None = None
    reason: str | None = None


class AdoptionAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take the group's shared master data."""

    group: str
    actor: str | None = None


class Answered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line of many."""

    line: int
    receipt: Receipt | None = None
    problem: Problem | None = None


@post("/v1/entities/{entity:str}/commands")
async def post_commands(entity: FromPath[str], request: AnyRequest) -> Response[bytes]:
    """One command as JSON, or many as NDJSON, each line answered by itself."""
    body = await request.body()
    if not is_ndjson(request):
        return await _submit(request, _request(request, entity, read_json(body)))
    answers = await _submit_lines(request, entity, body)
    told = b"".join(msgspec.json.encode(row) + b"\n" for row in answers)
    return Response(told, status_code=200, media_type=NDJSON)


@post([f"/v1/entities/{{entity:str}}/{plural}/{{name:str}}/commands" for plural in CAPABILITIES])
async def post_to_stream(
    entity: FromPath[str], name: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """A command to one subscription, invoice, payment and so on: the address names the stream."""
    category = CAPABILITIES[request.url.path.split("/")[CAPABILITY_AT]]
    stream = f"{category}:{name}"
    value = read_json(await request.body())
    if isinstance(value, dict):
        value = {"stream": stream} | value
    asked = _request(request, entity, value)
    if asked.stream != stream:
        raise Malformed("contradiction", field="stream", outside=stream, inside=asked.stream)
    return await _submit(request, asked)


@post(
    "/v1/entities/{entity:str}/usage/{source:str}/batches",
    request_max_body_size=BATCH_BYTES_MAX,
)
async def post_usage(
    entity: FromPath[str],
    source: FromPath[str],
    request: AnyRequest,
    kind: FromQuery[Kind] = "rows",
    batch_number: FromQuery[int | None] = None,
) -> Response[bytes]:
    """A batch of usage rows or CloudEvents: answered with counts and every rejected row."""
    body, content_type = await request.body(), content_type_of(request)
    key = key_of(request) or key_by_content(body, content_type)
    batch = UsageBatch(
        entity=entity,
        source=source,
        key=required(key, "Idempotency-Key"),
        kind=kind,
        batch_number=batch_number,
        actor=request.user.name,
        correlation_id=correlation_of(request),
    )
    rows = rows_of(body, content_type, source)
    ledger = service_of(request).ledger
    receipt = await asyncio.to_thread(ledger.ingest, batch, rows)
    return answer(receipt, 200 if receipt.repeated else 201)


@post("/v1/entities/{entity:str}/runs")
async def post_run(entity: FromPath[str], request: AnyRequest) -> Response[bytes]:
    """A posting run."""
    asked = read_as(read_json(await request.body()), RunAsked)
    service = service_of(request)
    act = partial(
        service.ledger.run,
        entity,
        asked.through,
        key=required(key_of(request), "Idempotency-Key"),
        actor=actor_of(request.user, asked.actor),
    )
    return answer(await _call(service, entity, act), 201)


@post("/v1/entities/{entity:str}/billing-runs")
async def post_billing_run(entity: FromPath[str], request: AnyRequest) -> Response[bytes]:
    """A billing run: what it issued. Again at once, it issues nothing.

    Not in the committer's turn: commands go on beside it, however long it takes.
    """
    asked = read_as(read_json(await request.body()), BillingRunAsked)
    wanted = Wanted(
        entity=entity,
        through=asked.through,
        customers=asked.customers,
        subscriptions=asked.subscriptions,
        since=asked.since or date.min,
        interim=asked.interim,
    )
    ledger = service_of(request).ledger
    if asked.preview:
        return answer(await asyncio.to_thread(lambda: whole(ledger.billing_preview(wanted))))
    actor = actor_of(request.user, asked.actor)
    billed = await asyncio.to_thread(lambda: whole(ledger.billing(wanted, actor=actor)))
    return answer(billed, 201)


@post("/v1/entities/{entity:str}/books/{book:str}/closes")
async def post_close(
    entity: FromPath[str], book: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """Close a period: two facts, the line and its seal."""
    asked = read_as(read_json(await request.body()), CloseAsked)
    service = service_of(request)
    close = service.ledger.soft_close if asked.soft else service.ledger.close_period
    act = partial(
        close,
        entity,
        book,
        asked.period,
        key=required(key_of(request), "Idempotency-Key"),
        actor=actor_of(request.user, asked.actor),
    )
    return answer(await _call(service, entity, act), 201)


@post("/v1/entities/{entity:str}/books/{book:str}/reopenings")
async def post_reopening(
    entity: FromPath[str], book: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """Undo a close: the sender and another person."""
    asked = read_as(read_json(await request.body()), ReopenAsked)
    service = service_of(request)
    act = partial(
        service.ledger.reopen,
        entity,
        book,
        asked.period,
        approved_by=asked.approved_by,
        key=required(key_of(request), "Idempotency-Key"),
        actor=actor_of(request.user, asked.actor),
        reason=asked.reason,
    )
    return answer(await _call(service, entity, act), 201)


@post("/v1/entities/{entity:str}/adoptions")
async def post_adoption(entity: FromPath[str], request: AnyRequest) -> Response[bytes]:
    """Take what the group's catalogue has and this entity has not."""
    asked = read_as(read_json(await request.body()), AdoptionAsked)
    service = service_of(request)
    actor = actor_of(request.user, asked.actor)
    act = partial(service.ledger.adopt, entity, asked.group, actor=actor)
    outcomes = await _call(service, entity, act)
    return answer([_answered(place, outcome) for place, outcome in enumerate(outcomes, 1)])


@put("/v1/entities/{entity:str}/parties/{name:str}")
async def put_party(
    entity: FromPath[str], name: FromPath[str], request: AnyRequest
) -> Response[bytes]:
    """Person data into the vault: the id and digest a customer fact may hold."""
    content = read_as(read_json(await request.body()), dict[str, str])
    ledger = service_of(request).ledger
    return answer(await asyncio.to_thread(ledger.keep_party, entity, name, content))


COMMAND_ROUTES = (
    post_commands,
    post_to_stream,
    post_usage,
    post_run,
    post_billing_run,
    post_close,
    post_reopening,
    post_adoption,
    put_party,
)


def _request(request: AnyRequest, entity: str, value: object) -> Request:
    asked = _named(
        request, read_request(value, entity=entity, key=key_of(request), actor=request.user.name)
    )
    if asked.correlation_id is None:
        return msgspec.structs.replace(asked, correlation_id=correlation_of(request))
    return asked


def _named(request: AnyRequest, asked: Request) -> Request:
    """In the name of whom the sender may act for."""
    return msgspec.structs.replace(asked, actor=actor_of(request.user, asked.actor))


async def _submit(request: AnyRequest, asked: Request) -> Response[bytes]:
    service = service_of(request)
    asked = await _with_tax(service, asked)
    outcome = await asyncio.wrap_future(service.committers.submit(asked))
    if not isinstance(outcome, Receipt):
        raise outcome
    return answer(outcome, 200 if outcome.repeated else 201)


async def _submit_lines(request: AnyRequest, entity: str, body: bytes) -> list[Answered]:
    """So many lines ahead of their answers, no more: one sender leaves room for others."""
    service = service_of(request)
    ahead: deque[tuple[int, Malformed | Rejected | Future[Outcome]]] = deque()
    answers: list[Answered] = []
    elects: bool | None = None
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        if len(ahead) == LINES_AHEAD:
            answers.append(await _line_answered(*ahead.popleft()))
        try:
            asked = read_request(read_json(line), entity=entity, actor=request.user.name)
            asked = _named(request, asked)
            if asks(asked) and elects is not False:
                # What is ahead of an invoice may say what tax is due on it.
                answers += [await _line_answered(*row) for row in ahead]
                ahead.clear()
                elects = await asyncio.to_thread(service.ledger.elects_tax, entity)
                asked = await _with_tax(service, asked) if elects else asked
            elects = None if asked.stream.startswith("invoicing:") else elects
            ahead.append((number, service.committers.submit(asked)))
        except (Malformed, Rejected) as problem:
            ahead.append((number, problem))
    return answers + [await _line_answered(*row) for row in ahead]


async def _with_tax(service: Service, asked: Request) -> Request:
    """An invoice with its tax, where the entity elects that. Raises Rejected where it must wait."""
    if not asks(asked):
        return asked
    (found,) = await asyncio.to_thread(service.ledger.with_tax, asked.entity, [asked])
    if isinstance(found, Rejected):
        raise found
    return found


async def _line_answered(number: int, row: Malformed | Rejected | Future[Outcome]) -> Answered:
    outcome = row if isinstance(row, Malformed | Rejected) else await asyncio.wrap_future(row)
    return _answered(number, outcome)


def _answered(line: int, outcome: Outcome) -> Answered:
    if isinstance(outcome, Receipt):
        return Answered(line=line, receipt=outcome)
    return Answered(line=line, problem=problem_of(outcome))


async def _call(service: Service, entity: str, act: Any) -> Any:
    return await asyncio.wrap_future(service.committers.call(entity, act))
