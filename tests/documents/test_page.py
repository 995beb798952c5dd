"""What stands on a page: whatever the lines, language and currency, it adds up and is escaped."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.decimals import plain
from domain.errors import Malformed, Rejected
from domain.invoice_facts import InvoiceLine, LineKind
from domain.journal import Kind
from domain.money import decimal_text
from replay.documents.formats import Formats
from replay.documents.html import html
from replay.documents.page import Setting, Who, page, statement_page
from replay.documents.paper import Credited, Paper, PaperLine, Reference
from replay.documents.pdf import pdf
from replay.documents.statement import NOT_TOLD, Change, Statement
from replay.documents.templates import Templates, templates
from store.failure import StoreError
from tests.documents.reading import read_back

SHIPPED = templates()
LANGUAGES = sorted(SHIPPED.languages)
LOCALES = [*LANGUAGES, "de-CH", "de-AT", "en-GB", "en-IN", "fr-CH", "fr-CA"]
CURRENCIES = ["USD", "EUR", "JPY", "KWD", "CLF", "IDR", "HUF"]
ADA = Who(content={"name": "Ada", "address": "1 High Street\nTown"})
SETTING = Setting(
    locale="en", zone="UTC", seller=ADA, buyer=ADA, known_on=datetime(2026, 2, 1, tzinfo=UTC)
)
EVIL = (
    """<script>alert(1)</script>"><img src=x onerror=1> & {{ 7*7 }} #read("/etc/passwd") $x$ `a`"""
)

minors = st.integers(-(10**15), 10**15)
kinds = st.sampled_from(get_args(LineKind))
quantities = st.decimals(-(10**9), 10**9, allow_nan=False, places=7)


@st.composite
def lines(draw: st.DrawFn) -> PaperLine:
    kind, quantity = draw(kinds), draw(st.none() | quantities)
    line = InvoiceLine(
        line="1",
        amount_minor=draw(minors),
        kind=kind,
        description=draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9)),
    )
    unit = draw(st.none() | quantities) if quantity is not None else None
    minor = line.amount_minor
    return PaperLine(line=line, amount_minor=minor, quantity=quantity, unit_amount=unit)


def paper(
    *rows: PaperLine, currency: str = "EUR", taxes: tuple[PaperLine, ...] = (), **more: object
) -> Paper:
    wanted: dict[str, object] = {
        "kind": "invoice",
        "invoice": "i1",
        "number": "N-1",
        "customer": "c1",
        "on": date(2026, 1, 31),
        "due_on": date(2026, 3, 2),
        "others": (),
    }
    return Paper(**{**wanted, **more}, currency=currency, lines=rows, taxes=taxes)  # type: ignore[arg-type]


def row(minor: int, **more: object) -> PaperLine:
    line = InvoiceLine(line="1", amount_minor=minor, **more)  # type: ignore[arg-type]
    return PaperLine(line=line, amount_minor=minor)


def as_html(one: Paper, chosen: Templates = SHIPPED, **more: object) -> bytes:
    setting = structs.replace(SETTING, **more)
    shown = page(one, setting, chosen.words(setting.locale))
    return html(shown, chosen.texts["text/html"])


def as_pdf(one: Paper, **more: object) -> bytes:
    setting = structs.replace(SETTING, **more)
    shown = page(one, setting, SHIPPED.words(setting.locale))
    return pdf(shown, SHIPPED.texts["application/pdf"], SHIPPED.fonts)


