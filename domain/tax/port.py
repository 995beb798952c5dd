"""The port to whoever knows the tax: asked before a document goes out, told once it has.

The table in the log is one engine, a service behind HTTP another. To quote changes nothing
anywhere, so it may be asked again; what an engine is told carries a key of its own, so that telling
it twice is telling it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, Protocol

from msgspec import Struct

from domain.errors import Rejected
from domain.tax.moved import TaxMoved
from domain.tax.question import TaxAnswer, TaxQuestion
from domain.tax.quote import quote
from domain.tax.table import TaxTables

Told = Literal["commit", "adjust", "void"]


class TaxMessage(Struct, frozen=True, kw_only=True):
    """A document that is a fact: an invoice to `commit`, a credit note that takes something back
    (`adjust`), or an invoice that is `void`. A correction of what was told is an `adjust` of the
    document it is on, a document taken back whole a `void`.

    `key` is unique among all messages; `invoice` and `reference` are those of the invoice. `taxes`
    are what was moved of the document, below zero what is taken back.
    """

    kind: Told
    key: str
    number: str
    invoice: str
    reference: str
    currency: str
    on: date
    taxes: tuple[TaxMoved, ...] = ()


class TaxEngine(Protocol):
    """Each question is answered or refused by itself; a message is taken, or `Rejected` says why
    not yet.
    """

    def quote(self, questions: Sequence[TaxQuestion]) -> list[TaxAnswer | Rejected]: ...

    def commit(self, message: TaxMessage) -> None: ...

    def adjust(self, message: TaxMessage) -> None: ...

    def void(self, message: TaxMessage) -> None: ...

    def close(self) -> None: ...


class TableEngine(Struct, frozen=True):
    """The rates in the log; whoever has the log knows what was issued, so it need not be told."""

    known: TaxTables

    def quote(self, questions: Sequence[TaxQuestion]) -> list[TaxAnswer | Rejected]:
        return [self._quote(question) for question in questions]

    def _quote(self, question: TaxQuestion) -> TaxAnswer | Rejected:
        try:
            return quote(question, self.known)
        except Rejected as refusal:
            return refusal

    def commit(self, message: TaxMessage) -> None:
        """Nothing to tell."""

    def adjust(self, message: TaxMessage) -> None:
        """Nothing to tell."""

    def void(self, message: TaxMessage) -> None:
        """Nothing to tell."""

    def close(self) -> None:
        """Nothing to let go of."""
