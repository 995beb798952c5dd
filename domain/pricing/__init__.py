"""Price models, one file each: parameters, validation and `rate`, which returns its amount with its steps."""

from __future__ import annotations

from domain.pricing.flat import Flat
from domain.pricing.graduated import Graduated, Tier
from domain.pricing.per_unit import PerUnit

Model = Flat | PerUnit | Graduated

__all__ = ["Flat", "Graduated", "Model", "PerUnit", "Tier"]
