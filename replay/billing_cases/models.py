"""Price shapes of a case in the ledger's price models, by the keys they have."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, cast

from domain.pricing.blocks import Blocks, BlockTier
from domain.pricing.bucketed import Bucketed, ClockRule, Window
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.dynamic import Dynamic
from domain.pricing.flat import Flat
from domain.pricing.graduated import Graduated
from domain.pricing.graduated_percentage import GraduatedPercentage, PercentageTier
from domain.pricing.overage import Overage
from domain.pricing.package import Package
from domain.pricing.per_unit import PerUnit
from domain.pricing.percentage import Percentage
from domain.pricing.prorated_graduated import ProratedGraduated
from domain.pricing.tiers import Tier
from domain.pricing.volume import Volume
from replay.billing_cases.phrases import Elections
from replay.billing_cases.words import Fields
from replay.case_format import CaseError

Takes = Literal["own", "all"]
# Prices whose quantity is money, so that it scales as money does.
OF_MONEY = frozenset({"percentage", "graduated_percentage", "pass_through", "dynamic"})
HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
WINDOWED = re.compile(r"(max|sum) per (hour|day|week|month)")
BY_THE = re.compile(r"([0-9.]+) per ([0-9.]+)")
BLOCK_MODELS: dict[str, Takes] = {
    "blocks": "own",
    "cumulative tiers of blocks": "own",
    "top tier of blocks": "all",
}


def model_of(price: Fields, elected: Elections) -> Any:
    """The model of a usage price; what gathers its usage in windows comes around it."""
    name = price.text("model", "per_unit")
    gathered = WINDOWED.fullmatch(price.text("aggregation"))
    prorated = price.flag("prorated")
    if name in BLOCK_MODELS:
        return blocks(price, (elected.takes or (BLOCK_MODELS[name],))[0])
    if name not in MODELS:
        raise CaseError(f"unknown price model {name}")
    if prorated and name == "graduated":
        return ProratedGraduated(tiers=tuple(_tier(row, None) for row in price.rows("tiers")))
    inner = MODELS[name](price, elected)
    if gathered is None:
        return inner
    if isinstance(inner, Percentage):
        raise CaseError(f"a {name} price has no windows")
    return Bucketed(
        window=cast("Window", gathered[2]),
        takes="max" if gathered[1] == "max" else "sum",
        price=inner,
    )


def _per_unit(price: Fields, _elected: Elections) -> PerUnit:
    more: dict[str, Any] = {}
    if price.has("free_units"):
        more["free_units"] = price.number("free_units")
    return PerUnit(unit_amount=price.number("unit_amount"), **more)


def _graduated(price: Fields, elected: Elections) -> Graduated:
    cap = price.maybe("tier_cap")
    more: dict[str, Any] = {"flat_at_zero": True} if elected.flat_at_zero else {}
    return Graduated(tiers=tuple(_tier(row, cap) for row in price.rows("tiers")), **more)


def _volume(price: Fields, elected: Elections) -> Volume:
    tiers = tuple(_tier(row, None) for row in price.rows("tiers"))
    return Volume(tiers=tiers, flat_at_zero=elected.flat_at_zero)


def _tier(row: Fields, cap: Decimal | None) -> Tier:
    more: dict[str, Any] = {} if cap is None else {"maximum": cap}
    tier = Tier(
        unit_amount=row.number("unit_amount", "0"),
        up_to=row.maybe("up_to"),
        flat_amount=row.number("flat_amount", "0"),
        **more,
    )
    row.take("up_to")
    row.done()
    return tier


def _package(price: Fields, _elected: Elections) -> Package:
    return Package(
        amount=price.number("package_amount"),
        size=price.number("package_size"),
        free_units=price.number("free_units", "0"),
    )


def _percentage(price: Fields, _elected: Elections) -> Percentage:
    """An allowance of 0 is none."""
    return Percentage(
        percent=price.number("rate_percent"),
        fixed_per_event=price.number("fixed_per_event", "0"),
        free_events=price.whole("free_events") if price.has("free_events") else 0,
        free_amount=price.number("free_units_total", "0"),
        min_per_event=price.maybe("min_per_event"),
        max_per_event=price.maybe("max_per_event"),
    )


def _graduated_percentage(price: Fields, elected: Elections) -> GraduatedPercentage:
    tiers = []
    for row in price.rows("tiers"):
        tier = PercentageTier(
            percent=row.number("rate_percent"),
            up_to=row.maybe("up_to"),
            flat_amount=row.number("flat_amount", "0"),
        )
        row.take("up_to")
        row.done()
        tiers.append(tier)
    return GraduatedPercentage(tiers=tuple(tiers), flat_at_zero=elected.flat_at_zero)


def _dynamic(price: Fields, _elected: Elections) -> Dynamic:
    return Dynamic(multiplier=price.number("multiplier", "1"))


def _flat(price: Fields, _elected: Elections) -> Flat:
    return Flat(amount=price.number("amount"))


MODELS: dict[str, Callable[[Fields, Elections], QuantityModel | Percentage]] = {
    "per_unit": _per_unit,
    "graduated": _graduated,
    "volume": _volume,
    "package": _package,
    "percentage": _percentage,
    "graduated_percentage": _graduated_percentage,
    "pass_through": _dynamic,
    "dynamic": _dynamic,
    "flat": _flat,
}


def blocks(price: Fields, takes: Takes) -> Blocks:
    """Tiers of blocks, or one kind of block without end.

    Where no tier is without end, what is beyond the last one is priced as in it.
    """
    rows = [*price.rows("tiers")] if price.has("tiers") else [price]
    tiers = [_block(row, is_last=row is rows[-1]) for row in rows]
    return Blocks(tiers=tuple(tiers), takes=takes)


def block_list(name: str, rows: list[Any], takes: Takes) -> Blocks:
    """Tiers of blocks written as a list."""
    return blocks(Fields(name, {"tiers": rows}), takes)


def _block(row: Fields, *, is_last: bool) -> BlockTier:
    bound = row.whole("max_blocks") if row.has("max_blocks") else None
    row.take("max_blocks")
    tier = BlockTier(
        block_size=row.number("block_size"),
        block_price=row.number("block_price"),
        max_blocks=None if is_last or bound is None else bound,
    )
    if row.called.endswith("tiers"):
        row.done()
    return tier


def per_block(text: str) -> Package | None:
    """`2.95 per 100`: sold in packages of so many."""
    found = BY_THE.fullmatch(text)
    return Package(amount=Decimal(found[1]), size=Decimal(found[2])) if found else None


def windowed(price: Fields, elected: Elections) -> Bucketed:
    """Prices by the clock, each with a commitment for every window."""
    rules = []
    for name in price.left():
        hours = HOURS.fullmatch(name)
        if hours is not None:
            inner = _committed(Fields(f"{price.called}.{name}", price.take(name)))
            rules.append(ClockRule(start=hours[1], end=hours[2], price=inner))
    default = _committed(Fields(f"{price.called}.default", price.take("default")))
    return Bucketed(window=elected.window, takes="sum", price=default, rules=tuple(rules))


def _committed(row: Fields) -> Overage:
    model = Overage(
        committed=row.number("commitment_per_window", "0"),
        price=PerUnit(unit_amount=row.number("unit_amount")),
        factor=row.number("overage_factor", "1"),
        true_up=row.flag("true_up"),
    )
    row.done()
    return model
