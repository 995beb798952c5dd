"""What Tideway sells: meters, prices and plans, as data. Every price model is on the list.

Amounts are written in dollars; another currency has the same list times its rate, exactly, so some
of its unit prices have many decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct

from domain.billing_options import BillingOptions
from domain.currency import exponent
from domain.pricing import Commitment, Flat, Graduated, Model, PerUnit, Prepaid, Tier
from domain.pricing.blocks import Blocks, BlockTier
from domain.pricing.bucketed import Bucketed, ClockRule
from domain.pricing.dynamic import Dynamic
from domain.pricing.graduated_percentage import GraduatedPercentage, PercentageTier
from domain.pricing.matrix import Cell, Matrix
from domain.pricing.milestones import Milestone, Milestones
from domain.pricing.overage import Overage
from domain.pricing.package import Package
from domain.pricing.percentage import Percentage
from domain.pricing.prorated_graduated import ProratedGraduated
from domain.pricing.stair_step import Stair, StairStep
from domain.pricing.volume import Volume

RATES = {
    "USD": Decimal(1),
    "EUR": Decimal("0.92"),
    "JPY": Decimal(150),
    "KWD": Decimal("0.305"),
}
PRODUCTS = {
    "seats": "Seats",
    "platform": "Platform usage",
    "payments": "Payments",
    "services": "Services",
}
# Seats by rung of the ladder; new customers begin on one of the middle rungs.
PER_SEAT = {"solo": "9", "starter": "19", "team": "49", "scale": "89.50", "enterprise": "129"}
LADDER = tuple(PER_SEAT)

# Amounts of the list in one currency.
Money = Callable[[str], Decimal]
# The fields of a price version, but for its day and currency.
Fields = dict[str, Any]


class Plan(Struct, frozen=True):
    """What is sold together: seats of a rung of the ladder, and further prices by name."""

    seats: str
    prices: tuple[str, ...]


PLANS = {
    "starter": Plan("starter", ("compute", "users")),
    "team": Plan("team", ("compute", "requests", "jobs", "wallet")),
    "scale": Plan("scale", ("platform", "compute", "exports", "messages", "promise")),
    "media": Plan("team", ("platform", "bandwidth", "storage", "logs")),
    "commerce": Plan("starter", ("payments", "marketplace", "sms")),
    "builder": Plan("team", ("builds", "desks", "cloud")),
    "project": Plan("scale", ("onboarding", "delivery", "backups", "members")),
}


# How plans are dealt out: most customers take the common ones. A level over time is priced day by
# day as long as it is held, so few have one.
_COMMON = ("starter", "team", "scale", "commerce")
DEALT = (*PLANS, *_COMMON * 6, "project", "starter")


class Meter(Struct, frozen=True, kw_only=True):
    """A meter, and how customers use it.

    `fields` define it. `rows` a month, or where none is said a share of the demo's events. A row's
    quantity lies between `low` and `high` of the last of `places`; `is_money` in the currency.
    `values`: what a dimension may say. A `level` goes up, and down by less.
    """

    fields: dict[str, Any]
    low: int = 1
    high: int = 1
    places: int = 0
    rows: int | None = None
    is_money: bool = False
    is_level: bool = False
    values: dict[str, tuple[str, ...]] = {}
    # Only in so many months after a customer has joined.
    at_first: int | None = None
    # Some collectors count in a larger unit.
    other_unit: tuple[str, int] | None = None


REGIONS, CHANNELS = ("eu", "us", "apac"), ("mail", "chat", "voice")
CLOUDS = ("aws", "azure", "gcp")
STEPS = ("kick-off", "go-live", "acceptance")
USERS = tuple(f"u{number:02}" for number in range(1, 31))

METERS: dict[str, Meter] = {
    "compute": Meter(
        fields={"aggregation": "sum", "unit": "unit", "conversions": {"kilo-unit": Decimal(1000)}},
        high=40_000,
        places=1,
        other_unit=("kilo-unit", 1000),
    ),
    "requests": Meter(fields={"aggregation": "sum", "unit": "request"}, low=200, high=9_000),
    "jobs": Meter(fields={"aggregation": "sum", "unit": "job"}, high=900),
    "exports": Meter(fields={"aggregation": "count", "unit": "export"}),
    "users": Meter(
        fields={"aggregation": "unique-count", "unit": "user", "property": "user"},
        rows=6,
        values={"user": USERS},
    ),
    "messages": Meter(
        fields={"aggregation": "sum", "unit": "message", "dimensions": ("region", "channel")},
        rows=8,
        high=4_000,
        values={"region": REGIONS, "channel": CHANNELS},
    ),
    "bandwidth": Meter(fields={"aggregation": "sum", "unit": "mbit"}, rows=8, high=900),
    "storage": Meter(
        fields={"aggregation": "time-weighted-sum", "unit": "gb", "recurring": True},
        rows=2,
        low=20,
        high=400,
        is_level=True,
        at_first=3,
    ),
    "logs": Meter(fields={"aggregation": "sum", "unit": "gb"}, high=90, places=2),
    "payments": Meter(
        fields={"aggregation": "sum", "unit": "money"},
        rows=8,
        low=300,
        high=90_000,
        places=2,
        is_money=True,
    ),
    "sales": Meter(
        fields={"aggregation": "sum", "unit": "money"},
        low=1_000,
        high=200_000,
        places=2,
        is_money=True,
    ),
    "sms": Meter(fields={"aggregation": "sum", "unit": "message"}, high=60),
    "builds": Meter(fields={"aggregation": "max", "unit": "runner"}, rows=4, high=40),
    "desks": Meter(
        fields={"aggregation": "time-weighted-sum", "unit": "desk", "recurring": True},
        rows=2,
        low=2,
        high=12,
        is_level=True,
        at_first=3,
    ),
    "cloud": Meter(
        fields={"aggregation": "sum", "unit": "money", "dimensions": ("provider",)},
        rows=3,
        low=2_000,
        high=300_000,
        places=2,
        is_money=True,
        values={"provider": CLOUDS},
    ),
    "delivery": Meter(
        fields={"aggregation": "count", "unit": "milestone", "dimensions": ("milestone",)},
        rows=1,
        at_first=len(STEPS),
    ),
    "backups": Meter(
        fields={"aggregation": "latest", "unit": "gb"}, rows=5, low=100, high=900, places=0
    ),
    "members": Meter(
        fields={"aggregation": "sum", "unit": "member", "recurring": True},
        rows=2,
        low=2,
        high=9,
        is_level=True,
        at_first=3,
    ),
}


def prices(currency: str) -> Iterator[tuple[str, Fields]]:
    """Every price of the list in a currency, by its name."""

    def money(dollars: str) -> Decimal:
        return Decimal(dollars) * RATES[currency]

    for part in (_seats, _recurring, _platform, _levels, _payments, _services):
        for name, fields in part(money).items():
            yield name, {"currency": currency} | fields


def raised(currency: str) -> tuple[str, Fields]:
    """Support costs more from a day on; who had it before may keep it as signed."""
    model = Flat(amount=Decimal(82) * RATES[currency])
    return "support", {"currency": currency, "model": model, "product": "services"}


def price_id(name: str, currency: str) -> str:
    return f"{name}-{currency.lower()}"


def smallest(currency: str) -> Decimal:
    """One minor unit of a currency, in major units."""
    return Decimal(1).scaleb(-exponent(currency))


def _tiers(money: Money, *rows: tuple[str, str | None]) -> tuple[Tier, ...]:
    """Unit price and bound of each."""
    return tuple(
        Tier(unit_amount=money(unit), up_to=Decimal(bound) if bound else None)
        for unit, bound in rows
    )


def _seats(money: Money) -> dict[str, Fields]:
    """By the month and, for the price of eleven months, by the year."""
    found: dict[str, Fields] = {}
    for plan, seat in PER_SEAT.items():
        for name, months, times in ((f"{plan}-monthly", 1, 1), (f"{plan}-annual", 12, 11)):
            model = PerUnit(unit_amount=money(seat) * times)
            found[name] = {
                "model": model,
                "product": "seats",
                "unit": "seat",
                "interval_months": months,
            }
    return found


def _recurring(money: Money) -> dict[str, Fields]:
    """A fee, a promise that usage counts towards, credits for it, and what is added by the way."""
    return {
        "platform": {"model": Flat(amount=money("120")), "product": "platform"},
        "promise": {
            "model": Commitment(amount=money("900"), covers=("compute", "exports", "messages")),
            "product": "platform",
            "bill": "arrears",
        },
        "wallet": {
            "model": Prepaid(
                amount=money("25"),
                credits=money("30"),
                covers=("requests",),
                expires_periods=2,
            ),
            "product": "platform",
            "proration": "none",
        },
        "support": {"model": Flat(amount=money("75")), "product": "services"},
        "support-as-signed": {"model": Flat(amount=money("75")), "product": "services"},
        "reserve": {
            "model": PerUnit(unit_amount=money("2.10")),
            "product": "platform",
            "interval_months": 3,
            "bill": "arrears",
        },
    }


def _used(meter: str, model: Model, product: str = "platform", **more: Any) -> Fields:
    return {"model": model, "meter": meter, "product": product, "bill": "arrears"} | more


def _platform(money: Money) -> dict[str, Fields]:
    computed = _tiers(money, ("0.0035", "10000"), ("0.00212", None))
    asked = _tiers(money, ("0.0009", "50000"), ("0.0007", "250000"), ("0.00055", None))
    packed = Package(amount=money("4.50"), size=Decimal(1_000), free_units=Decimal(500))
    exported = PerUnit(unit_amount=money("0.25"), free_units=Decimal(20))
    promised = Overage(
        committed=money("15"),
        price=PerUnit(unit_amount=money("0.031")),
        factor=Decimal("1.25"),
        true_up=True,
    )
    # Late messages count two months back, and each is rounded by itself.
    held = BillingOptions(late_usage="hold", late_periods=2, rounding="line")
    return {
        "compute": _used("compute", Graduated(tiers=computed)),
        "requests": _used("requests", Volume(tiers=asked)),
        "jobs": _used("jobs", packed),
        "exports": _used("exports", exported),
        "messages": _used("messages", _by_region(money), options=held),
        "logs": _used("logs", _blocks(money)),
        "sms": _used("sms", promised),
    }


def _by_region(money: Money) -> Matrix:
    """What no cell names has no price."""
    cells = [
        Cell(values=(region, channel), price=PerUnit(unit_amount=money(price)))
        for region, mail, chat in (
            ("eu", "0.0011", "0.004"),
            ("us", "0.0009", "0.0035"),
            ("apac", "0.0016", "0.0052"),
        )
        for channel, price in (("mail", mail), ("chat", chat), ("voice", "0.021"))
    ]
    return Matrix(dimensions=("region", "channel"), cells=tuple(cells))


def _blocks(money: Money) -> Blocks:
    return Blocks(
        tiers=(
            BlockTier(block_size=Decimal(50), block_price=money("6"), max_blocks=4),
            BlockTier(block_size=Decimal(250), block_price=money("24")),
        )
    )


def _levels(money: Money) -> dict[str, Fields]:
    """What is held over time, and what is counted in windows of it."""
    alone = BillingOptions(rounding="line")
    users = Graduated(tiers=_tiers(money, ("4", "3"), ("2.75", None)))
    desks = ProratedGraduated(tiers=_tiers(money, ("30", "5"), ("24", None)))
    backups = Volume(tiers=_tiers(money, ("0.02", "500"), ("0.015", None)))
    stairs = (
        Stair(amount=money("40"), up_to=Decimal(10)),
        Stair(amount=money("95"), up_to=Decimal(25)),
        Stair(amount=money("180")),
    )
    stored, member = PerUnit(unit_amount=money("0.085")), PerUnit(unit_amount=money("6.40"))
    return {
        "users": _used("users", users, minimum=money("9")),
        "bandwidth": _used("bandwidth", _by_the_hour(money)),
        "storage": _used("storage", stored, options=alone),
        "builds": _used("builds", StairStep(stairs=stairs)),
        "desks": _used("desks", desks, "seats", options=alone),
        "members": _used("members", member, "seats"),
        "backups": _used("backups", backups, interval_days=7),
    }


def _by_the_hour(money: Money) -> Bucketed:
    """The evening costs more."""
    evening = PerUnit(unit_amount=money("0.019"))
    return Bucketed(
        window="hour",
        takes="max",
        price=PerUnit(unit_amount=money("0.012")),
        rules=(ClockRule(start="18:00", end="24:00", price=evening),),
    )


def _payments(money: Money) -> dict[str, Fields]:
    """What is taken of other people's money."""
    rates = (("2.5", "1000"), ("1.75", "5000"), ("1.1", None))
    tiers = tuple(
        PercentageTier(percent=Decimal(percent), up_to=money(bound) if bound else None)
        for percent, bound in rates
    )
    share = Percentage(
        percent=Decimal("1.9"),
        fixed_per_event=money("0.25"),
        free_events=2,
        min_per_event=money("0.50"),
        max_per_event=money("12"),
    )
    levels, most = (money("60"), money("120")), money("900")
    passed_on = Dynamic(multiplier=Decimal("1.08"))
    return {
        "payments": _used("payments", share, "payments", thresholds=levels),
        "marketplace": _used("sales", GraduatedPercentage(tiers=tiers), "payments", maximum=most),
        "cloud": _used("cloud", passed_on, "services", group_by=("provider",)),
    }


def _services(money: Money) -> dict[str, Fields]:
    amounts = zip(STEPS, ("1500", "2500", "1000"), strict=True)
    steps = tuple(Milestone(name=name, amount=money(amount)) for name, amount in amounts)
    return {
        "onboarding": {
            "model": Flat(amount=money("450")),
            "product": "services",
            "once": True,
            "pattern": "point-in-time",
        },
        "delivery": _used("delivery", Milestones(milestones=steps), "services"),
    }
