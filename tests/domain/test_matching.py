"""Rules by which money finds its invoices, in their order, and the reason each of them gives."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.matching import Candidate, Incoming, Item, Known, match
from domain.payment_facts import Application, Deduction

FIRST = date(2024, 1, 1)


def item(name: str, customer: str, minor: int, days: int = 30, currency: str = "USD") -> Item:
    return Item(
        invoice=name,
        number=f"N-{name}",
        customer=customer,
        currency=currency,
        due_on=FIRST + timedelta(days=days),
        issued_on=FIRST,
        left_minor=minor,
    )


def known(*items: Item, free=None, payers=None, customers=(), crowded=frozenset()) -> Known:
    named = {
        f"N{one.invoice}": (Candidate(customer=one.customer, invoice=one.invoice),) for one in items
    }
    named |= {name: (Candidate(customer=name),) for name in customers}
    return Known(
        items=items, free=free or {}, references=named, payers=payers or {}, crowded=crowded
    )


def money(minor: int, *references: str, payer: str | None = None, charges: int = 0) -> Incoming:
    return Incoming(
        currency="USD",
        amount_minor=minor,
        references=references,
        payer=payer,
        charges_minor=charges,
    )


def paid(*rows: tuple[str, int]) -> tuple[Application, ...]:
    return tuple(Application(invoice=name, amount_minor=minor) for name, minor in rows)


def told(found):
    return found.rule, found.customer, found.applications


def test_what_the_payer_names_goes_first():
    books = known(item("a", "c1", 100), item("b", "c2", 50), payers={"p": ("c2",)})

    found = match(money(50, "Na", payer="p"), books)

    assert told(found) == ("reference", "c1", paid(("a", 50)))
    assert found.because == "names a"


def test_of_several_named_the_oldest_is_paid_first_and_what_is_over_stays_unapplied():
    books = known(item("a", "c1", 100, days=60), item("b", "c1", 50), item("c", "c1", 50, days=1))

    assert told(match(money(120, "Na", "Nb"), books)) == (
        "reference",
        "c1",
        paid(("b", 50), ("a", 70)),
    )
    assert told(match(money(200, "Na", "Nb"), books))[2] == paid(("b", 50), ("a", 100))


def test_an_invoice_paid_before_is_named_in_vain():
    found = match(money(50, "Na"), known(item("a", "c1", 0)))

    assert told(found) == ("reference", "c1", ())
    assert found.because == "names a, of which nothing is left to pay"


def test_an_invoice_in_another_currency_is_not_paid():
    assert told(match(money(50, "Na"), known(item("a", "c1", 50, currency="EUR")))) == (
        "reference", "c1", (),
    )  # fmt: skip


def test_names_of_two_customers_are_for_a_person():
    found = match(money(50, "Na", "Nb"), known(item("a", "c1", 50), item("b", "c2", 50)))

    assert told(found) == ("none", None, ())
    assert [one.customer for one in found.candidates] == ["c1", "c2"]


def test_a_customer_that_is_named_pays_what_the_amount_comes_to():
    books = known(item("a", "c1", 100), item("b", "c1", 50), customers=("c1",))

    assert told(match(money(50, "c1"), books)) == ("amount", "c1", paid(("b", 50)))
    assert told(match(money(150, "c1"), books)) == ("amount", "c1", paid(("a", 100), ("b", 50)))
    assert told(match(money(120, "c1"), books)) == ("reference", "c1", ())


def test_the_oldest_items_are_those_due_first():
    books = known(
        item("late", "c1", 30, days=90),
        item("a", "c1", 20),
        item("b", "c1", 25, days=40),
        customers=("c1",),
    )

    assert told(match(money(45, "c1"), books))[2] == paid(("a", 20), ("b", 25))
    assert told(match(money(55, "c1"), books))[2] == ()


def test_who_paid_before_is_known_by_it():
    books = known(item("a", "c1", 100), item("b", "c2", 50), payers={"p": ("c1",)})

    assert told(match(money(70, payer="p"), books)) == ("payer", "c1", ())
    assert told(match(money(100, payer="p"), books)) == ("amount", "c1", paid(("a", 100)))
    assert told(match(money(50, payer="p"), books)) == ("payer", "c1", ())


def test_who_paid_for_several_is_asked_about_unless_the_amount_tells():
    books = known(
        item("a", "c1", 100), item("b", "c2", 50), item("c", "c3", 70), payers={"p": ("c1", "c2")}
    )

    assert told(match(money(50, payer="p"), books)) == ("amount", "c2", paid(("b", 50)))
    found = match(money(70, payer="p"), books)
    assert told(found) == ("none", None, ())
    assert [one.customer for one in found.candidates] == ["c1", "c2"]


def test_of_nobody_known_one_open_item_of_the_amount_is_enough_and_two_are_too_many():
    books = known(item("a", "c1", 100), item("b", "c2", 50), item("c", "c3", 50))

    assert told(match(money(100, payer="new"), books)) == ("amount", "c1", paid(("a", 100)))
    found = match(money(50, payer="new"), books)
    assert told(found) == ("none", None, ())
    assert [one.invoice for one in found.candidates] == ["b", "c"]
    assert match(money(7), books).because == (
        "names nobody, comes to no open item, and nobody known has paid from there"
    )


def test_one_of_many_that_are_not_all_here_is_not_enough():
    books = known(item("a", "c1", 100), crowded=frozenset({"a"}))

    assert told(match(money(100), books)) == ("none", None, ())


def test_what_the_bank_kept_was_sent_all_the_same():
    books = known(item("a", "c1", 100), customers=("c1",))

    one = money(98, "c1", charges=2)
    found = match(one, books)
    books.take(one, found)

    fee = (Deduction(kind="fee", amount_minor=2),)
    assert found.applications == (Application(invoice="a", amount_minor=98, deductions=fee),)
    assert list(books.open_items("c1", "USD")) == []


def test_each_match_leaves_what_the_next_one_finds():
    books = known(item("a", "c1", 100), item("b", "c1", 100, days=40), payers={"p": ("c1",)})
    first = money(100, payer="p")
    found = []
    for _ in range(3):
        one = match(first, books)
        books.take(first, one)
        found.append(told(one))

    assert found == [
        ("amount", "c1", paid(("a", 100))),
        ("amount", "c1", paid(("b", 100))),
        ("payer", "c1", ()),
    ]


def test_what_a_match_leaves_over_pays_the_oldest_and_what_the_bank_kept_is_paid():
    books = known(item("a", "c1", 100), item("b", "c1", 60, days=40), customers=("c1",))
    over, kept = money(130, "Na"), money(28, "c1", charges=2)
    books.take(over, match(over, books))
    (paying,) = match(kept, books).applications
    books.take(kept, match(kept, books))

    assert (paying.invoice, paying.amount_minor) == ("b", 28)
    assert told(match(money(2, "c1"), books)) == ("reference", "c1", ())


def test_money_that_waits_pays_the_oldest_before_anything_is_matched():
    books = known(
        item("a", "c1", 100),
        item("b", "c1", 60, days=40),
        free={("c1", "USD"): 120},
        customers=("c1",),
    )

    assert told(match(money(40, "c1"), books)) == ("amount", "c1", paid(("b", 40)))
    assert told(match(money(60, "Nb"), books)) == ("reference", "c1", paid(("b", 40)))


def test_a_payer_that_named_an_invoice_is_known_from_then_on():
    books = known(item("a", "c1", 100), item("b", "c1", 60, days=40))
    named = money(100, "Na", payer="new")
    books.take(named, match(named, books))

    assert told(match(money(7, payer="new"), books)) == ("payer", "c1", ())


def test_what_waiting_money_began_to_pay_is_no_sign_of_who_pays():
    books = known(item("a", "c1", 100), free={("c1", "USD"): 40})

    assert told(match(money(60, payer="new"), books)) == ("none", None, ())
    assert told(match(money(60, "Na"), books)) == ("reference", "c1", paid(("a", 60)))


moneys = st.lists(
    st.tuples(
        st.integers(1, 12), st.sampled_from(["", "Na", "Nb", "Nc", "c1"]), st.sampled_from("pq")
    ),
    max_size=8,
)


@given(moneys, st.integers(0, 8))
def test_cut_off_anywhere_and_gone_on_from_the_facts_it_ends_the_same(rows, cut):
    """What a resumed import finds is worked out anew from what is stated and what was received."""

    def books(stated=(), free=0, payers=()):
        items = [item("a", "c1", 9), item("b", "c1", 5, days=40), item("c", "c2", 7)]
        for row in stated:
            next(one for one in items if one.invoice == row.invoice).left_minor -= row.amount_minor
        waiting = {("c1", "USD"): free}
        known_payers = {"p": ("c1",)} | dict(payers)
        return known(*items, free=waiting, payers=known_payers, customers=("c1",))

    def played(start, entries):
        found = []
        for minor, name, payer in entries:
            one = money(minor, *filter(None, [name]), payer=payer)
            found.append(match(one, start))
            start.take(one, found[-1])
        return found

    first = books()
    before = played(first, rows[:cut])
    stated = [row for found in before for row in found.applications]
    free = sum(
        minor - sum(row.amount_minor for row in found.applications)
        for (minor, _, _), found in zip(rows, before, strict=False)
        if found.customer == "c1"
    )
    over = {"c2": 0}
    for (minor, _, _), found in zip(rows, before, strict=False):
        if found.customer == "c2":
            over["c2"] += minor - sum(row.amount_minor for row in found.applications)
    resumed = books(stated, free, first.payers.items())
    resumed._use(resumed.account("c2", "USD"), over["c2"])

    assert [told(one) for one in played(resumed, rows[cut:])] == [
        told(one) for one in played(books(), rows)[cut:]
    ]
