"""Every way to be wrong has its code, names the field, and leaves nothing half done."""

import pytest

from api.views import VIEWS
from tests.api.bad_deals import BAD, OPEN, changes
from tests.usage import usage_row

WHEN = {"effective": "2024-01-15"}
COMMANDS = "/v1/entities/acme/commands"
CLOSES = "/v1/entities/acme/books/main/closes"
USAGE = "/v1/entities/acme/usage/app/batches"


def _told(answered):
    """Status, code and field of a problem."""
    assert answered.headers["content-type"] == "application/problem+json"
    said = answered.json()
    assert said["status"] == answered.status_code
    assert said["title"]
    return said["status"], said["code"], said.get("field")


def _body(command, stream="invoice:i1", key="k"):
    return {"stream": stream, "key": key, "command": command}


def _raw(client, text):
    return client.http.post(COMMANDS, content=text, headers={"Content-Type": "application/json"})


def _head(client):
    return client.get("/v1/heads").json()["acme"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", (400, "malformed-json", None)),
        ("", (400, "malformed-json", None)),
        ("[" * 100_000, (400, "malformed-json", None)),
        ("7", (400, "wrong-type", "$")),
        ('{"stream": "a:b", "stream": "a:b"}', (400, "duplicate-field", "stream")),
        ('{"stream": "product:x", "key": "k", "seal": 1}', (400, "unknown-field", "$.seal")),
        ('{"key": "k"}', (400, "missing-field", "$.stream")),
        ('{"stream": "product:x", "key": "k"}', (400, "empty-command", "command")),
        (
            '{"stream": "product:x", "key": "k", "command": {"type": "make-money"}}',
            (400, "unknown-command", "$.command.type"),
        ),
    ],
)
def test_what_cannot_be_read_is_named_and_stores_nothing(unmoved, text, told):
    before = _head(unmoved)

    assert _told(_raw(unmoved, text)) == told
    assert _head(unmoved) == before


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("NaN", (400, "not-finite", "$.command.lines[0].amount_minor")),
        ("Infinity", (400, "not-finite", "$.command.lines[0].amount_minor")),
        ("100.0", (400, "inexact-number", "$.command.lines[0].amount_minor")),
        ("1e2", (400, "inexact-number", "$.command.lines[0].amount_minor")),
        ('"100"', (400, "wrong-type", "$.command.lines[0].amount_minor")),
        ("-1", (422, "negative-invoice", "lines")),
        ("2000000000000000000", (400, "amount-too-large", "lines.amount_minor")),
    ],
)
def test_money_is_whole_minor_units(company, number, told):
    text = (
        '{"stream": "invoice:i2", "key": "k", "command": {"type": "issue-invoice",'
        '"when": {"effective": "2024-01-15"}, "customer": "c1", "currency": "USD",'
        f'"lines": [{{"line": "1", "amount_minor": {number}}}]}}}}'
    )

    assert _told(_raw(company, text)) == told


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (0.1, "inexact-number"),
        ("NaN", "not-finite"),
        ("1e-16", "wrong-scale"),
        ("1000000000000000000", "quantity-too-large"),
        ("one", "not-a-decimal"),
        (True, "not-a-decimal"),
    ],
)
def test_a_quantity_is_exact_or_its_row_is_rejected(company, quantity, code):
    answered = company.post(USAGE, [usage_row("e1", quantity)], "batch-1").json()

    assert (answered["accepted"], answered["rejected"]) == (0, 1)
    assert [(row["code"], row["field"]) for row in answered["rejects"]] == [(code, "quantity")]


def test_a_key_used_for_another_body_is_refused_and_the_first_answer_stands(company):
    first = {"type": "define-product", "when": WHEN, "name": "Desk"}
    company.command("product:desk", "k", first)

    answered = company.command("product:desk", "k", first | {"name": "Chair"})

    assert _told(answered) == (409, "key-reused", "key")
    assert company.command("product:desk", "k", first).json()["repeated"]