@given(
    rows=st.lists(lines(), max_size=6),
    taxes=st.lists(minors, max_size=3),
    credit=minors,
    settled=minors,
    locale=st.sampled_from(LOCALES),
    currency=st.sampled_from(CURRENCIES),
)
def test_what_is_read_back_adds_up_to_the_total_and_to_what_is_open(
    rows: list[PaperLine],
    taxes: list[int],
    credit: int,
    settled: int,
    locale: str,
    currency: str,
) -> None:
    note = Credited(note=Reference(number="C-1", on=date(2026, 2, 1)), minor=credit)
    own = paper(
        *rows,
        currency=currency,
        taxes=tuple(row(minor, kind="tax") for minor in taxes),
        credited=(note,),
        paid_minor=settled,
        deducted_minor=settled // 3,
    )
    read = read_back(as_html(own, locale=locale))

    said = [Decimal(decimal_text(line.amount_minor, currency)) for line in rows]
    assert read.lines == said
    assert sum(read.lines) + read.below("tax", "other") == read.below("total")
    assert read.below("total", "credited", "settled") == read.below("open")
    assert read.below("open") == Decimal(decimal_text(own.open_minor, currency))


@given(minor=minors, locale=st.sampled_from(LOCALES), currency=st.sampled_from(CURRENCIES))
def test_what_is_printed_has_every_digit_of_what_is_meant(
    minor: int, locale: str, currency: str
) -> None:
    formats = Formats(locale, currency, "UTC")
    meant = decimal_text(minor, currency)

    for told in (formats.amount(minor), formats.money(minor)):
        assert [c for c in told if c.isdecimal()] == [c for c in meant if c.isdecimal()]


@given(value=st.decimals(0, 10**12, allow_nan=False, places=12), locale=st.sampled_from(LOCALES))
def test_a_price_is_printed_with_all_its_decimals(value: Decimal, locale: str) -> None:
    formats = Formats(locale, "KWD", "UTC")
    whole, _, places = plain(value).partition(".")

    told = [c for c in formats.price(value) if c.isdecimal()]
    assert "".join(told) == whole + places.ljust(3, "0")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_line_has_words_in_every_language(language: str) -> None:
    rows = tuple(row(1, kind=kind) for kind in get_args(LineKind))

    assert read_back(as_html(paper(*rows), locale=language)).lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_change_has_words_in_every_language(language: str) -> None:
    of_contracts = {
        "conditional",
        "refund-conditional",
        "refund-owed",
        "lump-owed",
        "owed-back",
        "share-owed",
        "customer-owed",
        "interest",
    }
    of_contracts |= {"billing", "release", "unbilled", "served", "opening", "given-back"}
    never_told = {"adjustment", "non-cash", *of_contracts, *NOT_TOLD}
    kinds = {"invoice", "credit-note", "void", *get_args(Kind)} - never_told
    changes = [Change(on=date(2026, 1, 1), kind=kind, name="N-1", minor=1) for kind in kinds]
    own = Statement(
        customer="c1",
        currency="KWD",
        since=date(2026, 1, 1),
        on=date(2026, 1, 2),
        brought_minor=5,
        changes=tuple(changes),
        balances=tuple(range(6, 6 + len(kinds))),
    )
    words = SHIPPED.words(language)
    shown = statement_page(own, structs.replace(SETTING, locale=language), words)
    read = read_back(html(shown, SHIPPED.texts["text/html"]))

    assert sum(read.lines) == read.below("open") == Decimal(5 + len(kinds)).scaleb(-3)
    assert pdf(shown, SHIPPED.texts["application/pdf"], SHIPPED.fonts)


def test_nothing_of_a_text_is_markup() -> None:
    evil = Who(content={"name": EVIL, "address": EVIL, "bank": EVIL, "email": EVIL})
    rows = [row(1, description=EVIL, group={EVIL: EVIL}), row(1, kind="discount", discount=EVIL)]
    own = paper(*rows, number=EVIL, customer=EVIL)
    read = read_back(as_html(own, seller=evil, buyer=evil))

    assert not {"script", "img"} & {*read.tags}
    assert EVIL in read.texts
    assert as_pdf(own, seller=evil, buyer=evil).startswith(b"%PDF")


