"""Histories of two entities, drawn procedurally from one seed and a size.

Whoever reads a failing example needs only the two numbers. Each kind of fact that is not in every
history is drawn with probability one half or more, so that any two kinds meet often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from msgspec import Struct, field, structs

from domain.anchor import BillingAnchorChanged
from domain.billing_options import MEASURED_EXACTLY, BillingOptions
from domain.books import (
    AdjustmentApproved,
    AdjustmentLine,
    AdjustmentProposed,
    BookOpened,
    PeriodClosed,
    PeriodReopened,
    PeriodSealed,
    PeriodSoftClosed,
    PostingRun,
)
from domain.calendar import Period, add_months, months
from domain.catalogue import Adopted, ProductDefined
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    Obligation,
    ObligationSatisfied,
    Owed,
)
from domain.coupon import CouponGranted, CouponWithdrawn
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.draft import digest_of
from domain.dunning import DunningHeld, DunningReleased, DunningStepReached, PaymentPromised
from domain.entity import CalendarDefined, EntityIdentified, EntityOpened
from domain.facts import Event, When
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    DisputeOpened,
    DisputeResolved,
    DocumentSent,
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
)
from domain.invoicing import InvoicingAdopted, InvoicingOptions
from domain.left_entry import BankEntryLeft, BankEntrySetAside, BankRowUnread
from domain.meter import MeterDefined
from domain.party import CustomerAmended, CustomerRegistered
from domain.payment_facts import (
    Application,
    Paid,
    PaymentApplied,
    PaymentReceived,
    PaymentRefunded,
)
from domain.policy import Options, PolicyAdopted
from domain.price import PriceSet
from domain.pricing import Flat, Graduated, Model, PerUnit, Tier
from domain.pricing.package import Package
from domain.pricing.volume import Volume
from domain.rates import Rate, RatesPublished
from domain.service import (
    AccessGranted,
    AccessWithdrawn,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.tax.table import TaxRate, TaxRatesSet
from domain.tax.taxed import TaxedAt, TaxPart
from domain.usage import (
    MeterTotal,
    UsageBatchAccepted,
    UsageGapWaived,
    UsageRow,
    UsageWindowDeclared,
)
from tests.laws.changes import (
    CORRECTABLE,
    IN_ONE_CURRENCY,
    RETRACTABLE,
    changed,
    in_other_currency,
    month_end,
    out_of_turn,
    retracted,
)
from tests.laws.memory import Arrival, History

FIRST = date(2024, 1, 1)
LATEST = date(2024, 12, 31)
BOOKS = ("ifrs", "us-gaap")
ENTITIES = ("acme-jp", "acme-us")
CONTRACTS_MOST = 8
# Runs, closes and a reopening come on top; two entities stay below 200 facts.
FACTS_MOST = 80
# A kind that is not in every history is drawn at least this often.
OFTEN = 0.6
# Days: a year, whichever it is.
RATES_LAST = 366


class Draft(Struct):
    """One entity's history in the making; `late` marks what may arrive out of turn.

    `terms` draws what a deal says beside its price, so that it moves nothing else of a history.
    """

    random: Random
    terms: Random
    entity: str
    size: int
    orders: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    contracts: list[tuple[str, str, str]] = field(default_factory=list)
    invoices: dict[str, InvoiceIssued] = field(default_factory=dict)
    payments: dict[str, int] = field(default_factory=dict)
    attempts: list[tuple[int, Arrival]] = field(default_factory=list)
    opened_more: bool = False
    batches: int = 0
    has_rates: bool = False
    opening: tuple[Arrival, ...] = ()

    def add(self, stream: str, event: Event, **more: Any) -> Arrival:
        key = f"{self.entity}-{len(self.arrivals) + 1}"
        arrival = Arrival(key=key, stream=stream, event=event, **more)
        self.arrivals.append(arrival)
        return arrival

    def when(self, effective: date, agreed_on: date | None = None) -> When:
        """A day and the source's own sequence: unique, and not the order of arrival."""
        self.orders += 1
        return When(effective=effective, agreed_on=agreed_on, order=self.orders)

    def day(self, first: date = FIRST, last: date = LATEST) -> date:
        """Mostly few days, so that several facts share one."""
        span = max((last - first).days, 0)
        found = first + timedelta(days=self.random.randint(0, span))
        return max(first, found.replace(day=self.random.choice((1, 1, 10, 16, found.day))))

    def chance(self, share: float = OFTEN) -> bool:
        return self.random.random() < share

    def money(self, currency: str, most: int = 5000) -> int:
        scale = 1 if currency == "JPY" else 100
        return self.random.randint(1, most) * scale + self.random.choice((0, 0, 1, 33))


def history(seed: int, size: int) -> History:
    """Two entities; `size` from 0 to 100 says how much happens in each."""
    random = Random(seed)
    total = random.randint(3, CONTRACTS_MOST - len(ENTITIES))
    share = random.randint(1, total - 1)
    counts = dict(zip(ENTITIES, (share, total - share), strict=True))
    drafts = (
        Draft(random=random, terms=Random(f"{seed} {name}"), entity=name, size=size)
        for name in ENTITIES
    )
    return History(seed, {draft.entity: _log(draft, counts[draft.entity]) for draft in drafts})


