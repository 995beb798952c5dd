"""The page of canonical encodings: its vectors, by our code and by a second encoder."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from domain.errors import Malformed
from domain.journal import Entry, Line, Slot
from store import canonical
from store.canonical import FactRow, UsageLeafRow
from store.keys import Refusal, refusal_leaf

PAGE = Path(__file__).parents[2] / "docs/reference/canonical-encodings.md"
VECTORS = [
    (name, json.loads(text))
    for name, text in re.findall(r"```json ([\w-]+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
]


def named(name):
    return [vector for found, vector in VECTORS if found == name]


def text(value):
    """Rules 1 and 2 of the page, written anew."""
    if value is None:
        return b"\xff\xff\xff\xff"
    data = value.encode()
    return len(data).to_bytes(4, "big") + data


def record(name, fields):
    """Rule 3."""
    body = b"".join(text(key) + text(value) for key, value in sorted(fields.items()))
    return text(name) + body


def typed(row_type, columns):
    """Columns of a vector as the store has them: numbers, dates, instants."""
    return msgspec.convert([columns[name] for name in row_type._fields], row_type, strict=False)


def test_the_page_has_a_vector_for_every_encoding():
    assert {name for name, _ in VECTORS} == {
        "tieout-fact-1",
        "tieout-entry-1",
        "tieout-usage-1",
        "tieout-kept-1",
        "tieout-seal-1",
        "chains",
    }


@pytest.mark.parametrize(("name", "vector"), [v for v in VECTORS if "columns" in v[1]])
def test_the_rules_of_the_page_give_its_leaves(name, vector):
    assert sha256(record(name, vector["columns"])).hexdigest() == vector["sha256"]


def test_the_whole_encoding_of_the_smallest_fact_is_as_printed():
    vector = named("tieout-fact-1")[0]

    assert record("tieout-fact-1", vector["columns"]).hex() == vector["encoding"]


@pytest.mark.parametrize("vector", named("tieout-fact-1"))
def test_the_code_gives_the_leaves_of_facts(vector):
    assert canonical.fact_leaf(typed(FactRow, vector["columns"])).hex() == vector["sha256"]


def test_the_code_gives_the_leaf_of_a_refusal():
    (vector,) = named("tieout-kept-1")

    assert refusal_leaf(typed(Refusal, vector["columns"])).hex() == vector["sha256"]


def test_the_code_gives_the_leaves_and_buckets_of_usage():
    row, retraction = named("tieout-usage-1")
    leaf = canonical.usage_leaf(typed(UsageLeafRow, row["columns"]))

    assert leaf.hex() == row["sha256"]
    assert canonical.retraction_leaf("acme", "app", "ev-1").hex() == retraction["sha256"]
    assert canonical.bucket("acme", "app", "ev-1") == row["bucket"] == retraction["bucket"]


def entry(vector):
    head = vector["entry"]
    return Entry(
        entity=head["entity"],
        book=head["book"],
        unit=head["unit"],
        known_at=int(head["known_at"]),
        booked=head["booked"],
        currency=head["currency"],
        functional_currency=head["functional_currency"],
        lines=tuple(
            Line(
                slot=Slot(
                    earned=date.fromisoformat(line["earned"]),
                    kind=line["kind"],
                    subject=line["subject"],
                    account=line["account"],
                    obligation=line["obligation"],
                    document=line["document"],
                ),
                minor=int(line["minor"]),
                functional_minor=int(line["functional_minor"]),
                accounting_date=date.fromisoformat(line["accounting_date"]),
                rule=line["rule"],
                causes=tuple(int(cause) for cause in line["causes"].split()),
            )
            for line in vector["lines"]
        ),
    )


def test_the_leaf_of_an_entry_by_the_rules_and_by_the_code():
    (vector,) = named("tieout-entry-1")
    order = ("earned", "kind", "subject", "account", "obligation", "document")
    lines = sorted(vector["lines"], key=lambda line: [line[name] for name in order])
    encoded = record("tieout-entry-1", vector["entry"])
    encoded += b"".join(record("line", line) for line in lines)

    assert sha256(encoded).hexdigest() == vector["sha256"]
    assert canonical.entry_leaf(entry(vector)).hex() == vector["sha256"]


def test_chains_of_leaves():
    (vector,) = named("chains")
    leaves = [bytes.fromhex(leaf) for leaf in vector["leaves"]]

    for name, code in (
        ("tieout-usage-batch-1", canonical.batch_root),
        ("tieout-journal-1", canonical.journal_digest),
        ("tieout-kept-1", canonical.kept_digest),
    ):
        assert sha256(record(name, {}) + b"".join(leaves)).hexdigest() == vector[name]
        assert code(leaves) == vector[name]
    assert canonical.journal_digest([]) == vector["empty tieout-journal-1"]


def test_a_seal_by_the_code():
    (vector,) = named("tieout-seal-1")

    assert canonical.seal_digest(vector["columns"]) == vector["sha256"]


def test_an_instant_is_told_in_utc_whatever_offset_it_came_with():
    moment = datetime(2026, 1, 1, 1, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    assert canonical.instant(moment) == "2025-12-31T23:00:00.000005Z"
    assert canonical.instant(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("bad", "code"),
    [("a\x00b", "nul-character"), ("cafe\u0301", "not-nfc"), ("\ud800", "not-unicode")],
)
def test_text_that_cannot_be_sealed_is_refused_not_repaired(bad, code):
    with pytest.raises(Malformed) as refused:
        canonical.well_formed(bad, "field")

    assert (refused.value.code, refused.value.field) == (code, "field")


@pytest.mark.parametrize("text", ['"a\\u0000"', '"\\\\\\u0000"'])
def test_an_escaped_nul_is_still_a_nul(text):
    with pytest.raises(Malformed, match="nul-character"):
        canonical.well_formed_json(text)


def test_a_backslash_before_u0000_is_only_text():
    assert canonical.well_formed_json('"\\\\u0000"') == '"\\\\u0000"'
