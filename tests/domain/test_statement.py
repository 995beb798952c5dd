"""The statement: what is billed of charges, part by part, and what is taken back, given the lines.

Each story bills, takes what was issued as issued, and bills again.
"""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.accounting.documents import BilledLine, Cut
from domain.billing_options import BillingOptions
from domain.charge import Charge
from domain.coupon import CouponGranted
from domain.cycle import BillingPeriod
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.master import MasterData, PriceVersion
from domain.price import PriceSet
from domain.pricing import PerUnit
from domain.statement.coupons import Use, claims, uses
from domain.statement.differences import differences
from domain.statement.documents import Account, documents
from domain.statement.notes import Papers
from domain.statement.spans import Sale, carried_by
from domain.statement.thresholds import reached

JANUARY, FEBRUARY, MARCH = (date(2025, month, 1) for month in (1, 2, 3))


def day(number, month=1):
    return date(2025, month, number)


def usage(*marks, item="calls", price="call@1", start=JANUARY, end=FEBRUARY):
    """Usage of one period that stood at so much after some days: (day, minor)."""
    return Charge(
        item=item,
        price=price,
        period=BillingPeriod(start, end, start, end),
        start=start,
        end=end,
        minor=marks[-1][1],
        running_minor=marks[-1][1],
        bill_on=end,
        causes=(),
        pattern="usage",
        kind="usage",
        marks=tuple((day(number, start.month), minor) for number, minor in marks),
    )


def seats(minor, start=JANUARY, end=FEBRUARY, *, price="seat@1", quantity=1, period=None):
    """A recurring charge of some days of a period, billed in advance."""
    begin, finish = period or (JANUARY, FEBRUARY)
    return Charge(
        item="seats",
        price=price,
        period=BillingPeriod(begin, finish, begin, finish),
        start=start,
        end=end,
        minor=minor,
        running_minor=minor,
        bill_on=begin,
        causes=(),
        pattern="ratable",
        quantity=Decimal(quantity),
    )


class Books:
    """One account: what it is billed stays, and is compared with the next time."""

    def __init__(self, **options):
        self.options = BillingOptions(**options)
        self.lines = []
        self.coupons = []
        self.invoices = 0

    def bill(self, through, *charges, interim=()):
        """(from, to, minor) of each new line, and (invoice line, -minor) of each credit."""
        sale = Sale(
            subscription="s1",
            charges=charges,
            lines=tuple(row for row in self.lines if row.line.subscription),
            elections=lambda _: self.options,
            has_coupons=bool(self.coupons),
        )
        owed = differences(sale, through, interim)
        credit = sum(row.line.amount_minor for row in self.lines if row.line.kind == "credit")
        account = Account(
            customer="c1",
            currency="USD",
            is_known=True,
            payment_terms_days=30,
            credit_minor=credit,
            claims=claims(self.coupons, uses(self.lines), lambda _: lambda _: True),
        )
        versions = {f"invoice:{row.invoice}": 1 for row in self.lines}
        papers = Papers(versions=versions, in_use=self._in_use, lines=self.by_invoice())
        self.bill_ = documents(account, owed, papers, through)
        return [told for one in self.bill_.documents for told in self._issue(one, through)]

    def by_invoice(self):
        return {
            name: [row for row in self.lines if row.invoice == name]
            for name in {row.invoice for row in self.lines}
        }

    def _in_use(self, stream):
        return any(f"invoice:{row.invoice}" == stream for row in self.lines)

    def _issue(self, document, through):
        name = document.stream.partition(":")[2]
        if isinstance(document.command, IssueInvoice):
            assert document.total_minor == sum(one.amount_minor for one in document.command.lines)
            assert document.total_minor >= 0
            for line in document.command.lines:
                self.lines.append(billed(name, line, through))
                yield told(line)
            return
        for taken in document.command.lines:
            for place, row in enumerate(self.lines):
                if row.invoice == name and row.line.line == taken.line:
                    cuts = (*row.cuts, cut(taken.amount_minor, document.command.number, through))
                    self.lines[place] = structs.replace(row, cuts=cuts)
            yield f"{name}:{taken.line}", -taken.amount_minor

    def void(self):
        """Every line there is."""
        self.lines = [
            structs.replace(row, cuts=(*row.cuts, cut(row.left_minor, "void", row.issued_on)))
            for row in self.lines
        ]

    @property
    def billed(self):
        return sum(carried_by(row) for row in self.lines if row.line.is_charged)


def told(line):
    if line.kind == "credit":
        return line.description, line.amount_minor
    return line.service_from, line.service_to, line.amount_minor


def billed(invoice, line, on):
    return BilledLine(
        invoice=invoice,
        number=invoice,
        customer="c1",
        currency="USD",
        issued_on=on,
        due_on=on,
        line=line,
        cause=1,
        cuts=(),
    )