def _log(draft: Draft, contracts: int) -> tuple[Arrival, ...]:
    random, size = draft.random, draft.size
    _open(draft)
    before = len(draft.arrivals)
    _sell(draft, contracts)
    steps = [step for step in _STEPS if draft.chance()]
    extra = [random.choice(_STEPS) for _ in range(size * 60 // 100)]
    for step in (*steps, *extra):
        if len(draft.arrivals) < FACTS_MOST:
            step(draft)
    draft.opening = tuple(draft.arrivals[:before])
    for place, attempt in reversed(draft.attempts):
        draft.arrivals.insert(place, attempt)
    body = out_of_turn(draft.arrivals[before:], random)
    return (*draft.opening, *with_runs(draft, body))


def opened(draft: Draft, contracts: int) -> None:
    """The entity with its books, its master data and what it sold."""
    _open(draft)
    _sell(draft, contracts)


# --- what every history has ---


def _open(draft: Draft) -> None:
    random, home = draft.random, "USD" if draft.entity == "acme-us" else "JPY"
    start = draft.when(FIRST)
    draft.add("entity:self", EntityOpened(when=start, name=draft.entity, functional_currency=home))
    if home == "JPY":
        seller = EntityIdentified(when=draft.when(FIRST), party="seller", locale="ja")
        draft.add("entity:self", seller)
    calendar = CalendarDefined(when=draft.when(FIRST), periods=_periods(draft))
    draft.add("entity:self", calendar)
    for book in BOOKS:
        draft.add(f"book:{book}", BookOpened(when=draft.when(FIRST), name=book))
    ends = random.choice(("prorated", "prorated", "last-month-cut-off"))
    monthly = Options(ratable_by="month", month_ends=ends, rate_age_days=RATES_LAST)
    draft.add("policy:us-gaap", PolicyAdopted(when=draft.when(FIRST), options=monthly))
    _open_rates(draft)
    for currency in ("USD", "JPY"):
        for name, meter in (("seat", None), ("api", "calls"), ("event", "events")):
            price = _price(draft, currency, meter)
            draft.add(f"price:{name}-{currency.lower()}", price)
    for number, currency in enumerate(("USD", "JPY")):
        draft.customers.append(f"c{number}")
        if currency == home:
            _register(draft, f"c{number}", currency)


def _open_rates(draft: Draft) -> None:
    """What is in the other currency is told in the functional one, or nobody gives a rate of it.

    Rates last a year, so that nothing waits while facts come in order.
    """
    options = Options(
        remeasure=draft.random.choice(("period-end", "realised-only")), rate_age_days=RATES_LAST
    )
    draft.add("policy:ifrs", PolicyAdopted(when=draft.when(FIRST), options=options))
    draft.has_rates = draft.chance()
    for year in range(5) if draft.has_rates else ():
        _publish(draft, FIRST.replace(year=FIRST.year + year))
    for _ in range(4) if draft.has_rates else ():
        _publish(draft, draft.day())


def _publish(draft: Draft, day: date) -> None:
    """Dollars in yen, or yen in dollars: which of the two is quoted is the source's affair."""
    yen = Decimal(draft.random.randint(9_000, 16_000)) / 100
    row = Rate(currency="USD", into="JPY", rate=yen)
    if draft.chance(0.3):
        row = Rate(
            currency="JPY", into="USD", rate=Decimal("0.0001") * draft.random.randint(62, 99)
        )
    draft.add("rates:self", RatesPublished(when=draft.when(day), rates=(row,)))


def _stated(draft: Draft, currency: str) -> Decimal | None:
    """Now and then a document states its own rate, where it is in another currency."""
    home = "USD" if draft.entity == "acme-us" else "JPY"
    if not draft.has_rates or currency == home or draft.chance(0.7):
        return None
    yen = Decimal(draft.random.randint(9_000, 16_000)) / 100
    return yen if home == "JPY" else Decimal(draft.random.randint(62, 99)) / 10_000


def _paid(draft: Draft, minor: int) -> Paid:
    """What came in at home: about as many cents as yen, give or take."""
    home = "USD" if draft.entity == "acme-us" else "JPY"
    return Paid(currency=home, amount_minor=minor + draft.random.randint(0, minor))


def _register(draft: Draft, name: str, currency: str) -> None:
    registered = CustomerRegistered(when=draft.when(FIRST), currency=currency)
    draft.add(f"customer:{name}", registered)


def _periods(draft: Draft) -> tuple[Period, ...]:
    """Calendar months, or now and then 4-4-5 weeks; far enough for every term."""
    if draft.random.random() < 0.75:
        return months(FIRST, 60)
    rows, start = [], FIRST
    for number in range(60):
        last = start + timedelta(weeks=5 if number % 3 == 2 else 4, days=-1)
        rows.append(
            Period(name=f"{2024 + number // 12}-P{number % 12 + 1:02}", first=start, last=last)
        )
        start = last + timedelta(days=1)
    return tuple(rows)


def _model(draft: Draft, currency: str) -> Model:
    random, scale = draft.random, Decimal(1) if currency == "USD" else Decimal(100)
    unit = Decimal(random.choice(("100", "10", "33.333", "7.77", "0.0123"))) * scale
    tiers = (Tier(unit_amount=unit, up_to=Decimal(10)), Tier(unit_amount=unit / 2))
    match random.randint(0, 7):
        case 0 | 1:
            return Flat(amount=unit * 3)
        case 2:
            return Graduated(tiers=tiers)
        case 3:
            # More usage can cost less: what was earned before it stays as it was.
            return Volume(tiers=tiers)
        case 4:
            return Package(amount=unit * 4, size=Decimal(5))
        case _:
            return PerUnit(unit_amount=unit)


def _price(draft: Draft, currency: str, meter: str | None, day: date = FIRST) -> PriceSet:
    random = draft.random
    patterns = (None, None, None, "ratable", "point-in-time", "as-invoiced")
    recurring = meter is None
    price = PriceSet(
        when=draft.when(day),
        currency=currency,
        model=_model(draft, currency),
        meter=meter,
        **_interval(draft, recurring=recurring),
        trial_days=random.choice((0, 0, 0, 10)) if recurring else 0,
        options=_options(draft),
        bill=random.choice(("advance", "advance", "arrears")) if recurring else "arrears",
        proration=random.choice(("day", "day", "day", "none")) if recurring else "day",
        pattern=random.choice(patterns) if recurring else None,
    )
    if price.once and price.proration == "none" and price.pattern in (None, "ratable"):
        return structs.replace(price, upfront=True, benefits_months=random.choice((1, 7, 18)))
    return price


def _interval(draft: Draft, *, recurring: bool) -> dict[str, Any]:
    """Months, or now and then weeks, or the whole term."""
    random = draft.random
    return random.choice(
        (
            {"interval_months": 1},
            {"interval_months": 1},
            {"interval_months": random.choice((3, 12))},
            {"interval_days": random.choice((7, 30))},
            {"once": True} if recurring and draft.chance(0.5) else {"interval_months": 1},
        )
    )


def _options(draft: Draft) -> BillingOptions:
    random = draft.random
    if draft.chance():
        return MEASURED_EXACTLY
    return BillingOptions(
        factor_places=random.choice((None, None, 9, 3)),
        prorated_part=random.choice(("used", "unused")),
        cancellation_day=random.choice(("not-served", "served")),
        usage_on_cancellation_day=random.choice(("not-billed", "billed")),
    )


def _sell(draft: Draft, count: int) -> None:
    """The customer from abroad may be registered long after it bought."""
    _register(draft, *(("c1", "JPY") if draft.entity == "acme-us" else ("c0", "USD")))
    for number in range(count):
        currency = draft.random.choice(("USD", "JPY"))
        if number == 0 or draft.chance(0.55):
            _start(draft, f"s{number}", currency)
        else:
            _open_contract(draft, f"k{number}", currency)


def _customer(draft: Draft, currency: str) -> str:
    return (
        draft.random.choice(draft.customers)
        if draft.chance(0.3)
        else ("c0" if currency == "USD" else "c1")
    )


def _start(draft: Draft, name: str, currency: str) -> None:
    random, code = draft.random, currency.lower()
    begin = draft.day(FIRST, date(2024, 4, 16))
    items = [Item(item="seat", price=f"seat-{code}", quantity=Decimal(random.randint(1, 20)))]
    metered = [item for item in ("api", "event") if draft.chance(0.7)]
    items.extend(Item(item=item, price=f"{item}-{code}") for item in metered)
    renews = random.choice((None, None, None, None, 3, 12))
    endless = renews is None and draft.chance(0.15)
    event = SubscriptionStarted(
        when=draft.when(begin),
        customer=_customer(draft, currency),
        currency=currency,
        term_from=begin,
        term_to=None if endless else add_months(begin, random.choice((3, 6, 12, 12))),
        items=tuple(items),
        anchor_day=random.choice((None, None, 1, 15, 31)),
        renews_months=renews,
        alignment=random.choice(("anniversary", "anniversary", "calendar")),
        trial_to=begin + timedelta(days=random.choice((5, 31))) if draft.chance(0.2) else None,
        contract="by-rule" if draft.chance(0.85) else "none",
        cancellable_days=draft.terms.choice((None, None, None, None, 0, 30)),
    )
    draft.add(f"subscription:{name}", event)
    draft.contracts.append((f"subscription:{name}", currency, event.customer))


def _obligation(draft: Draft, name: str, currency: str, begin: date) -> Obligation:
    pattern = draft.random.choice(("ratable", "ratable", "point-in-time", "as-invoiced"))
    ratable = pattern == "ratable"
    return Obligation(
        obligation=name,
        ssp_minor=draft.money(currency),
        pattern=pattern,
        service_from=begin if ratable else None,
        service_to=add_months(begin, draft.random.choice((3, 6, 12))) if ratable else None,
    )


def _open_contract(draft: Draft, name: str, currency: str) -> None:
    begin = draft.day(FIRST, date(2024, 4, 16))
    count = draft.random.randint(1, 3)
    event = ContractOpened(
        when=draft.when(begin),
        customer=_customer(draft, currency),
        currency=currency,
        price_minor=draft.money(currency),
        obligations=tuple(
            _obligation(draft, f"o{place}", currency, begin) for place in range(count)
        ),
        **_may_be_left(draft),
    )
    draft.add(f"contract:{name}", event)
    draft.contracts.append((f"contract:{name}", currency, event.customer))


def _may_be_left(draft: Draft) -> dict[str, Any]:
    """Now and then the customer may leave, and mostly gets back what was charged beyond."""
    terms = draft.terms
    if terms.random() > 0.4:
        return {}
    return {"cancellable_days": terms.choice((0, 30, 90)), "refundable": terms.random() < 0.8}


# --- what may happen ---


def _amend(draft: Draft) -> None:
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    day = draft.day(event.term_from, _end_of(event))
    late = draft.random.choice((None, None, -20, 20, 75))
    agreed = day + timedelta(days=late) if late is not None else None
    changes = [_change(draft, event.currency)]
    if draft.chance(0.25):
        changes.append(_change(draft, event.currency))
    amended = SubscriptionAmended(when=draft.when(day, agreed), items=tuple(changes))
    draft.add(stream, amended)


def _end_of(event: SubscriptionStarted) -> date:
    return event.term_to or add_months(event.term_from, 12)


def _change(draft: Draft, currency: str) -> ItemChange:
    random, code = draft.random, currency.lower()
    name = random.choice(("seat", "seat", "seat", "extra", "api"))
    pick, timing = random.randint(0, 4), random.choice(("now", "now", "now", "period-end"))
    if name == "api":
        return ItemChange(item=name, price=f"api-{code}")
    if name == "extra":
        return ItemChange(item=name, price=f"seat-{code}", quantity=Decimal(random.randint(1, 9)))
    if pick == 0:
        refund = random.choice(("prorated", "prorated", "none", "full"))
        return ItemChange(item=name, removed=True, refund=refund, timing=timing)
    if pick == 1:
        quantity = Decimal(random.randint(1, 9))
        return ItemChange(item=name, price=f"seat-{code}", quantity=quantity, timing=timing)
    quantity = Decimal(random.choice((1, 5, 10, 12, 20, 30)))
    return ItemChange(item=name, quantity=quantity, timing=timing)


def _subscription(draft: Draft) -> tuple[str, SubscriptionStarted] | None:
    rows = [
        (arrival.stream, arrival.event)
        for arrival in draft.arrivals
        if isinstance(arrival.event, SubscriptionStarted) and arrival.corrects is None
    ]
    return draft.random.choice(rows) if rows else None


def _renew(draft: Draft) -> None:
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    if event.term_to is None:
        return
    end = max(
        (
            a.event.term_to
            for a in draft.arrivals
            if a.stream == stream and isinstance(a.event, SubscriptionRenewed)
        ),
        default=event.term_to,
    )
    until = add_months(end, draft.random.choice((3, 6, 12)))
    items = (_change(draft, event.currency),) if draft.chance(0.3) else ()
    draft.add(stream, SubscriptionRenewed(when=draft.when(end), term_to=until, items=items))


def _cancel(draft: Draft) -> None:
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    if any(
        isinstance(a.event, SubscriptionCancelled) for a in draft.arrivals if a.stream == stream
    ):
        return
    day = draft.day(event.term_from + timedelta(days=40), _end_of(event))
    agreed = day + timedelta(days=35) if draft.chance(0.15) else None
    refund = draft.random.choice(("none", "prorated", "full"))
    timing = draft.random.choice(("effective", "effective", "period-end"))
    cancelled = SubscriptionCancelled(when=draft.when(day, agreed), refund=refund, timing=timing)
    draft.add(stream, cancelled)


def _hold(draft: Draft) -> None:
    """Service stops for a while, once for each subscription; mostly it goes on again."""
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    kinds = (SubscriptionPaused, SubscriptionSuspended)
    if any(isinstance(a.event, kinds) for a in draft.arrivals if a.stream == stream):
        return
    day = draft.day(event.term_from, _end_of(event))
    billing = draft.random.choice(("continues", "stops"))
    held: Event = SubscriptionPaused(when=draft.when(day))
    if draft.chance(0.4):
        held = SubscriptionSuspended(when=draft.when(day), billing=billing)
    draft.add(stream, held)
    if draft.chance(0.8):
        again = day + timedelta(days=draft.random.choice((1, 10, 31, 45)))
        draft.add(stream, SubscriptionResumed(when=draft.when(again)))


def _anchor(draft: Draft) -> None:
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    changed_anchor = BillingAnchorChanged(
        when=draft.when(draft.day(event.term_from, _end_of(event))),
        anchor_day=draft.random.choice((1, 10, 20, 31)),
        alignment=draft.random.choice(("anniversary", "anniversary", "calendar")),
        running_period=draft.random.choice(("kept", "cut")),
    )
    draft.add(stream, changed_anchor)


def _discount(draft: Draft) -> None:
    """Off everything or the seats, for a while or for good; now and then it is withdrawn."""
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    random, day = draft.random, draft.day(event.term_from, _end_of(event))
    percent = random.choice((None, Decimal(10), Decimal("33.3")))
    name = f"d{len(draft.arrivals)}"
    granted = DiscountGranted(
        when=draft.when(day),
        discount=name,
        percent=percent,
        amount=Decimal(random.choice((5, 120))) if percent is None else None,
        items=random.choice(((), ("seat",))),
        periods=random.choice((None, 1, 2)),
        order=random.randint(0, 2),
    )
    draft.add(stream, granted)
    if draft.chance(0.4):
        later = day + timedelta(days=random.choice((20, 70)))
        draft.add(stream, DiscountWithdrawn(when=draft.when(later), discount=name))


def _coupon(draft: Draft) -> None:
    """Off a customer's invoices, some of them or some of their lines; perhaps withdrawn later."""
    random, day = draft.random, draft.day()
    _, currency, customer = random.choice(draft.contracts)
    percent = random.choice((None, Decimal(10), Decimal("33.3")))
    stream = f"coupon:v{len(draft.arrivals)}"
    granted = CouponGranted(
        when=draft.when(day),
        customer=customer,
        percent=percent,
        amount=Decimal(random.choice((5, 120))) if percent is None else None,
        currency=currency if percent is None else None,
        amount_per=random.choice(("coupon", "invoice")),
        items=random.choice(((), (), ("seat",))),
        times=random.choice((None, 1, 2)),
        order=random.randint(0, 2),
    )
    draft.add(stream, granted)
    if draft.chance(0.4):
        later = day + timedelta(days=random.choice((0, 20, 70)))
        draft.add(stream, CouponWithdrawn(when=draft.when(later)))


def _access(draft: Draft) -> None:
    subscription = _subscription(draft)
    if subscription is None:
        return
    stream, event = subscription
    day = draft.day(event.term_from, _end_of(event))
    item = draft.random.choice((None, None, event.items[0].item))
    if draft.chance(0.6):
        draft.add(stream, AccessGranted(when=draft.when(day), item=item))
    if draft.chance(0.6):
        later = day + timedelta(days=draft.random.choice((0, 7, 40)))
        draft.add(stream, AccessWithdrawn(when=draft.when(later), item=item))


def _invoice(draft: Draft) -> None:
    random = draft.random
    stream, currency, customer = random.choice(draft.contracts)
    if draft.chance(0.35):
        stream = ""
    day = draft.day()
    lines = tuple(_line(draft, f"{n}", stream, currency, day) for n in range(random.randint(1, 3)))
    lines = tuple(_taxed(draft, line, lines) for line in lines)
    name = f"i{len(draft.invoices)}"
    residue = InvoiceLine(line="r", amount_minor=1, kind="rounding", description="of the sum")
    event = InvoiceIssued(
        when=draft.when(day),
        customer=customer,
        currency=currency,
        number=name.upper(),
        due_on=day + timedelta(days=random.choice((0, 14, 30))),
        lines=(
            *lines,
            *((residue,) if len(lines) > 1 and draft.chance(0.5) else ()),
            *(beside for line in lines for beside in _beside(draft, line)),
        ),
        rate=_stated(draft, currency),
    )
    draft.invoices[f"invoice:{name}"] = event
    draft.add(f"invoice:{name}", event)


def _taxed(draft: Draft, line: InvoiceLine, lines: Iterable[InvoiceLine]) -> InvoiceLine:
    """A tax that says what it is on, so that a credit takes it along, or that does not."""
    if line.kind != "tax" or draft.chance(0.5):
        return line
    parts = tuple(
        TaxPart(line=one.line, taxable_minor=Decimal(one.amount_minor))
        for one in lines
        if one.is_charged
    )
    at = TaxedAt(jurisdiction="FR", name="VAT", percent=Decimal(20), parts=parts)
    return structs.replace(line, tax=at)


def _beside(draft: Draft, line: InvoiceLine) -> Iterator[InvoiceLine]:
    """What stands beside a line: altered by hand, a coupon taken off it, tax that it includes."""
    left = line.amount_minor
    if line.kind == "tax" or draft.chance(1 - OFTEN):
        return
    for kind in ("adjustment", "coupon", "included-tax"):
        low = -left // 2 if kind == "adjustment" else 1 - left
        if left < 2 or draft.chance(0.5):
            continue
        minor = draft.random.randint(low, left if kind == "adjustment" else -1)
        left += minor
        yield structs.replace(
            line,
            line=f"{line.line}-{kind}",
            kind=kind,
            amount_minor=minor,
            of_line=line.line,
            coupon="spring" if kind == "coupon" else None,
        )


def _line(draft: Draft, name: str, stream: str, currency: str, day: date) -> InvoiceLine:
    random = draft.random
    category, _, contract = stream.partition(":")
    named = {"subscription": ("seat", "api", None), "contract": ("o0", "o1", None)}
    service = draft.chance(0.75)
    begin = draft.day(max(FIRST, day - timedelta(days=60)), day + timedelta(days=30))
    drawn = InvoiceLine(
        line=name,
        amount_minor=draft.money(currency, 2000),
        kind="tax" if name == "2" else random.choice(("subscription", "one-off")),
        service_from=begin if service else None,
        service_to=add_months(begin, random.choice((1, 3, 12))) if service else None,
        subscription=contract if category == "subscription" else None,
        contract=contract if category == "contract" else None,
        obligation=random.choice(named[category]) if category else None,
    )
    return _inside_its_days(draft, drawn)


def _inside_its_days(draft: Draft, line: InvoiceLine) -> InvoiceLine:
    """Now and then service begins and ends at some time of its days."""
    first, last = line.service_from, line.service_to
    if first is None or last is None or draft.terms.random() > 0.4:
        return line
    begins, ends = (
        datetime.combine(day, draft.terms.choice((time(), time(7, 30), time(23, 59, 59))), UTC)
        for day in (first, last)
    )
    return structs.replace(line, service_from_at=begins, service_to_at=ends)


def _draft_invoice(draft: Draft) -> None:
    stream, currency, customer = draft.random.choice(draft.contracts)
    del stream
    day = draft.day()
    lines = (_line(draft, "0", "", currency, day),)
    name = f"invoice:d{len(draft.arrivals)}"
    drafted = InvoiceDrafted(
        when=draft.when(day), customer=customer, currency=currency, lines=lines
    )
    draft.add(name, drafted)
    if draft.chance(0.5):
        minor = draft.money(currency, 2000)
        told = {"reason": "as agreed", "amount_minor": minor}
        draft.add(name, DraftAdjusted(when=draft.when(day), line=lines[0], **told))
    if draft.chance(0.5):
        approved = DraftApproved(
            when=draft.when(day),
            digest=digest_of(drafted),
            prepared_by="ann",
            approved_by="bob",
        )
        draft.add(name, approved)
    if draft.chance(0.5):
        draft.add(name, DraftDiscarded(when=draft.when(day)))


def _cut_so_far(draft: Draft, stream: str, line: str) -> int:
    events = [a.event for a in draft.arrivals if a.stream == stream]
    return sum(
        row.amount_minor
        for event in events
        if isinstance(event, CreditIssued)
        for row in event.lines
        if row.line == line
    )


def _dispute(draft: Draft) -> None:
    """An amount of an invoice, some of which is upheld or given up."""
    stream = _some_invoice(draft)
    if stream is None:
        return
    whole = sum(line.amount_minor for line in draft.invoices[stream].lines)
    if whole <= 0:
        return
    name, minor = f"q{len(draft.arrivals)}", draft.random.randint(1, whole)
    when = draft.when(draft.day(draft.invoices[stream].when.effective, LATEST))
    draft.add(stream, DisputeOpened(when=when, dispute=name, amount_minor=minor, reason="late"))
    if draft.chance(0.6):
        outcome = draft.random.choice(("upheld", "withdrawn"))
        part = draft.random.randint(1, minor)
        resolved = DisputeResolved(when=when, dispute=name, outcome=outcome, amount_minor=part)
        draft.add(stream, resolved)


def _credit(draft: Draft) -> None:
    """Some of a line, and some of what stands beside it, no less than nothing in all."""
    random = draft.random
    stream = _some_invoice(draft)
    if stream is None:
        return
    event = draft.invoices[stream]
    line = random.choice(event.lines)
    own = [one for one in event.lines if one is line or one.of_line == line.line]
    rows = tuple(row for one in own if (row := _credit_of(draft, stream, one)) is not None)
    if not rows or sum(row.amount_minor for row in rows) < 0:
        return
    day = draft.day(event.when.effective, LATEST)
    issued = CreditIssued(
        when=draft.when(day),
        number=f"C{len(draft.arrivals)}",
        lines=rows,
        treatment=random.choice(("as-if-never", "from-now")),
        purpose=random.choice(("correction", "concession")),
    )
    draft.add(stream, issued)


def _credit_of(draft: Draft, stream: str, line: InvoiceLine) -> CreditLine | None:
    left = line.amount_minor - _cut_so_far(draft, stream, line.line)
    if abs(left) < 2 or (line.of_line and draft.chance(0.3)):
        return None
    minor = draft.random.randint(1, abs(left))
    return CreditLine(line=line.line, amount_minor=minor if left > 0 else -minor)


def _some_invoice(draft: Draft) -> str | None:
    """An invoice not yet voided; a missing one is made first."""
    if not draft.invoices:
        _invoice(draft)
    voided = {a.stream for a in draft.arrivals if isinstance(a.event, InvoiceVoided)}
    left = [stream for stream in draft.invoices if stream not in voided]
    return draft.random.choice(left) if left else None


def _void(draft: Draft) -> None:
    stream = _some_invoice(draft)
    if stream is None:
        return
    latest = max(a.event.when.effective for a in draft.arrivals if a.stream == stream)
    day = draft.day(latest, max(latest, LATEST))
    treatment = draft.random.choice(("as-if-never", "from-now", None))
    draft.add(stream, InvoiceVoided(when=draft.when(day), treatment=treatment))


def _sent(draft: Draft) -> None:
    """Sent as often as one likes, also before or after it is void."""
    if not draft.invoices:
        _invoice(draft)
    stream = draft.random.choice(sorted(draft.invoices))
    sent = DocumentSent(
        when=draft.when(draft.day()),
        sha256=f"{draft.random.getrandbits(256):064x}",
        media_type="application/pdf",
        channel=draft.random.choice(("email", "post")),
        recipient="p-7",
        locale="de",
        known_at=draft.random.choice((None, 1)),
    )
    draft.add(stream, sent)


def _dun(draft: Draft) -> None:
    """A step of an invoice, a promise, and a hold that may last; none of it moves anything."""
    if not draft.invoices:
        _invoice(draft)
    name = draft.random.choice(sorted(draft.invoices))
    stream, document = f"dunning:{name.partition(':')[2]}", draft.invoices[name]
    own = [one.event for one in draft.arrivals if one.stream == stream]
    day = draft.day(document.due_on or FIRST, LATEST)
    reached = DunningStepReached(
        when=draft.when(day),
        step=1 + sum(isinstance(event, DunningStepReached) for event in own),
        days_overdue=draft.random.choice((7, 30)),
        currency=document.currency,
        open_minor=draft.random.randint(1, 9_999),
    )
    draft.add(stream, reached)
    if draft.chance(0.8):
        promised = PaymentPromised(when=draft.when(day), until=day + timedelta(days=9))
        draft.add(stream, promised)
    stops = (DunningHeld, DunningReleased)
    if draft.chance(0.8) and not any(isinstance(event, stops) for event in own):
        later = max(draft.day(), day)
        draft.add(stream, DunningHeld(when=draft.when(day), reason="in talks"))
        draft.add(stream, DunningReleased(when=draft.when(later)))


def _left_by_a_bank(draft: Draft) -> None:
    """An entry that went out or undoes another, or a row nobody could read; perhaps set aside."""
    number = len(draft.arrivals)
    entry, row = f"bank:main/e{number}", f"bank:feed/row-{number}"
    left = BankEntryLeft(
        when=draft.when(draft.day()),
        account="main",
        currency="USD",
        amount_minor=-draft.money("USD"),
        undoes=draft.chance(0.3),
    )
    draft.add(entry, left)
    unread = BankRowUnread(
        when=draft.when(draft.day()), source="feed", row=number, code="bad-date", field="booked_on"
    )
    draft.add(row, unread)
    if draft.chance(0.8):
        aside = BankEntrySetAside(when=draft.when(draft.day()), reason="fees")
        draft.add(draft.random.choice((entry, row)), aside)


def _pay(draft: Draft) -> None:
    random = draft.random
    contract, currency, customer = random.choice(draft.contracts)
    name = f"payment:p{len(draft.payments)}"
    amount = draft.money(currency, 3000)
    rate = _stated(draft, currency)
    received = PaymentReceived(
        when=draft.when(draft.day()),
        customer=customer,
        currency=currency,
        amount_minor=amount,
        contract=contract.partition(":")[2] if draft.chance(0.3) else None,
        rate=rate,
        paid=_paid(draft, amount) if rate is not None and draft.chance(0.5) else None,
    )
    if received.paid is not None:
        received = structs.replace(received, rate=None)
    draft.payments[name] = amount
    draft.add(name, received)


def _payment(draft: Draft) -> tuple[str, PaymentReceived] | None:
    if not draft.payments:
        _pay(draft)
    name = draft.random.choice(sorted(draft.payments))
    event = next(a.event for a in draft.arrivals if a.stream == name)
    assert isinstance(event, PaymentReceived)
    return (name, event) if draft.payments[name] > 1 else None


def _apply(draft: Draft) -> None:
    if not draft.invoices:
        _invoice(draft)
    payment = _payment(draft)
    if payment is None:
        return
    name, event = payment
    own = [
        (stream, invoice)
        for stream, invoice in draft.invoices.items()
        if (invoice.customer, invoice.currency) == (event.customer, event.currency)
    ]
    if not own:
        stream = _invoice_for(draft, event)
        own = [(stream, draft.invoices[stream])]
    stream, invoice = draft.random.choice(own)
    amount = draft.random.randint(1, draft.payments[name])
    draft.payments[name] -= amount
    day = max(event.when.effective, invoice.when.effective, draft.day())
    rows = (Application(invoice=stream.partition(":")[2], amount_minor=amount),)
    draft.add(name, PaymentApplied(when=draft.when(day), applications=rows))


def _invoice_for(draft: Draft, payment: PaymentReceived) -> str:
    day = draft.day()
    name = f"i{len(draft.invoices)}"
    event = InvoiceIssued(
        when=draft.when(day),
        customer=payment.customer,
        currency=payment.currency,
        number=name.upper(),
        due_on=day,
        lines=(_line(draft, "0", "", payment.currency, day),),
    )
    draft.invoices[f"invoice:{name}"] = event
    draft.add(f"invoice:{name}", event)
    return f"invoice:{name}"


def _refund(draft: Draft) -> None:
    payment = _payment(draft)
    if payment is None:
        return
    name, event = payment
    amount = draft.random.randint(1, draft.payments[name])
    draft.payments[name] -= amount
    day = draft.day(event.when.effective, LATEST)
    draft.add(name, PaymentRefunded(when=draft.when(day), amount_minor=amount))


def _row(draft: Draft, event_id: str) -> UsageRow:
    random = draft.random
    names = [stream.partition(":")[2] for stream, _, _ in draft.contracts if stream[:4] == "subs"]
    day = draft.day()
    return UsageRow(
        event_id=event_id,
        subscription=random.choice([*names, *names, *names, "nobody"]),
        meter=random.choice(("calls", "calls", "events")),
        quantity=Decimal(random.choice(("1", "2", "12", "0.5", "100.125", "-1"))),
        occurred_at=datetime(day.year, day.month, day.day, random.randint(0, 23), tzinfo=UTC),
    )


def _usage(draft: Draft) -> None:
    draft.batches += 1
    rows = tuple(
        _row(draft, f"e{draft.batches}-{number}") for number in range(draft.random.randint(1, 6))
    )
    _batch(draft, "rows", rows, ())


def _usage_again(draft: Draft) -> None:
    """Rows corrected or retracted by a batch of their own; a correction may be corrected again."""
    live = _live(draft)
    if not live:
        _usage(draft)
        live = _live(draft)
    draft.batches += 1
    old = draft.random.sample(sorted(live), min(len(live), draft.random.randint(1, 3)))
    if draft.chance(0.5):
        _batch(draft, "retraction", tuple(live[name] for name in old), tuple(live[n] for n in old))
        return
    rows = tuple(_row(draft, name) for name in old)
    _batch(draft, "correction", rows, tuple(live[name] for name in old))


def _live(draft: Draft) -> dict[str, UsageRow]:
    live: dict[str, UsageRow] = {}
    for arrival in draft.arrivals:
        if isinstance(arrival.event, UsageBatchAccepted):
            for row in arrival.rows:
                live[row.event_id] = row
                if arrival.event.kind == "retraction":
                    del live[row.event_id]
    return live


def _batch(draft: Draft, kind: Any, rows: tuple[UsageRow, ...], old: tuple[UsageRow, ...]) -> None:
    touched = (*rows, *old)
    days = [row.occurred_at.date() for row in touched]
    totals = tuple(
        MeterTotal(
            meter=meter,
            rows=sum(row.meter == meter for row in rows),
            quantity=sum((row.quantity for row in rows if row.meter == meter), Decimal(0)),
        )
        for meter in sorted({row.meter for row in rows})
    )
    event = UsageBatchAccepted(
        when=draft.when(max(days)),
        batch=draft.batches,
        kind=kind,
        received=len(rows),
        duplicates=0,
        rejected=0,
        accepted=len(rows),
        totals=totals,
        subscriptions=tuple(sorted({row.subscription for row in touched})),
        first_day=min(days),
        last_day=max(days),
        root="0" * 64,
        batch_number=draft.batches,
    )
    draft.add("usage:feed", event, rows=rows)


def _window(draft: Draft) -> None:
    if not draft.batches:
        _usage(draft)
    event = UsageWindowDeclared(
        when=draft.when(LATEST),
        window_from=FIRST,
        window_to=LATEST,
        first_batch=1,
        last_batch=draft.batches,
    )
    draft.add("usage:feed", event)


def _waive(draft: Draft) -> None:
    waived = UsageGapWaived(when=draft.when(LATEST), batch_number=900 + len(draft.arrivals))
    draft.add("usage:feed", waived)


def _adopt(draft: Draft) -> None:
    """A product of the group, taken over with its content."""
    when = draft.when(FIRST)
    adopted = Adopted(
        when=when,
        origin="group",
        origin_position=len(draft.arrivals),
        origin_stream="product:suite",
        origin_leaf="0" * 64,
        content=ProductDefined(when=when, name="Suite"),
    )
    draft.add("product:suite", adopted)


def _contract(draft: Draft) -> tuple[str, ContractOpened] | None:
    rows = [(a.stream, a.event) for a in draft.arrivals if isinstance(a.event, ContractOpened)]
    if not rows:
        draft.opened_more = True
        _open_contract(draft, "k9", draft.random.choice(("USD", "JPY")))
        return _contract(draft)
    return draft.random.choice(rows)


def _modify(draft: Draft) -> None:
    found = _contract(draft)
    assert found is not None
    stream, event = found
    day = draft.day(event.when.effective, LATEST)
    agreed = day + timedelta(days=40) if draft.chance(0.3) else None
    name = f"x{len(draft.arrivals)}"
    added = (_obligation(draft, name, event.currency, day),) if draft.chance(0.6) else ()
    modified = ContractModified(
        when=draft.when(day, agreed),
        price_change_minor=draft.money(event.currency, 900) * draft.random.choice((1, -1)),
        added=added,
        price_reflects_ssp=bool(added) and draft.chance(0.5),
        **_judged(draft, is_added=bool(added)),
    )
    draft.add(stream, modified)


def _judged(draft: Draft, *, is_added: bool) -> dict[str, Any]:
    """Now and then somebody judges how a change is accounted for, whatever the facts say."""
    terms = draft.terms
    if terms.random() > 0.4:
        return {}
    ways = ("prospective", "cumulative", "cumulative", *(("separate",) if is_added else ()))
    return {"treatment": terms.choice(ways), "judgement": "as counsel found"}


def _satisfy(draft: Draft) -> None:
    found = _contract(draft)
    assert found is not None
    stream, event = found
    rows = [row.obligation for row in event.obligations if row.pattern == "point-in-time"]
    if not rows:
        number = len(draft.contracts)
        opened = ContractOpened(
            when=draft.when(draft.day(FIRST, date(2024, 4, 1))),
            customer=event.customer,
            currency=event.currency,
            price_minor=draft.money(event.currency),
            obligations=(Obligation(obligation="o0", ssp_minor=5, pattern="point-in-time"),),
        )
        stream, rows = f"contract:k{number}p", ["o0"]
        event = opened
        if not draft.opened_more:
            draft.opened_more = True
            draft.add(stream, opened)
            draft.contracts.append((stream, event.currency, event.customer))
        else:
            return
    day = draft.day(event.when.effective, LATEST)
    obligation = draft.random.choice(rows)
    draft.add(stream, ObligationSatisfied(when=draft.when(day), obligation=obligation))


def _terminate(draft: Draft) -> None:
    found = _contract(draft)
    assert found is not None
    stream, event = found
    if any(isinstance(a.event, ContractTerminated) for a in draft.arrivals if a.stream == stream):
        return
    day = draft.day(event.when.effective, LATEST)
    refund = draft.random.choice((0, event.price_minor // 7))
    owed: Owed = "billed" if not refund and draft.terms.random() < 0.7 else "all"
    ended = ContractTerminated(when=draft.when(day), refund_minor=refund, owed=owed)
    draft.add(stream, ended)


def _adjust(draft: Draft) -> None:
    random, currency = draft.random, draft.random.choice(("USD", "JPY"))
    amount, day = draft.money(currency), draft.day()
    name = f"adjustment:a{len(draft.arrivals)}"
    proposed = AdjustmentProposed(
        when=draft.when(day),
        book=random.choice(BOOKS),
        currency=currency,
        lines=(
            AdjustmentLine(account="unbilled-receivable", amount_minor=amount),
            AdjustmentLine(account="revenue", amount_minor=-amount),
        ),
        memo="accrual",
        proposed_by="ann",
        reverses_on=add_months(day.replace(day=1), 1) if draft.chance() else None,
    )
    draft.add(name, proposed)
    if draft.chance(0.85):
        approved = AdjustmentApproved(when=draft.when(day), approved_by="bob", proposed_by="ann")
        draft.add(name, approved)


def _product(draft: Draft) -> None:
    draft.add("product:app", ProductDefined(when=draft.when(FIRST), name="App"))


def _meter(draft: Draft) -> None:
    draft.add("meter:calls", MeterDefined(when=draft.when(FIRST), aggregation="sum"))
    draft.add("meter:events", MeterDefined(when=draft.when(FIRST), aggregation="count"))


def _new_price(draft: Draft) -> None:
    currency = draft.random.choice(("USD", "JPY"))
    name, meter = draft.random.choice((("seat", None), ("api", "calls")))
    draft.add(f"price:{name}-{currency.lower()}", _price(draft, currency, meter, draft.day()))


def _policy(draft: Draft) -> None:
    options = Options(
        ratable_by=draft.random.choice(("day", "month", "half-month", "instant")),
        closed_period_date=draft.random.choice(("first-day", "day-recorded")),
        void_default=draft.random.choice(("as-if-never", "from-now")),
        rate_age_days=RATES_LAST,
    )
    adopted = PolicyAdopted(
        when=draft.when(draft.random.choice((FIRST, date(2024, 3, 1)))),
        options=options,
        transition=draft.random.choice(("prospective", "prospective", "retrospective")),
    )
    draft.add("policy:ifrs", adopted)


def _invoicing(draft: Draft) -> None:
    options = InvoicingOptions(tax_rounding=draft.random.choice(("document", "line")))
    when = draft.when(draft.random.choice((FIRST, date(2024, 3, 1))))
    draft.add("invoicing:self", InvoicingAdopted(when=when, options=options))


def _tax_rates(draft: Draft) -> None:
    rate = TaxRate(name="VAT", percent=Decimal(draft.random.choice(("0", "7.5", "20"))))
    when = draft.when(draft.random.choice((FIRST, date(2024, 3, 1))))
    draft.add("tax:FR", TaxRatesSet(when=when, rates=(rate,), seller="established"))


def _rates(draft: Draft) -> None:
    """One more day has a rate of its own, where there are any."""
    if draft.has_rates:
        _publish(draft, draft.day())


def _amend_customer(draft: Draft) -> None:
    day = draft.when(draft.day())
    amended = CustomerAmended(when=day, payment_terms_days=14, locale="de-CH", zone="Europe/Zurich")
    draft.add(f"customer:{draft.random.choice(draft.customers)}", amended)


# --- corrections, runs and closes ---


def _open_to_change(draft: Draft, kinds: tuple[type[Event], ...]) -> list[Arrival]:
    """Facts in force: nobody corrected them yet. A correction is one of them."""
    dead = {arrival.corrects for arrival in draft.arrivals}
    return [a for a in draft.arrivals if isinstance(a.event, kinds) and a.key not in dead]


def _correct(draft: Draft) -> None:
    rows = _open_to_change(draft, CORRECTABLE)
    twice = [row for row in rows if row.corrects is not None]
    pick = draft.random.choice(twice if twice and draft.chance(0.35) else rows)
    draft.add(pick.stream, changed(pick.event, draft.random), corrects=pick.key)


def _retract(draft: Draft) -> None:
    """A change that never was; or a correction, then what it replaced is in force again."""
    rows = _open_to_change(draft, RETRACTABLE)
    rows += [row for row in _open_to_change(draft, CORRECTABLE) if row.corrects is not None]
    if not rows:
        _amend(draft)
        rows = _open_to_change(draft, RETRACTABLE)
    if rows:
        pick = draft.random.choice(rows)
        draft.add(pick.stream, retracted(pick), corrects=pick.key)


def _change_currency(draft: Draft) -> None:
    """Somebody tries to correct a deal, a document or money into another currency."""
    pick = draft.random.choice(_open_to_change(draft, IN_ONE_CURRENCY))
    key = f"{draft.entity}-attempt-{len(draft.attempts) + 1}"
    other = in_other_currency(pick.event)
    attempt = Arrival(key=key, stream=pick.stream, event=other, corrects=pick.key, is_refused=True)
    draft.attempts.append((len(draft.arrivals), attempt))


# Each kind of act and how many times a history may do it before more are drawn at random. A new
# kind of fact is a function above and a row here.
KINDS: tuple[tuple[Callable[[Draft], None], int], ...] = (
    (_amend, 2),
    (_renew, 1),
    (_cancel, 1),
    (_hold, 2),
    (_anchor, 1),
    (_discount, 1),
    (_coupon, 1),
    (_access, 1),
    (_invoice, 1),
    (_draft_invoice, 1),
    (_dispute, 1),
    (_credit, 1),
    (_void, 1),
    (_sent, 1),
    (_dun, 1),
    (_left_by_a_bank, 1),
    (_pay, 2),
    (_apply, 1),
    (_refund, 1),
    (_usage, 2),
    (_usage_again, 2),
    (_window, 1),
    (_waive, 1),
    (_adopt, 1),
    (_modify, 1),
    (_satisfy, 1),
    (_terminate, 1),
    (_adjust, 1),
    (_product, 1),
    (_meter, 1),
    (_new_price, 1),
    (_policy, 1),
    (_invoicing, 1),
    (_tax_rates, 1),
    (_rates, 2),
    (_amend_customer, 1),
    (_correct, 2),
    (_retract, 1),
    (_change_currency, 1),
)
_STEPS = tuple(kind for kind, times in KINDS for _ in range(times))


def with_runs(draft: Draft, body: list[Arrival]) -> tuple[Arrival, ...]:
    """Cut the body where runs come; a close follows a run, and one close is undone later."""
    random = draft.random
    home = draft.entity == "acme-us"
    runs = random.choice((2, 3, 3) if home else (1, 2, 3))
    cuts = sorted(random.randint(len(body) // 4, len(body)) for _ in range(runs - 1))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    closes = random.choice((1, 2)) if home else random.choice((0, 1, 2))
    reopen = home or draft.chance()
    book, day, closed = random.choice(BOOKS), date(2024, 1, 31), 0
    draft.arrivals = []
    for part in parts:
        draft.arrivals.extend(part)
        if closed and reopen and draft.chance():
            _reopen(draft, book, closed)
            reopen = False
        day = add_months(day, random.randint(1, 5), 28)
        _run(draft, month_end(day, random))
        if closed < closes:
            _close(draft, book, closed, day)
            closed += 1
            if draft.chance():
                _soft_close(draft, book, closed, day)
    if closed and reopen:
        _reopen(draft, book, closed)
    return tuple(draft.arrivals)


def _run(draft: Draft, through: date) -> None:
    key = f"{draft.entity}-run-{len(draft.arrivals)}"
    event = PostingRun(when=draft.when(through), through=through)
    draft.arrivals.append(Arrival(key=key, stream="run:self", event=event))


def _book_fact(draft: Draft, book: str, event: Event) -> None:
    key = f"{draft.entity}-{book}-{len(draft.arrivals)}"
    draft.arrivals.append(Arrival(key=key, stream=f"book:{book}", event=event))


def _named(draft: Draft, number: int) -> str:
    calendar = next(a.event for a in draft.opening if isinstance(a.event, CalendarDefined))
    return calendar.periods[number].name


def _close(draft: Draft, book: str, number: int, day: date) -> None:
    name = _named(draft, number)
    if draft.chance():
        _soft_close(draft, book, number, day)
    _book_fact(draft, book, PeriodClosed(when=draft.when(day), period=name))
    if draft.chance(0.8):
        sealed = PeriodSealed(
            when=draft.when(day),
            period=name,
            digest="0" * 64,
            entries=0,
            lines=0,
            debits_minor=(),
            closed_at=0,
        )
        _book_fact(draft, book, sealed)


def _soft_close(draft: Draft, book: str, number: int, day: date) -> None:
    name = _named(draft, number)
    earlier = (a.event for a in draft.arrivals if isinstance(a.event, PeriodSoftClosed))
    if name not in {event.period for event in earlier}:
        _book_fact(draft, book, PeriodSoftClosed(when=draft.when(day), period=name))


def _reopen(draft: Draft, book: str, closed: int) -> None:
    name = _named(draft, closed - 1)
    event = PeriodReopened(when=draft.when(LATEST), period=name, approved_by="bob")
    _book_fact(draft, book, event)
