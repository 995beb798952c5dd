"""The HTTP interface as one OpenAPI document, from the types that requests are read as.

Written from a table instead of from handlers: bodies are read by our own exact reader, which a
framework could not describe. A test compares the table with the routes.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import Struct

from api.commands import (
    CAPABILITIES,
    AdoptionAsked,
    Answered,
    BillingRunAsked,
    CloseAsked,
    ReopenAsked,
    RunAsked,
)
from api.problems import MEDIA_TYPE, Problem
from api.reading import Asked
from api.usage_body import CLOUD_EVENT, CLOUD_EVENTS, NDJSON
from api.views import VIEWS
from domain.usage import UsageRow
from projections.lineage import Down, Explanation, Up
from replay.billing.evidence import BilledUsage, EventInvoices
from replay.ledger import Billed, Closed
from replay.standing import Standing
from replay.switching import Status
from store.lag import Lag
from store.party import Party
from store.request import Receipt
from store.usage_rows import BatchReceipt

COMPONENTS = "#/components/schemas/{name}"
ENTITY = "/v1/entities/{entity}"
IDEMPOTENT = frozenset({"runs", "closes", "reopenings", "batches", "commands"})


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one address. `query` names parameters with the type of each.

    `lines`: the body may be NDJSON; `also`: or of another type, with the schema of each. `files`:
    the answer is a file of one of these types.
    """

    method: str
    path: str
    name: str
    says: str
    body: Any = None
    answer: Any = None
    status: int = 200
    query: dict[str, str] = {}
    lines: bool = False
    also: dict[str, Any] = {}
    files: tuple[str, ...] = ()
    is_open: bool = False


CLOUD_EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        **{name: {"type": "string"} for name in ("id", "source", "type", "subject")},
        "time": {"type": "string", "format": "date-time"},
        "data": {
            "type": "object",
            "required": ["quantity"],
            "properties": {
                "quantity": {"type": ["string", "integer"]},
                "unit": {"type": ["string", "null"]},
            },
        },
    },
}

VIEW_QUERY = {
    "book": "string",
    "through": "date",
    "known_at": "integer",
    "basis": "basis",
    "at_least": "integer",
    **{name: "string" for view in VIEWS.values() for name in view.filters},
}

