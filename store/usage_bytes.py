"""A chunk of usage rows as bytes, column by column: ids, fields, buckets and leaves of thousands.

A field of a binary COPY and a text of our canonical encodings are the same bytes, so a row and its
leaf share them; what repeats (meters, units, hours) is made once and looked up. `usage_input` is
written to be read, and judges every row that is not plain: tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import compress
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import Struct

from domain.errors import Malformed
from domain.usage import UsageRow
from store.canonical import USAGE, instant, retraction_leaf
from store.codec import canonical_json
from store.copying import NULL, text
from store.usage_amounts import AMOUNT_MAX, Amount, plain_amounts, read_amount
from store.usage_input import (
    LONGEST_TEXT,
    Raw,
    Refused,
    read_dimensions,
    read_event_id,
    read_instant,
    read_row,
    read_text,
    refused,
)

# More values of one kind are not remembered from chunk to chunk.
REMEMBERED = 20_000

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# An instant is cut before its minutes: hours repeat, and so do what is left of whole seconds.
_TO_THE_HOUR = len("2000-01-01T00")
_REST = re.compile(r":([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?(?:Z|\+00:00)", re.ASCII)
_INSTANT_LENGTH = len("2000-01-01T00:00:00.000000Z").to_bytes(4, "big")
_LENGTHS = tuple(length.to_bytes(4, "big") for length in range(LONGEST_TEXT + 1))


class Chunk(NamedTuple):
    """Rows of a batch. The columns are of those that could be read, in the order they came.

    What is bytes is a field of a binary COPY; only leaves and digests are bare. `amounts` are the
    quantities in units of their last place, `moments` microseconds since 2000. `digests` is of
    every row, refused ones too. A retraction has neither amounts nor moments.
    """

    received: int
    numbers: Sequence[int]
    ids: Sequence[str]
    names: Sequence[bytes]
    buckets: Sequence[int]
    leaves: Sequence[bytes]
    subscriptions: Sequence[bytes]
    meters: Sequence[bytes]
    amounts: Sequence[int]
    quantities: Sequence[bytes]
    units: Sequence[bytes]
    moments: Sequence[int]
    dimensions: Sequence[bytes]
    refused: Sequence[Refused]
    digests: bytes


def only(chunk: Chunk, kept: Sequence[bool]) -> Chunk:
    """The readable rows of a chunk that are to be kept, and no others."""
    columns: dict[str, Any] = {
        name: list(compress(getattr(chunk, name), kept))
        for name in Chunk._fields
        if name not in {"received", "refused", "digests"}
    }
    return chunk._replace(refused=[], **columns)


class _Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A plain row; what else may be said of a row is understood by `usage_input` alone."""

    event_id: str
    subscription: str
    meter: str
    quantity: Any
    occurred_at: Any
    unit: str | None = None
    dimensions: dict[str, str] | None = None


_decode = msgspec.json.Decoder(_Line).decode
_NOT_PLAIN = (msgspec.DecodeError, UnicodeError, RecursionError)


class _Columns(NamedTuple):
    """Values by column, none where one has to be judged by `usage_input`."""

    ids: Sequence[str]
    names: Sequence[bytes | None]
    subscriptions: Sequence[bytes | None]
    meters: Sequence[bytes | None]
    amounts: Sequence[Amount | None]
    units: Sequence[bytes | None]
    hours: Sequence[_Part | None]
    rests: Sequence[_Part | None]
    dimensions: Sequence[bytes | None]


class _Part(NamedTuple):
    """A part of an instant: microseconds, and its canonical text."""

    microseconds: int
    text: bytes


