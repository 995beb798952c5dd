"""A subscription with prepaid items and usage, said in a line each, and what comes of it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.accounting.measure import measure
from domain.accounting.schedule import Flow, Schedule, stands
from domain.charges import Charged, all_charges, usage_charges
from domain.charges.drawdown import Drawn
from domain.facts import Event, Fact, When, timeline
from domain.master import MasterData, master_data
from domain.meter import MeterDefined
from domain.party import CustomerRegistered
from domain.policy import Options, PolicyAdopted
from domain.price import PriceSet
from domain.pricing import PerUnit, Prepaid
from domain.rating import rate_usage
from domain.subscription import Item, SubscriptionStarted
from domain.terms import Terms, horizon, terms
from domain.usage import UsageBatchAccepted, UsageDay
from tests.domain.given import fact

_BATCH = UsageBatchAccepted(
    when=When(effective=date(2000, 1, 1)),
    batch=1,
    kind="rows",
    received=1,
    duplicates=0,
    rejected=0,
    accepted=1,
    totals=(),
    subscriptions=("s",),
    first_day=None,
    last_day=None,
    root="",
)
JANUARY, MARCH, NEXT_YEAR = date(2024, 1, 1), date(2024, 3, 1), date(2025, 1, 1)


class Desk:
    """Items named as their prices; each usage item has a meter of its name."""

    def __init__(self) -> None:
        self.master_facts: list[Fact] = []
        self.own: list[Fact] = []
        self.register()
        self.usage: list[UsageDay] = []

    def register(self) -> None:
        event = CustomerRegistered(when=_since(), currency="USD")
        self.own.append(fact(self._next, stream="customer:c", event=event))

    def by_month(self) -> None:
        """What is ratable is earned month by month, not by days."""
        event = PolicyAdopted(when=_since(), options=Options(ratable_by="month"))
        self._say("policy:main", event)

    def sell(self, item: str, unit_amount: str = "1", **more: Any) -> None:
        """A usage item at a unit price."""
        self._say(f"meter:{item}", MeterDefined(when=_since(), aggregation="sum"))
        model = more.pop("model", PerUnit(unit_amount=Decimal(unit_amount)))
        self.price(item, model, meter=item, **more)

    def pack(self, item: str, amount: str, granted: str | None = None, **more: Any) -> None:
        """A prepaid item."""
        fields = {name: more.pop(name) for name in [*more] if name in Prepaid.__struct_fields__}
        credited = None if granted is None else Decimal(granted)
        model = Prepaid(amount=Decimal(amount), credits=credited, **fields)
        self.price(item, model, proration="none", **more)

    def price(self, item: str, model: Any, **more: Any) -> None:
        event = PriceSet(when=_since(), currency="USD", model=model, **more)
        self._say(f"price:{item}", event)

    def start(self, *items: str, day: date = JANUARY, to: date | None = NEXT_YEAR) -> None:
        self.change(
            SubscriptionStarted(
                when=When(effective=day),
                customer="c",
                currency="USD",
                term_from=day,
                term_to=to,
                items=tuple(Item(item=name, price=name) for name in items),
            )
        )

    def change(self, event: Event) -> None:
        self.own.append(fact(self._next, stream="subscription:s", event=event))

    def use(self, item: str, day: date, quantity: str, earned_on: date | None = None) -> None:
        """One batch with one row."""
        place = self._next
        event = structs.replace(_BATCH, when=When(effective=day), batch=place)
        self.own.append(fact(place, stream="usage:app", event=event))
        self.usage.append(
            UsageDay(
                subscription="s",
                meter=item,
                day=day,
                position=place,
                rows=1,
                quantity=Decimal(quantity),
                earned_on=earned_on,
            )
        )

    @property
    def _next(self) -> int:
        return len(self.own) + 1001

    def _say(self, stream: str, event: Event) -> None:
        self.master_facts.append(fact(len(self.master_facts) + 1, stream=stream, event=event))

    @property
    def master(self) -> MasterData:
        return master_data(self.master_facts)

    def terms(self) -> Terms:
        own = [one for one in self.own if one.stream == "subscription:s"]
        folded = terms(timeline(own), self.master.prices, horizon(MARCH, self.usage), {"c"})
        assert folded is not None
        return folded

    def charged(self) -> Charged:
        master, sold = self.master, self.terms()
        used = rate_usage(self.usage, sold, master).charges
        found = usage_charges(sold, master.prices, used)
        return found._replace(charges=all_charges(sold, master.prices, used))

    def purse(self, item: str) -> Drawn:
        return next(one for one in self.charged().purses if one.purse.item == item)

    def drawn(self) -> list[tuple[str, str, int]]:
        """Who pays what of which item."""
        found = (one for one in self.charged().charges if one.kind == "drawdown")
        return [(one.item, one.drawn_from, -one.minor) for one in found]

    def schedule(self) -> Schedule:
        return measure("subscription:s", self.own, self.usage, self.master, "main", NEXT_YEAR)

    def all_charged(self) -> int:
        return sum(one.minor for one in self.charged().charges)

    def revenue(self, item: str, day: date) -> int:
        flows = tuple(flow for flow in self.schedule().flows if _earns(flow, item))
        return stands(flows, day)

    def all_revenue(self) -> int:
        flows = tuple(flow for flow in self.schedule().flows if flow.kind == "release")
        return stands(flows, date.max - timedelta(days=1))


def _earns(flow: Flow, item: str) -> bool:
    return flow.kind == "release" and flow.obligation == item


def _since() -> When:
    return When(effective=date(2000, 1, 1))