def cut(minor, name, on):
    return Cut(
        fact=2, day=on, minor=minor, as_if_never=True, concession=False, name=name, causes=(2,)
    )


# --- usage in parts ------------------------------------------------------------------------------


def test_a_period_of_usage_is_billed_once_when_it_is_over():
    books = Books()

    assert books.bill(day(31), usage((5, 100), (20, 300))) == []
    assert books.bill(FEBRUARY, usage((5, 100), (20, 300))) == [(JANUARY, FEBRUARY, 300)]
    assert books.bill(FEBRUARY, usage((5, 100), (20, 300))) == []


def test_an_interim_bill_takes_what_is_used_so_far_and_the_last_one_the_rest():
    books = Books()

    assert books.bill(day(10), usage((5, 100)), interim={"calls"}) == [(JANUARY, day(11), 100)]
    assert books.bill(day(20), usage((5, 100), (20, 300)), interim={"calls"}) == [
        (day(11), day(21), 200)
    ]
    assert books.bill(FEBRUARY, usage((5, 100), (20, 300), (25, 450))) == [(day(21), FEBRUARY, 150)]
    assert books.billed == 450


def test_late_usage_corrects_the_part_it_was_used_in():
    books = Books()
    books.bill(day(10), usage((5, 100)), interim={"calls"})
    books.bill(FEBRUARY, usage((5, 100), (20, 300)))

    # 40 come late for the seventh; in tiers they make the rest of the month cheaper by 10.
    assert books.bill(day(3, 2), usage((5, 100), (7, 140), (20, 330))) == [
        ("c1-USD-20250201-1:1", -10),
        (JANUARY, day(11), 40),
    ]
    assert books.billed == 330
    assert books.bill(day(3, 2), usage((5, 100), (7, 140), (20, 330))) == []


def test_a_maximum_reached_earlier_takes_from_the_later_part():
    books = Books(credits="next-invoice")
    books.bill(day(9), usage((3, 30_00)), interim={"calls"})
    books.bill(day(19), usage((3, 30_00), (15, 50_00)), interim={"calls"})

    assert books.bill(FEBRUARY, usage((3, 40_00), (15, 50_00))) == [
        (JANUARY, day(10), 10_00),
        (day(10), day(20), -10_00),
    ]


def test_a_part_that_was_voided_is_billed_again():
    books = Books()
    books.bill(day(10), usage((5, 100)), interim={"calls"})
    books.void()

    assert books.bill(FEBRUARY, usage((5, 100), (20, 300))) == [(JANUARY, FEBRUARY, 300)]


def test_an_interim_bill_of_nothing_is_no_bill():
    books = Books()

    assert books.bill(day(10), usage((20, 300)), interim={"calls"}) == []


def test_days_in_which_something_was_used_are_closed_also_where_they_come_to_nothing():
    books = Books()

    assert books.bill(day(9), usage((3, 0)), interim={"calls"}) == [(JANUARY, day(10), 0)]
    assert books.bill(day(9), usage((3, 0)), interim={"calls"}) == []
    assert books.bill(day(12), usage((3, 0)), interim={"calls"}) == []
    assert books.bill(day(19), usage((3, 0), (15, 20)), interim={"calls"}) == [
        (day(10), day(20), 20)
    ]
    assert books.bill(day(20), usage((3, 10), (15, 30)), interim={"calls"}) == [
        (JANUARY, day(10), 10)
    ]


def test_what_is_taken_off_usage_is_billed_on_its_days():
    books = Books()

    def above(*marks):
        return structs.replace(usage(*marks), kind="discount", discount="maximum")

    books.bill(day(9), usage((3, 30)), above((3, 0)), interim={"calls"})

    assert books.bill(day(19), usage((3, 30), (15, 60)), above((15, -10)), interim={"calls"}) == [
        (day(10), day(20), 30),
        (day(10), day(20), -10),
    ]
    assert books.bill(FEBRUARY, usage((3, 40), (15, 70)), above((15, -20))) == [
        (JANUARY, day(10), 10),
        (day(10), day(20), -10),
    ]


def test_all_groups_of_an_item_are_billed_on_the_same_days():
    books = Books()
    north = structs.replace(usage((5, 120)), group=(("region", "north"),))
    south = structs.replace(usage((15, 90)), group=(("region", "south"),))
    books.bill(day(9), north, interim={"calls"})

    assert books.bill(day(19), north, south, interim={"calls"}) == [(day(10), day(20), 90)]


def test_a_minimum_on_usage_is_on_a_line_of_usage():
    books = Books()
    short = structs.replace(usage((31, 900)), kind="commitment")
    books.bill(day(9), usage((3, 100)), interim={"calls"})

    assert books.bill(FEBRUARY, usage((3, 100)), short) == [(day(10), FEBRUARY, 900)]
    assert {row.line.kind for row in books.lines} == {"usage"}


