"""Amounts of money in what came out of a case: which lines each figure is the sum of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.charge import Charge
from domain.currency import exponent
from replay.billing_cases.papers import Line
from replay.billing_cases.parts import parts_of
from replay.billing_cases.seen import Ran, Seen
from replay.case_format import CaseError

ZERO = Fraction(0)
ASKED = frozenset({"asked", "interim"})
# Two roundings make a line: what was charged before and what is charged now.
ROUNDINGS_OF_A_LINE = 2


class Sum(Struct, frozen=True, kw_only=True):
    """An amount of `count` lines in major units; `finest`: before the currency's rounding."""

    exact: Fraction
    finest: Fraction
    count: int = 1


def slack(seen: Seen, factor: int) -> Fraction:
    """By how much a line may be off where the case is scaled by a factor."""
    if factor == 1:
        return ZERO
    return Fraction((factor + 1) * ROUNDINGS_OF_A_LINE, 2 * 10 ** exponent(seen.course.currency))


def is_finer(amount: Fraction, seen: Seen) -> bool:
    """Whether an amount is given finer than the currency can be paid in."""
    scale: int = 10 ** exponent(seen.course.currency)
    return (amount * scale).denominator > 1


# --- which runs ---------------------------------------------------------------------------


def issuing(seen: Seen) -> list[Ran]:
    return [ran for ran in seen.runs if ran.lines]


def asked(seen: Seen) -> tuple[Ran, ...]:
    """Runs the case itself asks for, but those it only says there were."""
    return tuple(ran for ran in seen.runs if ran.run.why in ASKED)


def last_runs(seen: Seen) -> list[Ran]:
    """Runs from the last thing that happens on."""
    last = seen.course.last_event
    return [ran for ran in seen.runs if ran.after >= last and ran.run.why != "already"]


# --- sums of lines ------------------------------------------------------------------------


def _sum(lines: Iterable[Line], runs: Iterable[Ran] = ()) -> Sum:
    own = [*lines]
    exact = sum((line.amount for line in own), ZERO)
    return Sum(exact=exact, finest=_finest(runs, exact), count=len(own))


def _finest(runs: Iterable[Ran], otherwise: Fraction) -> Fraction:
    """What usage of the last measure comes to by its parts, unrounded."""
    last = [*runs][-1:]
    parts = [part for ran in last for charge in _usage(ran) for part in parts_of(charge)]
    return sum((part.amount for part in parts), ZERO) if parts else otherwise


def _usage(ran: Ran) -> list[Charge]:
    return [charge for own in ran.measured.charges.values() for charge in own if charge.usage]


def _lines(runs: Iterable[Ran]) -> list[Line]:
    return [line for ran in runs for line in ran.lines]


def _billing(runs: Iterable[Ran]) -> list[Line]:
    return [line for line in _lines(runs) if line.kind != "credit"]


def all_of(seen: Seen) -> Sum:
    return _sum(_billing(seen.runs), seen.runs)


def since_the_last_event(seen: Seen) -> Sum:
    runs = last_runs(seen)
    return _sum(_billing(runs), runs)


def of_runs(seen: Seen, places: Iterable[int]) -> Sum:
    """What the runs come to that hold some lines."""
    runs = [seen.runs[place] for place in sorted(places)]
    return _sum(_billing(runs), runs)


def charged(seen: Seen) -> Sum:
    return _sum(line for line in _billing(last_runs(seen)) if line.amount > 0)


def credited(seen: Seen) -> Sum:
    return _sum(line for line in _billing(last_runs(seen)) if line.amount < 0)


def last_issued(seen: Seen) -> Sum:
    return _sum(_billing(issuing(seen)[-1:]))


def due(seen: Seen) -> Sum:
    """What went out last; with it the credit notes since the last event, where there are any."""
    runs = last_runs(seen)
    if any(paper.kind == "credit-note" for ran in runs for paper in ran.papers):
        return _sum(_billing(runs))
    return last_issued(seen)


def before_the_last(seen: Seen) -> list[Sum]:
    return [_sum(_billing([ran])) for ran in issuing(seen)[:-1]]


