"""Per unit: quantity times one unit amount, at any precision."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class PerUnit(Struct, frozen=True, kw_only=True, tag="per-unit", tag_field="type", forbid_unknown_fields=True):
    """`unit_amount` in major units for one unit."""

    unit_amount: Decimal
