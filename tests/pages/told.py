"""What a page about a fact tells: which facts, the fields of its command, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from tests.pages.page import COMMAND, REFERENCE, sections
from tests.test_reference import BY, SECTION, default_of, documented

FACT = re.compile(r"\[(?P<tag>[\w-]+)\]\(\.\./facts\.md#(?P=tag)\)")
REFUSED = re.compile(r"^\| `(?P<code>[\w-]+)` \| `(?P<field>[\w.]+)` \| .+ \|$", re.MULTILINE)
FACTS = (REFERENCE / "facts.md").read_text(encoding="utf-8")
COMMANDS = {
    found["name"]: by["command"]
    for found in SECTION.finditer(FACTS)
    if (by := BY.search(found["text"]))
}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def facts_of(page: Path) -> list[str]:
    """The facts a page is about: those its introduction names."""
    return FACT.findall(text_of(page).partition("\n**Who says it.** ")[0])


def fields_of(page: Path) -> dict[str, str]:
    """Defaults of the fields that a page tells."""
    said = dict(sections(page))[COMMAND]
    return {field: default for field, (default, _) in documented(said).items()}


def defaults(*kinds: type) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for kind in kinds:
        for field in structs.fields(kind):
            if field.name != "when":
                found.setdefault(field.name, set()).add(default_of(field))
    return found


def refusals_of(page: Path) -> Iterator[tuple[str, str]]:
    """Codes and fields of the table of refusals."""
    for found in REFUSED.finditer(dict(sections(page))["Refused"]):
        yield found["code"], found["field"]
