"""Which rate an amount in another currency is told at, and what it is worth by it.

A document is worth what the rate of its own day says, or the one that it states; whatever corrects
it is worth that, too. A currency nobody ever gave a rate of stays in itself; once there is one, a
day without is refused by name and the unit waits, since a rate is never guessed (SPEC 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct, structs

from domain.accounting.curves import At, Curve
from domain.accounting.schedule import Flow
from domain.calendar import Calendar
from domain.currency import exponent
from domain.decimals import plain
from domain.errors import Rejected
from domain.explain import Step, Telling, Told, steps_of
from domain.facts import causes_of
from domain.money import decimal_text, rounded
from domain.policy import Options
from domain.rates import Published, crossed_on, published_on

EXCHANGE = "currency-exchange"


class Quote(NamedTuple):
    """What one minor unit is worth in functional minor units, in words, and who says so."""

    rate: Fraction
    told: str
    causes: tuple[int, ...]

    def worth(self, minor: int) -> int:
        """Rounded once, half away from zero."""
        return rounded(minor * self.rate)


class Market(Struct, frozen=True, kw_only=True):
    """The rates that one currency is told by in one book, up to the end of what a run looks at."""

    currency: str
    into: str
    published: Published
    calendar: Calendar
    elected: Callable[[date], Options]
    through: date

    def on(self, day: date) -> Quote:
        """By the source in force, of the day or not much older: the pair's own rate, else, where a
        book elects it, what two others say together. Refused where there is none.
        """
        options = self.elected(day)
        found = published_on(
            self.published,
            options.rate_source,
            self.currency,
            self.into,
            day,
            options.rate_age_days,
        )
        if found is not None:
            return Quote(found.rate * self._scale, found.told, (found.position,))
        if options.cross_rates == "common-currency":
            crossed = crossed_on(
                self.published,
                options.rate_source,
                self.currency,
                self.into,
                day,
                options.rate_age_days,
            )
            if crossed is not None:
                return Quote(crossed.rate * self._scale, crossed.told, crossed.positions)
        raise Rejected(
            "rate-missing", field="rate", currency=self.currency, into=self.into, on=str(day)
        )

    def of(self, day: date, stated: Decimal | None, position: int) -> Quote:
        """The rate a document states itself, else that of its day."""
        if stated is None:
            return self.on(day)
        told = f"1 {self.currency} = {plain(stated)} {self.into}, as the document states"
        return Quote(Fraction(stated) * self._scale, told, (position,))

    def days(self, since: date) -> Iterator[tuple[date, date]]:
        """How far time has come in each period, from a day on, and the period's last day."""
        for period in self.calendar.between(since, max(since, self.through)):
            if period.first <= self.through:
                yield min(period.last, self.through), period.last

    def revalues(self, day: date) -> bool:
        """Whether the book tells what is open at the end of a period by the rate of that day."""
        return self.elected(day).remeasure == "period-end"

    @property
    def _scale(self) -> Fraction:
        return Fraction(10 ** exponent(self.into), 10 ** exponent(self.currency))


def rate_step(quote: Quote, worth: int, market: Market) -> Step:
    """What an amount is worth, and by which rate."""
    return Step(what=quote.told, value=f"{decimal_text(worth, market.into)} {market.into}")


def told_at(flow: Flow, curve: Curve, causes: tuple[int, ...], steps: Told) -> Flow:
    """The flow with what it is worth in functional currency, and the facts that say so."""
    return structs.replace(
        flow,
        functional=curve,
        causes=causes_of(flow.causes, causes),
        told=lambda: (*flow.steps, *steps_of(steps)),
    )


def difference(
    account: str,
    subject: str,
    day: date,
    worth: int,
    causes: tuple[int, ...],
    told: Telling,
    *,
    document: str = "",
    on: date | None = None,
    is_realised: bool = True,
) -> Flow:
    """A gain of exchange on what stands in an account: no money moved, what it is worth did."""
    what = "realised" if is_realised else "unrealised"
    return Flow(
        kind="exchange",
        subject=f"{subject}:{what}",
        document=document,
        legs=((account, 1), (EXCHANGE, -1)),
        curve=At(day, 0),
        functional=At(day, worth),
        on=on,
        causes=causes,
        rule="exchange-realised@1" if is_realised else "exchange-unrealised@1",
        told=told,
    )
