"""Reads the named blocks of a floor's .sql file. The ledger's own reader is not used here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace


def queries(source: str) -> SimpleNamespace:
    """The twin of a module: `-- name: some_name`, comments that say why, then the statement."""
    text = Path(source).with_suffix(".sql").read_text(encoding="utf-8")
    blocks = (block.partition("\n") for block in text.split("-- name: ")[1:])
    return SimpleNamespace(
        **{name.strip(): body.strip().removesuffix(";") for name, _, body in blocks}
    )
