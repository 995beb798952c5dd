"""Coupons on an invoice: exact shares, lines that add up, in whichever order lines are listed."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.accounting.documents import BilledLine, Cut
from domain.coupon import CouponGranted
from domain.invoice_facts import InvoiceLine
from domain.money import rounded
from domain.statement.coupons import Claim, MayReduce, Reduced, Use, claims, net_of, reduced, uses
from tests.domain.given import on

DAY = date(2024, 1, 1)


def line(name: str, minor: int, item: str = "", **more: Any) -> InvoiceLine:
    words = {"line": name, "amount_minor": minor, "subscription": "s1", "obligation": item or name}
    return InvoiceLine(**words | more)


def items(*names: str) -> MayReduce:
    return lambda one: not names or one.obligation in names


def amount(minor: int, *of: str, coupon: str = "spring") -> Claim:
    return Claim(coupon, None, minor, items(*of))


def percent(share: int, *of: str, coupon: str = "spring") -> Claim:
    return Claim(coupon, Fraction(share, 100), 0, items(*of))


def taken(found: Reduced) -> list[tuple[str, str, int]]:
    return [(one.coupon or "", one.of_line or "", one.amount_minor) for one in found.lines]


# --- the worked cases ---


def test_one_coupon_is_spread_before_tax_of_three_rates() -> None:
    """lago-coupon-three-tax-rates."""
    lines = [line(str(n), minor) for n, minor in enumerate((10_000, 5_000, 3_000, 2_000))]

    found = reduced(lines, [amount(1_000)])

    taxes = [found.net_minor[str(n)] * rate / 100 for n, rate in enumerate((10, 0, 20, 20))]
    assert taxes == [950, 0, 570, 380]
    assert sum(one.amount_minor for one in (*lines, *found.lines)) + sum(taxes) == 20_900


def test_three_coupons_come_off_in_turn_and_exactly() -> None:
    """lago-three-coupons-two-tax-rates: the limited ones first, the last over what they leave."""
    fees = {f"{side}{n}": n * 1_000 for side in "ab" for n in (1, 2, 3, 4)}
    lines = [line(name, minor) for name, minor in fees.items()]
    own = [amount(2_000, "a1", "a2"), amount(1_000, "b1", "b2", "b3", "b4"), amount(500)]

    found = reduced(lines, own)

    off = {name: minor - found.net_minor[name] for name, minor in fees.items()}
    assert {name: rounded(10_000 * share) for name, share in off.items()} == {
        "a1": 676_4706,
        "a2": 1352_9412,
        "a3": 88_2353,
        "a4": 117_6471,
        "b1": 126_4706,
        "b2": 252_9412,
        "b3": 379_4118,
        "b4": 505_8824,
    }
    rates = {name: Fraction(20 if name in {"a2", "b2"} else 10, 100) for name in fees}
    tax = rounded(sum(found.net_minor[name] * rate for name, rate in rates.items()))
    assert (sum(one.amount_minor for one in found.lines), tax) == (-3_500, 1_889)
    assert sum(fees.values()) - 3_500 + tax == 18_389


# --- what a coupon takes ---


def test_a_coupon_line_stands_beside_the_line_it_reduces() -> None:
    own = line(
        "1", 100, "seats", service_from=DAY, service_to=date(2024, 2, 1), quantity=Decimal(2)
    )

    (found,) = reduced([own], [amount(30)]).lines

    assert found == structs.replace(
        own, line="2", kind="coupon", amount_minor=-30, of_line="1", coupon="spring", quantity=None
    )


def test_a_percentage_is_money_once_and_of_what_is_left() -> None:
    lines = [line("1", 999), line("2", 1_000)]

    found = reduced(lines, [percent(10, coupon="first"), percent(50, coupon="second")])

    # 199.9 is 200, of which the exact shares are 99.95 and 100.05; half of 1,799 is 900.
    assert taken(found) == [
        ("first", "1", -100),
        ("first", "2", -100),
        ("second", "1", -450),
        ("second", "2", -450),
    ]
    assert sum(found.net_minor.values()) == 1_999 - 200 - 900


def test_a_coupon_takes_no_more_than_there_is() -> None:
    lines = [line("1", 100), line("2", 50)]

    assert taken(reduced(lines, [amount(500, "1"), amount(500)])) == [
        ("spring", "1", -100),
        ("spring", "2", -50),
    ]
    assert reduced(lines, [amount(500, "3")]).lines == ()


def test_what_is_taken_off_a_service_is_not_reduced_again() -> None:
    off = line("2", -40, "seats", kind="discount", discount="launch")
    lines = [line("1", 100, "seats"), off, line("3", 60, "desk")]

    found = reduced(lines, [amount(60)])

    assert taken(found) == [("spring", "1", -30), ("spring", "3", -30)]
    assert found.net_minor == {"1": 70, "2": -40, "3": 30}


def test_a_correction_of_another_service_leaves_less_to_take_off() -> None:
    lines = [line("1", 100, "seats"), line("2", -80, "desk")]

    assert taken(reduced(lines, [percent(100)])) == [("spring", "1", -20)]
    assert reduced([line("1", 100, "seats"), line("2", -100, "desk")], [amount(5)]).lines == ()


def test_an_adjusted_line_is_reduced_as_adjusted() -> None:
    adjusted = line("2", 200, "1", kind="adjustment", of_line="1")
    lines = [line("1", 0), adjusted, line("3", 200)]

    found = reduced(lines, [percent(50)])

    assert taken(found) == [("spring", "1", -100), ("spring", "3", -100)]
    assert found.net_minor == {"1": 100, "3": 100}


def test_what_an_invoice_states_itself_is_as_exact_as_it_is() -> None:
    coupon = line("2", -10, "1", kind="coupon", of_line="1", coupon="spring")
    tax = line("4", 18, kind="tax")

    assert net_of([line("1", 100), coupon, line("3", 7), tax]) == {"1": 90, "3": 7}


# --- what is left of one ---


def granted(**how: Any) -> CouponGranted:
    words: dict[str, Any] = {"when": on(1, 1), "customer": "c1", "percent": Decimal(10)}
    return CouponGranted(**words | how)


def worth(**how: Any) -> CouponGranted:
    return granted(percent=None, amount=Decimal(10), currency="USD", **how)


def minors(coupon: CouponGranted, use: Use) -> list[int]:
    return [one.minor for one in claims([("a", coupon)], {"a": use}, lambda _: items())]


def test_what_an_invoice_leaves_of_an_amount_is_used_on_the_next() -> None:
    assert minors(worth(), Use()) == [1_000]
    assert minors(worth(), Use(300, 1)) == [700]
    assert minors(worth(), Use(1_000, 4)) == []
    assert minors(worth(times=1), Use(300, 1)) == []
    assert minors(worth(amount_per="invoice"), Use(1_000, 1)) == [1_000]
    assert minors(worth(amount_per="invoice", times=2), Use(2_000, 2)) == []
    assert minors(granted(times=2), Use(5, 1)) == [0]
    assert minors(granted(times=2), Use(5, 2)) == []


def test_limited_coupons_go_first_then_their_order_then_the_oldest() -> None:
    own = {
        "all": granted(order=-1),
        "late": granted(order=1, items=("seats",), when=on(2, 1)),
        "early": granted(order=1, products=("suite",)),
        "first": granted(order=0, subscriptions=("s1",)),
        "more": granted(),
    }

    found = claims(own.items(), {}, lambda _: items())

    assert [one.coupon for one in found] == ["first", "early", "late", "all", "more"]


def billed(invoice: str, minor: int, *cuts: tuple[str, int], coupon: str = "a") -> BilledLine:
    own = line("2", minor, "1", kind="coupon", of_line="1", coupon=coupon)
    return BilledLine(
        invoice=invoice,
        number=invoice,
        customer="c1",
        currency="USD",
        issued_on=DAY,
        due_on=DAY,
        line=own,
        cause=1,
        cuts=tuple(
            Cut(
                fact=2,
                day=DAY,
                minor=cut,
                as_if_never=True,
                concession=False,
                name=name,
                causes=(2,),
            )
            for name, cut in cuts
        ),
    )


def test_credits_and_voids_give_a_coupon_back() -> None:
    rows = [
        billed("i1", -300),
        billed("i2", -200, ("C1", -50)),
        billed("i3", -100, ("void", -100)),
        billed("i3", -1, coupon="b"),
    ]

    assert uses(rows) == {"a": Use(450, 2), "b": Use(1, 1)}


# --- whatever is drawn ---

LINES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(-500, 2_000), st.booleans()),
    min_size=1,
    max_size=6,
).map(
    lambda rows: [
        line(str(n), minor, item, service_from=DAY if dated else None)
        for n, (item, minor, dated) in enumerate(rows)
    ]
)
CLAIMS = st.lists(
    st.one_of(
        st.builds(amount, st.integers(1, 3_000), st.sampled_from("abcd")),
        st.builds(amount, st.integers(1, 3_000)),
        st.builds(percent, st.integers(1, 100), st.sampled_from("abcd")),
        st.builds(percent, st.integers(1, 100)),
    ),
    max_size=4,
).map(lambda own: [Claim(f"n{n}", *structs.astuple(one)[1:]) for n, one in enumerate(own)])


@given(LINES, CLAIMS)
def test_a_coupon_takes_whole_units_of_what_there_is(
    lines: list[InvoiceLine], own: list[Claim]
) -> None:
    found = reduced(lines, own)

    whole, total = {one.line: one.amount_minor for one in lines}, sum(o.amount_minor for o in lines)
    exact = sum(whole.values()) - sum(found.net_minor.values())
    assert exact == -sum(one.amount_minor for one in found.lines)
    for one in lines:
        mine = -sum(row.amount_minor for row in found.lines if row.of_line == one.line)
        assert 0 <= mine <= max(0, one.amount_minor)
        assert 0 <= whole[one.line] - found.net_minor[one.line] <= max(0, one.amount_minor)
    assert all(row.amount_minor < 0 for row in found.lines)
    assert not found.lines or total + sum(row.amount_minor for row in found.lines) >= 0
    for claim in own:
        minor = -sum(row.amount_minor for row in found.lines if row.coupon == claim.coupon)
        assert claim.percent is not None or minor <= claim.minor


def by_what(lines: Sequence[InvoiceLine], found: Reduced) -> list[tuple[Any, ...]]:
    """What comes off what, without the ids that the order of lines gave."""
    of = {one.line: one for one in lines}
    rows = [(of[one.of_line or ""], one.coupon, one.amount_minor) for one in found.lines]
    whats = [(o.obligation, str(o.service_from), o.amount_minor, c, m) for o, c, m in rows]
    nets = [
        (o.obligation, str(o.service_from), o.amount_minor, found.net_minor[o.line]) for o in lines
    ]
    return [*sorted(whats), *sorted(nets)]


@given(LINES, CLAIMS, st.randoms(use_true_random=False))
def test_in_which_order_lines_are_listed_makes_no_difference(
    lines: list[InvoiceLine], own: list[Claim], random: Any
) -> None:
    shuffled = random.sample(lines, len(lines))
    renamed = [structs.replace(one, line=str(n)) for n, one in enumerate(shuffled)]

    assert by_what(renamed, reduced(renamed, own)) == by_what(lines, reduced(lines, own))


@pytest.mark.parametrize("order", [*permutations("abc")])
def test_of_equals_the_name_of_what_is_billed_decides(order: tuple[str, ...]) -> None:
    lines = [line(str(n), 100, item) for n, item in enumerate(order)]

    found = reduced(lines, [amount(100)])

    of = {one.line: one.obligation for one in lines}
    assert sorted((of[one.of_line or ""] or "", one.amount_minor) for one in found.lines) == [
        ("a", -34),
        ("b", -33),
        ("c", -33),
    ]