def test_what_is_billed_ahead_is_left_until_it_is_due():
    books = Books()
    books.bill(FEBRUARY, usage((5, 100)))

    assert books.bill(day(20), usage((5, 90))) == []
    assert books.bill(FEBRUARY, usage((5, 90))) == [("c1-USD-20250201-1:1", -10)]


@given(
    st.lists(st.tuples(st.integers(1, 31), st.integers(-500, 500)), max_size=30),
    st.lists(st.integers(1, 31), max_size=5),
    st.sampled_from(["adjust", "rebill"]),
    st.sampled_from(["credit-note", "next-invoice"]),
    st.sampled_from(["original", "current"]),
)
def test_however_usage_comes_and_is_billed_the_lines_are_what_was_used(
    arrivals, looks, late_usage, where, correction_period
):
    """BILLING_ASKS 19, and 18: at each look the next bill issues nothing more."""
    books = Books(late_usage=late_usage, credits=where, correction_period=correction_period)
    known = []
    for place, arrival in enumerate(arrivals):
        known.append(arrival)
        if looks and place % 3 == 0:
            through = day(looks[place % len(looks)])
            books.bill(through, *_charged(known), interim={"calls"})
    books.bill(FEBRUARY, *_charged(known))

    assert books.billed + sum(row.minor for row in books.bill_.carried) == sum(
        minor for _, minor in known
    )
    assert books.bill(FEBRUARY, *_charged(known)) == []


def _charged(known):
    days = sorted({number for number, _ in known})
    marks = [(one, sum(minor for number, minor in known if number <= one)) for one in days]
    return (usage(*marks),) if marks else ()


@given(st.permutations([(3, 100), (3, -40), (9, 250), (17, 60), (31, 5)]), st.integers(1, 31))
def test_any_order_of_arrival_is_billed_alike_by_service_period(arrivals, cut_on):
    books, known = Books(credits="next-invoice"), [(1, 7)]
    books.bill(day(cut_on), usage((1, 7)), interim={"calls"})
    for arrival in arrivals:
        known.append(arrival)
        books.bill(FEBRUARY, *_charged(known))

    first = sum(minor for number, minor in known if number <= cut_on)
    found = {}
    for row in books.lines:
        if row.line.subscription:
            key = row.line.service_from
            found[key] = found.get(key, 0) + row.line.amount_minor
    assert found.pop(JANUARY) == first
    assert sum(found.values()) == 382 - first


# --- what is sold --------------------------------------------------------------------------------


def test_a_change_inside_a_period_is_one_line_with_the_difference():
    books = Books()
    books.bill(JANUARY, seats(50_00))

    changed = (seats(22_58, end=day(15)), seats(54_84, day(15), price="seat@2"))

    assert books.bill(day(15), *changed) == [(JANUARY, FEBRUARY, 27_42)]


def test_a_change_may_stand_as_a_credit_of_the_old_and_a_charge_of_the_new():
    books = Books(change_lines="separate", credits="next-invoice")
    books.bill(JANUARY, seats(50_00))
    changed = (seats(22_58, end=day(15)), seats(54_84, day(15), quantity=2))

    assert books.bill(day(15), *changed) == [
        (day(15), FEBRUARY, -27_42),
        (day(15), FEBRUARY, 54_84),
    ]
    assert books.bill(day(15), *changed) == []


def test_two_changes_in_a_period_each_take_back_what_they_shorten():
    books = Books(change_lines="separate", credits="next-invoice")
    books.bill(JANUARY, seats(599_95, price="rifle@1"))
    rifle, dart = seats(116_12, end=day(7), price="rifle@1"), seats(8_02, day(7), price="dart@1")

    assert books.bill(day(7), rifle, dart) == [
        (day(7), FEBRUARY, -483_83),
        (day(7), FEBRUARY, 8_02),
        ("credit carried", 475_81),
    ]

    less = seats(32, day(7), day(8), price="dart@1")
    pistol = seats(23_19, day(8), price="pistol@1")

    assert books.bill(day(8), rifle, less, pistol) == [
        (day(8), FEBRUARY, -7_70),
        (day(8), FEBRUARY, 23_19),
        ("credit used", -15_49),
    ]


def test_what_exceeds_an_invoice_is_carried_as_credit_until_it_is_used_up():
    books = Books(credits="next-invoice")
    books.bill(JANUARY, seats(249_95))
    used = seats(16_13, end=day(3))

    assert books.bill(day(3), used) == [(JANUARY, day(3), -233_82), ("credit carried", 233_82)]
    again = seats(224_96, FEBRUARY, MARCH, period=(FEBRUARY, MARCH))
    assert books.bill(FEBRUARY, used, again) == [
        (FEBRUARY, MARCH, 224_96),
        ("credit used", -224_96),
    ]
    more = seats(249_95, MARCH, day(1, 4), period=(MARCH, day(1, 4)))
    assert books.bill(MARCH, used, again, more) == [
        (MARCH, day(1, 4), 249_95),
        ("credit used", -8_86),
    ]