def test_a_source_id_used_for_another_body_is_refused(company):
    source = {"system": "crm", "kind": "product", "id": "7"}
    first = {"type": "define-product", "when": WHEN, "name": "Desk"}
    company.command("product:desk", "k1", first, source=source)

    again = company.command("product:desk", "k2", first, source=source)
    other = company.command("product:desk", "k3", first | {"name": "Chair"}, source=source)

    assert again.json()["repeated"]
    assert _told(other) == (409, "source-id-reused", "source")


@pytest.mark.parametrize(
    ("stream", "command", "told"),
    [
        (
            "invoice:i1",
            {
                "type": "issue-credit",
                "when": WHEN,
                "number": "C1",
                "lines": [{"line": "1", "amount_minor": 10001}],
            },
            (422, "credit-above-invoice", "lines.amount_minor"),
        ),
        (
            "invoice:i1",
            {"type": "void-invoice", "when": {"effective": "0024-01-15"}},
            (400, "date-out-of-range", "when.effective"),
        ),
        (
            "invoice:i1",
            {"type": "void-invoice", "when": WHEN | {"agreed_on": "3024-01-15"}},
            (400, "date-out-of-range", "when.agreed_on"),
        ),
        (
            "invoice:i1",
            {"type": "void-invoice", "when": WHEN | {"at": "0001-01-01T00:00:00+02:00"}},
            (400, "date-out-of-range", "when.at"),
        ),
        (
            "payment:p1",
            {"type": "refund-payment", "when": WHEN, "amount_minor": 4001},
            (422, "refund-above-payment", "amount_minor"),
        ),
        (
            "customer:c2",
            {"type": "register-customer", "when": WHEN, "currency": "DOLLAR"},
            (400, "unknown-currency", "currency"),
        ),
        (
            "invoice:i1",
            {"type": "open-book", "when": WHEN, "name": "main"},
            (400, "wrong-command", "command"),
        ),
        (
            "nowhere",
            {"type": "open-book", "when": WHEN, "name": "main"},
            (400, "unknown-stream", "stream"),
        ),
    ],
)
def test_what_the_domain_refuses_is_named(company, stream, command, told):
    assert _told(company.command(stream, "k", command)) == told


def test_a_payment_in_another_currency_does_not_pay_an_invoice(company):
    received = {
        "type": "receive-payment",
        "when": WHEN,
        "customer": "c1",
        "currency": "EUR",
        "amount_minor": 10000,
    }
    company.command("payment:p2", "k1", received)
    applied = {
        "type": "apply-payment",
        "when": WHEN,
        "applications": [{"invoice": "i1", "amount_minor": 10000}],
    }

    answered = company.command("payment:p2", "k2", applied)

    assert _told(answered)[:2] == (422, "currency-mismatch")


def test_a_refusal_is_final_for_its_key_and_in_the_audit_trail(company):
    void = {"type": "void-invoice", "when": WHEN}
    company.command("invoice:i1", "k1", void)

    first, again = (company.command("invoice:i1", "k2", void) for _ in range(2))

    assert _told(first) == _told(again) == (422, "already-void", "stream")
    acts = company.get("/v1/entities/acme/views/audit", actor="admin").json()["rows"]
    assert [(act["key"], act["code"]) for act in acts if act["outcome"] == "refused"] == [
        ("k2", "already-void")
    ]


def test_a_stale_version_is_a_conflict_and_the_key_stays_free(company):
    void = {"type": "void-invoice", "when": WHEN}

    stale = company.command("invoice:i1", "k", void, expected_version=0)
    fresh = company.command("invoice:i1", "k", void, expected_version=1)

    assert _told(stale) == (409, "version-conflict", "expected_version")
    assert fresh.status_code == 201


def test_a_key_must_be_given_and_said_once(company):
    product = {"type": "define-product", "when": WHEN, "name": "Desk"}

    none = company.post(COMMANDS, {"stream": "product:desk", "command": product})
    two = company.post(COMMANDS, _body(product, "product:desk", "a"), key="b")

    assert _told(none) == (400, "missing-field", "key")
    assert _told(two) == (400, "contradiction", "key")
    assert _told(company.post(USAGE, [])) == (400, "missing-field", "Idempotency-Key")


# --- contracts -----------------------------------------------------------------------------------


