"""How often and when something is billed, from the words a case says it in.

`calendar monthly, fixed charges in advance and prorated` · `annual in advance` ·
`monthly, anchor day 1` · `100.00 calendar monthly in arrears` · `455.00 per quarter`
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from domain.calendar import Alignment
from domain.cycle import Every
from replay.case_format import CaseError

Bill = Literal["advance", "arrears"]
INTERVALS = {
    "day": Every(days=1),
    "daily": Every(days=1),
    "week": Every(days=7),
    "weekly": Every(days=7),
    "month": Every(1),
    "monthly": Every(1),
    "quarter": Every(3),
    "quarterly": Every(3),
    "biweekly": Every(days=14),
    "thirty_days": Every(days=30),
    "thirty_one_days": Every(days=31),
    "sixty_days": Every(days=60),
    "ninety_days": Every(days=90),
    "bimonthly": Every(2),
    "bimestrial": Every(2),
    "triannual": Every(4),
    "semiannual": Every(6),
    "semi-annual": Every(6),
    "half-yearly": Every(6),
    "biannual": Every(6),
    "year": Every(12),
    "yearly": Every(12),
    "annual": Every(12),
    "annually": Every(12),
    "biennial": Every(24),
    "triennial": Every(36),
}
ANCHOR = re.compile(r"\banchor day ([0-9]{1,2})\b")
FIXED = re.compile(r"\bfixed charges in (advance|arrears)( and prorated)?")
AMOUNT = re.compile(r"(?<![\w.])[0-9]+(\.[0-9]+)?(?![\w.])")
IN = re.compile(r"\bin (advance|arrears)\b")
# Words that only join the others.
JOINTS = frozenset({"per", "and", "billed", "a", "every"})


class Said(Struct, frozen=True, kw_only=True):
    """What a text says of billing; what it does not say is none. `rest`: words of no meaning here,
    such as the name of what is sold.
    """

    every: Every | None = None
    alignment: Alignment | None = None
    bill: Bill | None = None
    fixed_bill: Bill | None = None
    anchor_day: int | None = None
    amount: Decimal | None = None
    rest: str = ""


def said(text: str) -> Said:
    """Read a text word by word."""
    left = text.lower()
    anchor, fixed = ANCHOR.search(left), FIXED.search(left)
    left = FIXED.sub(" ", ANCHOR.sub(" ", left))
    bill, amounts = IN.search(left), [*AMOUNT.finditer(left)]
    if len(amounts) > 1:
        raise CaseError(f"{len(amounts)} amounts it could mean: {text}")
    amount = amounts[0] if amounts else None
    words = re.findall(r"[\w.-]+", AMOUNT.sub(" ", IN.sub(" ", left)))
    every = [INTERVALS[word] for word in words if word in INTERVALS]
    aligned = [word for word in words if word in ("calendar", "anniversary")]
    known = {*INTERVALS, *aligned, *JOINTS}
    return Said(
        every=every[0] if every else None,
        alignment=_alignment(aligned),
        bill=_bill(bill),
        fixed_bill=_bill(fixed),
        anchor_day=int(anchor[1]) if anchor else None,
        amount=Decimal(amount[0]) if amount else None,
        rest=" ".join(word for word in words if word not in known),
    )


def said_only(text: str, name: str) -> Said:
    """The same, where each word must be one of billing, and none an amount."""
    found = said(text)
    unknown = found.rest or ("" if found.amount is None else str(found.amount))
    if unknown:
        raise CaseError(f"unknown words for {name}: {unknown}")
    return found


def together(*texts: Said) -> Said:
    """What several texts say; the first to say something is right."""

    def first(name: str) -> Any:
        found = (getattr(text, name) for text in texts)
        return next((value for value in found if value is not None), None)

    names = [name for name in Said.__struct_fields__ if name != "rest"]
    return Said(**{name: first(name) for name in names})


def _alignment(words: list[str]) -> Alignment | None:
    if not words:
        return None
    return "calendar" if words[0] == "calendar" else "anniversary"


def _bill(found: re.Match[str] | None) -> Bill | None:
    if found is None:
        return None
    return "advance" if found[1] == "advance" else "arrears"
