"""What this process was told by its environment: tax engines, and an operator's own templates."""

import os
from pathlib import Path

from replay.tax.asking import NO_ENGINES, Engines


def tax_engines() -> Engines:
    """Those of TIEOUT_TAX_ENGINES, each with its token in TIEOUT_TAX_TOKENS. Raises Malformed."""
    told, tokens = os.environ.get("TIEOUT_TAX_ENGINES"), os.environ.get("TIEOUT_TAX_TOKENS")
    if not (told or tokens):
        return NO_ENGINES
    # Of the time a command takes to start, a client for HTTP is a sixth; few ledgers have engines.
    from replay.tax.engines import engines  # noqa: PLC0415

    return engines(told or "", tokens or "")


def templates_folder() -> Path | None:
    """Where an operator keeps templates, words and fonts of their own."""
    named = os.environ.get("TIEOUT_TEMPLATES")
    return Path(named) if named else None