def test_what_may_not_be_said_of_a_contract_is_told_by_code_and_field(company):
    told = []
    for number, bad in enumerate(BAD):
        *before, answered = (
            company.command(f"contract:bad-{number}", f"{number}-{place}", command)
            for place, command in enumerate((*bad.before, bad.asked))
        )
        assert all(one.status_code == 201 for one in before)
        told.append(_told(answered))

    assert told == [(422, bad.code, bad.field) for bad in BAD]


def test_two_changes_of_one_day_are_taken_in_either_order(company):
    for stream, amounts in (("contract:k1", (-1200, 600)), ("contract:k2", (600, -1200))):
        company.command(stream, f"{stream}-open", OPEN)
        for minor in amounts:
            change = changes(price_change_minor=minor)
            assert company.command(stream, f"{stream}-{minor}", change).status_code == 201
    _run(company)

    assert company.get("/v1/entities/acme/views/exceptions").json()["rows"] == []


def test_contracts_are_not_combined_in_a_circle_nor_with_themselves(company):
    for stream in ("contract:k1", "contract:k2", "contract:k3"):
        assert company.command(stream, f"{stream}-open", OPEN).status_code == 201
    joins = [("k2", "k1"), ("k3", "k2"), ("k1", "k3"), ("k1", "k1"), ("k2", "k3")]

    told = []
    for one, other in joins:
        join = {"type": "join-contract", "when": WHEN, "contract": other}
        join["because"] = "one-objective"
        answered = company.command(f"contract:{one}", f"{one}-{other}", join)
        told.append("joined" if answered.status_code == 201 else _told(answered))

    assert told == [
        *("joined", "joined"),
        (422, "combined-in-a-circle", "contract"),
        (422, "combined-with-itself", "contract"),
        (422, "combined-already", "contract"),
    ]


def test_a_rate_that_is_missing_is_an_exception_until_it_comes_and_never_guessed(company):
    rate = {"currency": "EUR", "into": "USD", "rate": "1.10"}
    before = {"type": "publish-rates", "when": {"effective": "2023-06-01"}, "rates": [rate]}
    in_euros = {**OPEN, "currency": "EUR"}
    opened = {"type": "publish-rates", "when": {"effective": "2024-01-01"}, "rates": [rate]}
    bill = {"type": "issue-invoice", "when": {"effective": "2024-01-01"}, "customer": "c1"}
    bill |= {"currency": "EUR", "lines": [{"line": "1", "amount_minor": 100, "contract": "k1"}]}
    assert company.command("rates:self", "r1", before).status_code == 201
    assert company.command("contract:k1", "open", in_euros).status_code == 201
    assert company.command("invoice:x1", "bill", bill).status_code == 201
    _run(company)
    waits = company.get("/v1/entities/acme/views/exceptions").json()["rows"]
    posted = company.get("/v1/entities/acme/views/journal").json()["rows"]

    assert {(row["subject"], row["detail"].partition(" ")[0]) for row in waits} >= {
        ("contract:k1", "rate-missing")
    }
    assert [row for row in posted if row["currency"] == "EUR"] == []

    ends = {**opened, "when": {"effective": "2024-01-31"}}
    for key, command in (("r2", opened), ("r3", ends)):
        assert company.command("rates:self", key, command).status_code == 201
    _run(company, key="again")

    assert company.get("/v1/entities/acme/views/exceptions").json()["rows"] == []


@pytest.mark.parametrize("kind", ["runs", "billing-runs"])
def test_a_run_of_an_entity_without_facts_begins_no_log(unmoved, kind):
    heads = unmoved.get("/v1/heads").json()

    refused = unmoved.post(f"/v1/entities/amce/{kind}", {"through": "2024-01-31"}, "run")

    assert _told(refused) == (400, "unknown-entity", "entity")
    assert unmoved.get("/v1/heads").json() == heads


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize(
    ("field", "code", "known"),
    [("customers", "unknown-customer", "c1"), ("subscriptions", "unknown-subscription", "s1")],
)
def test_a_billing_run_narrowed_to_nobody_is_refused(unmoved, preview, field, code, known):
    heads = unmoved.get("/v1/heads").json()
    asked = {"through": "2024-02-01", "preview": preview, field: [known, "x1"]}

    refused = unmoved.post("/v1/entities/acme/billing-runs", asked, "run")

    assert _told(refused) == (400, code, field)
    assert refused.json()["context"] == {"names": ["x1"]}
    assert unmoved.get("/v1/heads").json() == heads


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_an_entity_without_facts_is_not_empty_but_refused(unmoved, view):
    refused = unmoved.get(f"/v1/entities/amce/views/{view}")

    assert _told(refused) == (400, "unknown-entity", "entity")
    assert refused.json()["context"] == {"entity": "amce"}


