"""An invoice over HTTP and on the command line, as a document."""

import json
from hashlib import sha256

import pytest

from api.cli import main

PATH = "/v1/entities/acme/invoices/i-1/document"
WHEN = {"effective": "2026-02-01"}
LINES = [{"line": "1", "amount_minor": 12345, "description": "Seats <b>", "kind": "one-off"}]


@pytest.fixture
def shop(client):
    company = {"type": "open-entity", "when": WHEN, "name": "Acme", "functional_currency": "EUR"}
    assert client.command("entity:self", "open", company).status_code == 201
    customer = {"type": "register-customer", "when": WHEN, "currency": "EUR", "locale": "de"}
    assert client.command("customer:c1", "c1", customer).status_code == 201
    issue = {"type": "issue-invoice", "when": WHEN, "customer": "c1", "currency": "EUR"}
    issued = client.command("invoice:i-1", "i-1", {**issue, "number": "N/1", "lines": LINES})
    assert issued.status_code == 201
    return client


def test_a_document_comes_as_html_and_its_tag_is_the_hash_of_its_bytes(shop):
    found = shop.get(PATH)

    assert found.status_code == 200
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["content-language"] == "de"
    assert found.headers["tieout-known-at"] == "3"
    assert found.headers["etag"] == f'"{sha256(found.content).hexdigest()}"'
    assert "Rechnung N/1" in found.text
    assert "Seats &lt;b&gt;" in found.text


def test_a_document_comes_as_pdf_when_asked(shop):
    found = shop.http.get(PATH, headers={"Accept": "application/pdf, text/html;q=0.5"})

    assert found.headers["content-type"] == "application/pdf"
    assert found.content.startswith(b"%PDF")


def test_a_document_that_is_had_is_not_sent_again(shop):
    tag = shop.get(PATH).headers["etag"]

    again = shop.http.get(PATH, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert shop.http.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"locale": "sv"}, 422, "no-translation"),
        ({"locale": "german"}, 422, "no-translation"),
        ({"locale": "de-XX-YY"}, 400, "unknown-locale"),
        ({"credit": "none"}, 404, "not-found"),
        ({"known_at": 2}, 404, "not-found"),
    ],
)
def test_what_cannot_be_rendered_is_a_problem(shop, query, status, code):
    found = shop.get(PATH, **query)

    assert (found.status_code, found.json()["code"]) == (status, code)


def test_a_medium_that_documents_do_not_come_in_is_a_problem(shop):
    found = shop.http.get(PATH, headers={"Accept": "image/png"})

    assert (found.status_code, found.json()["code"]) == (406, "not-acceptable")


def test_the_command_line_writes_the_same_file(shop, database, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    words = ["invoice", "render", "i-1", "-e", "acme", "--out-dir", str(tmp_path), "--json"]
    call(monkeypatch, *words)

    told = json.loads(capsys.readouterr().out)
    path = tmp_path / "N%2F1.html"
    assert path.read_bytes() == shop.get(PATH).content
    assert (told["file"], told["number"], told["locale"]) == (str(path), "N/1", "de")
    assert told["sha256"] == sha256(path.read_bytes()).hexdigest()


def test_what_was_sent_is_stated_and_compared(shop, database, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    path = tmp_path / "i-1.pdf"
    words = ["invoice", "send", "i-1", "-e", "acme", "--to", "p-7", "--channel", "email"]
    words += ["--out", str(path), "--on", "2026-02-02"]
    for _ in range(2):
        call(monkeypatch, *words)
    found = shop.get(PATH.replace("document", "sent")).json()
    call(monkeypatch, "invoice", "sent", "i-1", "-e", "acme")

    (row,) = found["rows"]
    assert (row["finding"], row["sent_on"], row["position"]) == ("same", "2026-02-02", 4)
    told = {name: row["document"][name] for name in ("sha256", "recipient", "known_at", "locale")}
    assert told == {
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "recipient": "p-7",
        "known_at": 3,
        "locale": "de",
    }
    assert "same" in capsys.readouterr().out
    assert shop.get("/v1/entities/acme/invoices/none/sent").status_code == 404


def test_a_statement_of_an_account(shop, database, tmp_path, monkeypatch):
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    path = "/v1/entities/acme/customers/c1/statement"
    found = shop.get(path, currency="EUR", since="2026-01-01", through="2026-02-28")
    out = tmp_path / "c1.html"
    words = ["statement", "c1", "-e", "acme", "--currency", "EUR", "--format", "html"]
    call(monkeypatch, *words, "--since", "2026-01-01", "--through", "2026-02-28", "--out", str(out))

    assert "Kontoauszug c1 EUR" in found.text
    assert found.headers["content-language"] == "de"
    assert out.read_bytes() == found.content
    assert shop.get(path, currency="USD").json()["code"] == "not-found"
    assert shop.get(path, currency="EUR", since="x").json()["code"] == "bad-date"
    assert shop.get(path).status_code == 400


def call(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["tieout", *words])
    with pytest.raises(SystemExit, match="0"):
        main()


def test_an_invoice_is_read_as_it_stands(shop):
    found = shop.get("/v1/entities/acme/invoices/i-1")

    assert found.status_code == 200
    told = found.json()
    assert (told["invoice"], told["version"]) == ("i-1", 1)
    assert told["state"]["issued"]["number"] == "N/1"
    assert shop.get("/v1/entities/acme/invoices/nobody").status_code == 404


def test_the_command_line_reads_an_invoice_alike(shop, database, monkeypatch, capsys):
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    call(monkeypatch, "invoice", "show", "i-1", "--entity", "acme", "--json")

    assert json.loads(capsys.readouterr().out) == shop.get("/v1/entities/acme/invoices/i-1").json()


def test_payments_that_wait_are_read(shop):
    found = shop.get("/v1/entities/acme/payments/waiting")

    assert (found.status_code, found.json()) == (200, {"entity": "acme", "rows": []})


def test_invoices_are_listed_on_the_command_line_and_over_http(shop, database, monkeypatch, capsys):
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    words = ["--entity", "acme", "--state", "open", "--limit", "5", "--json"]
    call(monkeypatch, "invoice", "list", *words)
    found = shop.get("/v1/entities/acme/views/invoices", state="open", limit=5).json()

    assert [(row["invoice"], row["open_minor"]) for row in found["rows"]] == [("i-1", 12345)]
    assert json.loads(capsys.readouterr().out)["rows"] == found["rows"]


def test_people_credit_and_give_up_on_the_command_line(shop, database, monkeypatch, capsys):
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    of = ["i-1", "-e", "acme", "--on", "2026-03-01", "--json"]
    call(
        monkeypatch, "invoice", "credit", *of, "--amount", "23.45", "--number", "C-1", "--to=refund"
    )
    call(monkeypatch, "invoice", "write-off", *of, "--amount", "60", "--reason", "bankrupt")
    call(monkeypatch, "invoice", "recover", *of)
    capsys.readouterr()
    rows = shop.get("/v1/entities/acme/facts", after=3).json()["rows"]

    told = [(row["event"]["type"], row["event"].get("to")) for row in rows]
    assert told == [
        ("credit-issued", "refund"),
        ("invoice-written-off", None),
        ("invoice-recovered", None),
    ]
    assert rows[1]["event"]["amount_minor"] == 6000
