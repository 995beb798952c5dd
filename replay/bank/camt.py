"""A statement from a camt.053 file of any version: what says who paid what, and no more.

The file is read as it streams by. One that ends early, holds fewer entries than it says, or does
not come from its opening to its closing balance is refused whole.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, field

from domain.errors import Malformed
from domain.money import minor_exactly
from replay.bank.entry import Entry, Statement, told

CHUNK = 1 << 16
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)


class _Account(Struct):
    """One statement of the file while it is read: sums are by currency."""

    name: str = ""
    currency: str = ""
    said_entries: int | None = None
    came: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    opening: dict[str, int] = field(default_factory=dict)
    closing: dict[str, int] = field(default_factory=dict)


class _Reader(ET.TreeBuilder):
    """Names without namespaces; each part is read as it ends, and let go of.

    A document type is refused before anything in it is read: no such file has one, and what can be
    told in it, files to fetch and texts that grow without end, has no place in a statement.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.entries: list[Entry] = []
        self.account = _Account()
        self.statements = 0

    def doctype(self, name: str, *_: object) -> None:
        raise Malformed("not-a-statement", field="file", value=f"DOCTYPE {name}")

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        name = tag.rpartition("}")[2]
        if name == "Stmt":
            self.account = _Account(name=self.source)
        return super().start(name, attrs)

    def end(self, tag: str, /) -> ET.Element:
        element = super().end(tag.rpartition("}")[2])
        match element.tag:
            case "Acct":
                self.account.name = _text(element, "Id/IBAN", "Id/Othr/Id") or self.source
                self.account.currency = _text(element, "Ccy")
            case "Bal":
                _balance(element, self.account)
            case "TtlNtries":
                said = _text(element, "NbOfNtries")
                self.account.said_entries = int(said) if said.isdecimal() else None
            case "Ntry":
                self.entries.extend(_entries(element, self.account, len(self.entries)))
                element.clear()
            case "Stmt":
                self.statements += 1
                _require_whole(self.account)
                element.clear()
            case _:
                pass
        return element


def read_camt(path: Path, source: str) -> Statement:
    """Raises Malformed for what is no statement, is cut off, or does not add up."""
    reader = _Reader(source)
    # Without a document type there are no entities: nothing to expand, nothing to fetch.
    parser = ET.XMLParser(target=reader)  # noqa: S314
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                parser.feed(chunk)
        parser.close()
    except ET.ParseError as problem:
        raise Malformed("malformed-xml", field="file", problem=str(problem)) from None
    if not reader.statements:
        raise Malformed("not-a-statement", field="file", value="no Stmt")
    return Statement(entries=tuple(reader.entries))


def _require_whole(account: _Account) -> None:
    if account.said_entries not in (None, account.came):
        raise Malformed(
            "statement-incomplete", field="file", said=account.said_entries, found=account.came
        )
    for currency, opening in account.opening.items():
        if currency in account.closing:
            found = opening + account.sums.get(currency, 0)
            if found != account.closing[currency]:
                raise Malformed(
                    "statement-does-not-add-up",
                    field="file",
                    account=account.name,
                    expected_minor=account.closing[currency],
                    found_minor=found,
                )


def _balance(element: ET.Element, account: _Account) -> None:
    kind = _text(element, "Tp/CdOrPrtry/Cd")
    place = element.find("Amt")
    if place is None or kind not in (*OPENING, *CLOSING):
        return
    currency, minor = _signed(element)
    side = account.closing if kind in CLOSING else account.opening
    # The opening balance itself goes before the closing one of the day before.
    if kind == "PRCD":
        side.setdefault(currency, minor)
    else:
        side[currency] = minor


def _entries(element: ET.Element, account: _Account, before: int) -> Iterator[Entry]:
    """One entry, or one for each payment of a batch whose parts come to the whole."""
    account.came += 1
    status = _text(element, "Sts/Cd", "Sts")
    if status and status != "BOOK":
        return
    currency, minor = _signed(element)
    account.sums[currency] = account.sums.get(currency, 0) + minor
    details = element.findall("NtryDtls/TxDtls")
    parts = [_part(part, currency, minor) for part in details]
    if len(parts) > 1 and sum(part or 0 for part in parts) == minor and all(parts):
        for place, (part, amount) in enumerate(zip(details, parts, strict=True), 1):
            assert amount is not None
            yield _entry(element, [part], account, before + place, currency, amount, place)
        return
    yield _entry(element, details, account, before + 1, currency, minor, 0)


