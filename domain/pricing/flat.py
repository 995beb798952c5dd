"""Flat: one amount per billing period, whatever the quantity."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Flat(Struct, frozen=True, kw_only=True, tag="flat", tag_field="type", forbid_unknown_fields=True):
    """`amount` in major units, any precision."""

    amount: Decimal
