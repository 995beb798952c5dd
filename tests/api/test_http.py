"""The HTTP face on a real socket: keys, answers, repeats, views at both clocks."""

import json
import re

import httpx
import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.app import another_key, create_app, first_key
from api.auth import digest
from api.openapi import OPERATIONS, document
from replay.source import export
from tests.usage import usage_row


def _run(client, through, key):
    return client.post("/v1/entities/acme/runs", {"through": through}, key)


def test_nothing_but_health_and_the_description_is_open(address):
    answers = {
        path: httpx.get(address + path).status_code
        for path in ("/health", "/v1/openapi.json", "/v1/heads", "/v1/entities/acme/facts")
    }

    assert answers == {
        "/health": 200,
        "/v1/openapi.json": 200,
        "/v1/heads": 401,
        "/v1/entities/acme/facts": 401,
    }
    refused = httpx.get(f"{address}/v1/heads", headers={"Authorization": "Bearer tk_wrong"})
    assert (refused.status_code, refused.json()["code"]) == (401, "not-authorized")
    assert refused.headers["content-type"] == "application/problem+json"


def test_the_admin_key_is_made_once(database, token):
    assert token.startswith("tk_")
    assert first_key(database) is None


def test_the_generations_of_views_say_who_sees_them(client, company):
    del company

    answer = client.get("/v1/generations")

    assert answer.status_code == 200
    (only,) = answer.json()["generations"]
    assert (only["generation"], only["standing"]) == (1, "live")
    assert [view["view"] for view in only["views"]] == ["receivables", "trial_balance"]
    assert answer.json()["outdated"] == []


def test_another_key_takes_the_place_of_the_one_that_was_lost(database, client):
    found = another_key(database)

    assert client.get("/v1/heads").status_code == 401
    headers = {"Authorization": f"Bearer {found}"}
    assert client.http.get("/v1/heads", headers=headers).status_code == 200


def test_a_command_is_answered_with_its_position_and_its_repeat_with_the_same(company):
    command = {"type": "define-product", "when": {"effective": "2024-01-01"}, "name": "Desk"}

    first = company.command("product:desk", "k1", command)
    again = company.command("product:desk", "k1", command)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {
        "entity": "acme",
        "key": "k1",
        "stream": "product:desk",
        "positions": [10],
        "repeated": False,
    }
    assert again.json() == first.json() | {"repeated": True}


def test_the_address_may_name_the_stream_and_a_header_the_key(company):
    command = {"type": "void-invoice", "when": {"effective": "2024-01-11"}}

    answered = company.post("/v1/entities/acme/invoices/i1/commands", {"command": command}, "void")

    assert answered.status_code == 201
    assert answered.json()["stream"] == "invoice:i1"


def test_a_retraction_names_the_fact_and_needs_no_command(company):
    answered = company.post(
        "/v1/entities/acme/commands", {"stream": "payment:p1", "corrects": 9}, "never-came"
    )

    assert answered.status_code == 201


def test_many_commands_are_answered_line_by_line(company):
    lines = (
        '{"key":"a","stream":"product:a","command":{"type":"define-product",'
        '"when":{"effective":"2024-01-01"},"name":"A"}}\n'
        "{broken\n"
        '{"key":"b","stream":"invoice:i1","command":{"type":"issue-credit",'
        '"when":{"effective":"2024-01-12"},"number":"C1",'
        '"lines":[{"line":"1","amount_minor":10001}]}}\n'
    )

    answered = company.http.post(
        "/v1/entities/acme/commands",
        content=lines,
        headers={"Content-Type": "application/x-ndjson"},
    )

    told = [(line["line"], line.get("problem", {}).get("code")) for line in _lines(answered)]
    assert told == [(1, None), (2, "malformed-json"), (3, "credit-above-invoice")]


def _lines(answered):
    return [json.loads(line) for line in answered.text.splitlines()]


def test_usage_is_answered_row_by_row(company):
    rows = [
        usage_row("e1"),
        usage_row("e1"),
        usage_row("e2", quantity=0.5),
        usage_row("e3", quantity="NaN"),
        usage_row("e4", subscription="nobody"),
        usage_row("e1", quantity="2"),
        "not a row",
    ]

    answered = company.post("/v1/entities/acme/usage/app/batches", rows, "batch-1")

    told = answered.json()
    assert answered.status_code == 201
    assert {name: told[name] for name in ("received", "duplicates", "rejected", "accepted")} == {
        "received": 7,
        "duplicates": 1,
        "rejected": 4,
        "accepted": 2,
    }
    assert [(row["row_no"], row["code"], row["field"]) for row in told["rejects"]] == [
        (3, "inexact-number", "quantity"),
        (4, "not-finite", "quantity"),
        (6, "duplicate-with-other-body", "event_id"),
        (7, "not-a-row", None),
    ]
    again = company.post("/v1/entities/acme/usage/app/batches", rows, "batch-1")
    assert (again.status_code, again.json()) == (200, told | {"repeated": True})


