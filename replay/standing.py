"""One invoice as it stands: its draft, what was issued, credited and disputed of it."""

from __future__ import annotations

from msgspec import Struct

from domain.facts import fold
from domain.invoice import DECIDER
from domain.invoice_state import InvoiceState
from store import log
from store.db import Connection


class Standing(Struct, frozen=True, kw_only=True):
    """`version` is how many facts its stream has, such as `expected_version` asks for."""

    entity: str
    invoice: str
    version: int
    state: InvoiceState


def standing(connection: Connection, entity: str, invoice: str) -> Standing | None:
    """All that is known of it by now; none if nothing ever was."""
    facts = log.read_stream(connection, entity, f"invoice:{invoice}")
    if not facts:
        return None
    return Standing(
        entity=entity, invoice=invoice, version=facts[-1].version, state=fold(DECIDER, facts)
    )