def test_a_credit_note_comes_off_the_newest_line_first_and_none_goes_below_zero():
    books = Books()
    books.bill(JANUARY, seats(100))
    books.bill(day(2), seats(130))

    assert books.bill(day(3), seats(60)) == [
        ("c1-USD-20250101-1:1", -40),
        ("c1-USD-20250102-1:1", -30),
    ]


def test_an_adjusted_and_repaired_line_keeps_the_sum_of_its_history():
    """BILLING_ASKS 3: 239.90 was charged, an adjustment took 220.18, a repair follows."""
    books = Books()
    books.bill(JANUARY, seats(239_90))
    books.bill(day(2), seats(19_72))
    books.bill(day(3), seats(239_90))
    books.bill(day(4), seats(0))

    assert books.billed == 0
    assert books.bill(day(5), seats(239_90)) == [(JANUARY, FEBRUARY, 239_90)]


@given(
    st.lists(
        st.one_of(st.integers(0, 1_000), st.just("void")),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["net", "separate"]),
    st.sampled_from(["credit-note", "next-invoice"]),
)
def test_adjust_void_and_backdate_in_any_sequence_end_in_documents(acts, change_lines, where):
    """BILLING_ASKS 1 and 2: whatever was issued and voided, the next bill closes the difference."""
    books = Books(change_lines=change_lines, credits=where)
    books.bill(JANUARY, seats(500))
    minor = 500
    for place, act in enumerate(acts):
        if act == "void":
            books.void()
        else:
            minor = act
        charged = seats(minor, end=day(1 + place % 31 + 1), price=f"seat@{minor % 3}")
        books.bill(day(2), charged)

        assert books.billed == minor
        assert books.bill(day(2), charged) == []


# --- elections -----------------------------------------------------------------------------------


def test_late_usage_may_take_the_line_back_and_bill_it_anew():
    books = Books(late_usage="rebill", credits="next-invoice")
    books.bill(FEBRUARY, usage((5, 33_00)))

    assert books.bill(day(3, 2), usage((5, 35_00))) == [
        (JANUARY, FEBRUARY, -33_00),
        (JANUARY, FEBRUARY, 35_00),
    ]
    assert books.bill(day(3, 2), usage((5, 35_00))) == []


def test_a_line_taken_back_by_a_credit_note_is_billed_anew_too():
    books = Books(late_usage="rebill")
    books.bill(FEBRUARY, usage((5, 33_00)))

    assert books.bill(day(3, 2), usage((5, 35_00))) == [
        ("c1-USD-20250201-1:1", -33_00),
        (JANUARY, FEBRUARY, 35_00),
    ]


def test_a_correction_may_be_shown_in_the_period_billed_last():
    books = Books(correction_period="current", credits="next-invoice")
    february = usage((3, 50), start=FEBRUARY, end=MARCH)
    books.bill(FEBRUARY, usage((5, 100)))
    books.bill(MARCH, usage((5, 100)), february)

    assert books.bill(MARCH, usage((5, 130)), february) == [(FEBRUARY, MARCH, 30)]
    assert books.bill(MARCH, usage((5, 130)), february) == []


def test_what_stops_and_goes_on_inside_a_period_names_the_days_it_is_of():
    """Each line names the days that are given back or billed again, not all that run by now."""
    books = Books(change_lines="separate", credits="next-invoice")
    books.bill(JANUARY, seats(31_00))
    first = seats(5_00, end=day(6))
    again, less = seats(21_00, day(11)), seats(10_00, day(11), day(21))

    assert books.bill(day(6), first) == [(day(6), FEBRUARY, -26_00), ("credit carried", 26_00)]
    assert books.bill(day(11), first, again) == [
        (day(11), FEBRUARY, 21_00),
        ("credit used", -21_00),
    ]
    assert books.bill(day(21), first, less) == [
        (day(21), FEBRUARY, -11_00),
        ("credit carried", 11_00),
    ]


def test_usage_billed_at_a_price_may_stay_billed_when_the_price_is_changed_backdated():
    books = Books(billed_usage="kept", change_lines="separate")
    books.bill(FEBRUARY, usage((15, 5_90), price="bullet@1"))

    assert books.bill(FEBRUARY, usage((15, 4_00), price="slug@1")) == [(JANUARY, FEBRUARY, 4_00)]
    assert books.billed == 9_90


def test_usage_billed_at_a_price_is_otherwise_measured_again():
    books = Books()
    books.bill(FEBRUARY, usage((15, 5_90), price="bullet@1"))

    assert books.bill(FEBRUARY, usage((15, 4_00), price="slug@1")) == [
        ("c1-USD-20250201-1:1", -1_90)
    ]


