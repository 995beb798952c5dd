"""CloudEvents and lines over a real socket, the same rules as rows of JSON."""

import json

import pytest

BATCHES = "/v1/entities/acme/usage/app/batches"
ONE = "application/cloudevents+json"
MANY = "application/cloudevents-batch+json"


def event(name, quantity="5", **more):
    return {
        "specversion": "1.0",
        "id": name,
        "source": "app",
        "type": "calls",
        "subject": "s1",
        "time": "2024-01-10T12:00:00Z",
        "data": {"quantity": quantity},
        **more,
    }


def row(name, quantity="5", **more):
    return {
        "event_id": name,
        "subscription": "s1",
        "meter": "calls",
        "quantity": quantity,
        "occurred_at": "2024-01-10T12:00:00Z",
        **more,
    }


def send(company, body, content_type, key=None, **query):
    headers = {"Content-Type": content_type} | ({"Idempotency-Key": key} if key else {})
    content = body if isinstance(body, str) else json.dumps(body)
    return company.http.post(BATCHES, content=content, headers=headers, params=query)


def counts(answered):
    told = answered.json()
    return tuple(told[name] for name in ("received", "duplicates", "rejected", "accepted"))


def test_an_event_is_the_row_that_says_the_same(company):
    data = {"quantity": "5", "unit": "call", "region": "eu", "tries": 2, "cached": True}
    dimensions = {"region": "eu", "tries": "2", "cached": "true"}
    as_row = row("e1", unit="call", dimensions=dimensions)

    first = send(company, event("e1", data=data), f"{ONE}; charset=utf-8")
    again = company.post(BATCHES, [as_row, row("e1")], "rows")

    assert (first.status_code, counts(first)) == (201, (1, 0, 0, 1))
    assert counts(again) == (2, 1, 1, 0)
    assert [one["code"] for one in again.json()["rejects"]] == ["duplicate-with-other-body"]


def test_each_event_of_a_batch_is_answered_by_itself(company):
    wrong = [
        event("e1"),
        event("e1"),
        event("e2", specversion="0.3"),
        event("e3", data=None),
        event("e4", data={}),
        event("e5", 0.5),
        event("e6", time="2024-01-10"),
        event("e7", data={"quantity": 1, "path": ["a"]}),
        event("e8", subject=None),
        event("e9", data="5"),
        {"specversion": "1.0", "source": "app"},
        "no event",
    ]

    answered = send(company, wrong, MANY)

    assert counts(answered) == (12, 1, 10, 1)
    assert [
        (one["row_no"], one["event_id"], one["code"], one["field"])
        for one in answered.json()["rejects"]
    ] == [
        (3, None, "unknown-specversion", "specversion"),
        (4, "e3", "missing-field", "data"),
        (5, "e4", "missing-field", "data.quantity"),
        (6, "e5", "inexact-number", "data.quantity"),
        (7, "e6", "bad-timestamp", "time"),
        (8, "e7", "not-texts", "data"),
        (9, "e8", "missing-field", "subject"),
        (10, "e9", "wrong-type", "data"),
        (11, None, "missing-field", "id"),
        (12, None, "not-a-row", None),
    ]
    assert json.loads(answered.json()["rejects"][5]["raw"]) == wrong[7]


def test_the_same_body_is_the_same_batch_without_a_key(company):
    first = send(company, [event("e1")], MANY)
    again = send(company, [event("e1")], MANY)
    more = send(company, [event("e1"), event("e2")], MANY)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"repeated": True}
    assert counts(more) == (2, 1, 0, 1)
    assert company.post(BATCHES, [row("e3")]).json()["code"] == "missing-field"


def test_an_id_is_taken_once_by_source(company):
    """Two devices may give the same id; what one of them sends again is still a duplicate."""
    both = [event("e1", source="/device/a|b"), event("e1", source="/device/2"), event("e1")]

    assert counts(send(company, both, MANY)) == (3, 0, 0, 3)
    assert counts(send(company, both[:1], MANY)) == (1, 1, 0, 0)
    again = company.post(BATCHES, [row("/device/a%7Cb|e1"), row("e1")], "rows")
    assert counts(again) == (2, 2, 0, 0)


def test_events_are_corrected_and_retracted_by_source_and_id(company):
    send(company, [event("e1"), event("e2", source="/two")], MANY)

    corrected = send(company, [event("e1", "7")], MANY, kind="correction")
    retracted = send(company, [{"specversion": "1.0", "id": "e2", "source": "/two"}], MANY,
                     kind="retraction")  # fmt: skip

    assert counts(corrected) == (1, 0, 0, 1)
    assert counts(retracted) == (1, 0, 0, 1)


@pytest.mark.parametrize("body", ["{", "7", "{}"])
def test_a_batch_that_is_none_is_refused_as_a_whole(company, body):
    assert send(company, body, MANY).status_code == 400


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonl; charset=utf-8"])
def test_lines_are_rows(company, kind):
    lines = f"{json.dumps(row('e1'))}\n\nno row\n{json.dumps(row('e1'))}\n"

    assert counts(send(company, lines, kind, key="lines")) == (3, 1, 1, 1)
