"""The command line as a person or a program meets it: what it prints, and how it leaves."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from typing import NamedTuple

import httpx
import pytest

from api import cli
from api.views import VIEWS
from tests.api.bad_deals import BAD

WHEN = {"effective": "2024-01-01"}
COMMANDS = [
    (
        "entity:self",
        {"type": "open-entity", "when": WHEN, "name": "Acme", "functional_currency": "USD"},
    ),
    (
        "entity:self",
        {
            "type": "define-calendar",
            "when": WHEN,
            "periods": [
                {"name": "2024-01", "first": "2024-01-01", "last": "2024-01-31"},
                {"name": "2024-02", "first": "2024-02-01", "last": "2024-02-29"},
            ],
        },
    ),
    ("book:main", {"type": "open-book", "when": WHEN, "name": "main"}),
    ("customer:c1", {"type": "register-customer", "when": WHEN, "currency": "USD"}),
    (
        "invoice:i1",
        {
            "type": "issue-invoice",
            "when": {"effective": "2024-01-10"},
            "customer": "c1",
            "currency": "USD",
            "lines": [
                {
                    "line": "1",
                    "amount_minor": 6000,
                    "service_from": "2024-01-01",
                    "service_to": "2024-03-01",
                }
            ],
        },
    ),
]


class Finished(NamedTuple):
    """How a command left, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def tieout(database, tmp_path, monkeypatch, capfd):
    """Run a command on a database of the test's own, as its console script would."""
    monkeypatch.chdir(tmp_path)

    def running(*words, given="", home=None):
        monkeypatch.setenv("TIEOUT_DATABASE_URL", home or database)
        monkeypatch.setattr("sys.argv", ["tieout", *words])
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as left:
            cli.main()
        return Finished(int(left.value.code or 0), *capfd.readouterr())

    return running


@pytest.fixture
def books(tieout):
    posted = tieout("post", "-", "--entity", "acme", given=_lines(COMMANDS))
    assert posted.returncode == 0, posted.stderr
    assert tieout("run", "-e", "acme", "--through", "2024-01-31").returncode == 0
    return tieout


def _lines(commands):
    return "\n".join(
        json.dumps({"key": f"k{number}", "stream": stream, "command": command})
        for number, (stream, command) in enumerate(commands)
    )


def _said(finished, code=0):
    assert finished.returncode == code, finished.stderr
    return json.loads(finished.stdout)


def test_the_help_lists_every_command(tieout):
    _, _, commands = tieout("--help").stdout.partition("Commands:\n")
    listed = [line.split()[0] for line in commands.split("\n\n")[0].splitlines()]

    wanted = (
        "bench bill cases close demo dun explain export import invoice journal lag lineage opening "
        "payments post rates rebuild reopen report run serve statement tax test verify work"
    )
    assert listed == wanted.split()


def test_it_says_its_version(tieout):
    assert re.fullmatch(r"tieout \d+\.\d+\.\d+\n", tieout("--version").stdout)


ASKED_FOR_HELP = "from api.cli import tieout; tieout(['--help'], standalone_mode=False)"
IMPORTED = (
    "import importlib; from api.cli import COMMANDS;"
    "[importlib.import_module(f'api.cli.{name}') for name in COMMANDS if name != 'serve']"
)


@pytest.mark.parametrize(
    ("done", "unwanted"),
    [
        (ASKED_FOR_HELP, {"domain", "store", "psycopg", "rich"}),
        (IMPORTED, {"litestar", "uvicorn", "httpx", "redis"}),
    ],
)
def test_a_command_starts_without_what_only_others_need(done, unwanted):
    told = f"{done}; import sys; print(); print(*sys.modules)"
    called = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True)

    assert unwanted & set(called.stdout.decode().splitlines()[-1].split()) == set()


def test_posting_a_file_again_changes_nothing(books):
    again = books("post", "-", "--entity", "acme", given=_lines(COMMANDS))

    assert (again.returncode, again.stdout) == (0, "0 accepted, 5 repeated, 0 refused\n")


def test_a_line_that_is_refused_is_named_and_the_others_go_on(books):
    void = {"type": "void-invoice", "when": {"effective": "2024-01-20"}}
    lines = (
        f"{json.dumps({'key': 'a', 'stream': 'invoice:i1', 'command': void})}\n"
        "{\n\n"
        f"{json.dumps({'key': 'b', 'stream': 'invoice:i1', 'command': void})}\n"
    )

    told = books("post", "-", "--entity", "acme", "--json", given=lines)

    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.returncode == 1
    assert [(row["line"], row.get("problem", {}).get("code")) for row in rows] == [
        (1, None),
        (2, "malformed-json"),
        (4, "already-void"),
    ]