def test_days_a_line_covers_may_stay_billed_when_the_periods_move():
    books = Books(billed_days="kept")
    june, july, august = date(2025, 6, 20), date(2025, 7, 20), date(2025, 8, 17)
    books.bill(june, seats(10_00, june, july, period=(june, july)))
    begin, middle = date(2025, 6, 17), date(2025, 7, 17)
    moved = (
        seats(10_00, begin, middle, period=(begin, middle)),
        seats(10_00, middle, august, period=(middle, august)),
    )

    assert books.bill(july, *moved) == [(begin, june, 1_00), (july, august, 9_03)]
    assert books.bill(july, *moved) == []


def test_days_no_longer_charged_are_given_back_at_their_share_of_the_line():
    books = Books(billed_days="kept", credits="next-invoice")
    year, end = date(2014, 1, 1), date(2015, 1, 1)
    books.bill(year, seats(100_00, year, end, period=(year, end)))
    pause, resume, after = date(2014, 1, 14), date(2014, 2, 8), date(2015, 2, 1)
    sold = (
        seats(3_56, year, pause, period=(year, end)),
        seats(90_00, resume, after, period=(resume, after)),
    )

    assert books.bill(end, *sold) == [
        (pause, resume, -6_85),
        (end, after, 7_79),
    ]
    assert books.bill(end + timedelta(1), *sold) == []


def test_a_line_stays_with_its_days_where_a_week_and_a_month_begin_on_one_day():
    """The price moved from one by the week to one by the month, for the weeks after."""
    week, rest = (JANUARY, day(8)), (day(8), FEBRUARY)
    sold = (seats(7_00, *week, period=week), seats(24_00, *rest, price="month@1"))
    books = Books()

    assert books.bill(JANUARY, *sold) == [(*week, 7_00), (*rest, 24_00)]
    assert books.bill(JANUARY, *sold) == []


def test_a_line_stays_with_its_days_where_periods_of_one_price_overlap():
    """What is sold anew under another cycle has periods of its own beside one that still runs."""
    last = seats(7_00, day(17), day(31), period=(JANUARY, FEBRUARY))
    anew = seats(9_00, day(31), day(10, 2), period=(day(10), day(10, 2)), quantity=2)
    books = Books()

    assert books.bill(FEBRUARY, last, anew) == [
        (day(17), day(31), 7_00),
        (day(31), day(10, 2), 9_00),
    ]
    assert books.bill(FEBRUARY, last, anew) == []


# --- levels --------------------------------------------------------------------------------------


def levels(*thresholds):
    when = When(effective=JANUARY)
    price = PriceSet(
        when=when,
        currency="USD",
        model=PerUnit(unit_amount=Decimal(1)),
        meter="calls",
        thresholds=tuple(map(Decimal, thresholds)),
    )
    return MasterData(prices={"call": (PriceVersion("call@1", JANUARY, price),)})


def passed(books, through, *charges):
    rows = tuple(row for row in books.lines if row.line.subscription)
    sale = Sale(subscription="s1", charges=charges, lines=rows)
    return [(one.level_minor, one.amount_minor) for one in reached(sale, levels(2, 5), through)]


def test_a_level_is_reached_when_use_passes_it_and_billing_has_not():
    books = Books()

    assert passed(books, day(5), usage((5, 199))) == []
    assert passed(books, day(5), usage((5, 200))) == [(200, 200)]
    assert passed(books, day(4), usage((5, 200))) == []
    books.bill(day(5), usage((5, 200)), interim={"calls"})
    assert passed(books, day(9), usage((5, 200), (9, 499))) == []
    assert passed(books, day(9), usage((5, 200), (9, 501))) == [(500, 501)]
    assert passed(books, FEBRUARY, usage((5, 200), (9, 501))) == []


def test_what_a_level_billed_ahead_waits_for_its_period_though_it_is_no_longer_passed():
    books, less = Books(), usage((5, 120))
    books.bill(day(5), usage((5, 200)), interim={"calls"})

    assert passed(books, day(9), less) == []
    assert books.bill(day(9), less) == []
    assert books.bill(FEBRUARY, less) == [("c1-USD-20250105-1:1", -80)]


def test_what_a_level_billed_ahead_is_given_back_at_once_where_nothing_was_used():
    books = Books()
    books.bill(day(5), usage((5, 200)), interim={"calls"})

    assert books.bill(day(9)) == [("c1-USD-20250105-1:1", -200)]


def test_of_two_levels_passed_at_once_the_higher_is_told():
    assert passed(Books(), day(9), usage((5, 800))) == [(500, 800)]


