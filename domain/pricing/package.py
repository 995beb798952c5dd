"""Package: usage is sold in packages, and a package begun is a package sold."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import plain, require_price
from domain.pricing.checks import require_allowance, require_size
from domain.pricing.scale import Scale, Segment, free_segment


class Package(
    Struct, frozen=True, kw_only=True, tag="package", tag_field="type", forbid_unknown_fields=True
):
    """`amount` in major units for each package of `size` units begun above `free_units`."""

    amount: Decimal
    size: Decimal
    free_units: Decimal = Decimal(0)


def scale(model: Package) -> Scale:
    packages = Segment(
        what=f"packages of {plain(model.size)}", unit_amount=model.amount, size=model.size
    )
    return Scale(segments=(*free_segment(model.free_units), packages))


def require_valid(model: Package) -> None:
    require_price(model.amount, "model.amount")
    require_size(model.size, "model.size")
    require_allowance(model.free_units, "model.free_units")
