"""Every request of docs/reference/http.md is sent, in order, and answered as the page says."""

import json
import re
from pathlib import Path

import httpx

from api.views import VIEWS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"
BLOCK = re.compile(r"^<!-- (?P<note>.*?) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def _send(client, note, text):
    head, _, body = text.partition("\n\n")
    first, *named = head.splitlines()
    method, path = first.split()
    headers = dict(line.split(": ", 1) for line in named)
    if note == "sends: without key":
        return httpx.request(method, str(client.http.base_url.join(path)))
    return client.http.request(method, path, headers=headers, content=body or None)


def _differences(shown, found, place="$"):
    """What the page shows and the answer does not say; the answer may say more."""
    if isinstance(shown, dict) and isinstance(found, dict):
        for name, value in shown.items():
            yield from _differences(value, found.get(name), f"{place}.{name}")
    elif isinstance(shown, list) and isinstance(found, list) and len(shown) == len(found):
        for number, (one, other) in enumerate(zip(shown, found, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif shown != found:
        yield place, shown, found


def _values(text):
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def test_the_page_of_the_http_interface_is_true(client):
    answered = None
    answers = 0
    for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        note, text = found["note"], found["text"]
        if note.startswith("sends"):
            answered = _send(client, note, text)
            continue
        answers += 1
        assert f"answers: {answered.status_code}" == note, answered.text
        assert [*_differences(_values(text), _values(answered.text))] == []
    assert answers > 10


def test_the_page_names_every_view():
    said = PAGE.read_text(encoding="utf-8")

    assert [name for name in VIEWS if f"`{name}`" not in said] == []


def test_a_difference_between_page_and_answer_is_seen():
    assert [*_differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}], "c": 4})] == [
        ("$.a[1].b", 2, 3)
    ]
