"""Graduated: each tier prices only the units that fall inside it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units up to and including `up_to` (none: without end); `flat_amount` once any unit falls in."""

    unit_amount: Decimal
    up_to: Decimal | None = None
    flat_amount: Decimal = Decimal(0)


class Graduated(Struct, frozen=True, kw_only=True, tag="graduated", tag_field="type", forbid_unknown_fields=True):
    """Tiers in ascending order; only the last is without end."""

    tiers: tuple[Tier, ...]
