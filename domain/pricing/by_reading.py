"""The prices of single readings, and how the sum over a billing period is begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from domain.pricing import bucketed, matrix, milestones, percentage, prorated_graduated
from domain.pricing.bucketed import Bucketed
from domain.pricing.matrix import Matrix
from domain.pricing.milestones import Milestones
from domain.pricing.percentage import Percentage
from domain.pricing.prorated_graduated import ProratedGraduated
from domain.pricing.readings import Running

ReadingModel = Percentage | Matrix | Bucketed | ProratedGraduated | Milestones


def started(model: ReadingModel) -> Running:
    """What no readings yet come to at a price; readings are added in their order."""
    match model:
        case Percentage():
            return percentage.started(model)
        case Matrix():
            return matrix.started(model)
        case Bucketed():
            return bucketed.started(model)
        case ProratedGraduated():
            return prorated_graduated.started(model)
        case Milestones():
            return milestones.started(model)
        case _:
            assert_never(model)


def told_apart(model: ReadingModel) -> tuple[str, ...]:
    """The dimensions that a price goes by: usage alike in them is one to it."""
    match model:
        case Matrix():
            return model.dimensions
        case Milestones():
            return (model.dimension,)
        case Percentage() | Bucketed() | ProratedGraduated():
            return ()
        case _:
            assert_never(model)


def weighs(model: ReadingModel) -> bool:
    """Whether a reading that is weighted by time counts by its weight.

    A fee for an event, the largest reading of a window and a milestone reached have no part that
    is a share of the period: such a price goes with no meter that weighs.
    """
    match model:
        case Matrix() | ProratedGraduated():
            return True
        case Percentage() | Bucketed() | Milestones():
            return False
        case _:
            assert_never(model)


def unpriced(model: ReadingModel, dimensions: Mapping[str, str]) -> str | None:
    """Why a price has nothing for a reading with these dimensions, if it has not."""
    match model:
        case Matrix():
            return matrix.unpriced(model, dimensions)
        case Milestones():
            return milestones.unpriced(model, dimensions)
        case Percentage() | Bucketed() | ProratedGraduated():
            return None
        case _:
            assert_never(model)


def require_valid(model: ReadingModel) -> None:
    """Refuse parameters that price nothing or price twice."""
    match model:
        case Percentage():
            percentage.require_valid(model)
        case Matrix():
            matrix.require_valid(model)
        case Bucketed():
            bucketed.require_valid(model)
        case ProratedGraduated():
            prorated_graduated.require_valid(model)
        case Milestones():
            milestones.require_valid(model)
        case _:
            assert_never(model)
