"""Matrix: a price for each combination of dimension values, such as region and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct, field

from domain.decimals import EXACT
from domain.errors import Rejected, require_name
from domain.pricing import by_quantity
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.parts import Part, total
from domain.pricing.readings import Reading
from domain.pricing.scale import Pricer

Key = tuple[str, ...]
_ZERO, _NOTHING = Decimal(0), Fraction(0)
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
    """The quantity in each cell so far, and what the cells come to, priced when somebody asks."""

    dimensions: tuple[str, ...]
    cells: dict[Key, QuantityModel]
    used: dict[Key, Decimal | Fraction] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    prices: dict[Key, Pricer] = field(default_factory=dict)
    costs: dict[Key, Fraction] = field(default_factory=dict)
    sum: Fraction = _NOTHING

    def add(self, reading: Reading) -> None:
        """A reading that is weighted by time counts by its weight."""
        key = _key(self.dimensions, reading.dimensions)
        if key not in self.cells:
            key = _DEFAULT
        before = self.used.get(key, _ZERO)
        if reading.weighted is None and isinstance(before, Decimal):
            self.used[key] = EXACT.add(before, reading.quantity)
        else:
            more = reading.quantity if reading.weighted is None else reading.weighted
            self.used[key] = Fraction(before) + Fraction(more)
        self.changed.add(key)

    @property
    def amount(self) -> Fraction:
        for key in self.changed:
            cost = self._cost(key, self.used[key])
            self.sum += cost - self.costs.get(key, _NOTHING)
            self.costs[key] = cost
        self.changed.clear()
        return self.sum

    def _cost(self, key: Key, quantity: Decimal | Fraction) -> Fraction:
        if isinstance(quantity, Fraction):
            return total(by_quantity.parts(self.cells[key], quantity))
        if key not in self.prices:
            self.prices[key] = by_quantity.pricer(self.cells[key])
        return Fraction(self.prices[key](quantity))

    def parts(self) -> tuple[Part, ...]:
        """Those of each cell with usage, the cells in the order of their values."""
        return tuple(
            part.under(", ".join(key) or "any other")
            for key, quantity in sorted(self.used.items())
            for part in by_quantity.parts(self.cells[key], Fraction(quantity))
        )


def _key(names: Sequence[str], dimensions: Mapping[str, str]) -> Key:
    return tuple([dimensions[name] for name in names])


def unpriced(model: Matrix, dimensions: Mapping[str, str]) -> str | None:
    if any(name not in dimensions for name in model.dimensions):
        return "missing-dimension"
    if model.default is not None:
        return None
    key = _key(model.dimensions, dimensions)
    known = any(key == cell.values for cell in model.cells)
    return None if known else "no-price-for-dimensions"


def started(model: Matrix) -> MatrixRunning:
    """A cell's pricer is made when its first usage comes: most periods use few of many cells."""
    cells = {cell.values: cell.price for cell in model.cells}
    if model.default is not None:
        cells[_DEFAULT] = model.default
    return MatrixRunning(model.dimensions, cells)


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