class UsageBytes:
    """Reads one chunk of a batch after the other; keeps what is repeated."""

    def __init__(self, entity: str, source: str) -> None:
        self.entity = entity
        self.source = source
        self._meters = _Made(_field)
        self._units = _Made(_optional_field)
        self._amounts = _Made(read_amount)
        self._hours = _Made(_hour)
        self._rests = _Made(_rest)
        self._dimensions = _Made(_dimensions)
        self._made = [made for made in vars(self).values() if isinstance(made, _Made)]

    def rows(self, first: int, raws: Sequence[Raw | str]) -> Chunk:
        """Whole rows, of a batch of rows or of corrections; they are numbered from `first` on."""
        lines, problems = _lines(first, raws)
        columns = self._columns(list(lines.values()))
        numbers: Sequence[int] = list(lines)
        if unfit := _unfit(columns):
            problems += [_judged(numbers[place], raws[numbers[place] - first]) for place in unfit]
            kept = [place not in unfit for place in range(len(numbers))]
            numbers = list(compress(numbers, kept))
            columns = _Columns._make(list(compress(column, kept)) for column in columns)
        return self._chunk(numbers, columns, sorted(problems))

    def retractions(self, first: int, raws: Sequence[Raw | str]) -> Chunk:
        """Rows that say nothing but which event never was."""
        ids: dict[int, str] = {}
        problems = []
        for row_no, one in enumerate(raws, first):
            try:
                ids[row_no] = read_event_id(one)
            except Malformed as problem:
                problems.append(refused(row_no, one, problem))
        names = list(map(text, ids.values()))
        leaves = [retraction_leaf(self.entity, self.source, one) for one in ids.values()]
        absent = [NULL] * len(ids)
        return Chunk(
            received=len(raws),
            numbers=list(ids),
            ids=list(ids.values()),
            names=names,
            buckets=self._buckets(names),
            leaves=leaves,
            subscriptions=absent,
            meters=absent,
            amounts=[],
            quantities=absent,
            units=absent,
            moments=[],
            dimensions=absent,
            refused=problems,
            digests=_digests(list(ids), leaves, problems),
        )

    def _columns(self, lines: Sequence[_Line | UsageRow]) -> _Columns:
        for made in self._made:
            made.make_room()
        ids = [line.event_id for line in lines]
        hours, rests = self._moments([line.occurred_at for line in lines])
        amounts = [_digits(line.quantity) for line in lines]
        self._amounts.update(plain_amounts(set(amounts) - self._amounts.keys()))
        dimensions = [tuple(line.dimensions.items()) if line.dimensions else () for line in lines]
        return _Columns(
            ids=ids,
            names=_fields(ids),
            subscriptions=_fields([line.subscription for line in lines]),
            meters=self._meters.all([line.meter for line in lines]),
            amounts=self._amounts.all(amounts),
            units=self._units.all([line.unit for line in lines]),
            hours=hours,
            rests=rests,
            dimensions=self._dimensions.all(dimensions),
        )

    def _moments(
        self, values: Sequence[object]
    ) -> tuple[Sequence[_Part | None], Sequence[_Part | None]]:
        """Instants cut in two. Most are written as we do; the others are written so first."""
        texts = [value if type(value) is str else "" for value in values]
        hours = self._hours.all([one[:_TO_THE_HOUR] for one in texts])
        rests = self._rests.all([one[_TO_THE_HOUR:] for one in texts])
        for place in sorted({*_gaps(hours), *_gaps(rests)}):
            spelled = _spelled(values[place])
            hours[place] = self._hours[spelled[:_TO_THE_HOUR]]
            rests[place] = self._rests[spelled[_TO_THE_HOUR:]]
        return hours, rests

    def _chunk(self, numbers: Sequence[int], columns: Any, problems: Sequence[Refused]) -> Chunk:
        """All values are there: `columns` has no gaps, which its type cannot say."""
        leaves = self._leaves(columns)
        return Chunk(
            received=len(numbers) + len(problems),
            numbers=numbers,
            ids=columns.ids,
            names=columns.names,
            buckets=self._buckets(columns.names),
            leaves=leaves,
            subscriptions=columns.subscriptions,
            meters=columns.meters,
            amounts=[scaled for scaled, _, _ in columns.amounts],
            quantities=[field for _, _, field in columns.amounts],
            units=columns.units,
            moments=[
                hour + rest
                for (hour, _), (rest, _) in zip(columns.hours, columns.rests, strict=True)
            ],
            dimensions=columns.dimensions,
            refused=problems,
            digests=_digests(numbers, leaves, problems),
        )

    def _leaves(self, columns: Any) -> list[bytes]:
        """The canonical record of each row, its fields in ascending order of their names."""
        begin = text(USAGE) + text("dimensions")
        event = text("entity") + text(self.entity) + text("event_id")
        meter, quantity, unit = text("meter"), text("quantity"), text("unit")
        occurred = text("occurred_at") + _INSTANT_LENGTH
        subscription = text("source") + text(self.source) + text("subscription")
        join = b"".join
        # fmt: off
        return [
            sha256(join((
                begin, dimensions, event, name, meter, metered, occurred, hour, rest,
                quantity, amount, subscription, subscribed, unit, measured,
            ))).digest()
            for (dimensions, name, metered, (_, hour), (_, rest), (_, amount, _), subscribed,
                 measured)
            in zip(
                columns.dimensions, columns.names, columns.meters, columns.hours, columns.rests,
                columns.amounts, columns.subscriptions, columns.units, strict=True,
            )
        ]
        # fmt: on

    def _buckets(self, names: Sequence[bytes]) -> list[int]:
        begin = text(self.entity) + text(self.source)
        return [sha256(begin + name).digest()[0] for name in names]


