"""Which lines a document may have, alone and beside one another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from domain.currency import currency_of, exponent
from domain.decimals import bounded
from domain.errors import Malformed, Rejected, require_name
from domain.facts import Context
from domain.invoice_facts import InvoiceLine
from domain.money import LARGEST_MINOR
from domain.tax.status import require_jurisdiction


def require_lines(lines: tuple[InvoiceLine, ...], currency: str, context: Context) -> None:
    """Lines with ids of their own that add up to no less than nothing."""
    exponent(currency)
    if not lines:
        raise Rejected("no-lines", field="lines")
    if len({line.line for line in lines}) < len(lines):
        raise Rejected("duplicate-line", field="lines")
    for line in lines:
        _require_id(line)
        _require_period(line)
        _require_instants(line)
        _require_same_currency(line, currency, context)
    _require_beside(lines)
    _require_taxed(lines)
    _require_residue(lines)
    if sum(line.amount_minor for line in lines) < 0:
        raise Rejected("negative-invoice", field="lines")
    if sum(abs(line.amount_minor) for line in lines) > LARGEST_MINOR:
        raise Malformed("amount-too-large", field="lines.amount_minor")


def _require_id(line: InvoiceLine) -> None:
    """A unit is named `invoice:ID:LINE`: a colon in a line's id would let two lines share one."""
    require_name(line.line, "lines.line")
    if ":" in line.line:
        raise Malformed("colon-in-id", field="lines.line", line=line.line)


def _require_same_currency(line: InvoiceLine, currency: str, context: Context) -> None:
    known = currency_of(context.others.get(billed_deal(line) or ""))
    if known is not None and known != currency:
        raise Rejected(
            "currency-mismatch", field="currency", line=line.line, invoice=currency, deal=known
        )


def _require_period(line: InvoiceLine) -> None:
    start, end = line.service_from, line.service_to
    if (start is None) != (end is None):
        raise Rejected("half-a-service-period", field="lines.service_to", line=line.line)
    if start is not None and end is not None and end <= start:
        raise Rejected("service-ends-before-it-begins", field="lines.service_to", line=line.line)
    if line.subscription is not None and line.contract is not None:
        raise Rejected("two-contracts", field="lines.contract", line=line.line)


def _require_instants(line: InvoiceLine) -> None:
    """Each on its day in some zone: nobody says here in which."""
    begins, ends = line.service_from_at, line.service_to_at
    if (begins is None) != (ends is None):
        raise Rejected("half-a-service-period", field="lines.service_to_at", line=line.line)
    if begins is None or ends is None:
        return
    _require_on(begins, line.service_from, "lines.service_from_at", line.line)
    _require_on(ends, line.service_to, "lines.service_to_at", line.line)
    if ends <= begins:
        raise Rejected("service-ends-before-it-begins", field="lines.service_to_at", line=line.line)


def _require_on(moment: datetime, day: date | None, field: str, line: str) -> None:
    if moment.tzinfo is None:
        raise Malformed("no-utc-offset", field=field)
    if day is None or abs(moment.astimezone(UTC).date() - day) > timedelta(days=1):
        raise Rejected("instant-off-its-day", field=field, line=line)


def _require_beside(lines: tuple[InvoiceLine, ...]) -> None:
    """A line beside another is of the same service, and takes no more than there is of it."""
    for line in lines:
        _require_named(line)
    own = {line.line: line for line in lines if line.is_charged}
    beside: dict[str, list[InvoiceLine]] = {}
    for line in lines:
        if not line.is_beside:
            continue
        whole = own.get(line.of_line or "")
        if whole is None:
            raise Rejected("beside-no-line", field="lines.of_line", line=line.line)
        if _service(line) != _service(whole):
            raise Rejected("beside-another-service", field="lines.of_line", line=line.line)
        beside.setdefault(whole.line, []).append(line)
    for name, found in beside.items():
        _require_no_more(own[name].amount_minor, found)


def _require_named(line: InvoiceLine) -> None:
    """Each kind of line has the fields that say what it is, and no other has them."""
    if line.of_line is not None and not line.is_beside:
        raise Rejected("not-beside-a-line", field="lines.of_line", line=line.line)
    if (line.coupon is not None) != (line.kind == "coupon"):
        raise Rejected("coupon-unnamed", field="lines.coupon", line=line.line)
    if line.coupon is not None:
        require_name(line.coupon, "lines.coupon")
    if line.unit_amount is not None:
        bounded(line.unit_amount, "lines.unit_amount")
        if line.kind != "adjustment" or line.quantity is None:
            raise Rejected("unit-amount-alone", field="lines.unit_amount", line=line.line)


def _require_residue(lines: tuple[InvoiceLine, ...]) -> None:
    """What rounding leaves over is said in words, and is no more than one unit of each line."""
    for line in lines:
        if line.kind != "rounding":
            continue
        require_name(line.description, "lines.description")
        if any((line.subscription, line.contract, line.obligation)) or line.service_from:
            raise Rejected("residue-of-a-deal", field="lines.kind", line=line.line)
        if abs(line.amount_minor) >= len(lines):
            raise Rejected("residue-too-large", field="lines.amount_minor", line=line.line)


def _require_taxed(lines: tuple[InvoiceLine, ...]) -> None:
    """A tax line that says what it taxes names lines of the same document."""
    own = {line.line for line in lines if line.is_charged}
    for line in lines:
        if line.tax is None:
            continue
        if line.kind != "tax":
            raise Rejected("not-a-tax-line", field="lines.tax", line=line.line)
        require_jurisdiction(line.tax.jurisdiction, "lines.tax.jurisdiction")
        bounded(line.tax.percent, "lines.tax.percent")
        for part in line.tax.parts:
            bounded(part.taxable_minor, "lines.tax.parts.taxable_minor")
            if part.line not in own:
                raise Rejected("taxed-no-line", field="lines.tax.parts.line", line=part.line)


def _service(line: InvoiceLine) -> tuple[object, ...]:
    deal = (line.subscription, line.contract, line.obligation)
    return *deal, line.service_from, line.service_to


def _require_no_more(minor: int, beside: Iterable[InvoiceLine]) -> None:
    """Coupons come off what adjustments leave of a line, of one that takes something back what they
    took off that; and tax is part of what they leave.
    """
    found = list(beside)
    left = minor + sum(line.amount_minor for line in found if line.kind == "adjustment")
    for line in (line for line in found if line.kind == "coupon"):
        if left * line.amount_minor >= 0 or abs(line.amount_minor) > abs(left):
            raise Rejected("coupon-above-line", field="lines.amount_minor", line=line.line)
        left += line.amount_minor
    for line in (line for line in found if line.kind == "included-tax"):
        if left * line.amount_minor > 0 or abs(line.amount_minor) > abs(left):
            raise Rejected("included-tax-above-line", field="lines.amount_minor", line=line.line)
        left += line.amount_minor


def billed_deal(line: InvoiceLine) -> str | None:
    """The stream of the deal a line names, if it names one."""
    if line.subscription is not None:
        return f"subscription:{line.subscription}"
    return f"contract:{line.contract}" if line.contract is not None else None