def test_the_same_page_is_the_same_pdf() -> None:
    own = paper(row(100, description="Λόγος Жук 桜"), credits=None)

    assert as_pdf(own) == as_pdf(own)
    assert as_pdf(own) != as_pdf(paper(row(101)))


def test_a_text_that_no_font_can_show_is_refused_rather_than_left_out() -> None:
    own = paper(row(100, description="한국어"))

    with pytest.raises(Rejected, match="no-letters"):
        as_pdf(own)
    assert "한국어" in read_back(as_html(own)).texts


def test_who_is_erased_is_told_as_such() -> None:
    read = read_back(as_html(paper(row(1)), buyer=Who(content=None, is_erased=True)))

    assert "Name and address erased" in read.texts


def test_a_language_without_words_is_refused_with_those_there_are() -> None:
    with pytest.raises(Rejected, match="no-translation") as refused:
        SHIPPED.words("sv-SE")

    assert refused.value.context == {"locale": "sv-SE", "known": "de, en, fr, ja"}


def test_a_locale_nobody_knows_the_formats_of_is_refused() -> None:
    with pytest.raises(Malformed, match="unknown-locale"):
        Formats("de-QQ-x", "EUR", "UTC")


# --- templates of one's own ----------------------------------------------------------------------


def test_own_words_and_templates_stand_in_for_those_shipped(tmp_path: Path) -> None:
    (tmp_path / "languages").mkdir()
    german = (Path(SHIPPED.fonts[0]).parent / "languages/de.toml").read_text()
    swiss = german.replace('invoice = "Rechnung"', 'invoice = "Faktura"')
    (tmp_path / "languages/de-CH.toml").write_text(swiss)
    (tmp_path / "invoice.html").write_text("<h1>{{ page.heading }}</h1>")
    own = templates(tmp_path)

    assert as_html(paper(row(1)), own, locale="de-CH") == b"<h1>Faktura</h1>"
    assert as_html(paper(row(1)), own, locale="de-AT") == b"<h1>Rechnung</h1>"
    assert own.version("text/html", "de") != SHIPPED.version("text/html", "de")
    assert own.version("application/pdf", "de") == SHIPPED.version("application/pdf", "de")


@pytest.mark.parametrize(
    "text",
    ["{{ page.nothing }}", "{% for %}", "{{ page.rows[99] }}", "{{ 1 / 0 }}", "{{ ''.__class__ }}"],
)
def test_a_template_that_fails_is_named_and_nothing_comes_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "invoice.html").write_text(text)

    with pytest.raises(StoreError, match=r"invoice\.html") as failed:
        as_html(paper(row(1)), templates(tmp_path))
    assert failed.value.code == "template-failed"


def test_a_template_for_pdf_that_fails_is_named() -> None:
    shown = page(paper(row(1)), SETTING, SHIPPED.words("en"))

    with pytest.raises(StoreError, match=r"invoice\.typ: .*unknown variable") as failed:
        pdf(shown, "#nothing", SHIPPED.fonts)
    assert failed.value.code == "template-failed"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('open = "', 'opened = "'), "has no open"),
        (("{pages}", "{sheets}"), r"page must fill in \{pages\}, \{page\}"),
        (("{pages}", "{pages"), "page|expected"),
        (("{pages}", "{pages.__class__}"), "page must fill in"),
        (('open = "', "open = "), "nl.toml"),
    ],
)
def test_words_that_are_not_whole_are_refused(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    english = (Path(SHIPPED.fonts[0]).parent / "languages/en.toml").read_text()
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/nl.toml").write_text(english.replace(*change))

    with pytest.raises(StoreError, match=told) as failed:
        templates(tmp_path)
    assert failed.value.code == "translation-incomplete"


def test_the_fonts_are_those_that_were_checked() -> None:
    folder = SHIPPED.fonts[0]
    sums = dict(
        reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )

    fonts = [*folder.glob("*.ttf")]
    assert {path.name: sha256(path.read_bytes()).hexdigest() for path in fonts} == sums