def test_what_several_groups_use_counts_together():
    north = structs.replace(usage((5, 120)), group=(("region", "north"),))
    south = structs.replace(usage((6, 90)), group=(("region", "south"),))

    assert passed(Books(), day(6), north, south) == [(200, 210)]


def test_what_falls_short_of_a_promise_is_not_used():
    short = structs.replace(usage((9, 150)), kind="commitment")

    assert passed(Books(), day(9), usage((5, 100)), short) == []
    assert passed(Books(), day(9), usage((5, 200)), short) == [(200, 200)]


def test_each_group_has_lines_of_its_own():
    north = structs.replace(usage((5, 120)), group=(("region", "north"),))
    south = structs.replace(usage((6, 90)), group=(("region", "south"),))
    books = Books()

    assert books.bill(FEBRUARY, north, south) == [
        (JANUARY, FEBRUARY, 120),
        (JANUARY, FEBRUARY, 90),
    ]
    assert [row.line.group for row in books.lines] == [{"region": "north"}, {"region": "south"}]
    more = structs.replace(usage((6, 95)), group=(("region", "south"),))
    assert books.bill(FEBRUARY, north, more) == [(JANUARY, FEBRUARY, 5)]


def test_a_discount_is_a_line_of_its_own():
    books = Books()
    off = structs.replace(seats(-20_00), kind="discount", discount="launch")

    assert books.bill(JANUARY, seats(100_00), off) == [
        (JANUARY, FEBRUARY, 100_00),
        (JANUARY, FEBRUARY, -20_00),
    ]
    assert [(row.line.kind, row.line.discount) for row in books.lines] == [
        ("subscription", None),
        ("discount", "launch"),
    ]
    assert books.bill(JANUARY, seats(100_00), off) == []
    assert books.bill(JANUARY, seats(100_00)) == [(JANUARY, FEBRUARY, 20_00)]


# --- what is granted on service that is billed already ---


def off(minor, of=None, name="launch"):
    """So much off the seats, or off usage as it stood."""
    charge = seats(-minor) if of is None else of
    return structs.replace(charge, kind="discount", discount=name)


def test_a_discount_known_late_comes_off_the_line_of_its_item():
    books = Books()
    books.bill(JANUARY, seats(31_00))

    assert books.bill(JANUARY, seats(31_00), off(15_50)) == [("c1-USD-20250101-1:1", -15_50)]
    assert books.bill(JANUARY, seats(31_00), off(15_50)) == []
    assert books.bill(day(11), seats(10_00, end=day(11)), off(5_00)) == [
        ("c1-USD-20250101-1:1", -10_50)
    ]
    assert books.bill_.carried == ()


def test_a_discount_known_late_comes_off_its_own_invoice_also_where_the_next_period_is_billed():
    """On the next one it would stand below nothing, once the service beside it is credited."""
    books = Books()
    books.bill(JANUARY, seats(31_00))
    next_month = seats(28_00, FEBRUARY, MARCH, period=(FEBRUARY, MARCH))

    assert books.bill(FEBRUARY, seats(31_00), off(15_50), next_month) == [
        ("c1-USD-20250101-1:1", -15_50),
        (FEBRUARY, MARCH, 28_00),
    ]
    assert books.bill(FEBRUARY, seats(31_00), off(15_50)) == [("c1-USD-20250201-1:1", -28_00)]


def test_a_discount_raised_late_comes_off_the_line_of_its_item_too():
    books = Books()
    books.bill(JANUARY, seats(31_00), off(3_10))

    assert books.bill(JANUARY, seats(31_00), off(15_50)) == [("c1-USD-20250101-1:1", -12_40)]
    assert books.bill(JANUARY, seats(31_00), off(15_50)) == []


def test_what_is_left_to_be_billed_stands_beside_the_discount():
    books = Books()
    books.bill(JANUARY, seats(31_00))
    books.bill(JANUARY, seats(31_00), off(15_50))

    more = books.bill(JANUARY, seats(62_00), off(31_00))

    assert sorted(minor for *_, minor in more) == [-31_00, 46_50]
    assert books.bill(JANUARY, seats(62_00), off(31_00)) == []


def test_a_discount_on_usage_billed_in_parts_comes_off_each_of_them():
    books = Books()
    used = usage((5, 40), (20, 100))
    books.bill(day(10), used, interim={"calls"})
    books.bill(FEBRUARY, used)
    half = off(0, of=usage((5, -20), (20, -50)))

    assert books.bill(FEBRUARY, used, half) == [
        ("c1-USD-20250110-1:1", -20),
        ("c1-USD-20250201-1:1", -30),
    ]
    assert books.bill(FEBRUARY, used, half) == []


