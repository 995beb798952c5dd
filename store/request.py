"""What surrounds a command on its way into the log, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from domain.days import require_day
from domain.deciders import Command
from domain.errors import Malformed, Rejected
from domain.facts import Source, When
from domain.tax.papers import Taxed
from store.canonical import command_fingerprint, well_formed
from store.codec import canonical_json, tag_of
from store.db import Connection

Clock = Callable[[], datetime]


class Request(Struct, frozen=True, kw_only=True):
    """A command with its key, sender and purpose.

    `corrects` is the position of the fact that the command replaces; without a command that fact is
    retracted. The key is used up for ever by the first outcome, accepted or refused. `taxed` are
    lines of an invoice with the tax that was asked for since: no part of what the sender asks.
    """

    entity: str
    stream: str
    key: str
    command: Command | None = None
    actor: str = "system"
    reason: str | None = None
    source: Source | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    trace_id: str | None = None
    corrects: int | None = None
    expected_version: int | None = None
    taxed: Taxed | None = None


class Receipt(Struct, frozen=True, kw_only=True):
    """The command was accepted, now or earlier (`repeated`), as the facts at these positions."""

    entity: str
    key: str
    stream: str
    positions: tuple[int, ...]
    repeated: bool = False


class Conflict(Exception):
    """The stream has moved on since the sender looked. Nothing is stored, the key stays free."""

    def __init__(self, stream: str, *, expected: int, found: int) -> None:
        super().__init__(f"{stream} is at version {found}, not {expected}")
        self.code = "version-conflict"
        self.field = "expected_version"
        self.context = {"stream": stream, "expected": expected, "found": found}


Outcome = Receipt | Rejected | Malformed | Conflict

# Gathers what a decision must see in other streams, under the head lock, by what the store does not
# know: what stands against a close, what was paid of an invoice, what rests on it.
Evidence = Callable[[Connection, Request], object]


def check(request: Request) -> Request:
    """The request, if its own texts can be stored and its days be counted with."""
    if not _is_plain(request):
        _check_each(request)
    if request.command is not None:
        _check_when(request.command.when)
    elif request.corrects is None:
        raise Malformed("empty-command", field="command")
    return request


def _check_when(when: When) -> None:
    require_day(when.effective, "when.effective")
    require_day(when.agreed_on, "when.agreed_on")
    require_day(when.at, "when.at")


def _is_plain(request: Request) -> bool:
    """Nothing is missing and all is ASCII without NUL: seen at once, and nearly always so."""
    source = request.source
    texts = [request.entity, request.stream, request.key, request.actor]
    if not all(texts):
        return False
    if source is not None:
        texts += (source.system, source.kind, source.id, source.version)
    for text in (request.reason, request.correlation_id, request.causation_id, request.trace_id):
        if text is not None:
            texts.append(text)
    whole = "".join(texts)
    return whole.isascii() and "\x00" not in whole


def _check_each(request: Request) -> None:
    for field in ("entity", "stream", "key", "actor"):
        text = getattr(request, field)
        if not text:
            raise Malformed("empty-text", field=field)
        well_formed(text, field)
    for field in ("reason", "correlation_id", "causation_id", "trace_id"):
        if (text := getattr(request, field)) is not None:
            well_formed(text, field)
    if request.source is not None:
        for field in ("system", "kind", "id", "version"):
            well_formed(getattr(request.source, field), f"source.{field}")


def fingerprint(request: Request) -> bytes:
    """What is asked, apart from who asks, when and under which key."""
    source = request.source
    return command_fingerprint(
        {
            "command": body(request),
            "corrects": request.corrects,
            "source_id": source.id if source else None,
            "source_kind": source.kind if source else None,
            "source_system": source.system if source else None,
            "source_version": source.version if source else None,
            "stream": request.stream,
        }
    )


def body(request: Request) -> str:
    """The command as canonical JSON; a retraction is the empty object."""
    return "{}" if request.command is None else canonical_json(request.command)


def name(request: Request) -> str:
    return "retract" if request.command is None else tag_of(type(request.command))
