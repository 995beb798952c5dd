"""Pages that tell a story: commands and usage as JSON, and tables of what came of them.

Sections called "Worked example" are played one by one, each after the opening that the index of
lifecycle events shows; what is refused follows the last. Step by step, as they stand on the page:

    ```json         one command a line, or one row of usage a line
    (#command)      a link to the page's section "Command": what it shows is sent now
    | billed | ...  a billing run on each day that is named, and every line it issues
    | earned | ...  revenue by item, or of `all`, at the end of the last month that is named
    | functional | ...  accounts in functional currency, as each month moves them
    | waits | ...   usage without effect at the end of the last day that was billed, by reason
    | stands | ...  what stands in an account at the end of each month that is named; debit positive
    | posted | ...  revenue of the last posting run that was sent, by booked and by earned month

`<!-- refused: CODE FIELD -->` before a block says that its last command is refused, and why;
`<!-- usage: correction -->` that its rows replace those of the same ids. A column under the name of
an option says for which value of it a row stands.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from api.reading import read_as, read_json, read_request
from domain.errors import Malformed, Rejected
from domain.policy import Options
from domain.usage import UsageRow
from store.request import Outcome, Receipt
from tests.pages.story import ENTITY, Line, Story

REFERENCE = Path(__file__).parents[2] / "docs/reference"
OPENING = REFERENCE / "lifecycle/index.md"
SECTION = re.compile(r"^## (?P<title>.+)\n(?P<text>(?:(?!^## ).*\n?)*)", re.MULTILINE)
STEP = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```json\n(?P<json>.*?)^```$"
    r"|^\|(?P<head>[^\n]*)\|\n\|[-| ]+\|\n(?P<rows>(?:\|[^\n]*\|\n?)+)"
    r"|\]\(#(?P<link>command)\)",
    re.MULTILINE | re.DOTALL,
)
EXAMPLE, COMMAND, REFUSED = "Worked example", "Command", "Refused"
NOTHING = "nothing"
# Of a billing run, besides its day; a page may leave the customer out.
COLUMNS = ("document", "customer", "line", "from", "to", "amount")
# What is elected for a book, and what is a field of the price itself; all else is its options.
OF_A_BOOK = {field.name for field in structs.fields(Options)}
OF_A_PRICE = {"proration", "profile"}

Row = dict[str, str]


class Choice(NamedTuple):
    """An option that every price set and every policy adopted in a story elects."""

    option: str
    value: str


class Step(NamedTuple):
    """JSON and what is noted of it, or the rows of a table by the names of its columns."""

    note: str = ""
    values: tuple[Any, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


def sections(page: Path) -> list[tuple[str, str]]:
    """Titles and texts, each text once."""
    text = page.read_text(encoding="utf-8")
    return [(found["title"], found["text"]) for found in SECTION.finditer(text)]


def steps(text: str, commands: str = "") -> Iterator[Step]:
    """What a text says, in order; a link to the commands is what they say."""
    for found in STEP.finditer(text):
        if found["json"] is not None:
            yield Step(found["note"] or "", tuple(map(read_json, _lines(found["json"]))))
        elif found["link"] is not None:
            yield from steps(commands)
        else:
            columns = tuple(_cells(found["head"]))
            lines = found["rows"].splitlines()
            rows = [dict(zip(columns, _cells(line[1:-1]), strict=True)) for line in lines]
            yield Step(columns=columns, rows=tuple(rows))


def _lines(json: str) -> list[str]:
    """Objects that go over several lines begin in the first column."""
    return [one for one in re.split(r"\n(?=\S)", json.strip()) if one]


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.split("|")]


def stories(page: Path) -> list[list[Step]]:
    """The worked examples of a page."""
    found = sections(page)
    commands = "".join(text for title, text in found if title == COMMAND)
    told = [[*steps(text, commands)] for title, text in found if title.startswith(EXAMPLE)]
    told[-1] += [step for title, text in found if title == REFUSED for step in steps(text)]
    return told


def opening() -> list[Step]:
    """What stands before every story."""
    (text,) = [text for title, text in sections(OPENING) if title == "The opening"]
    return [*steps(text)]


# --- playing ---


def wrong(told: list[Step], choice: Choice | None = None) -> Iterator[str]:
    """Plays a story and tells every figure that does not come out."""
    story = Story()
    yield from said(story, opening())
    billed = date.min
    for step in told:
        if step.values:
            yield from _said(story, step if choice is None else _elected(step, choice))
            continue
        rows = [row for row in step.rows if choice is None or _is_for(row, choice)]
        if "billed" in step.columns:
            yield from _billed(story, rows)
            billed = max(date.fromisoformat(row["billed"]) for row in rows)
        elif "posted" in step.columns:
            yield from _posted(story, rows)
        elif "earned" in step.columns:
            yield from _earned(story, step.columns, rows)
        elif "functional" in step.columns:
            yield from _functional(story, step.columns, rows)
        elif "waits" in step.columns:
            yield from _waits(story, rows, billed)
        elif "stands" in step.columns:
            yield from _stands(story, step.columns[1:], rows)


def said(story: Story, told: Iterable[Step]) -> Iterator[str]:
    """Sends what a story says and uses, and tells what is answered otherwise than noted."""
    for step in told:
        yield from _said(story, step)


def _said(story: Story, step: Step) -> Iterator[str]:
    for is_usage, values in groupby(step.values, key=_is_usage):
        if is_usage:
            rows = [read_as(value, UsageRow) for value in values]
            story.use(rows, step.note.removeprefix("usage: ") or "rows")
            continue
        for value in values:
            outcome = story.say(read_request(value, entity=ENTITY))
            is_last = value is step.values[-1]
            wanted = step.note.removeprefix("refused: ") if is_last else ""
            if _answer(outcome) != wanted:
                yield f"{value}: {outcome}, not {wanted or 'accepted'}"


def _is_usage(value: dict[str, Any]) -> bool:
    return "event_id" in value


def _answer(outcome: Outcome) -> str:
    """Nothing of what is accepted; code and field of a refusal."""
    match outcome:
        case Receipt():
            return ""
        case Rejected() | Malformed():
            return f"{outcome.code} {outcome.field}"
        case _:
            return str(outcome)


def _elected(step: Step, choice: Choice) -> Step:
    """The same with every price or policy electing a value."""
    return step._replace(values=tuple(_with(value, choice) for value in step.values))


def _with(value: dict[str, Any], choice: Choice) -> dict[str, Any]:
    command = value.get("command") or {}
    if command.get("type") != ("adopt-policy" if choice.option in OF_A_BOOK else "set-price"):
        return value
    word: Any = int(choice.value) if choice.value.isdigit() else choice.value
    said = {choice.option: None if word == "null" else word}
    if choice.option not in OF_A_PRICE:
        said = {"options": {**command.get("options", {}), **said}}
    return value | {"command": command | said}


def _is_for(row: Row, choice: Choice) -> bool:
    return row.get(choice.option, choice.value) == choice.value


def _billed(story: Story, rows: list[Row]) -> Iterator[str]:
    for day, group in groupby(rows, key=lambda row: row["billed"]):
        told = [*group]
        columns = [name for name in told[0] if name in COLUMNS]
        lines = story.bill(date.fromisoformat(day))
        found = [_shown(line, columns) for line in lines] or [[NOTHING, *[""] * (len(columns) - 1)]]
        expected = [[row[name] for name in columns] for row in told]
        if found != expected:
            yield f"billed {day}: {found}, told {expected}"


def _shown(line: Line, columns: list[str]) -> list[str]:
    shown = {
        "document": line.document,
        "customer": line.customer,
        "line": line.line,
        "from": line.start,
        "to": line.end,
        "amount": _text(line.minor),
    }
    return [shown[name] for name in columns]


def _earned(story: Story, columns: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    by_month, through = _months(columns)
    own = story.earned(through)
    every = [row["earned"] for row in rows] == ["all"]
    found: dict[tuple[str, str], int] = {}
    for (item, name), minor in own.items():
        key = ("all" if every else item, name)
        found[key] = found.get(key, 0) + minor
    told = {(row["earned"], name): _minor(row[name]) for row in rows for name in by_month}
    if {k: v for k, v in found.items() if v} != {k: v for k, v in told.items() if v}:
        yield f"earned {found}, told {told}"


def _functional(story: Story, columns: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    by_month, through = _months(columns)
    own = story.functional(through)
    told = {(row["functional"], name): _minor(row[name]) for row in rows for name in by_month}
    found = {key: own.get(key, 0) for key in told}
    if found != told:
        yield f"in functional currency {found}, told {told}"


def _months(columns: tuple[str, ...]) -> tuple[list[str], date]:
    """The months that are named, and the last day of the last."""
    by_month = [name for name in columns if re.fullmatch(r"\d{4}-\d\d", name)]
    return by_month, _last_day(by_month[-1])


def _last_day(month: str) -> date:
    year, number = map(int, month.split("-"))
    return date(year, number, monthrange(year, number)[1])


def _stands(story: Story, months: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    for month in months:
        balances = story.stands(_last_day(month))
        for row in rows:
            found = _text(balances.get(row["stands"], 0))
            if found != row[month]:
                yield f"{row['stands']} {month}: {found}, told {row[month]}"


def _posted(story: Story, rows: list[Row]) -> Iterator[str]:
    found = [
        {"posted": booked, "earned": earned, "revenue": _text(minor)}
        for (booked, earned), minor in sorted(story.posted().items())
    ]
    if found != rows:
        yield f"posted {found}, told {rows}"


def _waits(story: Story, rows: list[Row], billed: date) -> Iterator[str]:
    found = {reason: f"{quantity:f}" for reason, quantity in story.waiting(billed).items()}
    told = {row["waits"]: row["quantity"] for row in rows if row["waits"] != NOTHING}
    if found != told:
        yield f"waits {found}, told {told}"


def _text(minor: int) -> str:
    return f"{Decimal(minor).scaleb(-2):.2f}"


def _minor(text: str) -> int:
    return int(Decimal(text or "0").scaleb(2))
