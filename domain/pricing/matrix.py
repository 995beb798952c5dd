"""Matrix: a price for each combination of dimension values, such as region and size."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct, field

from domain.decimals import EXACT
from domain.errors import Rejected, require_name
from domain.pricing import by_quantity
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.parts import Part
from domain.pricing.readings import Reading
from domain.pricing.scale import Pricer

Key = tuple[str, ...]
_ZERO = Decimal(0)
# Where usage goes that no cell names: a key no cell can have.
_DEFAULT: Key = ()


class Cell(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of usage whose dimensions have these values, in the order of the dimensions."""

    values: tuple[str, ...]
    price: QuantityModel


class Matrix(
    Struct, frozen=True, kw_only=True, tag="matrix", tag_field="type", forbid_unknown_fields=True
):
    """Each cell prices the quantity of its own usage; `default` all that no cell names.

    Without a default such usage is pending, `no-price-for-dimensions`.
    """

    dimensions: tuple[str, ...]
    cells: tuple[Cell, ...]
    default: QuantityModel | None = None


class MatrixRunning(Struct):
    """The quantity in each cell so far, and what all of them come to."""

    model: Matrix
    prices: dict[Key, Pricer]
    used: dict[Key, Decimal] = field(default_factory=dict)
    costs: dict[Key, Decimal] = field(default_factory=dict)
    sum: Decimal = _ZERO

    def unpriced(self, reading: Reading) -> str | None:
        dimensions = reading.dimensions
        if any(name not in dimensions for name in self.model.dimensions):
            return "missing-dimension"
        return None if self._key(reading) in self.prices else "no-price-for-dimensions"

    def _key(self, reading: Reading) -> Key:
        key = tuple([reading.dimensions[name] for name in self.model.dimensions])
        return key if key in self.prices else _DEFAULT

    def add(self, reading: Reading) -> None:
        key = self._key(reading)
        used = self.used[key] = EXACT.add(self.used.get(key, _ZERO), reading.quantity)
        cost = self.prices[key](used)
        self.sum = EXACT.add(self.sum, EXACT.subtract(cost, self.costs.get(key, _ZERO)))
        self.costs[key] = cost

    @property
    def amount(self) -> Fraction:
        return Fraction(self.sum)

    def parts(self) -> tuple[Part, ...]:
        """Those of each cell with usage, the cells in the order of their values."""
        prices = {cell.values: cell.price for cell in self.model.cells}
        if self.model.default is not None:
            prices[_DEFAULT] = self.model.default
        return tuple(
            part.under(", ".join(key) or "any other")
            for key, quantity in sorted(self.used.items())
            for part in by_quantity.parts(prices[key], Fraction(quantity))
        )


def started(model: Matrix) -> MatrixRunning:
    prices = {cell.values: by_quantity.pricer(cell.price) for cell in model.cells}
    if model.default is not None:
        prices[_DEFAULT] = by_quantity.pricer(model.default)
    return MatrixRunning(model, prices)


def require_valid(model: Matrix) -> None:
    """Each cell is another combination, with one value for each dimension."""
    if not model.dimensions:
        raise Rejected("no-dimensions", field="model.dimensions")
    for name in model.dimensions:
        require_name(name, "model.dimensions")
    if len(set(model.dimensions)) < len(model.dimensions):
        raise Rejected("duplicate-dimension", field="model.dimensions")
    if not model.cells:
        raise Rejected("no-cells", field="model.cells")
    seen = set()
    for cell in model.cells:
        if len(cell.values) != len(model.dimensions):
            raise Rejected("cell-does-not-fit", field="model.cells.values", cell=cell.values)
        if cell.values in seen:
            raise Rejected("duplicate-cell", field="model.cells.values", cell=cell.values)
        seen.add(cell.values)
        by_quantity.require_valid(cell.price)
    if model.default is not None:
        by_quantity.require_valid(model.default)