def test_nothing_is_listed_of_an_entity_without_facts(unmoved):
    refused = (
        unmoved.get("/v1/entities/amce/facts"),
        unmoved.get("/v1/entities/amce/payments/waiting"),
        unmoved.get("/v1/lag", entity="amce"),
    )

    assert [_told(one) for one in refused] == [(400, "unknown-entity", "entity")] * 3


# --- closes --------------------------------------------------------------------------------------


def _run(client, through="2024-01-31", key="run"):
    position = client.post("/v1/entities/acme/runs", {"through": through}, key).json()
    client.get("/v1/entities/acme/views/trial-balance", at_least=position["positions"][0])


def test_a_close_with_unposted_facts_is_refused_until_a_run(company):
    refused = company.post(CLOSES, {"period": "2024-01"}, "close-1")
    _run(company)

    assert _told(refused) == (422, "close-unposted", "period")
    assert company.post(CLOSES, {"period": "2024-01"}, "close-2").status_code == 201


def test_a_second_close_and_a_close_of_no_period_are_refused(company):
    _run(company)
    company.post(CLOSES, {"period": "2024-01"}, "close-1")

    again = company.post(CLOSES, {"period": "2024-01"}, "close-2")
    unknown = company.post(CLOSES, {"period": "2031-01"}, "close-3")

    assert _told(again) == (423, "period-already-closed", "period")
    assert _told(unknown) == (422, "unknown-period", "period")


def test_a_close_with_a_gap_in_a_source_is_refused_until_the_batch_comes_or_is_waived(company):
    window = {
        "type": "declare-usage-window",
        "when": {"effective": "2024-01-31"},
        "window_from": "2024-01-01",
        "window_to": "2024-01-31",
        "first_batch": 1,
        "last_batch": 2,
    }
    company.command("usage:app", "declared", window)
    company.post(f"{USAGE}?batch_number=1", [usage_row("e1")], "batch-1")
    _run(company, key="run-1")

    refused = company.post(CLOSES, {"period": "2024-01", "soft": True}, "close-1")

    assert _told(refused) == (422, "close-usage-gap", "period")
    assert refused.json()["context"] == {"batches": ["app:2"]}
    company.post(f"{USAGE}?batch_number=2", [usage_row("e2")], "batch-2")
    _run(company, key="run-2")
    assert company.post(CLOSES, {"period": "2024-01", "soft": True}, "close-2").status_code == 201


def test_a_reopening_needs_two_people(company):
    _run(company)
    company.post(CLOSES, {"period": "2024-01"}, "close")
    path = "/v1/entities/acme/books/main/reopenings"

    alone = company.post(path, {"period": "2024-01", "actor": "ann", "approved_by": "ann"}, "r1")
    both = company.post(path, {"period": "2024-01", "actor": "ann", "approved_by": "bob"}, "r2")

    assert _told(alone) == (403, "same-person", "approved_by")
    assert both.status_code == 201


