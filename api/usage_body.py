"""A body or a file of usage, in whichever form it is sent: rows, row for row, as the ledger takes.

What is wrong with one row is said of that one alone; a body that is no list of rows at all is
refused as a whole.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from domain.errors import Malformed
from store.cloud_event import CloudEvent
from store.usage_input import Raw

NDJSON = "application/x-ndjson"
JSON_LINES = frozenset({NDJSON, "application/ndjson", "application/jsonl"})
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"


def rows_of(body: bytes, content_type: str, source: str) -> Iterator[Raw | str]:
    """The rows of a body; `source` is that of the address. Other content is read as JSON."""
    if content_type in JSON_LINES:
        return lines_of(body.splitlines())
    if content_type == CLOUD_EVENT:
        return iter([CloudEvent(_json(body), source)])
    expected = "CloudEvents" if content_type == CLOUD_EVENTS else "usage rows"
    value = _json(body)
    if not isinstance(value, list):
        raise Malformed("wrong-type", field="$", expected=f"an array of {expected}")
    if content_type == CLOUD_EVENTS:
        return (CloudEvent(one, source) for one in value)
    return iter(value)


def lines_of(lines: Iterable[bytes]) -> Iterator[Raw | str]:
    """Rows as lines of JSON."""
    return (line for line in lines if line.strip())


def events_of(lines: Iterable[bytes], source: str) -> Iterator[Raw | str]:
    """CloudEvents as lines of JSON; a line that is none is a row like that."""
    for line in lines:
        if line.strip():
            try:
                yield CloudEvent(_json(line), source)
            except Malformed:
                yield line.decode(errors="replace")


def key_by_content(body: bytes, content_type: str) -> str | None:
    """Senders of CloudEvents know no keys: one body asked twice is a repeat by what it says."""
    if content_type in {CLOUD_EVENT, CLOUD_EVENTS}:
        return f"cloudevents:{sha256(body).hexdigest()}"
    return None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=str)
    except (ValueError, RecursionError) as problem:
        raise Malformed("malformed-json", detail=str(problem)) from None