def _part(part: ET.Element, currency: str, whole: int) -> int | None:
    """What one payment of a batch adds to it, if it says so in the currency of the entry."""
    place = part.find("Amt")
    if place is None:
        place = part.find("AmtDtls/TxAmt/Amt")
    if place is None or place.get("Ccy") != currency:
        return None
    minor = minor_exactly(place.text or "", currency)
    went = _text(part, "CdtDbtInd")
    return minor if (went == "CRDT" if went else whole > 0) else -minor


def _entry(
    element: ET.Element,
    details: list[ET.Element],
    account: _Account,
    row: int,
    currency: str,
    minor: int,
    place: int,
) -> Entry:
    who = "Cdtr" if minor < 0 else "Dbtr"
    own = _first(details, "Refs/AcctSvcrRef")
    whole = told(_text(element, "AcctSvcrRef")) or told(_text(element, "NtryRef"))
    name = own or (f"{whole}/{place}" if whole and place else whole)
    reason = _first(details, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
    return Entry(
        row=row,
        account=account.name,
        currency=currency,
        amount_minor=minor,
        booked_on=_day(element, "BookgDt"),
        valued_on=_day(element, "ValDt") if element.find("ValDt") is not None else None,
        payer_name=_first(details, f"RltdPties/{who}/Nm", f"RltdPties/{who}/Pty/Nm"),
        payer_account=_first(
            details, f"RltdPties/{who}Acct/Id/IBAN", f"RltdPties/{who}Acct/Id/Othr/Id"
        ),
        text=" ".join(_all(element, details)),
        structured=" ".join(
            found.text or ""
            for part in details
            for found in part.findall("RmtInf/Strd/CdtrRefInf/Ref")
        ),
        end_to_end=told(_first(details, "Refs/EndToEndId")),
        bank_reference=told(_first(details, "Refs/TxId")) or whole,
        entry_id=name,
        is_reversal=_text(element, "RvslInd") in {"true", "1"} or bool(reason),
        reason=reason,
        charges_minor=_charges(element, details, currency, alone=place == 0),
    )


def _all(element: ET.Element, details: list[ET.Element]) -> Iterator[str]:
    for part in details:
        for found in part.findall("RmtInf/Ustrd"):
            yield (found.text or "").strip()
    if not details:
        yield _text(element, "AddtlNtryInf")


def _charges(element: ET.Element, details: list[ET.Element], currency: str, *, alone: bool) -> int:
    """What the bank took off the amount before it booked it; the payer sent so much more."""
    places = [
        *(element.findall("Chrgs") if alone else ()),
        *(p for d in details for p in d.findall("Chrgs")),
    ]
    rows = [row for place in places for row in (place.findall("Rcrd") or [place])]
    taken = 0
    for row in rows:
        amount = row.find("Amt")
        inside = _text(row, "ChrgInclInd") in {"true", "1"}
        if amount is not None and inside and amount.get("Ccy", currency) == currency:
            taken += minor_exactly(amount.text or "", currency)
    return taken


def _signed(element: ET.Element) -> tuple[str, int]:
    place = element.find("Amt")
    mark = _text(element, "CdtDbtInd")
    if place is None or mark not in {"CRDT", "DBIT"}:
        raise Malformed("not-a-statement", field="file", value=f"{element.tag} without amount")
    currency = place.get("Ccy", "")
    minor = minor_exactly((place.text or "").strip(), currency)
    if minor < 0:
        raise Malformed("not-a-statement", field="file", value=str(Decimal(minor)))
    return currency, minor if mark == "CRDT" else -minor


def _day(element: ET.Element, name: str) -> date:
    text = _text(element, f"{name}/Dt", f"{name}/DtTm")
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Malformed("bad-date", field=name, value=text) from None


def _text(element: ET.Element, *paths: str) -> str:
    """The first of several places that says something."""
    found = ((element.findtext(path) or "").strip() for path in paths)
    return next(filter(None, found), "")


def _first(details: list[ET.Element], *paths: str) -> str:
    return next(filter(None, (_text(part, *paths) for part in details)), "")