def billed_before(seen: Seen) -> Sum:
    """What earlier bills of the running period take off its last one."""
    return _sum(_of_the_last_period(seen, issuing(seen)[:-1]))


def taken_off(seen: Seen) -> Sum:
    return _negative(billed_before(seen))


def fees(seen: Seen) -> Sum:
    """All that is billed of the period that is billed last."""
    return _sum(_of_the_last_period(seen, issuing(seen)))


def _of_the_last_period(seen: Seen, runs: Iterable[Ran]) -> list[Line]:
    days = [line.service_from for line in _lines(issuing(seen)[-1:]) if line.service_from]
    own = [
        charge.period.start
        for charges in seen.runs[-1].measured.charges.values()
        for charge in charges
        if any(charge.period.start <= day < charge.period.end for day in days)
    ]
    begin = min(own, default=date.min)
    return [line for line in _billing(runs) if (line.service_from or begin) >= begin]


def billed_in_parts(seen: Seen) -> Sum:
    return _sum(_billing(ran for ran in seen.runs if ran.run.why == "already"))


def totals(seen: Seen) -> list[Sum]:
    return [_sum(_billing([ran])) for ran in asked(seen)]


def of(subscription: str) -> Callable[[Seen], Sum]:
    def read(seen: Seen) -> Sum:
        return _sum(line for line in _billing(seen.runs) if line.subscription == subscription)

    return read


def true_up(seen: Seen) -> Sum:
    """What the last bill says was fallen short of."""
    return _shortfall(seen, issuing(seen)[-1:])


def minimum(seen: Seen) -> Sum:
    """The same of all bills since the last event."""
    return _shortfall(seen, last_runs(seen))


def _shortfall(seen: Seen, runs: Iterable[Ran]) -> Sum:
    """What was charged because less was billed than was promised, beside what was used."""
    found = {
        (charge.item, charge.price, charge.start): charge.minor
        for ran in runs
        for line in _billing([ran])
        for charge in ran.measured.charges.get(line.subscription or "", ())
        if charge.kind == "commitment" and _is_in(charge, line, ran)
    }
    exact = Fraction(sum(found.values()), 10 ** exponent(seen.course.currency))
    return Sum(exact=exact, finest=exact, count=max(1, len(found)))


def _is_in(charge: Charge, line: Line, ran: Ran) -> bool:
    """Whether a line of a run bills a charge."""
    since = line.service_from
    if charge.item != line.item or since is None or charge.bill_on > ran.run.on:
        return False
    return charge.period.start <= since < charge.period.end


# --- before and after what is taken off ------------------------------------------------------


def gross(seen: Seen) -> Sum:
    """What was billed since the last event, before anything is taken off."""
    return _sum(line for line in _billing(last_runs(seen)) if line.kind != "discount")


def discounted(seen: Seen) -> Sum:
    return _negative(_sum(_discounts(seen)))


def discounts(seen: Seen) -> list[Sum]:
    return [_negative(_sum([line])) for line in _discounts(seen)]


def _discounts(seen: Seen) -> list[Line]:
    return [line for line in _billing(last_runs(seen)) if line.kind == "discount"]


def _negative(found: Sum) -> Sum:
    return Sum(exact=-found.exact, finest=-found.finest, count=found.count)


# --- no money -----------------------------------------------------------------------------


def invoice_dates(seen: Seen) -> list[str]:
    return [str(ran.run.on) for ran in issuing(seen)]


def ignored_units(seen: Seen) -> Decimal:
    """Usage too old to be billed: it is held until somebody decides."""
    last = seen.runs[-1].measured
    return last.waiting.get("outside-window", Decimal(0))


def units_of_period(seen: Seen, nth: int) -> Decimal:
    """What stands in the nth billing period of usage."""
    charges = [charge for ran in seen.runs[-1:] for charge in _usage(ran)]
    starts: list[date] = sorted({charge.period.start for charge in charges})
    if len(starts) < nth:
        raise CaseError(f"there is no usage in period {nth}")
    own = [charge for charge in charges if charge.period.start == starts[nth - 1]]
    return sum((charge.quantity for charge in own), Decimal(0))