def test_what_may_not_be_said_of_a_contract_is_told_by_code_and_field(books):
    lines = [
        {"key": f"{number}-{place}", "stream": f"contract:bad-{number}", "command": command}
        for number, bad in enumerate(BAD)
        for place, command in enumerate((*bad.before, bad.asked))
    ]

    told = books("post", "-", "-e", "acme", "--json", given="\n".join(map(json.dumps, lines)))

    rows = [json.loads(line) for line in told.stdout.splitlines()]
    refused = [row["problem"] for row in rows if "problem" in row]
    assert told.returncode == 1
    assert [(row["code"], row["field"]) for row in refused] == [(b.code, b.field) for b in BAD]


def test_every_view_is_a_report_in_words_and_in_json(books):
    for view in VIEWS:
        spoken = books("report", view, "--entity", "acme")
        found = _said(books("report", view, "--entity", "acme", "--json"))

        assert (spoken.returncode, spoken.stderr) == (0, "")
        assert found["entity"] == "acme"


def test_a_report_shows_major_units(books):
    lines = books("report", "trial-balance", "-e", "acme").stdout.splitlines()

    rows = [line.split() for line in lines if line.startswith("  ") and "USD" in line]
    assert rows == [
        ["accounts-receivable", "60.00", "60.00", "USD"],
        ["contract-liability", "-29.00", "-29.00", "USD"],
        ["revenue", "-31.00", "-31.00", "USD"],
    ]


def test_a_close_again_under_its_key_says_the_same(books):
    close = ("close", "2024-01", "-e", "acme", "--key", "january", "--json")

    first, again = _said(books(*close)), _said(books(*close))

    assert first == again
    assert first["seal"]["debits_minor"] == [["USD", 9100]]


def test_what_is_refused_is_told_by_code_and_field_and_leaves_with_1(books):
    refused = books("close", "2031-01", "-e", "acme")

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "unknown-period: The calendar has no such period.",
        "  field: period",
        "  period: 2031-01",
    ]
    assert _said(books("close", "2031-01", "-e", "acme", "--json"), 1)["code"] == "unknown-period"


def test_a_book_that_nobody_opened_is_told_rather_than_written_empty(books, tmp_path):
    wanted = ["-e", "acme", "--book", "mian"]
    out = tmp_path / "mian.csv"

    refused = books("journal", "export", *wanted, "--format", "csv", "-o", str(out))

    assert (refused.returncode, refused.stderr.partition(":")[0]) == (1, "not-found")
    assert not out.exists()
    assert _said(books("report", "revenue", *wanted, "--json"), 1)["field"] == "book"


def test_a_command_that_cannot_be_understood_leaves_with_2(tieout):
    assert tieout("close").returncode == 2
    assert tieout("run", "-e", "acme", "--through", "tomorrow").returncode == 2


def test_a_database_that_is_not_there_is_told_in_words(tieout):
    told = tieout("run", "-e", "a", "--through", "2024-01-31", home="postgresql://127.0.0.1:1/x")

    assert told.returncode == 1
    assert told.stderr.startswith("database-unreachable: cannot connect")


def test_an_address_of_a_database_that_cannot_be_read_is_told_without_what_it_holds(tieout):
    told = tieout("lag", home="postgresql//ann:secret@localhost/x")

    assert (told.returncode, told.stderr.partition(":")[0]) == (1, "bad-database-address")
    assert "secret" not in told.stderr


def test_a_service_that_cannot_listen_says_so_and_takes_no_key(tieout):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = tieout("serve", "--port", str(taken.getsockname()[1]))
    nowhere = tieout("serve", "--host", "192.0.2.1", "--port", "0")

    for refused in (told, nowhere):
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("address-not-usable: cannot listen: ")


def test_nothing_is_reported_of_an_entity_that_nobody_knows(books):
    assert books("report", "revenue", "-e", "acme").stderr == ""
    for words in (
        *(("report", "revenue"), ("payments", "waiting"), ("lag",), ("rates", "list")),
        *(("journal", "export", "--format", "csv", "-o", "-"), ("export", "-o", "-"), ("verify",)),
        *(("dun", "--through", "2024-01-31"), ("tax", "tell"), ("payments", "left")),
        ("statement", "c1", "--currency", "USD", "--out", "s.pdf"),
    ):
        refused = books(*words, "-e", "acmee")

        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            "unknown-entity: The entity has no facts.\n  field: entity\n  entity: acmee\n"
        )


