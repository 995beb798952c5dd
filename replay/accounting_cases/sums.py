"""Figures that are sums of the journal: changes, balances and totals, by month and account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from domain.contract_facts import ContractModified, ObligationSatisfied, PriceConceded
from domain.facts import Fact
from domain.invoice_facts import InvoiceIssued
from replay.accounting_cases.accounts import (
    ACCOUNTS,
    EXCHANGE,
    GAINS,
    NAMED,
    RECEIVABLE,
    RESULT,
    UNBILLED,
    accounts_of,
    normal,
)
from replay.accounting_cases.answers import Answers, Posted
from replay.accounting_cases.figure import Figure, Found, object_of, text_of
from replay.accounting_cases.periods import AFTER, BEFORE, Months, day_of, months_of
from replay.case_format import CaseError

KNOWN_AT = re.compile(r"known_at_([0-9]{4}-[0-9]{2}-[0-9]{2})")
REVENUE = ("revenue",)
DEFERRED = ("contract-liability",)
# What a vendor shows in accounts of their own is less revenue.
NET = ("revenue", "refunds", "disputes", "voids", "credit-notes")
ALL = Months("", "9999-12")
Read = Callable[[tuple[str, ...], Any], Iterator[Figure]]
Rows = Callable[[Answers], Iterable[Posted]]
Keep = Callable[[Posted], bool]


def now(answers: Answers) -> Iterable[Posted]:
    return answers.posted()


def summed(accounts: tuple[str, ...], keep: Keep, rows: Rows = now) -> Callable[[Answers], Found]:
    """An ask for the rows of accounts that are kept."""

    def ask(answers: Answers) -> Found:
        mine = [row for row in rows(answers) if row.account in accounts and keep(row)]
        return Found(minor=normal(accounts, mine), lines=sum(row.lines for row in mine))

    return ask


def change(months: Months) -> Keep:
    return lambda row: months.first <= row.booked <= months.last


def balance(months: Months) -> Keep:
    return lambda row: row.booked <= months.last


def earned(months: Months) -> Keep:
    return lambda row: months.first <= f"{row.earned:%Y-%m}" <= months.last


def prior(months: Months) -> Keep:
    """Booked in the months, earned before the period it is booked in."""
    return lambda row: months.first <= row.booked <= months.last and row.earned < row.booked_first


def by_month(accounts: tuple[str, ...], kept: Callable[[Months], Keep], rows: Rows = now) -> Read:
    """A figure for each label of a period."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        for label, amount in object_of(path, value).items():
            months = months_of(path, label)
            own = (*path, label)
            yield Figure(
                path=own,
                text=text_of(own, amount),
                ask=summed(accounts, kept(months), rows),
                last=months.last,
            )

    return read


def of_obligation(name: str) -> Read:
    """Revenue of one promise by period."""

    def kept(months: Months) -> Keep:
        inside = change(months)
        return lambda row: row.obligation == name and inside(row)

    return by_month(REVENUE, kept)


def total(accounts: tuple[str, ...]) -> Read:
    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        ask = summed(accounts, lambda _: True)
        yield Figure(path=path, text=text_of(path, value), ask=ask, to_the_end=True)

    return read


