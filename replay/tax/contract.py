"""What is said to a tax engine over HTTP and what it says: small JSON, amounts as decimal text.

docs/how-to/connect-your-tax-engine.md is the page for whoever builds the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec
from msgspec import Struct

from domain.currency import exponent
from domain.decimals import bounded
from domain.errors import Malformed, Rejected
from domain.money import decimal_of, decimal_text, minor_exactly
from domain.tax.answer import CODE
from domain.tax.lines import PLACES
from domain.tax.port import TaxMessage
from domain.tax.question import LineTax, TaxAnswer, TaxQuestion
from domain.tax.status import TaxStatus
from domain.tax.taxed import Category


class AskedLine(Struct, frozen=True, kw_only=True):
    """One line: what it comes to, coupons taken off, in major units."""

    line: str
    amount: Decimal
    tax_code: str | None
    includes_tax: bool


class AskedDocument(Struct, frozen=True, kw_only=True):
    """A document that would go out. Nobody is named: the engine needs no names."""

    document: str
    currency: str
    date: date
    customer: TaxStatus | None
    lines: tuple[AskedLine, ...]


class Asked(Struct, frozen=True, kw_only=True):
    """The body of POST /quotes."""

    documents: tuple[AskedDocument, ...]


class AnsweredTax(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tax on one line."""

    line: str
    jurisdiction: str
    name: str
    percent: Decimal
    taxable: Decimal
    tax: Decimal
    category: Category = "taxed"


class Refused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the engine has no answer; no later attempt helps until somebody acts."""

    code: str
    detail: str = ""


class AnsweredDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every tax of every line, or why there is none."""

    document: str
    reference: str = ""
    taxes: tuple[AnsweredTax, ...] = ()
    refused: Refused | None = None


class Answered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that answers POST /quotes."""

    documents: tuple[AnsweredDocument, ...]


class ToldTax(Struct, frozen=True, kw_only=True):
    """A tax line of a document that went out."""

    jurisdiction: str
    name: str
    percent: Decimal
    category: Category
    taxable: str
    tax: str


class Told(Struct, frozen=True, kw_only=True):
    """The body of POST /documents."""

    kind: str
    number: str
    invoice: str
    reference: str
    currency: str
    date: date
    taxes: tuple[ToldTax, ...]


def asked(questions: Sequence[TaxQuestion]) -> bytes:
    """Questions as they are sent."""
    return msgspec.json.encode(Asked(documents=tuple(map(_asked, questions))))


def _asked(question: TaxQuestion) -> AskedDocument:
    lines = (
        AskedLine(
            line=line.line,
            amount=_major(line.exact_minor, question.currency),
            tax_code=line.code,
            includes_tax=line.includes_tax,
        )
        for line in question.lines
    )
    return AskedDocument(
        document=question.document,
        currency=question.currency,
        date=question.on,
        customer=question.customer,
        lines=tuple(lines),
    )


def _major(exact_minor: Fraction, currency: str) -> Decimal:
    return decimal_of(exact_minor / 10 ** exponent(currency), PLACES)


def answers(
    body: bytes, questions: Sequence[TaxQuestion], engine: str
) -> list[TaxAnswer | Rejected]:
    """What an engine said to each question; what cannot be read as an answer is refused as such."""
    try:
        read = msgspec.json.decode(body, type=Answered)
    except msgspec.DecodeError as problem:
        told = Rejected(CODE, field="answer", detail=str(problem))
        return [told for _ in questions]
    found = {one.document: one for one in read.documents}
    return [_answer(found.get(one.document), one, engine) for one in questions]


def _answer(
    told: AnsweredDocument | None, question: TaxQuestion, engine: str
) -> TaxAnswer | Rejected:
    if told is None:
        return Rejected(CODE, field="answer", detail="a document without an answer")
    if told.refused is not None:
        refused = told.refused
        return Rejected(
            "tax-engine-refused", field="document", said=refused.code, detail=refused.detail
        )
    try:
        taxes = tuple(_taxes(told.taxes, question.currency))
    except Malformed as problem:
        return Rejected(CODE, field="answer", detail=str(problem))
    return TaxAnswer(engine=engine, reference=told.reference, taxes=taxes)


def _taxes(told: Iterable[AnsweredTax], currency: str) -> Iterable[LineTax]:
    for tax in told:
        yield LineTax(
            line=tax.line,
            jurisdiction=tax.jurisdiction,
            name=tax.name,
            percent=bounded(tax.percent, "percent"),
            exact_minor=Fraction(bounded(tax.taxable, "taxable")) * 10 ** exponent(currency),
            tax_minor=minor_exactly(tax.tax, currency, "tax"),
            category=tax.category,
        )


def told(message: TaxMessage) -> bytes:
    """A message as it is sent."""
    return msgspec.json.encode(
        Told(
            kind=message.kind,
            number=message.number,
            invoice=message.invoice,
            reference=message.reference,
            currency=message.currency,
            date=message.on,
            taxes=tuple(_told(message)),
        )
    )


def _told(message: TaxMessage) -> Iterable[ToldTax]:
    for tax in message.taxes:
        yield ToldTax(
            jurisdiction=tax.jurisdiction,
            name=tax.name,
            percent=tax.percent,
            category=tax.category,
            taxable=decimal_text(tax.taxable_minor, message.currency),
            tax=decimal_text(tax.tax_minor, message.currency),
        )