def test_a_view_waits_for_what_it_must_contain(company):
    run = _run(company, "2024-01-31", "run-1").json()

    seen = company.get(
        "/v1/entities/acme/views/trial-balance", at_least=run["positions"][0], book="main"
    ).json()

    assert seen["run"] == run["positions"][0]
    assert {row["account"]: row["minor"] for row in seen["rows"]} == {
        "accounts-receivable": 6000,
        "cash-clearing": 4000,
        "contract-liability": 0,
        "revenue": -10000,
        "unapplied-cash": 0,
    }


def test_a_view_as_known_earlier_stays_as_it_was(company):
    first = _run(company, "2024-01-31", "run-1").json()["positions"][0]
    before = company.get("/v1/entities/acme/views/trial-balance", known_at=first).json()
    void = {"type": "void-invoice", "when": {"effective": "2024-01-11"}}
    company.command("invoice:i1", "void", void)
    _run(company, "2024-01-31", "run-2")

    assert company.get("/v1/entities/acme/views/trial-balance", known_at=first).json() == before


def test_a_close_is_sealed_and_a_second_one_refused(company):
    _run(company, "2024-01-31", "run-1")
    path = "/v1/entities/acme/books/main/closes"

    closed = company.post(path, {"period": "2024-01"}, "close-1")
    again = company.post(path, {"period": "2024-01"}, "close-2")

    assert closed.status_code == 201
    assert len(closed.json()["seal"]["digest"]) == 64
    assert (again.status_code, again.json()["code"]) == (423, "period-already-closed")


def test_the_log_is_read_page_by_page(company):
    first = company.get("/v1/entities/acme/facts", limit=2).json()

    assert [row["position"] for row in first["rows"]] == [1, 2]
    assert first["next_after"] == 2
    assert first["rows"][0]["event"]["type"] == "entity-opened"


def test_a_database_that_went_away_is_an_outage_and_not_a_refusal(database, company, server):
    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server.dsn, autocommit=True) as administrator:
        limit = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        administrator.execute(limit.format(sql.Identifier(name), sql.SQL("false")))
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        away = company.get("/v1/heads")
        administrator.execute(limit.format(sql.Identifier(name), sql.SQL("true")))

    assert (away.status_code, away.json()["code"]) == (503, "database-unreachable")
    assert away.json()["retryable"]
    assert company.get("/v1/heads").json() == {"acme": 9}


def test_the_description_names_every_route_and_needs_no_other_file(database):
    app = create_app(database)
    routes = {
        (method.lower(), route.path_format)
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method not in {"OPTIONS", "HEAD"}
    }

    assert routes == {(operation.method, operation.path) for operation in OPERATIONS}
    described = json.dumps(document())
    assert "http" not in described.replace('"http"', "")
    pointed = set(re.findall(r'"#/components/schemas/([^"]+)"', described))
    assert pointed <= {*document()["components"]["schemas"]}
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len({*names})


def test_an_invoice_in_a_body_has_the_tax_that_lines_before_it_say(company):
    """The first has no tax to be told of yet, the second is taxed by what comes between."""
    lines = (
        _command("invoicing:self", "adopt-invoicing", options={"tax": "table"}),
        _invoice("invoice:t1"),
        _command("tax:FR", "set-tax-rates", seller="established", rates=[VAT]),
        _command("customer:c1", "amend-customer", tax={"jurisdiction": "FR"}),
        _invoice("invoice:t2"),
    )
    answered = company.http.post(
        "/v1/entities/acme/commands",
        content="\n".join(lines),
        headers={"Content-Type": "application/x-ndjson"},
    )
    codes = [line.get("problem", {}).get("code") for line in _lines(answered)]
    one = company.http.post("/v1/entities/acme/commands", content=_invoice("invoice:t3"))
    run = _run(company, "2024-01-31", "run-tax").json()["positions"][0]
    rows = company.get("/v1/entities/acme/views/tax", at_least=run).json()["rows"]

    assert codes == [None, "tax-status-missing", None, None, None]
    assert one.status_code == 201
    assert [(row["jurisdiction"], row["tax_minor"], row["documents"]) for row in rows] == [
        ("FR", 4000, 2)
    ]


VAT = {"name": "VAT", "percent": "20"}


def _command(stream, kind, **fields):
    command = {"type": kind, "when": {"effective": "2024-01-01"}} | fields
    return json.dumps({"key": f"{stream} {kind}", "stream": stream, "command": command})


def _invoice(stream):
    lines = [{"line": "1", "amount_minor": 10000}]
    return _command(stream, "issue-invoice", customer="c1", currency="USD", lines=lines)