# --- pending usage -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "reason", "stream", "cure"),
    [
        (
            {"subscription": "s9"},
            "unknown-subscription",
            "subscription:s9",
            {
                "type": "start-subscription",
                "when": {"effective": "2024-01-01"},
                "customer": "c1",
                "currency": "USD",
                "term_from": "2024-01-01",
                "term_to": "2024-04-01",
                "items": [{"item": "calls", "price": "call"}],
            },
        ),
        (
            {"occurred_at": "2024-04-02T12:00:00Z"},
            "out-of-term",
            "subscription:s1",
            {
                "type": "renew-subscription",
                "when": {"effective": "2024-04-01"},
                "term_to": "2024-07-01",
            },
        ),
    ],
)
def test_usage_that_nobody_sold_is_pending_until_a_fact_cures_it(
    company, more, reason, stream, cure
):
    april = [{"name": "2024-04", "first": "2024-04-01", "last": "2024-04-30"}]
    longer = {"type": "define-calendar", "when": {"effective": "2024-04-01"}, "periods": april}
    company.command("entity:self", "april", longer)
    company.post(USAGE, [usage_row("e1", "100", **more)], "batch-1")
    _run(company, "2024-04-30", "run-1")

    before = company.get("/v1/entities/acme/views/usage-pending").json()["rows"]
    company.command(stream, "cure", cure)
    _run(company, "2024-04-30", "run-2")

    assert [(row["reason"], row["rows"]) for row in before] == [(reason, 1)]
    assert company.get("/v1/entities/acme/views/usage-pending").json()["rows"] == []
    earned = company.get("/v1/entities/acme/views/revenue").json()["rows"]
    assert sum(row["earned_minor"] for row in earned) == 10000 + 200


def test_usage_of_an_unknown_customer_is_pending_until_the_customer_is_registered(company):
    start = {
        "type": "start-subscription",
        "when": {"effective": "2024-01-01"},
        "customer": "c9",
        "currency": "USD",
        "term_from": "2024-01-01",
        "term_to": "2024-04-01",
        "items": [{"item": "calls", "price": "call"}],
    }
    company.command("subscription:s9", "start", start)
    company.post(USAGE, [usage_row("e1", "100", subscription="s9")], "batch-1")
    _run(company, key="run-1")

    pending = company.get("/v1/entities/acme/views/usage-pending").json()["rows"]
    found = company.get("/v1/entities/acme/views/exceptions").json()["rows"]
    refused = company.post(CLOSES, {"period": "2024-01"}, "close-1")
    assert [(row["reason"], row["rows"]) for row in pending] == [("unknown-customer", 1)]
    assert [(row["kind"], row["subject"]) for row in found] == [
        ("pending-usage", "subscription:s9"),
        ("unknown-customer", "c9"),
    ]
    assert _told(refused) == (422, "close-pending", "period")

    register = {"type": "register-customer", "when": WHEN, "currency": "USD"}
    company.command("customer:c9", "register", register)
    early = company.post(CLOSES, {"period": "2024-01"}, "close-2")
    _run(company, key="run-2")
    assert _told(early)[1] == "close-pending"
    assert company.get("/v1/entities/acme/views/usage-pending").json()["rows"] == []
    assert company.post(CLOSES, {"period": "2024-01"}, "close-3").status_code == 201


def test_usage_of_an_unknown_meter_is_pending_and_stands_against_a_close(company):
    company.post(USAGE, [usage_row("e1", meter="steps")], "batch-1")
    _run(company)

    pending = company.get("/v1/entities/acme/views/usage-pending").json()["rows"]

    assert [(row["reason"], row["meter"]) for row in pending] == [("unknown-meter", "steps")]
    refused = company.post(CLOSES, {"period": "2024-01"}, "close")
    assert _told(refused) == (422, "close-pending", "period")


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/nothing", (404, "not-found", None)),
        ("/v1/entities/acme/views/nothing", (404, "not-found", "view")),
        ("/v1/entities/acme/views/revenue?basis=hoped", (400, "wrong-type", "$.basis")),
        ("/v1/entities/acme/views/revenue?known_at=-1", (400, "wrong-type", "known_at")),
        ("/v1/entities/acme/views/revenue?known_at=999", (503, "views-behind", None)),
        ("/v1/entities/acme/views/revenue?through=soon", (400, "bad-date", "through")),
        ("/v1/entities/acme/views/revenue?book=mian", (404, "not-found", "book")),
        ("/v1/entities/acme/views/journal?account=cahs", (404, "not-found", "account")),
        ("/v1/entities/acme/views/revenue?troth=2024-01-31", (400, "unknown-field", "troth")),
        ("/v1/entities/acme/facts?limit=0", (400, "wrong-type", "limit")),
        ("/v1/entities/acme/commands", (405, "method-not-allowed", None)),
    ],
)
def test_an_address_that_asks_for_nothing_is_told_so(unmoved, path, told):
    assert _told(unmoved.http.get(path)) == told