def test_a_run_without_a_book_says_that_nothing_is_posted(tieout):
    tieout("post", "-", "--entity", "acme", given=_lines(COMMANDS[:1]))
    said = "no book is open, so nothing is posted: open one by open-book\n"

    assert tieout("run", "-e", "acme", "--through", "2024-01-31").stderr == said
    tieout("post", "-", "--entity", "acme", given=_lines(COMMANDS))
    assert tieout("run", "-e", "acme", "--through", "2024-01-31").stderr == ""


def test_a_billing_run_that_finds_nothing_due_says_so(books):
    told = books("bill", "-e", "acme", "--through", "2024-01-01", "--preview")

    assert (told.returncode, told.stdout) == (0, "nothing is due that no document has\n")


def test_the_journal_goes_out_of_a_book_that_was_opened_alone(books):
    words = ("journal", "export", "-e", "acme", "--format", "csv", "-o", "-", "--book")

    assert "revenue" in books(*words, "main").stdout
    refused = books(*words, "mian")
    assert refused.returncode == 1
    assert "not-found" in refused.stderr


def test_a_wrong_date_is_told_how_to_write(books):
    command = {"type": "void-invoice", "when": {"effective": "2024-13-01"}}
    line = json.dumps({"key": "a", "stream": "invoice:i1", "command": command})

    told = _said(books("post", "-", "-e", "acme", "--json", given=line), 1)["problem"]

    assert (told["code"], told["field"]) == ("wrong-type", "$.command.when.effective")
    assert told["context"] == {"expected": "a date written YYYY-MM-DD"}


def test_a_position_that_is_not_reached_is_told_so(books):
    told = books("report", "revenue", "-e", "acme", "--known-at", "99", "--json")

    assert _said(told, 1)["code"] == "views-behind"


def test_a_line_is_explained_from_an_export_on_a_machine_without_the_database(books, tmp_path):
    exported = tmp_path / "acme.ndjson"
    told = _said(books("export", "-e", "acme", "--output", str(exported), "--json"))
    nowhere = "postgresql://127.0.0.1:1/x"

    live = _said(books("explain", "1", "2", "-e", "acme", "--json"))
    apart = _said(books("explain", "1", "2", "--from", str(exported), "--json", home=nowhere))

    assert told["position"] == 6
    assert apart == live
    assert live["shares"][0]["steps"] != []


def test_an_entity_is_moved_by_its_export(books, empty_database, tmp_path):
    exported = tmp_path / "acme.ndjson"
    books("export", "-e", "acme", "--output", str(exported))
    revenue = _said(books("report", "revenue", "-e", "acme", "--json"))

    taken = _said(books("import", "entity", str(exported), "--json", home=empty_database))
    again = books("import", "entity", str(exported), "--json", home=empty_database)
    moved = _said(books("report", "revenue", "-e", "acme", "--json", home=empty_database))

    assert (taken["entity"], taken["position"], taken["lines"]["facts"]) == ("acme", 6, 6)
    assert moved == revenue
    assert _said(again, 1)["code"] == "entity-not-empty"


def test_lineage_leads_down_and_up(books):
    down = _said(books("lineage", "line", "1", "1", "-e", "acme", "--json"))
    up = _said(books("lineage", "fact", "5", "-e", "acme", "--json"))

    assert [cause["position"] for cause in down["causes"]] == [5]
    assert down["line"] in up["lines"]
    assert _said(books("lineage", "fact", "99", "-e", "acme", "--json"), 1)["code"] == "not-found"


def test_all_ten_laws_are_verified_with_their_counts(books):
    assert books("close", "2024-01", "-e", "acme").returncode == 0

    found = _said(books("verify", "--json"))

    assert found["breaks"] == 0
    assert {verdict["law"] for verdict in found["verdicts"]} == set(range(1, 11))


def test_a_rebuild_ties_and_switches(books):
    found = _said(books("rebuild", "--json"))

    assert found["views"]["switched"]
    assert (found["views"]["breaks"], found["journal"]["breaks"]) == ([], [])
    assert found["journal"]["entries"] > 0