def test_a_line_leads_down_to_its_facts_and_a_fact_up_to_its_lines(company):
    run = _run(company, "2024-01-31", "run-1").json()["positions"][0]
    company.get("/v1/entities/acme/views/journal", at_least=run)

    down = company.get("/v1/entities/acme/journal/1/lines/1/lineage").json()
    explained = company.get("/v1/entities/acme/journal/1/lines/1/explanation").json()
    position = down["causes"][0]["position"]
    up = company.get(f"/v1/entities/acme/facts/{position}/lineage").json()

    assert down["line"] in up["lines"]
    assert explained["line"] == down["line"]
    assert explained["stood_minor"] + down["line"]["minor"] == explained["due_minor"]
    missing = company.get("/v1/entities/acme/journal/99/lines/1/lineage")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


def test_a_usage_event_leads_up_to_the_lines_it_moved(company):
    company.post("/v1/entities/acme/usage/app/batches", [usage_row("e1", "100")], "batch-1")
    run = _run(company, "2024-01-31", "run-1").json()["positions"][0]
    company.get("/v1/entities/acme/views/journal", at_least=run)

    up = company.get("/v1/entities/acme/usage/app/events/e1/lineage").json()

    assert [row["quantity"] for row in up["rows"]] == ["100"]
    assert sorted((line["account"], line["minor"]) for line in up["lines"]) == [
        ("contract-liability", -200),
        ("contract-liability", 200),
        ("revenue", -200),
        ("unbilled-receivable", 200),
    ]


def test_a_very_small_quantity_is_answered_and_exported_without_exponent(company, database):
    company.post("/v1/entities/acme/usage/app/batches", [usage_row("e1", "0.0000001")], "batch-1")
    run = _run(company, "2024-01-31", "run-1").json()["positions"][0]
    company.get("/v1/entities/acme/views/journal", at_least=run)

    up = company.get("/v1/entities/acme/usage/app/events/e1/lineage").json()
    facts = company.get("/v1/entities/acme/facts").json()["rows"]
    with psycopg.connect(database) as connection:
        lines = [msgspec.json.decode(line) for line in export(connection, "acme", run)]

    (batch,) = (row["event"] for row in facts if row["event"]["type"] == "usage-batch-accepted")
    assert [row["quantity"] for row in up["rows"]] == ["0.0000001"]
    assert [total["quantity"] for total in batch["totals"]] == ["0.0000001"]
    rows = [line["quantity"] for line in lines if line["type"] == "usage-row"]
    assert rows == ["0.0000001"]


@pytest.fixture
def crm(client, database):
    """Requests with a key that is no admin's."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO api_key (name, digest, role, created_at) VALUES (%s, %s, %s, now())",
            ["crm", digest("of the crm"), "ingest"],
        )
    headers = {"Authorization": "Bearer of the crm"}
    with httpx.Client(base_url=client.http.base_url, headers=headers, timeout=30) as http:
        yield type(client)(http)


REGISTER = {"type": "register-customer", "when": {"effective": "2024-01-01"}, "currency": "USD"}


def test_who_does_it_is_the_holder_of_the_key(company, crm):
    alone = crm.command("customer:c7", "k1", REGISTER)
    named = crm.command("customer:c8", "k2", REGISTER, actor="crm")

    assert (alone.status_code, named.status_code) == (201, 201)
    acts = company.get("/v1/entities/acme/views/audit", actor="crm").json()["rows"]
    assert [act["key"] for act in acts] == ["k1", "k2"]


def test_only_an_admin_key_acts_in_the_name_of_a_person(company, crm):
    refused = crm.command("customer:c7", "k1", REGISTER, actor="ann")
    line = {"stream": "customer:c7", "key": "k1", "actor": "ann", "command": REGISTER}
    of_lines = crm.http.post(
        "/v1/entities/acme/commands",
        content=json.dumps(line).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    run = crm.post("/v1/entities/acme/runs", {"through": "2024-01-31", "actor": "ann"}, "r1")

    assert (refused.status_code, refused.json()["code"]) == (403, "actor-not-allowed")
    assert of_lines.json()["problem"]["code"] == "actor-not-allowed"
    assert (run.status_code, run.json()["code"]) == (403, "actor-not-allowed")
    assert company.command("customer:c7", "k1", REGISTER, actor="ann").status_code == 201


def test_a_retraction_can_be_retracted_over_http(company):
    def undo(key, position):
        return company.command("payment:p1", key, None, corrects=position)

    facts = company.get("/v1/entities/acme/facts").json()["rows"]
    first = undo("r1", next(row["position"] for row in facts if row["stream"] == "payment:p1"))
    second = undo("r2", first.json()["positions"][0])
    third = undo("r3", first.json()["positions"][0])

    assert (first.status_code, second.status_code) == (201, 201)
    assert (third.status_code, third.json()["code"]) == (422, "not-in-force")
    why = company.get(f"/v1/entities/acme/facts/{first.json()['positions'][0]}/lineage").json()
    assert why["why_none"] == f"replaced or taken back by fact {second.json()['positions'][0]}"
