"""The price models that are a scale: what any quantity costs, exactly, and the parts of it."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from domain.pricing import (
    blocks,
    dynamic,
    flat,
    graduated,
    graduated_percentage,
    package,
    per_unit,
    scale,
    stair_step,
    volume,
)
from domain.pricing.blocks import Blocks
from domain.pricing.dynamic import Dynamic
from domain.pricing.flat import Flat
from domain.pricing.graduated import Graduated
from domain.pricing.graduated_percentage import GraduatedPercentage
from domain.pricing.package import Package
from domain.pricing.parts import Part
from domain.pricing.per_unit import PerUnit
from domain.pricing.scale import Pricer, Scale
from domain.pricing.stair_step import StairStep
from domain.pricing.volume import Volume

ScaleModel = (
    Flat
    | PerUnit
    | Graduated
    | Volume
    | Package
    | StairStep
    | Blocks
    | GraduatedPercentage
    | Dynamic
)


def scale_of(model: ScaleModel) -> Scale:
    match model:
        case Flat():
            return flat.scale(model)
        case PerUnit():
            return per_unit.scale(model)
        case Graduated():
            return graduated.scale(model)
        case Volume():
            return volume.scale(model)
        case Package():
            return package.scale(model)
        case StairStep():
            return stair_step.scale(model)
        case Blocks():
            return blocks.scale(model)
        case GraduatedPercentage():
            return graduated_percentage.scale(model)
        case Dynamic():
            return dynamic.scale(model)
        case _:
            assert_never(model)


def pricer(model: ScaleModel) -> Pricer:
    return scale.pricer(scale_of(model))


def parts(model: ScaleModel, quantity: Fraction) -> tuple[Part, ...]:
    return scale.parts(scale_of(model), quantity)


def is_whole(model: ScaleModel, places: int) -> bool:
    """Whether any number of whole units comes to an amount of so many places."""
    return scale.is_whole(scale_of(model), places)


def require_valid(model: ScaleModel) -> None:
    match model:
        case Flat():
            flat.require_valid(model)
        case PerUnit():
            per_unit.require_valid(model)
        case Graduated():
            graduated.require_valid(model)
        case Volume():
            volume.require_valid(model)
        case Package():
            package.require_valid(model)
        case StairStep():
            stair_step.require_valid(model)
        case Blocks():
            blocks.require_valid(model)
        case GraduatedPercentage():
            graduated_percentage.require_valid(model)
        case Dynamic():
            dynamic.require_valid(model)
        case _:
            assert_never(model)