def credits_of(accounts: tuple[str, ...]) -> Read:
    """Credits positive, a loss is less than nothing: by period, or in all."""

    def read(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for label, amount in rows:
            own = (*path, label) if label else path
            months = months_of(path, label) if label else ALL
            yield Figure(
                path=own,
                text=text_of(own, amount),
                ask=_credited(accounts, change(months)),
                last=months.last if label else "",
            )

    return read


# What exchange gained; revenue less what a vendor's report shows beside it.
gains = credits_of(EXCHANGE)
net_revenue = credits_of(NET)


def _credited(accounts: tuple[str, ...], keep: Keep) -> Callable[[Answers], Found]:
    """Credits positive, whatever the normal balance of the accounts."""

    def ask(answers: Answers) -> Found:
        mine = [row for row in answers.posted() if row.account in accounts and keep(row)]
        return Found(minor=-sum(row.minor for row in mine), lines=sum(row.lines for row in mine))

    return ask


def revenue(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """By period; or before a change, what it moved at once on its day, and after it."""
    for label, amount in object_of(path, value).items():
        own = (*path, label)
        if label in AROUND:
            yield Figure(path=own, text=text_of(own, amount), ask=AROUND[label])
        else:
            yield from by_month(REVENUE, change)(path, {label: amount})


def deferred(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """By period; or at the end of a year before, or on a day after, what renewed it came in."""
    for label, amount in object_of(path, value).items():
        own = (*path, label)
        before, after = BEFORE.fullmatch(label), AFTER.fullmatch(label)
        if before:
            ask = _before_renewal(day_of(path, f"{before[1]}-12-31"))
            months = f"{before[1]}-12"
            yield Figure(path=own, text=text_of(own, amount), ask=ask, last=months)
        elif after:
            day = day_of(path, after[1])
            yield Figure(
                path=own,
                text=text_of(own, amount),
                ask=summed(DEFERRED, _until(day)),
                last=f"{day:%Y-%m}",
            )
        else:
            yield from by_month(DEFERRED, balance)(path, {label: amount})


def _until(day: date) -> Keep:
    return lambda row: row.dated <= day


def _before_renewal(day: date) -> Callable[[Answers], Found]:
    """As the books stood had the day brought only time: without what was recorded on it."""

    def ask(answers: Answers) -> Found:
        before = [f.position for f in answers.facts() if f.recorded_at.date() < day]
        rows = answers.at(max(before, default=0), day)
        return summed(DEFERRED, _until(day), lambda _: rows)(answers)

    return ask


def _is_change(fact: Fact) -> bool:
    return isinstance(fact.event, ContractModified | PriceConceded)


def _changed(answers: Answers) -> tuple[Fact, Fact]:
    """The first and the last fact of the day the deal changed on."""
    changes = [fact for fact in answers.facts() if _is_change(fact)]
    if not changes:
        raise CaseError("no change of a contract to look before and after")
    day = changes[0].when.effective
    return changes[0], [fact for fact in changes if fact.when.effective == day][-1]


def _before_change(answers: Answers) -> Found:
    first, _ = _changed(answers)
    rows = answers.at(first.position - 1, first.when.effective)
    return summed(REVENUE, lambda _: True, lambda _: rows)(answers)


def _up_to_change(answers: Answers) -> Found:
    _, last = _changed(answers)
    rows = answers.at(last.position, last.when.effective)
    return summed(REVENUE, lambda _: True, lambda _: rows)(answers)


def _apart(left: Found, right: Found) -> Found:
    assert left.minor is not None
    assert right.minor is not None
    return Found(minor=left.minor - right.minor, lines=left.lines + right.lines)


def at_change(answers: Answers) -> Found:
    """What the day's changes moved of revenue: the books with them, less the books without."""
    return _apart(_up_to_change(answers), _before_change(answers))


def change_of_day(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """What the day on which the deal changed moved of revenue at once."""
    yield Figure(path=path, text=text_of(path, value), ask=at_change)


def _after_change(answers: Answers) -> Found:
    return _apart(summed(REVENUE, lambda _: True)(answers), _up_to_change(answers))


AROUND = {
    "before_modification": _before_change,
    "modification_date": at_change,
    "after_modification": _after_change,
}


def accounts(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    unknown = [name for name in object_of(path, value) if name not in ACCOUNTS]
    if unknown:
        raise CaseError(*(f"unknown account {name}" for name in unknown))
    for name, periods in value.items():
        yield from _by_month(name, change)((*path, name), periods)


def _by_month(name: str, kept: Callable[[Months], Keep]) -> Read:
    """An account by its name in a case: a gain of exchange counts what is credited."""
    return gains if name in GAINS else by_month(accounts_of(name), kept)


def named_by_period(path: tuple[str, ...], value: Any, name: str) -> Iterator[Figure]:
    """An account that the figure itself names: what moved of a result, else where it stands."""
    account = _account(path, name)
    kept = change if account in RESULT else balance
    yield from _by_month(account, kept)(path, value)


def named_total(path: tuple[str, ...], value: Any, name: str) -> Iterator[Figure]:
    """All that is booked in an account through the last run."""
    account = _account(path, name)
    yield from (gains if account in GAINS else total(accounts_of(account)))(path, value)


def _account(path: tuple[str, ...], name: str) -> str:
    if name not in NAMED:
        raise CaseError(f"unknown figure {'/'.join(path)}")
    return NAMED[name]


def promise_by_period(path: tuple[str, ...], value: Any, name: str) -> Iterator[Figure]:
    """Revenue of the promise that the figure itself names, unless what it says is an account, such
    as deferred revenue.
    """
    account = f"{name}_revenue"
    if account in NAMED:
        yield from named_by_period(path, value, account)
    else:
        yield from of_obligation(name)(path, value)


def by_obligation(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """Revenue of each promise: by period, or in all."""
    for name, rows in object_of(path, value).items():
        own = (*path, name)
        if isinstance(rows, dict):
            yield from of_obligation(name)(own, rows)
        else:
            yield Figure(path=own, text=text_of(own, rows), ask=summed(REVENUE, _of(name)))


def _of(name: str) -> Keep:
    return lambda row: row.obligation == name


def by_currency(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """Books kept in several currencies, each by itself."""
    for currency, names in object_of(path, value).items():
        for name, periods in object_of((*path, currency), names).items():
            if name in GAINS:
                raise CaseError(f"unknown account {name} by currency")
            read = by_month(accounts_of(name), change, _in(currency))
            yield from read((*path, currency, name), periods)


def _in(currency: str) -> Rows:
    return lambda answers: (row for row in answers.posted() if row.currency == currency)


def receivable(accounts: tuple[str, ...], answers: Answers) -> tuple[str, ...]:
    """Where nothing is invoiced at all, what is due is due without an invoice."""
    if accounts != ACCOUNTS[RECEIVABLE]:
        return accounts
    invoiced = any(isinstance(fact.event, InvoiceIssued) for fact in answers.facts())
    return accounts if invoiced else (*accounts, *UNBILLED)


def views(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    for name, periods in object_of(path, value).items():
        known = KNOWN_AT.fullmatch(name)
        if known:
            rows = _as_known(date.fromisoformat(known[1]))
            yield from by_month(REVENUE, change, rows)((*path, name), periods)
        elif name in ("restated_by_effective_date", "restated"):
            yield from by_month(REVENUE, earned)((*path, name), periods)
        else:
            raise CaseError(f"unknown view {name}")


def _as_known(day: date) -> Rows:
    """What was booked by then, and what was still to come."""

    def rows(answers: Answers) -> Iterator[Posted]:
        position = answers.position_on(day)
        yield from (row for row in answers.posted() if row.known_at <= position)
        yield from answers.forecast(day)

    return rows


def beside(book: str) -> Read:
    """Revenue by period in the book that differs in one election."""
    return by_month(REVENUE, change, lambda answers: answers.posted(book))


def even(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """The same revenue in every month that has any."""

    def ask(answers: Answers) -> Found:
        by_booked: dict[str, int] = {}
        for row in answers.posted():
            if row.account in REVENUE:
                by_booked[row.booked] = by_booked.get(row.booked, 0) - row.minor
        amounts = {minor for minor in by_booked.values() if minor}
        return Found(minor=amounts.pop() if len(amounts) == 1 else None, lines=len(by_booked))

    yield Figure(path=path, text=text_of(path, value), ask=ask)


def monthly(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """Revenue of each promise, month by month from the first that has any."""
    for name, amounts in object_of(path, value).items():
        if not isinstance(amounts, list):
            raise CaseError(f"expected {'/'.join((*path, name))} must be a list")
        for place, amount in enumerate(amounts):
            own = (*path, name, str(place + 1))
            yield Figure(path=own, text=text_of(own, amount), ask=_nth_month(name, place))


def _nth_month(name: str, place: int) -> Callable[[Answers], Found]:
    def ask(answers: Answers) -> Found:
        rows = [
            row for row in answers.posted() if row.account in REVENUE and row.obligation == name
        ]
        months = sorted({row.booked for row in rows})
        if place >= len(months):
            return Found()
        return summed(REVENUE, lambda row: row.booked == months[place], lambda _: rows)(answers)

    return ask


def segments(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """What is earned between one change of the deal and the next, in order."""
    for place, (label, amount) in enumerate(object_of(path, value).items()):
        own = (*path, label)
        yield Figure(path=own, text=text_of(own, amount), ask=_segment(place))


def _segment(place: int) -> Callable[[Answers], Found]:
    def ask(answers: Answers) -> Found:
        days = sorted({fact.when.effective for fact in answers.facts() if _is_change(fact)})
        bounds = [date.min, *days, date.max]
        if place + 1 >= len(bounds):
            return Found()
        first, end = bounds[place], bounds[place + 1]
        return summed(REVENUE, lambda row: first <= row.earned < end)(answers)

    return ask


def first_units(path: tuple[str, ...], value: Any, units: str) -> Iterator[Figure]:
    """All that is earned when so many units were handed over first."""

    def ask(answers: Answers) -> Found:
        handed = (
            fact
            for fact in answers.facts()
            if isinstance(fact.event, ObligationSatisfied) and str(fact.event.quantity) == units
        )
        first = next(handed, None)
        if first is None:
            return Found()
        rows = answers.at(first.position, first.when.effective)
        return summed(REVENUE, lambda _: True, lambda _: rows)(answers)

    yield Figure(path=path, text=text_of(path, value), ask=ask)


def positions(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    """The one position of a contract after each fact, as `100.00 asset` or `100.00 liability`."""
    if not isinstance(value, list):
        raise CaseError(f"expected {'/'.join(path)} must be a list")
    for place, amount in enumerate(value, start=1):
        own = (*path, str(place))
        sign = -1 if text_of(own, amount).endswith(" liability") else 1
        yield Figure(path=own, text=text_of(own, amount), ask=_position(place, sign))


POSITION = ("contract-asset", "unbilled-receivable", "contract-liability")


def _position(place: int, sign: int) -> Callable[[Answers], Found]:
    def ask(answers: Answers) -> Found:
        position = answers.ends().get(place)
        if position is None:
            return Found()
        day = answers.facts()[position - 1].when.effective
        rows = [row for row in answers.at(position, day) if row.account in POSITION]
        return Found(minor=sign * sum(row.minor for row in rows), lines=len(rows))

    return ask
