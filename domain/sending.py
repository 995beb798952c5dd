"""What left the house: the hash of a document as it was sent, by which channel and to whom.

Who sends it states it; tieout renders and does not send. The recipient is an opaque id, such as
one of the party vault, never an address: addresses are person data.
"""

from __future__ import annotations

import re

from msgspec import Struct, structs

from domain.errors import Malformed, Rejected, require_name
from domain.facts import When
from domain.invoice_facts import DocumentSent
from domain.locales import require_locale

_SHA256 = re.compile(r"[0-9a-f]{64}")


class SendDocument(
    Struct, frozen=True, kw_only=True, tag="send-document", forbid_unknown_fields=True
):
    """State that the invoice, or a credit note on it, was sent."""

    when: When
    sha256: str
    media_type: str
    channel: str
    recipient: str
    credit: str | None = None
    template: str | None = None
    locale: str | None = None
    known_at: int | None = None


def sent(command: SendDocument, notes: frozenset[str], *, outside: bool) -> DocumentSent:
    """Refused where there is no such credit note, unless an outside system may still tell of it."""
    if _SHA256.fullmatch(command.sha256) is None:
        raise Malformed("not-a-digest", field="sha256")
    for field in ("media_type", "channel", "recipient"):
        require_name(getattr(command, field), field)
    if "@" in command.recipient or any(map(str.isspace, command.recipient)):
        raise Malformed("not-opaque", field="recipient")
    if command.locale is not None:
        require_locale(command.locale)
    if command.known_at is not None and command.known_at < 1:
        raise Malformed("negative-number", field="known_at")
    if command.credit is not None and command.credit not in notes and not outside:
        raise Rejected("unknown-credit-note", field="credit", credit=command.credit)
    return DocumentSent(**structs.asdict(command))
