"""The tax engines that this process was told of, by its environment."""

import os

from replay.tax.asking import Engines
from replay.tax.engines import engines


def tax_engines() -> Engines:
    """Those of TIEOUT_TAX_ENGINES, each with its token in TIEOUT_TAX_TOKENS. Raises Malformed."""
    told, tokens = os.environ.get("TIEOUT_TAX_ENGINES"), os.environ.get("TIEOUT_TAX_TOKENS")
    return engines(told or "", tokens or "")
