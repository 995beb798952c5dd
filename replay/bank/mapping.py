"""How a bank's file is read, said by a small TOML file (docs/reference/bank-mapping.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from domain.currency import exponent
from domain.errors import Malformed


class BankColumns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns of one entry. Several columns of `text` are read one after the other.

    The amount is one signed column, one with a mark beside it in `sign`, or two: in and out.
    """

    booked_on: str
    amount: str | None = None
    sign: str | None = None
    amount_in: str | None = None
    amount_out: str | None = None
    account: str | None = None
    currency: str | None = None
    valued_on: str | None = None
    payer_name: str | None = None
    payer_account: str | None = None
    text: tuple[str, ...] = ()
    structured: str | None = None
    end_to_end: str | None = None
    bank_reference: str | None = None
    entry_id: str | None = None
    reversal: str | None = None
    reason: str | None = None
    charges: str | None = None


class BankMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`source` names the feed: ids of entries are its own. A camt.053 file needs no more.

    `out_marks` are the texts of `sign` that mean money went out, `reversal_marks` those of
    `reversal` that mark one.
    """

    source: str
    account: str | None = None
    currency: str | None = None
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    skip_lines: int = 0
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", "'", " "] = ""
    dates: str = "%Y-%m-%d"
    missing: tuple[str, ...] = ("",)
    out_marks: tuple[str, ...] = ("D", "DBIT", "-")
    reversal_marks: tuple[str, ...] = ("true", "R")
    columns: BankColumns | None = None


def read_bank_mapping(path: Path) -> BankMapping:
    """Raises Malformed for a key that is unknown or a way to read that cannot be."""
    try:
        mapping = msgspec.toml.decode(path.read_bytes(), type=BankMapping)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as problem:
        raise Malformed("bad-mapping", field=path.name, problem=str(problem)) from None
    wrong = _problem(mapping)
    if wrong is not None:
        raise Malformed("bad-mapping", field=path.name, problem=wrong)
    return mapping


def _problem(mapping: BankMapping) -> str | None:
    columns = mapping.columns
    if not mapping.source.strip():
        return "source is empty"
    if mapping.thousands == mapping.decimal:
        return "thousands and decimal are the same"
    if mapping.currency is not None:
        exponent(mapping.currency)
    if columns is None:
        return None
    if (columns.amount is None) == (columns.amount_in is None or columns.amount_out is None):
        return "either amount, or amount_in and amount_out"
    if columns.currency is None and mapping.currency is None:
        return "no currency, as a column or for all"
    if columns.account is None and mapping.account is None:
        return "no account, as a column or for all"
    return None
