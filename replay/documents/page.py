"""A document in words: every text, amount and date as it is printed, for a template to lay out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from domain.decimals import plain
from domain.invoice_facts import InvoiceLine
from domain.money import decimal_text
from domain.tax.taxed import WITHOUT_TAX, TaxedAt
from replay.documents.formats import Formats, formats_of
from replay.documents.paper import Paper, PaperLine
from replay.documents.statement import Statement
from replay.documents.templates import Words

# Kinds of lines that may go by a name of their own.
_NAMED = {"discount": "discount", "coupon": "coupon", "drawdown": "drawn_from"}
_DOCUMENTS = {"invoice", "credit_note", "void"}
_CONTACT = ("registration", "email", "phone", "website")


class Shown(Struct, frozen=True, kw_only=True):
    """A text and the value it tells, for programs: a decimal or a date."""

    text: str
    value: str


class Labelled(Struct, frozen=True, kw_only=True):
    """A date, a number or a text under a label."""

    label: str
    text: str
    day: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """A line of the document; one that stands `beside` the one before belongs to it. On a statement
    `period` is a day, and `balance` what stands after it.
    """

    line: str
    what: str
    period: str
    details: tuple[str, ...] = ()
    quantity: Shown | None = None
    unit_price: Shown | None = None
    amount: Shown
    is_beside: bool = False
    balance: Shown | None = None


class Sum(Struct, frozen=True, kw_only=True):
    """An amount below the lines. `kind`: subtotal, tax, other, total, credited, settled, open."""

    kind: str
    label: str
    note: str
    amount: Shown


class Side(Struct, frozen=True, kw_only=True):
    """Seller or customer. Not `is_known`: the name says why there is none."""

    name: str
    is_known: bool
    lines: tuple[str, ...]
    facts: tuple[Labelled, ...]


class Page(Struct, frozen=True, kw_only=True):
    """All that a template needs; `badge` is what must not be overlooked."""

    locale: str
    language: str
    region: str | None
    direction: str
    kind: str
    title: str
    heading: str
    badge: str
    numbers: tuple[Labelled, ...]
    seller: Side
    buyer: Side
    rows: tuple[Row, ...]
    sums: tuple[Sum, ...]
    notes: tuple[str, ...]
    bank: tuple[str, ...]
    on: str
    has_periods: bool
    has_quantities: bool
    has_unit_prices: bool
    has_balances: bool
    period_label: str
    words: Words


class Who(Struct, frozen=True, kw_only=True):
    """What the vault knows of seller or customer; `stands_in` names who has nothing there."""

    content: Mapping[str, str] | None
    is_erased: bool = False
    stands_in: str = ""


class Setting(Struct, frozen=True, kw_only=True):
    """Who is on the paper, and in which language. `known_on`: when the last was learned of it."""

    locale: str
    zone: str
    seller: Who
    buyer: Who
    known_on: datetime


def page(paper: Paper, setting: Setting, words: Words) -> Page:
    """Raises Malformed for a locale nobody knows the formats of."""
    formats = formats_of(setting.locale, paper.currency, setting.zone)
    rows = tuple(_rows(paper.lines, formats, words))
    seller = _side(setting.seller, words)
    heading = words[paper.kind.replace("-", "_")]
    number = paper.number or paper.invoice
    return Page(
        locale=setting.locale,
        language=formats.locale.language,
        region=formats.locale.territory,
        direction=formats.direction,
        kind=paper.kind,
        title=f"{heading} {number}",
        heading=heading,
        badge=_badge(paper, formats, words),
        numbers=tuple(_numbers(paper, formats, words)),
        seller=seller,
        buyer=_side(setting.buyer, words),
        rows=rows,
        sums=tuple(_sums(paper, formats, words)),
        notes=tuple(_notes(paper, setting, formats, words)),
        bank=_lines(setting.seller.content, "bank") if _is_payable(paper) else (),
        on=paper.on.isoformat(),
        has_periods=any(row.period for row in rows),
        has_quantities=any(row.quantity for row in rows),
        has_unit_prices=any(row.unit_price for row in rows),
        has_balances=False,
        period_label=words["period"],
        words=words,
    )


def statement_page(own: Statement, setting: Setting, words: Words) -> Page:
    """A statement of account; each change tells the balance after it."""
    formats = formats_of(setting.locale, own.currency, setting.zone)
    rows = tuple(_changes(own, formats, words))
    numbers = (
        _dated(words["as_of"], own.on, formats),
        Labelled(label=words["customer"], text=own.customer),
    )
    notes = (
        words["in_currency"].format(name=formats.currency_name(), code=own.currency),
        words["known_on"].format(instant=formats.instant(setting.known_on)),
    )
    return Page(
        locale=setting.locale,
        language=formats.locale.language,
        region=formats.locale.territory,
        direction=formats.direction,
        kind="statement",
        title=f"{words['statement']} {own.customer} {own.currency}",
        heading=words["statement"],
        badge="",
        numbers=numbers,
        seller=_side(setting.seller, words),
        buyer=_side(setting.buyer, words),
        rows=rows,
        sums=(_sum("open", words["balance_due"], own.closing_minor, formats),),
        notes=notes,
        bank=_lines(setting.seller.content, "bank"),
        on=own.on.isoformat(),
        has_periods=True,
        has_quantities=False,
        has_unit_prices=False,
        has_balances=True,
        period_label=words["day"],
        words=words,
    )


def _changes(own: Statement, formats: Formats, words: Words) -> Iterator[Row]:
    if own.since is not None:
        brought = _amount(own.brought_minor, formats)
        day = formats.day(own.since)
        yield Row(line="", what=words["brought"], period=day, amount=brought, balance=brought)
    for number, (change, balance) in enumerate(zip(own.changes, own.balances, strict=True), 1):
        kind = change.kind.replace("-", "_")
        said = words[f"named_{kind}" if kind in _DOCUMENTS else kind]
        yield Row(
            line=str(number),
            what=said.format(name=change.name),
            period=formats.day(change.on),
            amount=_amount(change.minor, formats),
            balance=_amount(balance, formats),
        )


def _badge(paper: Paper, formats: Formats, words: Words) -> str:
    if paper.kind == "draft":
        return words["not_issued"]
    if paper.void_on is not None:
        return words["voided_on"].format(day=formats.day(paper.void_on))
    return ""


def _is_payable(paper: Paper) -> bool:
    return _is_owed(paper) and paper.void_on is None


def _is_owed(paper: Paper) -> bool:
    return paper.kind in {"invoice", "debit-note"}


def _numbers(paper: Paper, formats: Formats, words: Words) -> Iterator[Labelled]:
    if paper.number is not None:
        yield Labelled(label=words["number"], text=paper.number)
    dated = words["drafted_on" if paper.kind == "draft" else "issued_on"]
    yield _dated(dated, paper.on, formats)
    if paper.tax_point is not None:
        yield _dated(words["tax_point"], paper.tax_point, formats)
    if paper.due_on is not None:
        yield _dated(words["due_on"], paper.due_on, formats)
    yield Labelled(label=words["customer"], text=paper.customer)


def _dated(label: str, day: date, formats: Formats) -> Labelled:
    return Labelled(label=label, text=formats.day(day), day=day.isoformat())


def _rows(lines: Sequence[PaperLine], formats: Formats, words: Words) -> Iterator[Row]:
    several = len({(row.line.subscription, row.line.contract) for row in lines}) > 1
    for paper in lines:
        line = paper.line
        is_beside = line.of_line is not None
        period = "" if is_beside else _period(line, formats)
        yield Row(
            line=line.line,
            what=_what(paper, words),
            details=tuple(_details(paper, words, names_deal=several and not is_beside)),
            period=period,
            quantity=_number(paper.quantity, formats.number),
            unit_price=_number(paper.unit_amount, formats.price),
            amount=_amount(paper.amount_minor, formats),
            is_beside=is_beside,
        )


def _period(line: InvoiceLine, formats: Formats) -> str:
    if line.service_from is None or line.service_to is None:
        return ""
    return formats.period(line.service_from, line.service_to)


def _what(paper: PaperLine, words: Words) -> str:
    """As described; else what it is of a kind, by name; else the item."""
    line, kind = paper.line, paper.line.kind
    if line.description:
        return line.description
    if kind in _NAMED:
        name = getattr(line, _NAMED[kind])
        return words[f"named_{kind}"].format(name=name) if name else words[kind]
    return line.obligation or words[kind.replace("-", "_")]


def _details(paper: PaperLine, words: Words, *, names_deal: bool) -> Iterator[str]:
    """Which deal it is of where the document bills several, which values, whether of a part."""
    line = paper.line
    if names_deal and (deal := line.subscription or line.contract):
        yield words["subscription_of"].format(name=deal)
    if line.kind in _NAMED and line.obligation and line.of_line is None:
        yield line.obligation
    yield from (f"{name}: {value}" for name, value in sorted(line.group.items()))
    if paper.is_part:
        yield words["pro_rata"]


def _sums(paper: Paper, formats: Formats, words: Words) -> Iterator[Sum]:
    below = [("tax", row) for row in paper.taxes] + [("other", row) for row in paper.others]
    if below:
        yield _sum("subtotal", words["subtotal"], paper.net_minor, formats)
    for kind, row in below:
        label = _tax(row.line.tax, formats) if row.line.tax else _what(row, words)
        note = ""
        if row.taxable_minor is not None:
            note = words["taxable"].format(amount=formats.amount(row.taxable_minor))
        yield _sum(kind, label, row.amount_minor, formats, note)
    is_credit = paper.kind == "credit-note"
    total = words["total_credited" if is_credit else "total"]
    yield _sum("total", total, paper.total_minor, formats)
    if _is_owed(paper):
        yield from _standing(paper, formats, words)


def _tax(tax: TaxedAt, formats: Formats) -> str:
    """Its name, its rate unless nothing is due, and the place."""
    rate = "" if tax.category in WITHOUT_TAX else f" {formats.percent(tax.percent)}"
    return f"{tax.name}{rate} ({tax.jurisdiction})"


def _standing(paper: Paper, formats: Formats, words: Words) -> Iterator[Sum]:
    """What of the total is credited, voided, settled and open."""
    for row in paper.credited:
        said = words["credited"].format(number=row.note.number, day=formats.day(row.note.on))
        yield _sum("credited", said, -row.minor, formats)
    if paper.voided_minor:
        yield _sum("credited", words["voided"], -paper.voided_minor, formats)
    if paper.paid_minor:
        yield _sum("settled", words["paid"], -paper.paid_minor, formats)
    if paper.deducted_minor:
        yield _sum("settled", words["deducted"], -paper.deducted_minor, formats)
    yield _sum("open", words["open"], paper.open_minor, formats)


def _sum(kind: str, label: str, minor: int, formats: Formats, note: str = "") -> Sum:
    is_end = kind in {"total", "open"}
    text = formats.money(minor) if is_end else formats.amount(minor)
    value = decimal_text(minor, formats.currency)
    return Sum(kind=kind, label=label, note=note, amount=Shown(text=text, value=value))


def _notes(paper: Paper, setting: Setting, formats: Formats, words: Words) -> Iterator[str]:
    for key, other in (
        ("credits", paper.credits),
        ("debits", paper.debits),
        ("replaces", paper.replaces),
    ):
        if other is not None:
            yield words[key].format(number=other.number, day=formats.day(other.on))
    categories = {row.line.tax.category for row in paper.taxes if row.line.tax}
    for category in sorted(categories & WITHOUT_TAX):
        yield words[category.replace("-", "_")]
    yield words["in_currency"].format(name=formats.currency_name(), code=paper.currency)
    if paper.credited or paper.paid_minor or paper.deducted_minor:
        yield words["known_on"].format(instant=formats.instant(setting.known_on))


def _side(who: Who, words: Words) -> Side:
    content = who.content
    if content is None:
        why = words["erased" if who.is_erased else "unknown"]
        return Side(name=who.stands_in or why, is_known=False, lines=(), facts=())
    name = content.get("name", "") or words["unknown"]
    attention = content.get("attention", "")
    lines = (*((attention,) if attention else ()), *_lines(content, "address"))
    tax_id = content.get("tax_id", "")
    facts = [Labelled(label=words["tax_id"], text=tax_id)] if tax_id else []
    facts += [Labelled(label="", text=content[key]) for key in _CONTACT if content.get(key)]
    return Side(name=name, is_known=True, lines=lines, facts=tuple(facts))


def _lines(content: Mapping[str, str] | None, key: str) -> tuple[str, ...]:
    return tuple(line for line in (content or {}).get(key, "").splitlines() if line.strip())


def _amount(minor: int, formats: Formats) -> Shown:
    return Shown(text=formats.amount(minor), value=decimal_text(minor, formats.currency))


def _number(value: Decimal | None, written: Callable[[Decimal], str]) -> Shown | None:
    return None if value is None else Shown(text=written(value), value=plain(value))