class _Made(dict[Any, Any]):
    """Values by what they are made from, none for what `make` refuses; each is made once."""

    def __init__(self, make: Callable[[Any], object]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: object) -> object:
        try:
            made = self._make(key)
        except Malformed:
            return None
        self[key] = made
        return made

    def make_room(self) -> None:
        if len(self) > REMEMBERED:
            self.clear()

    def all(self, keys: Sequence[object]) -> list[Any]:
        return list(map(self.__getitem__, keys))


def _lines(
    first: int, raws: Sequence[Raw | str]
) -> tuple[dict[int, _Line | UsageRow], list[Refused]]:
    """Rows by number, and those that cannot be read."""
    try:
        return dict(enumerate(_plain_lines(raws), first)), []
    except _NOT_PLAIN:
        pass
    lines: dict[int, _Line | UsageRow] = {}
    problems = []
    for row_no, one in enumerate(raws, first):
        try:
            lines[row_no] = _line(one)
        except Malformed as problem:
            problems.append(refused(row_no, one, problem))
    return lines, problems


def _plain_lines(raws: Sequence[Raw | str]) -> Sequence[_Line]:
    if set(map(type, raws)) == {bytes}:
        return list(map(_decode, cast("Sequence[bytes]", raws)))
    return msgspec.convert(raws, list[_Line])


def _line(one: Raw | str) -> _Line | UsageRow:
    try:
        return _decode(one) if isinstance(one, bytes) else msgspec.convert(one, _Line)
    except _NOT_PLAIN:
        return read_row(one)


def _unfit(columns: _Columns) -> set[int]:
    return {place for column in columns[1:] for place in _gaps(column)}


def _gaps(column: Sequence[object]) -> list[int]:
    if all(column):
        return []
    return [place for place, value in enumerate(column) if value is None]


def _judged(row_no: int, one: Raw | str) -> Refused:
    """What is wrong with a row that had a value of no use."""
    try:
        row = read_row(one)
    except Malformed as problem:
        return refused(row_no, one, problem)
    raise AssertionError(row)


def _fields(texts: Sequence[str]) -> Sequence[bytes | None]:
    """Texts that hardly repeat. Looked at all together: what is fine joined is fine alone."""
    joined = "".join(texts)
    if joined.isascii() and "\x00" not in joined:
        lengths = set(map(len, texts))
        if not lengths or (min(lengths) > 0 and max(lengths) <= LONGEST_TEXT):
            return [_LENGTHS[len(one)] + one.encode() for one in texts]
    return _Made(_field).all(texts)


def _field(value: str) -> bytes:
    # The name of the field only matters to those who are told of the refusal.
    return text(read_text(value, "text"))


def _optional_field(value: str | None) -> bytes:
    return NULL if value is None else _field(value)


def _digits(value: object) -> str:
    """A number as it would be written; what is no exact number is left to be refused."""
    kind = type(value)
    if kind is str or kind is Decimal or (type(value) is int and abs(value) < AMOUNT_MAX):
        return str(value)
    return ""


def _hour(key: str) -> _Part:
    moment = read_instant(f"{key}:00:00Z")
    return _Part((moment - _EPOCH) // _MICROSECOND, instant(moment)[:_TO_THE_HOUR].encode())


def _rest(key: str) -> _Part:
    if (found := _REST.fullmatch(key)) is None:
        raise Malformed("bad-timestamp")
    minute, second, fraction = found.groups("")
    microseconds = fraction.ljust(6, "0")
    passed = (int(minute) * 60 + int(second)) * 1_000_000 + int(microseconds)
    return _Part(passed, f":{minute}:{second}.{microseconds}Z".encode())


def _spelled(value: object) -> str:
    try:
        return instant(read_instant(value))
    except Malformed:
        return ""


def _dimensions(items: tuple[tuple[str, str], ...]) -> bytes:
    return text(canonical_json(read_dimensions(dict(items))) if items else "{}")


def _digests(numbers: Sequence[int], leaves: Sequence[bytes], problems: Sequence[Refused]) -> bytes:
    """What stands for each row, in the order they came."""
    if not problems:
        return b"".join(leaves)
    told = [(problem.row_no, sha256(problem.raw.encode()).digest()) for problem in problems]
    return b"".join(digest for _, digest in sorted([*zip(numbers, leaves, strict=True), *told]))
