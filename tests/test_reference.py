"""The reference pages say what the code says: facts, commands, policy options, environment."""

import re
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec import NODEFAULT, structs

from domain.deciders import COMMANDS, DECIDERS, EVENTS
from domain.facts import Source
from domain.invoicing import InvoicingOptions
from domain.policy import Options
from domain.usage import UsageRow
from replay.bank.mapping import BankColumns, BankMapping
from replay.control_totals import Finding
from replay.usage_mapping import (
    CataloguePart,
    ControlMapping,
    EntityPart,
    UsageMapping,
    UsagePart,
)

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
FACTS = REFERENCE / "facts.md"
PRICING = REFERENCE / "pricing"
SECTION = re.compile(
    r"^### `?(?P<name>[^`\n]+)`?\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL
)
STREAM = re.compile(
    r"^## `(?P<category>\w+):[^\n]*\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
ROW = re.compile(
    r"^\| `(?P<field>\w+)` \| [^|]+ \| (?P<default>[^|]+) \| (?P<meaning>.+) \|$", re.MULTILINE
)
BY = re.compile(r"^By `(?P<command>[\w-]+)`", re.MULTILINE)


def tag_of(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


TAGS = {tag_of(event): event for event in EVENTS}
ASKED = {tag_of(command): command for command in COMMANDS}


def sections() -> dict[str, str]:
    """Of facts, and of the price models, which have pages of their own."""
    pages = (FACTS, *sorted(PRICING.glob("*.md")))
    text = "\n".join(page.read_text() for page in pages)
    return {found["name"]: found["text"] for found in SECTION.finditer(text)}


def documented(text: str) -> dict[str, tuple[str, str]]:
    return {row["field"]: (row["default"], row["meaning"]) for row in ROW.finditer(text)}


def default_of(field: structs.FieldInfo) -> str:
    """As the page writes it: JSON, decimals without the quotes they may be sent in."""
    if field.default_factory is not NODEFAULT:
        return f"`{msgspec.json.encode(field.default_factory()).decode()}`"
    if field.default is NODEFAULT:
        return "required"
    shown = (
        field.default
        if isinstance(field.default, Decimal)
        else msgspec.json.encode(field.default).decode()
    )
    return f"`{shown}`"


def words_of(kind: object) -> Iterator[str]:
    """The words that a field takes, if it takes no other."""
    if typing.get_origin(kind) is typing.Literal:
        yield from typing.get_args(kind)
    elif isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        for one in typing.get_args(kind):
            yield from words_of(one)


def parts_of(kind: object) -> Iterator[type[msgspec.Struct]]:
    """The structs inside a field's type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for one in typing.get_args(kind):
        yield from parts_of(one)


def test_every_fact_and_every_command_has_its_place() -> None:
    commands = [found["command"] for text in sections().values() for found in BY.finditer(text)]

    assert sorted(TAGS.keys() - sections().keys()) == []
    assert sorted(commands) == sorted(ASKED)


def test_every_fact_stands_under_its_stream() -> None:
    page = FACTS.read_text()
    placed = {
        found["category"]: {section["name"] for section in SECTION.finditer(found["text"])}
        for found in STREAM.finditer(page)
    }
    # What several streams take is told once, under the first of them.
    first: dict[str, str] = {}
    for decider in DECIDERS:
        for event in decider.events:
            first.setdefault(tag_of(event), decider.category)
    everywhere = {"adopted", "retracted"}

    assert placed == {
        decider.category: {tag for tag, category in first.items() if category == decider.category}
        - everywhere
        for decider in DECIDERS
    }


@pytest.mark.parametrize("tag", TAGS)
def test_every_field_of_a_fact_is_told(tag: str) -> None:
    text = sections()[tag]
    event = {field.name: field for field in structs.fields(TAGS[tag]) if field.name != "when"}
    by = BY.search(text)
    asked = {f.name: f for f in structs.fields(ASKED[by["command"]])} if by else {}
    beside = {f.name for kind in _beside(TAGS[tag]) for f in structs.fields(kind)}
    told = documented(text)

    assert {name: default for name, (default, _) in told.items()} == {
        name: default_of(asked[name]) if name in asked else "by the ledger" for name in event
    }
    assert sorted(asked.keys() - beside) == []
    assert "\nMoves " in text
    untold = [
        word
        for name, (_, meaning) in told.items()
        for word in words_of(event[name].type)
        if f"`{word}`" not in meaning
    ]
    assert untold == []


def _beside(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """The facts of its streams: a command may state two of them in one breath."""
    return (event for decider in DECIDERS if kind in decider.events for event in decider.events)


def nested() -> dict[str, type[msgspec.Struct]]:
    """Every struct inside a fact by the heading it has on the page."""
    found: dict[str, type[msgspec.Struct]] = {}
    waiting: list[type[msgspec.Struct]] = [*EVENTS, UsageRow, Source]
    while waiting:
        for field in structs.fields(waiting.pop()):
            for part in parts_of(field.type):
                if part not in found.values() and part not in EVENTS:
                    found[heading(part)] = part
                    waiting.append(part)
    return found | {heading(part): part for part in (UsageRow, Source)}


def heading(part: type[msgspec.Struct]) -> str:
    """A price model goes by its tag, everything else by its name as words."""
    if part.__struct_config__.tag is not None:
        return tag_of(part)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part.__name__).capitalize()


# Elections have pages of their own.
ELECTIONS = {"Options": Options, "Invoicing options": InvoicingOptions}
PAGES = {"Options": "policy.md", "Invoicing options": "invoicing-options.md"}


@pytest.mark.parametrize("name", [name for name in nested() if name not in ELECTIONS])
def test_every_field_of_a_part_is_told(name: str) -> None:
    kind = nested()[name]
    told = documented(sections()[name])

    assert {field: default for field, (default, _) in told.items()} == {
        field.name: default_of(field) for field in structs.fields(kind)
    }


MAPPINGS: dict[str, type[msgspec.Struct]] = {
    "Top": UsageMapping,
    "Usage": UsagePart,
    "Entity": EntityPart,
    "Catalogue": CataloguePart,
    "Control totals": ControlMapping,
    "Bank": BankMapping,
    "Columns": BankColumns,
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_every_field_of_a_mapping_is_told(name: str) -> None:
    pages = [(REFERENCE / f"{what}-mapping.md").read_text() for what in ("usage", "bank")]
    page = "\n".join(pages)
    parts = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", page, re.MULTILINE))

    assert {field: default for field, (default, _) in documented(parts[name]).items()} == {
        field.name: default_of(field) for field in structs.fields(MAPPINGS[name])
    }


def test_every_finding_of_a_comparison_is_told() -> None:
    page = (REFERENCE / "usage-mapping.md").read_text()

    assert [finding for finding in typing.get_args(Finding) if f"`{finding}`" not in page] == []


@pytest.mark.parametrize("name", ELECTIONS)
def test_every_election_is_told(name: str) -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+) \| `([\w-]+)` \|$",
        (REFERENCE / PAGES[name]).read_text(),
        re.MULTILINE,
    )

    told = {option: (re.findall("`([^`]+)`", values), default) for option, values, default in rows}

    # What may also be a name of the entity's own, or a number, has no closed list of words.
    for field in structs.fields(ELECTIONS[name]):
        values, default = told.pop(field.name)
        assert default == (str(field.default) or "empty")
        assert values == [*words_of(field.type)] or field.type in {str, int}
    assert told == {}


VARIABLE = re.compile(r"\bTIEOUT_[A-Z_]+[A-Z]\b")


def test_every_environment_variable_is_told_and_no_other() -> None:
    folders = ("domain", "store", "projections", "replay", "api", "bench", "connectors", "tests")
    files = [ROOT / name for name in ("tieout", "Dockerfile", "docker-compose.yml")]
    files += [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    files += [path for path in (ROOT / ".ci").iterdir() if path.is_file()]
    page = (REFERENCE / "configuration.md").read_text()
    used = {name for path in files for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}

    assert {*re.findall(r"^\| `(TIEOUT_\w+)`", page, re.MULTILINE)} == used