def test_what_is_credited_of_an_item_gives_its_discount_back_on_the_same_note():
    books = Books()
    books.bill(JANUARY, seats(31_00), off(15_50))

    assert books.bill(day(11), seats(10_00, end=day(11)), off(5_00)) == [
        ("c1-USD-20250101-1:1", -21_00),
        ("c1-USD-20250101-1:2", 10_50),
    ]
    assert books.bill(day(11), seats(10_00, end=day(11)), off(5_00)) == []
    assert books.bill(day(12), off(0)) == [
        ("c1-USD-20250101-1:1", -10_00),
        ("c1-USD-20250101-1:2", 5_00),
    ]


def test_more_is_given_back_of_a_discount_by_a_line_than_a_note_credits():
    books = Books()
    books.bill(JANUARY, seats(31_00), off(15_50))

    assert books.bill(JANUARY, seats(30_00), off(1_50)) == [
        ("c1-USD-20250101-1:1", -1_00),
        ("c1-USD-20250101-1:2", 1_00),
        (JANUARY, FEBRUARY, 13_00),
    ]


def coupon(minor):
    """So much in all."""
    when = When(effective=JANUARY)
    return CouponGranted(when=when, customer="c1", amount=Decimal(minor) / 100, currency="USD")


def test_an_item_that_a_coupon_came_off_is_told_with_its_discount():
    """A credit takes no more of an invoice than both leave, and its share of the coupon."""
    books = Books()
    books.coupons = [("spring", coupon(5_00))]
    assert [minor for *_, minor in books.bill(JANUARY, seats(31_00), off(15_50))] == [
        31_00,
        -15_50,
        -5_00,
    ]

    books.coupons = []
    assert books.bill(JANUARY, seats(30_00), off(1_50)) == [(JANUARY, FEBRUARY, 13_00)]
    assert books.bill(JANUARY, seats(10_00), off(5_00)) == [
        ("c1-USD-20250101-1:1", -10_50),
        ("c1-USD-20250101-1:3", 3_39),
        ("c1-USD-20250101-2:1", -13_00),
    ]
    assert books.bill(JANUARY, seats(10_00), off(5_00)) == []


def test_a_discount_that_another_invoice_gave_back_is_credited_with_its_item():
    """Each by itself would be credited beyond what its invoice comes to."""
    books = Books()
    books.bill(JANUARY, seats(100), off(54))
    books.bill(JANUARY, seats(100))

    assert books.bill(JANUARY, seats(0)) == [
        ("c1-USD-20250101-1:1", -46),
        ("c1-USD-20250101-2:1", -54),
    ]


def test_an_invoice_whose_discount_stays_is_credited_no_further_than_it_comes_to():
    books = Books()
    books.bill(JANUARY, seats(10))
    books.bill(JANUARY, seats(100), off(38))

    assert books.bill(JANUARY, seats(10), off(1)) == [
        ("c1-USD-20250101-1:1", -1),
        ("c1-USD-20250101-2:1", -89),
        ("c1-USD-20250101-2:2", 37),
    ]
    assert books.bill(JANUARY, seats(10), off(1)) == []


def test_what_goes_back_by_the_next_invoice_gives_its_part_of_a_coupon_back():
    books = Books(credits="next-invoice")
    books.coupons = [("spring", coupon(10_00))]
    books.bill(JANUARY, seats(31_00), off(11_00))

    assert books.bill(day(16), seats(15_00), off(5_00)) == [
        (JANUARY, FEBRUARY, -10_00),
        (JANUARY, FEBRUARY, 5_00),
        ("credit carried", 5_00),
    ]
    assert uses(books.lines)["spring"] == Use(5_00, 1)
    assert books.bill(day(16), seats(0)) == [
        (JANUARY, FEBRUARY, -10_00),
        (JANUARY, FEBRUARY, 5_00),
        ("credit carried", 5_00),
    ]
    assert uses(books.lines)["spring"] == Use()


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_however_an_item_changes_a_coupon_takes_no_more_than_there_is(prices):
    books = Books()
    books.coupons = [("spring", coupon(90)), ("summer", coupon(40))]
    for price in prices:
        books.bill(JANUARY, seats(price))
        used = uses(books.lines)

        assert books.bill(JANUARY, seats(price)) == []
        assert 0 <= used.get("spring", Use()).minor <= 90
        assert 0 <= used.get("summer", Use()).minor <= 40
        assert all(sum(row.left_minor for row in own) >= 0 for own in books.by_invoice().values())
    books.bill(JANUARY, seats(0))

    assert all(use == Use() for use in uses(books.lines).values())


def share(percent):
    when = When(effective=JANUARY)
    return CouponGranted(when=when, customer="c1", percent=Decimal(percent))


MONTHS = ((JANUARY, FEBRUARY), (FEBRUARY, MARCH))
DEAL = st.tuples(
    st.integers(0, 1),
    st.sampled_from((0, 10, 31, 100)),
    st.integers(0, 100),
    st.integers(0, 3),
    st.booleans(),
)