OPERATIONS = (
    Operation(
        method="get", path="/health", name="health", says="Whether it is alive.", is_open=True
    ),
    Operation(
        method="get",
        path="/v1/openapi.json",
        name="openapi",
        says="This document.",
        is_open=True,
    ),
    Operation(method="get", path="/v1/heads", name="heads", says="The position of every entity."),
    Operation(
        method="get",
        path="/v1/generations",
        name="generations",
        says="The generations of views: which one readers see, versions, how far they are.",
        answer=Status,
    ),
    Operation(
        method="get",
        path="/v1/lag",
        name="lag",
        says="How far the poster and each view are behind the heads, and which worker is at it.",
        answer=tuple[Lag, ...],
        query={"entity": "string"},
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/facts",
        name="facts",
        says="The log from a position on.",
        query={"after": "integer", "limit": "integer"},
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/commands",
        name="submit",
        says="One command as JSON, or many as NDJSON, each line answered by itself.",
        body=Asked,
        answer=Receipt,
        status=201,
        lines=True,
    ),
    *(
        Operation(
            method="post",
            path=f"{ENTITY}/{plural}/{{name}}/commands",
            name=f"submitTo{plural.title()}",
            says=f"A command to one stream `{category}:name`.",
            body=Asked,
            answer=Receipt,
            status=201,
        )
        for plural, category in CAPABILITIES.items()
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/usage/{{source}}/batches",
        name="ingestUsage",
        says="A batch of usage rows or CloudEvents, answered row by row.",
        body=list[UsageRow],
        answer=BatchReceipt,
        status=201,
        query={"kind": "kind", "batch_number": "integer"},
        lines=True,
        also={
            CLOUD_EVENT: CLOUD_EVENT_SCHEMA,
            CLOUD_EVENTS: {"type": "array", "items": CLOUD_EVENT_SCHEMA},
        },
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/runs",
        name="run",
        says="A posting run.",
        body=RunAsked,
        answer=Receipt,
        status=201,
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/billing-runs",
        name="bill",
        says="Issue what is due and not yet invoiced.",
        body=BillingRunAsked,
        answer=Billed,
        status=201,
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/books/{{book}}/closes",
        name="close",
        says="Close a period and seal it.",
        body=CloseAsked,
        answer=Closed,
        status=201,
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/books/{{book}}/reopenings",
        name="reopen",
        says="Two people undo a close.",
        body=ReopenAsked,
        answer=Receipt,
        status=201,
    ),
    Operation(
        method="post",
        path=f"{ENTITY}/adoptions",
        name="adopt",
        says="Take the group's shared master data.",
        body=AdoptionAsked,
        answer=list[Answered],
    ),
    Operation(
        method="put",
        path=f"{ENTITY}/parties/{{name}}",
        name="keepParty",
        says="Person data into the vault.",
        body=dict[str, str],
        answer=Party,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/views/{{view}}",
        name="view",
        says="One view at a pair of dates: "
        + "; ".join(f"{name}: {view.says}" for name, view in VIEWS.items()),
        query=VIEW_QUERY,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/journal/{{entry}}/lines/{{line}}/lineage",
        name="lineOrigin",
        says="From a journal line down to facts and usage rows.",
        answer=Down,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/journal/{{entry}}/lines/{{line}}/explanation",
        name="explain",
        says="What a journal line is made of, step by step.",
        answer=Explanation,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/facts/{{position}}/lineage",
        name="factEffects",
        says="From a fact up to every line that rests on it.",
        answer=Up,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/usage/{{source}}/events/{{event_id}}/lineage",
        name="eventEffects",
        says="From a usage event up to every line it moved.",
        answer=Up,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/invoices/{{invoice}}",
        name="invoice",
        says="An invoice as it stands: its draft, what was issued, credited and disputed of it.",
        answer=Standing,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/payments/waiting",
        name="waitingPayments",
        says="Money of nobody known: what its payer wrote, and the candidates as things stand.",
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/invoices/{{invoice}}/usage",
        name="billedUsage",
        says="The usage rows that each line of an invoice bills.",
        answer=BilledUsage,
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/invoices/{{invoice}}/document",
        name="document",
        says="An invoice, its draft or a credit note of it, as HTML or PDF.",
        query={"credit": "string", "locale": "string", "known_at": "integer"},
        files=("text/html", "application/pdf"),
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/customers/{{customer}}/statement",
        name="statement",
        says="A statement of a customer's account in a currency, as HTML or PDF.",
        query={
            "currency": "string",
            "since": "date",
            "through": "date",
            "locale": "string",
            "known_at": "integer",
        },
        files=("text/html", "application/pdf"),
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/invoices/{{invoice}}/sent",
        name="sentDocuments",
        says="What was sent of an invoice, and whether it still comes out byte for byte.",
    ),
    Operation(
        method="get",
        path=f"{ENTITY}/usage/{{source}}/events/{{event_id}}/invoices",
        name="eventInvoices",
        says="The invoices that bill a usage event.",
        answer=EventInvoices,
    ),
)

TYPES: dict[str, dict[str, Any]] = {
    "basis": {"type": "string", "enum": ["reported", "earned"], "default": "reported"},
    "date": {"type": "string", "format": "date"},
    "integer": {"type": "integer"},
    "kind": {"type": "string", "enum": ["rows", "correction", "retraction"], "default": "rows"},
    "string": {"type": "string"},
}


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, with every schema inside."""
    bodies = [operation.body for operation in OPERATIONS if operation.body is not None]
    answers = [operation.answer for operation in OPERATIONS if operation.answer is not None]
    shapes = [*dict.fromkeys([*map(_key, bodies), *map(_key, answers)]), _key(Problem)]
    wanted = {_key(shape): shape for shape in [*bodies, *answers, Problem]}
    schemas, components = msgspec.json.schema_components(
        [wanted[key] for key in shapes], ref_template=COMPONENTS
    )
    by_shape = dict(zip(shapes, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, by_shape)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tieout",
            "version": version("tieout"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _key(shape: Any) -> str:
    return str(shape)


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.says,
        "parameters": _parameters(operation),
        "responses": {
            str(operation.status): _content(operation, schemas),
            "default": {
                "description": "A problem with a stable code.",
                "content": {MEDIA_TYPE: {"schema": schemas[_key(Problem)]}},
            },
        },
    }
    if operation.body is not None:
        body = {"application/json": {"schema": schemas[_key(operation.body)]}}
        if operation.lines:
            body[NDJSON] = {"schema": {"type": "string"}}
        body |= {kind: {"schema": schema} for kind, schema in operation.also.items()}
        described["requestBody"] = {"required": True, "content": body}
    if operation.is_open:
        described["security"] = []
    return described


def _content(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if operation.files:
        file = {"schema": {"type": "string", "format": "binary"}}
        return {"description": "Done.", "content": dict.fromkeys(operation.files, file)}
    schema = {} if operation.answer is None else schemas[_key(operation.answer)]
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    found += [
        {"name": name, "in": "query", "schema": TYPES[kind]}
        for name, kind in operation.query.items()
    ]
    if operation.path.rpartition("/")[2] in IDEMPOTENT:
        found.append({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}})
    return found
