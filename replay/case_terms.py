"""A policy in words: a phrase is read by the terms it holds, `#` in a term being any number.

What a phrase says beside its terms elects nothing; one that holds no term is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

Row = dict[str, object]
NUMBER = "[0-9][0-9.,]*"


def each(row: Row, *terms: str) -> dict[str, Row]:
    """Terms that say the same."""
    return dict.fromkeys(terms, row)


def read_terms(terms: Mapping[str, Row], phrase: str) -> Row | None:
    """What the terms in a phrase elect, the first said winning; none if it holds no term."""
    found = sorted(_terms_in(terms, phrase), reverse=True)
    elected: Row = {}
    for _, term, said in found:
        elected |= {
            name: _number(said) if value == "#" else value for name, value in terms[term].items()
        }
    return elected if found else None


def _terms_in(terms: Mapping[str, Row], phrase: str) -> Iterator[tuple[int, str, str]]:
    """Each with its place and what it says; a longer term is taken before a shorter one that is
    part of it.
    """
    left = phrase
    for term in sorted(terms, key=len, reverse=True):
        words = re.escape(term).replace(r"\#", NUMBER)
        pattern = re.compile(rf"(?<![\w-]){words}(?![\w-])", re.IGNORECASE)
        for match in pattern.finditer(left):
            yield match.start(), term, match[0]
        left = pattern.sub(lambda match: "".ljust(len(match[0])), left)


def _number(said: str) -> int | Decimal:
    """The first number that a term says."""
    found = re.search(NUMBER, said)
    assert found is not None, said
    exact = Decimal(found[0].rstrip(".,").replace(",", ""))
    return int(exact) if exact == exact.to_integral_value() else exact