@given(
    st.lists(DEAL, min_size=1, max_size=6),
    st.sampled_from((5, 40, 90)),
    st.sampled_from((10, 50, 100)),
    st.sampled_from(("credit-note", "next-invoice")),
)
def test_however_discounts_and_coupons_move_no_service_falls_below_nothing(
    deals, minor, percent, where
):
    """Two months, whose discounts and coupons end up on several invoices; then nothing is sold."""
    books, state = Books(credits=where), {0: (0, 0), 1: (0, 0)}
    coupons = (("spring", coupon(minor)), ("summer", share(percent)))
    for month, price, off_percent, granted, both in deals:
        state[month] = price, price * off_percent // 100
        books.coupons = [one for place, one in enumerate(coupons) if granted >> place & 1]
        last = both or any(row.line.service_from == FEBRUARY for row in books.lines)
        charges = [one for n in range(1 + last) for one in _month(n, *state[n])]
        books.bill(MONTHS[last][0], *charges)

        assert books.bill(MONTHS[last][0], *charges) == []
        _nothing_below(books)
    books.coupons = []
    books.bill(FEBRUARY, *_month(0, 0, 0), *_month(1, 0, 0))

    assert set(_by_service(books).values()) <= {0}
    assert all(use == Use() for use in uses(books.lines).values())
    if where == "credit-note":
        assert all(sum(row.left_minor for row in own) == 0 for own in books.by_invoice().values())


def _month(number, price, minor):
    start, end = MONTHS[number]
    one = seats(price, start, end, period=(start, end))
    less = structs.replace(one, minor=-minor, running_minor=-minor, kind="discount", discount="l")
    return [one, less] if minor else [one]


def _by_service(books):
    found = {}
    for row in (row for row in books.lines if row.line.kind != "credit"):
        place = row.line.service_from
        found[place] = found.get(place, 0) + row.left_minor
    return found


def _nothing_below(books):
    assert min(_by_service(books).values(), default=0) >= 0
    for own in books.by_invoice().values():
        assert sum(row.left_minor for row in own) >= 0


def drawn(*marks):
    """What prepaid credits pay of the calls."""
    less = usage(*((number, -minor) for number, minor in marks))
    return structs.replace(less, kind="drawdown", drawn_from="credits")


def test_usage_that_credits_paid_gives_them_back_without_a_document():
    books = Books()
    assert books.bill(FEBRUARY, usage((5, 100)), drawn((5, 100))) == [
        (JANUARY, FEBRUARY, 100),
        (JANUARY, FEBRUARY, -100),
    ]

    assert books.bill(FEBRUARY, usage((5, 60)), drawn((5, 60))) == []
    assert books.bill(FEBRUARY, usage((5, 60)), drawn((5, 50))) == [
        ("c1-USD-20250201-1:1", -40),
        ("c1-USD-20250201-1:2", 40),
        (JANUARY, FEBRUARY, 10),
    ]
    books.void()
    assert books.bill(FEBRUARY, usage((5, 60)), drawn((5, 60))) == [
        (JANUARY, FEBRUARY, 60),
        (JANUARY, FEBRUARY, -60),
    ]


def paid(minor, by):
    """What the credits of a prepaid item pay of the calls."""
    return structs.replace(drawn((5, minor)), drawn_from=by)


FEW = st.integers(0, 6)


@given(st.lists(st.tuples(FEW, FEW, FEW, FEW), min_size=1, max_size=5))
def test_however_usage_and_what_pays_it_change_one_run_says_it_all(deals):
    books = Books()
    for used, first, second, price in deals:
        one, other = min(first, used), min(second, max(0, used - first))
        charges = [
            usage((5, used)),
            *([paid(one, "first")] if one else []),
            *([paid(other, "second")] if other else []),
            seats(price),
            *([off(min(price, one))] if min(price, one) else []),
        ]
        books.bill(FEBRUARY, *charges)
        carried = sum(row.minor for row in books.bill_.carried)

        assert books.billed + carried == sum(charge.minor for charge in charges)
        assert books.bill(FEBRUARY, *charges) == []


def test_where_credits_wait_for_the_next_invoice_a_late_discount_does():
    books = Books(credits="next-invoice")
    books.bill(JANUARY, seats(31_00))

    assert books.bill(JANUARY, seats(31_00), off(15_50)) == [
        (JANUARY, FEBRUARY, -15_50),
        ("credit carried", 15_50),
    ]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=6))
def test_however_an_item_and_its_discount_change_the_lines_are_what_is_due(deals):
    books = Books()
    for price, percent in deals:
        charges = (seats(price), *([off(price * percent // 100)] if percent else []))
        books.bill(JANUARY, *charges)
        carried = sum(one.minor for one in books.bill_.carried)

        assert books.billed + carried == sum(one.minor for one in charges)
        assert books.bill(JANUARY, *charges) == []
