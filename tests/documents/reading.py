"""A document's HTML read back: its amounts by what they are, as a program would."""

from __future__ import annotations

from decimal import Decimal
from html.parser import HTMLParser
from typing import NamedTuple


class Read(NamedTuple):
    """Amounts of the lines; those below them by kind; every text; every element's name."""

    lines: list[Decimal]
    sums: dict[str, list[Decimal]]
    texts: list[str]
    tags: list[str]

    def below(self, *kinds: str) -> Decimal:
        return sum((amount for kind in kinds for amount in self.sums.get(kind, [])), Decimal(0))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read([], {}, [], [])
        self.table = self.row = self.cell = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.read.tags.append(tag)
        if tag in {"table", "tr", "td"}:
            setattr(self, {"tr": "row", "td": "cell"}.get(tag, tag), named.get("class", ""))
        elif tag == "data" and "amount" in self.cell:
            amount = Decimal(named["value"])
            if self.table == "lines":
                self.read.lines.append(amount)
            else:
                self.read.sums.setdefault(self.row, []).append(amount)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.read.texts.append(data.strip())


def read_back(body: bytes) -> Read:
    reader = _Reader()
    reader.feed(body.decode())
    return reader.read