def test_views_are_built_shown_and_taken_back_by_commands(books):
    assert _said(books("rebuild", "switch", "--json"), 1)["code"] == "nothing-to-switch"
    assert _said(books("rebuild", "rollback", "--json"), 1)["code"] == "nothing-to-roll-back"
    built = _said(books("rebuild", "views", "--json"))
    assert (built["generation"], built["switched"], built["breaks"]) == (2, False, [])
    assert _standings(books) == {1: "live", 2: "ready"}

    shown = books("rebuild", "switch")
    assert re.fullmatch(
        r"readers see generation 2 now, others waited \d+ ms at most; generation 1 is kept\n",
        shown.stdout,
    )
    assert _standings(books) == {1: "before", 2: "live"}
    back = _said(books("rebuild", "rollback", "--json"))

    assert (back["live"], back["before"]) == (1, 2)
    assert _standings(books) == {1: "live", 2: "before"}


def _standings(books):
    found = _said(books("rebuild", "status", "--json"))
    return {one["generation"]: one["standing"] for one in found["generations"]}


def test_a_rebuilt_journal_is_told_in_words(books):
    found = books("rebuild", "journal", "--processes", "1")

    counted = "1 entries, 4 lines, 0 seals, entities 1"
    said = f"journal: posted again and compared: {counted}: every row the same\n"
    assert (found.returncode, found.stdout) == (0, said)


def test_serving_shows_the_key_once_and_ends_when_asked(database, tmp_path):
    environment = {"PATH": os.environ["PATH"], "TIEOUT_DATABASE_URL": database}
    first, again = (_serve_once(environment, tmp_path) for _ in range(2))

    assert first["key"].startswith("tk_")
    assert again["key"] == ""
    assert [first["status"], again["status"]] == [200, 200]
    assert [first["left"], again["left"]] == [0, 0]


def _serve_once(environment, folder):
    words = [sys.executable, "-u", "-c", "from api.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=folder,
    ) as serving:
        said = ""
        while "Serving on" not in said:
            line = serving.stdout.readline()
            assert line, said
            said += line
        address = re.search(r"http://[0-9.:]+", said)[0]
        status = httpx.get(f"{address}/health").status_code
        serving.send_signal(signal.SIGINT)
        serving.stdout.read()
        left = serving.wait(60)
    key = re.search(r"tk_\S+", said)
    return {"key": key[0] if key else "", "status": status, "left": left}


def _rows_of(tieout, name, *more):
    found = tieout("import", "rows", name, "--source", "app", "-e", "acme", "--json", *more)
    return {key: _said(found)[key] for key in ("accepted", "duplicates", "rejected", "repeated")}


def test_a_file_of_rows_or_events_is_taken_as_the_endpoint_takes_it(books, tmp_path):
    row = {
        "event_id": "e1",
        "subscription": "s1",
        "meter": "calls",
        "quantity": "5",
        "occurred_at": "2024-01-10T12:00:00Z",
    }
    event = {
        "specversion": "1.0",
        "id": "e1",
        "source": "app",
        "subject": "s1",
        "type": "calls",
        "time": "2024-01-10T12:00:00Z",
        "data": {"quantity": "5"},
    }
    other = json.dumps(event | {"id": "e2"})
    (tmp_path / "rows.ndjson").write_text(f"{json.dumps(row)}\nno row\n")
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    (tmp_path / "events.json").write_text(json.dumps([event]))
    (tmp_path / "events.ndjson").write_text(f"{other}\n\n7\n{{\n")
    (tmp_path / "gone.ndjson").write_text('"e2"\n')

    first = _rows_of(books, "rows.ndjson")

    assert first == {"accepted": 1, "duplicates": 0, "rejected": 1, "repeated": False}
    assert _rows_of(books, "rows.ndjson") == first | {"repeated": True}
    repeated = {"accepted": 0, "duplicates": 1, "rejected": 0, "repeated": False}
    assert _rows_of(books, "rows.json") == repeated
    assert _rows_of(books, "events.json", "--cloud-events") == repeated
    mixed = {"accepted": 1, "duplicates": 0, "rejected": 2, "repeated": False}
    assert _rows_of(books, "events.ndjson", "--cloud-events") == mixed
    taken_out = {"accepted": 1, "duplicates": 0, "rejected": 0, "repeated": False}
    assert _rows_of(books, "gone.ndjson", "--kind", "retraction") == taken_out
