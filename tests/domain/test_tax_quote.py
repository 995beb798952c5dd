"""What the built-in table answers, on the figures of worked cases."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Rejected
from domain.tax.answer import sound
from domain.tax.question import Rounding, Taxable, TaxQuestion
from domain.tax.quote import quote
from domain.tax.status import TaxStatus
from domain.tax.table import TaxRate, TaxRatesSet, TaxTables
from tests.domain.given import on

DAY = on(1, 31, year=2025)
FR = TaxStatus(jurisdiction="FR")


def rate(percent: str, code: str | None = None, name: str = "VAT") -> TaxRate:
    return TaxRate(name=name, percent=Decimal(percent), code=code)


def known(**places: TaxRatesSet) -> TaxTables:
    since = on(1, 1, year=2020).effective
    return TaxTables(
        places={name.replace("_", "-"): ((since, one),) for name, one in places.items()}
    )


def place(*rates: TaxRate, seller: str = "established", union: str | None = None) -> TaxRatesSet:
    return TaxRatesSet(when=DAY, rates=rates, seller=seller, union=union)  # type: ignore[arg-type]


def line(
    minor: int | Fraction, code: str | None = None, name: str = "1", *, includes_tax: bool = False
) -> Taxable:
    return Taxable(line=name, exact_minor=Fraction(minor), code=code, includes_tax=includes_tax)


def asked(
    *lines: Taxable,
    currency: str = "EUR",
    customer: TaxStatus | None = FR,
    rounding: Rounding = "document",
) -> TaxQuestion:
    return TaxQuestion(
        document="invoice:i1",
        currency=currency,
        on=DAY.effective,
        customer=customer,
        lines=lines,
        rounding=rounding,
    )


def taxes(question: TaxQuestion, tables: TaxTables) -> list[tuple[str, str, str, int]]:
    answer = sound(question, quote(question, tables))
    return [(tax.line, tax.jurisdiction, tax.category, tax.tax_minor) for tax in answer.taxes]


def total(question: TaxQuestion, tables: TaxTables) -> int:
    return sum(tax.tax_minor for tax in quote(question, tables).taxes)


@pytest.mark.parametrize(
    ("currency", "net", "percent", "tax"),
    [("JPY", 999, "10.5", 105), ("USD", 100, "0.1", 0), ("EUR", 9999, "20", 2000)],
    ids=["yen", "less than a cent", "vat"],
)
def test_tax_is_rounded_to_the_currency(currency: str, net: int, percent: str, tax: int) -> None:
    assert total(asked(line(net), currency=currency), known(FR=place(rate(percent)))) == tax


EU = known(
    FR=place(rate("20"), union="EU"),
    DE=place(rate("19"), seller="none", union="EU"),
    US=place(seller="none"),
)
BUSINESS = TaxStatus(jurisdiction="DE", is_business=True, tax_id_valid=True)


@pytest.mark.parametrize(
    ("customer", "jurisdiction", "category", "tax"),
    [
        (TaxStatus(jurisdiction="FR", is_business=True, tax_id_valid=True), "FR", "taxed", 700),
        (BUSINESS, "DE", "reverse-charge", 0),
        (TaxStatus(jurisdiction="DE", is_business=True), "FR", "taxed", 700),
        (TaxStatus(jurisdiction="DE"), "FR", "taxed", 700),
        (TaxStatus(jurisdiction="US"), "US", "not-registered", 0),
        (TaxStatus(jurisdiction="FR", exemption="embassy"), "FR", "exempt", 0),
    ],
    ids=["home", "business abroad", "id not valid", "consumer abroad", "far away", "exempt"],
)
def test_who_is_where_decides_what_is_due(
    customer: TaxStatus, jurisdiction: str, category: str, tax: int
) -> None:
    found = taxes(asked(line(3500), customer=customer), EU)

    assert found == [("1", jurisdiction, category, tax)]


def test_what_is_taxable_is_kept_where_nothing_is_due() -> None:
    (tax,) = quote(asked(line(3500), customer=BUSINESS), EU).taxes

    assert (tax.exact_minor, tax.percent, tax.name) == (3500, 0, "reverse-charge")


def test_who_is_registered_where_the_customer_is_charges_its_rates() -> None:
    tables = known(
        FR=place(rate("20"), union="EU"), DE=place(rate("19"), seller="registered", union="EU")
    )

    assert taxes(asked(line(10000), customer=TaxStatus(jurisdiction="DE")), tables) == [
        ("1", "DE", "taxed", 1900)
    ]


def test_every_level_adds_its_tax() -> None:
    tables = known(
        US=place(seller="none"),
        US_CA=place(rate("6", name="state"), seller="registered"),
        US_CA_LA=place(rate("2.25", name="county"), seller="none"),
    )
    found = taxes(asked(line(10000), customer=TaxStatus(jurisdiction="US-CA-LA")), tables)

    assert found == [("1", "US-CA", "taxed", 600), ("1", "US-CA-LA", "taxed", 225)]


def test_coupon_shares_are_taxed_exactly_and_the_sum_is_rounded_once() -> None:
    shares = [
        "676.4706",
        "1352.9412",
        "88.2353",
        "117.6471",
        "126.4706",
        "252.9412",
        "379.4118",
        "505.8824",
    ]
    fees = [1000, 2000, 3000, 4000] * 2
    codes = ["ten", "twenty", "ten", "ten"] * 2
    lines = [
        line(fee - Fraction(share), code, str(number))
        for number, (fee, share, code) in enumerate(zip(fees, shares, codes, strict=True))
    ]
    tables = known(FR=place(rate("10", "ten"), rate("20", "twenty")))

    assert total(asked(*lines), tables) == 1889


def test_a_coupon_spread_over_three_rates() -> None:
    lines = [
        line(10000 - 500, "ten", "subscription"),
        line(5000 - 250, "none", "fx"),
        line(3000 - 150, "twenty", "cards"),
        line(2000 - 100, "twenty", "cards true up"),
    ]
    tables = known(FR=place(rate("10", "ten"), rate("20", "twenty"), rate("0", "none")))
    found = {name: (category, tax) for name, _, category, tax in taxes(asked(*lines), tables)}

    assert found == {
        "subscription": ("taxed", 950),
        "fx": ("zero-rated", 0),
        "cards": ("taxed", 570),
        "cards true up": ("taxed", 380),
    }


def test_a_price_that_includes_its_tax_is_what_is_paid() -> None:
    (tax,) = quote(asked(line(12000, includes_tax=True)), known(FR=place(rate("20")))).taxes

    assert (tax.tax_minor, tax.exact_minor) == (2000, 10000)


def test_rounding_by_line_rounds_each_line_and_by_document_the_sum() -> None:
    lines = [line(3, name=str(number)) for number in range(3)]
    tables = known(FR=place(rate("20")))

    assert total(asked(*lines, rounding="line"), tables) == 3
    assert total(asked(*lines, rounding="document"), tables) == 2


@pytest.mark.parametrize(
    ("code", "lines", "customer", "tables"),
    [
        ("tax-status-missing", [line(1)], None, EU),
        ("unknown-jurisdiction", [line(1)], TaxStatus(jurisdiction="IT"), EU),
        ("unknown-jurisdiction", [line(1)], TaxStatus(jurisdiction="US-CA"), EU),
        ("tax-code-unknown", [line(1, "books")], FR, EU),
        ("tax-code-missing", [line(1)], FR, known(FR=place(rate("20", "services")))),
        (
            "tax-origin-unclear",
            [line(1)],
            TaxStatus(jurisdiction="DE"),
            known(
                FR=place(rate("20"), union="EU"),
                IT=place(rate("22"), union="EU"),
                DE=place(rate("19"), seller="none", union="EU"),
            ),
        ),
    ],
)
def test_what_the_table_cannot_say_is_refused_by_name(
    code: str, lines: list[Taxable], customer: TaxStatus | None, tables: TaxTables
) -> None:
    with pytest.raises(Rejected) as caught:
        quote(asked(*lines, customer=customer), tables)

    assert caught.value.code == code


# --- laws ----------------------------------------------------------------------------------------

MINORS = st.integers(-(10**9), 10**9)
PERCENTS = st.decimals(0, 100, places=3)
ROUNDINGS = st.sampled_from(["document", "rate", "line"])


@given(st.lists(MINORS, min_size=1, max_size=8), PERCENTS, st.booleans())
def test_splitting_a_line_changes_nothing_under_rounding_by_document(
    minors: list[int], percent: Decimal, included: bool
) -> None:
    tables = known(FR=place(rate(str(percent))))
    whole = asked(line(sum(minors), includes_tax=included))
    parts = asked(*named(minors, includes_tax=included))

    assert total(parts, tables) == total(whole, tables)


@given(st.lists(MINORS, max_size=8), PERCENTS, ROUNDINGS)
def test_a_document_of_no_net_has_no_tax(
    minors: list[int], percent: Decimal, rounding: Rounding
) -> None:
    tables = known(FR=place(rate(str(percent))))
    mirrored = [*minors, *(-minor for minor in minors)]

    assert total(asked(*named(mirrored), rounding=rounding), tables) == 0


@given(
    st.lists(MINORS, min_size=1, max_size=8),
    PERCENTS,
    st.sampled_from(["document", "rate", "line"]),
)
def test_every_answer_of_the_table_is_sound(
    minors: list[int], percent: Decimal, rounding: Rounding
) -> None:
    question = asked(*named(minors), rounding=rounding)
    answer = quote(question, known(FR=place(rate(str(percent)))))

    assert sound(question, answer) is answer


def named(minors: Iterable[int], *, includes_tax: bool = False) -> list[Taxable]:
    return [
        line(minor, name=str(number), includes_tax=includes_tax)
        for number, minor in enumerate(minors)
    ]
