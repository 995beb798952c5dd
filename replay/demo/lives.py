"""The lives of customers: each a short story of a subscription, as what is said of it and when.

A life takes no longer than three months to show its change, and asks nothing of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.anchor import ChangeBillingAnchor
from domain.calendar import add_months
from domain.coupon import GrantCoupon
from domain.discount import GrantDiscount, WithdrawDiscount
from domain.facts import When
from domain.service import (
    GrantAccess,
    PauseSubscription,
    ResumeSubscription,
    SuspendSubscription,
    WithdrawAccess,
)
from domain.subscription import (
    CancelSubscription,
    ItemChange,
    Refund,
    RenewSubscription,
    StartSubscription,
)
from replay.demo.company import FIRST, Act, Customer
from replay.demo.price_list import PLANS, RATES
from replay.demo.saying import (
    changed,
    corrected,
    day,
    desk,
    item,
    registered,
    rung,
    said,
    sold,
    undone,
)

# From when support costs more.
RAISED = add_months(FIRST, 2)
Acts = Iterator[Act]
Life = Callable[[Customer], Acts]


# --- how it begins, and how the term goes on -----------------------------------------------------


def yearly(who: Customer, **more: Any) -> Acts:
    """Sold for a year, and renewed by hand each year."""
    yield registered(who)
    yield sold(who, **more)
    yield from renewed(who)


def renewed(who: Customer) -> Acts:
    """Signed ten days before. What was charged once is not sold again."""
    gone = tuple(
        ItemChange(item=name, removed=True) for name in PLANS[who.plan].prices if name in _ONCE
    )
    end = day(who, 12)
    while end < who.horizon:
        command = RenewSubscription(
            when=When(effective=end),
            term_to=add_months(end, 12),
            items=gone if end == day(who, 12) else (),
        )
        yield said(who, end, "renewal", command, told=end - timedelta(days=10))
        end = add_months(end, 12)


_ONCE = frozenset({"onboarding", "delivery"})


def trial(who: Customer) -> Acts:
    yield registered(who)
    free_until = who.start + timedelta(days=14)
    yield sold(who, "trial order", term_to=None, trial_to=free_until)


def ramp(who: Customer) -> Acts:
    """More seats each month, all agreed on the first day."""
    yield from yearly(who)
    for months in (1, 2, 3):
        seats = who.seats + 5 * months
        yield changed(who, day(who, months), f"ramp, step {months}", who.start, quantity=seats)


def automatic(who: Customer) -> Acts:
    yield registered(who)
    yield sold(who, "order form, renews by itself", term_to=day(who, 3), renews_months=3)


def evergreen(who: Customer) -> Acts:
    """Billed by calendar months, from the middle of one."""
    yield registered(who)
    yield sold(who, "until further notice", term_to=None, alignment="calendar", anchor_day=None)


def at_month_end(who: Customer) -> Acts:
    """Billed from the last day of each month, however long it is."""
    yield from yearly(who, anchor_day=31)


def short_term(who: Customer) -> Acts:
    """Two months to try, renewed for a year with fewer seats."""
    yield registered(who)
    yield sold(who, "pilot", term_to=day(who, 2))
    fewer = ItemChange(item="seats", quantity=Decimal(max(1, who.seats - 2)))
    command = RenewSubscription(
        when=When(effective=day(who, 2)), term_to=day(who, 26), items=(fewer,)
    )
    yield said(who, day(who, 2), "renewal after the pilot", command, told=day(who, 1, 19))


def co_term(who: Customer) -> Acts:
    """A second subscription, sold later, that ends with the first."""
    yield from yearly(who)
    second = StartSubscription(
        when=When(effective=day(who, 1, 9)),
        customer=who.name,
        currency=who.country.currency,
        term_from=day(who, 1, 9),
        term_to=day(who, 12),
        zone=who.country.zone,
        anchor_day=1,
        items=(item(who, "support", "support"), item(who, "reserve", "reserve", 40)),
    )
    act = said(who, day(who, 1, 9), "co-termed with the first", second)
    yield structs.replace(act, stream=f"subscription:{who.subscription}-2")


def east(who: Customer) -> Acts:
    yield from yearly(who, zone="Pacific/Auckland")


def west(who: Customer) -> Acts:
    yield from yearly(who, zone="Pacific/Honolulu")


def billed_to_parent(who: Customer) -> Acts:
    yield registered(who, parent=who.country.holding, billed_to="parent")
    yield sold(who)
    yield from renewed(who)


# --- what is sold changes ------------------------------------------------------------------------


def upgrade(who: Customer) -> Acts:
    yield from yearly(who)
    up = f"{rung(who, 1)}-{'annual' if who.annual else 'monthly'}"
    yield changed(who, day(who, 1, 14), "upgrade", price=up)


def downgrade(who: Customer) -> Acts:
    yield from yearly(who)
    down = f"{rung(who, -1)}-{'annual' if who.annual else 'monthly'}"
    yield changed(who, day(who, 1, 12), "downgrade", price=down, timing="period-end")


def more_seats(who: Customer) -> Acts:
    yield from yearly(who)
    yield changed(who, day(who, 1, 9), "more seats", quantity=who.seats + 7)
    yield changed(who, day(who, 2, 9), "fewer seats", quantity=who.seats, timing="period-end")


def backdated(who: Customer) -> Acts:
    """Keyed sixteen days after it was true."""
    yield from yearly(who)
    on = day(who, 1, 3)
    yield changed(who, on, "more seats, keyed late", day(who, 1, 19), quantity=who.seats + 4)


def extra(refund: Refund) -> Life:
    def life(who: Customer) -> Acts:
        yield from yearly(who)
        yield changed(who, day(who, 1), "support added", item="support", price="support")
        yield changed(
            who, day(who, 2, 14), "support removed", item="support", removed=True, refund=refund
        )

    return life


def as_signed(who: Customer) -> Acts:
    """Support costs more from a day on, but not for who had it before."""
    yield from pays_more(who)
    on = max(RAISED, day(who, 2))
    kept = "support-as-signed"
    yield changed(who, on, "grandfathered", day(who, 1, 19), item="support", price=kept)


def pays_more(who: Customer) -> Acts:
    yield from yearly(who)
    yield changed(who, day(who, 1), "support added", item="support", price="support")


def wrongly_keyed(who: Customer) -> Acts:
    """A zero too many, found ten days later."""
    yield from yearly(who)
    on = day(who, 1, 9)
    wrong = changed(who, on, "more seats, a slip", quantity=who.seats * 10)
    yield wrong
    right = changed(who, on, "more seats", quantity=who.seats + 2)
    yield corrected(wrong, right, day(who, 1, 19), "typed a zero too many")


# --- it stops, for a while or for good -----------------------------------------------------------


def paused(who: Customer) -> Acts:
    yield from yearly(who)
    for on, reason, kind in (
        (day(who, 1, 9), "pause for the season", PauseSubscription),
        (day(who, 2, 4), "back from the pause", ResumeSubscription),
    ):
        yield said(who, on, reason, kind(when=When(effective=on)))


def suspended(who: Customer) -> Acts:
    """An overdue invoice: no access, but the bill goes on."""
    yield from yearly(who)
    off, on = When(effective=day(who, 1, 9)), When(effective=day(who, 1, 19))
    yield said(who, off.effective, "invoice overdue", SuspendSubscription(when=off))
    yield said(who, off.effective, "locked out", WithdrawAccess(when=off))
    yield said(who, on.effective, "paid", ResumeSubscription(when=on))
    yield said(who, on.effective, "let in again", GrantAccess(when=on))


def suspended_unbilled(who: Customer) -> Acts:
    yield from yearly(who)
    off, on = When(effective=day(who, 1, 9)), When(effective=day(who, 1, 24))
    stop = SuspendSubscription(when=off, billing="stops")
    yield said(who, off.effective, "in dispute", stop)
    yield said(who, on.effective, "settled", ResumeSubscription(when=on))


def access(who: Customer) -> Acts:
    """Access on the day of the start, stated for the seats by themselves."""
    yield from yearly(who)
    granted = GrantAccess(when=When(effective=who.start), item="seats")
    yield said(who, who.start, "first login", granted)


def cancelled(reason: str, told_later: int = 0, **how: Any) -> Life:
    def life(who: Customer) -> Acts:
        yield registered(who)
        yield sold(who)
        on = day(who, 2, 11)
        command = CancelSubscription(when=When(effective=on), **how)
        yield said(who, on, reason, command, told=on + timedelta(days=told_later))

    return life


def stays_after_all(who: Customer) -> Acts:
    yield from yearly(who)
    on = day(who, 2, 19)
    command = CancelSubscription(when=When(effective=on))
    notice = said(who, on, "notice given", command, told=day(who, 2))
    yield notice
    yield undone(notice, day(who, 2, 9), "notice withdrawn")


# --- when and what is billed ---------------------------------------------------------------------


def anchor(running: str) -> Life:
    def life(who: Customer) -> Acts:
        yield from yearly(who)
        on = day(who, 1, 9)
        moved = ChangeBillingAnchor(
            when=When(effective=on),
            anchor_day=15,
            running_period=running,  # type: ignore[arg-type]
        )
        yield said(who, on, "billed from the 15th", moved)

    return life


def percent_off(who: Customer) -> Acts:
    yield from yearly(who)
    on = When(effective=day(who, 1))
    granted = GrantDiscount(
        when=on, discount="welcome", percent=Decimal(20), periods=3, items=("seats",)
    )
    yield said(who, on.effective, "three months at 20 percent off", granted)


def amount_off(who: Customer) -> Acts:
    yield from yearly(who)
    on, until = When(effective=day(who, 1)), day(who, 4)
    granted = GrantDiscount(when=on, discount="goodwill", amount=_money(who, 30), until=until)
    yield said(who, on.effective, "an amount off for a quarter", granted)


def two_discounts(who: Customer) -> Acts:
    """Ten percent of what an amount has left; the amount ends with the second month."""
    yield from yearly(who)
    on, end = When(effective=day(who, 1)), When(effective=day(who, 3))
    first = GrantDiscount(
        when=on, discount="launch", amount=_money(who, 20), items=("seats",), order=1
    )
    then = GrantDiscount(
        when=on, discount="partner", percent=Decimal(10), items=("seats",), order=2
    )
    yield said(who, on.effective, "launch offer", first)
    yield said(who, on.effective, "partner discount", then)
    over = WithdrawDiscount(when=end, discount="launch")
    yield said(who, end.effective, "launch offer over", over)


def coupon(months: int | None = None, **what: Any) -> Life:
    """What is off the invoices to come, some months of them or all, before tax; an item's price
    stays what it is.
    """

    def life(who: Customer) -> Acts:
        yield from yearly(who)
        on = day(who, 1)
        until = None if months is None else add_months(on, months)
        granted = GrantCoupon(when=When(effective=on), customer=who.name, until=until, **what)
        yield Act(
            told=desk(on),
            stream=f"coupon:{who.name}-hello",
            name="grant",
            command=granted,
            reason="coupon of the spring fair",
        )

    return life


def _money(who: Customer, dollars: int) -> Decimal:
    return RATES[who.country.currency] * dollars


# --- dealt out -----------------------------------------------------------------------------------

LIVES: tuple[Life, ...] = (
    coupon(percent=Decimal(15), products=("platform",), times=3),
    coupon(months=3, percent=Decimal(5)),
    upgrade,
    downgrade,
    trial,
    ramp,
    more_seats,
    backdated,
    extra("prorated"),
    extra("none"),
    extra("full"),
    as_signed,
    pays_more,
    wrongly_keyed,
    paused,
    suspended,
    suspended_unbilled,
    access,
    automatic,
    evergreen,
    at_month_end,
    short_term,
    co_term,
    east,
    west,
    billed_to_parent,
    cancelled("left"),
    cancelled("left, nothing back", refund="none"),
    cancelled("left, all of the month back", refund="full"),
    cancelled("left at the end of the period", timing="period-end"),
    cancelled("left, learned late", told_later=8),
    stays_after_all,
    anchor("kept"),
    anchor("cut"),
    percent_off,
    amount_off,
    two_discounts,
)
