"""A CloudEvent 1.0 as a usage row: its context says who, what and when, its data how much.

`subject` is the subscription, `type` the meter, `time` when it was used; `data.quantity` and
`data.unit` are the row's, and every other member of `data` is a dimension. What an extension
attribute says is no usage and is passed over. Reference: docs/reference/http.md.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.errors import Malformed

SPECVERSION = "1.0"
_CONTEXT = {"subject": "subscription", "type": "meter", "time": "occurred_at"}
_MEASURED = ("quantity", "unit")
# What a field of a row is called in an event, to whoever must mend it.
THEIRS = {ours: theirs for theirs, ours in _CONTEXT.items()} | {
    "event_id": "id",
    "quantity": "data.quantity",
    "unit": "data.unit",
    "dimensions": "data",
}


class CloudEvent(NamedTuple):
    """An event as it came, and the source it was sent under."""

    event: object
    sent_under: str


def row_of(told: CloudEvent) -> dict[str, object]:
    """The row an event states. What is missing stays out, and is refused by name."""
    event = _event(told)
    row: dict[str, object] = {"event_id": event_id_of(told)}
    data = event.get("data")
    if not isinstance(data, Mapping):
        raise Malformed("missing-field" if data is None else "wrong-type", field="data")
    row |= {ours: event[theirs] for theirs, ours in _CONTEXT.items() if theirs in event}
    row |= {name: data[name] for name in _MEASURED if name in data}
    dimensions = {name: _text(value) for name, value in data.items() if name not in _MEASURED}
    return row | {"dimensions": {k: v for k, v in dimensions.items() if v is not None}}


def event_id_of(told: CloudEvent) -> str:
    """Events are told apart by source and id: both together, where they came under another name.

    As an import joins columns: `source|id`, with % and | in a part as %25 and %7C.
    """
    event = _event(told)
    source, name = _named(event, "source"), _named(event, "id")
    if source == told.sent_under:
        return name
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in (source, name))


def _named(event: Mapping[str, object], attribute: str) -> str:
    found = event.get(attribute)
    if found is None:
        raise Malformed("missing-field", field=attribute)
    if not isinstance(found, str):
        raise Malformed("not-a-text", field=attribute)
    if not found:
        raise Malformed("empty-text", field=attribute)
    return found


def _event(told: CloudEvent) -> Mapping[str, object]:
    event = told.event
    if not isinstance(event, Mapping):
        raise Malformed("not-a-row")
    if event.get("specversion") != SPECVERSION:
        raise Malformed("unknown-specversion", field="specversion")
    return event


def _text(value: object) -> str | None:
    """A dimension as the text it is kept as."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str() | None:
            return value
        case _:
            raise Malformed("not-texts", field="dimensions")
