"""What a document says in its envelope of the position that it was measured at."""

from __future__ import annotations

from domain.facts import Fact

KNOWN_AT = "known-at:"


def known_at(position: int) -> str:
    return f"{KNOWN_AT}{position}"


def measured_at(issued: Fact) -> int:
    """Of a document nobody measured here, just before it came."""
    said = issued.causation_id or ""
    return int(said.removeprefix(KNOWN_AT)) if said.startswith(KNOWN_AT) else issued.position - 1
