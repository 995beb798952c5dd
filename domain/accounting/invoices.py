"""Revenue that rests on invoice lines: contracts a line opens, lines beside a line that bills a
contract, and concessions on any line.

A line that names no contract is one obligation: its price is the line amount, its term the service
period; without a period it is earned at issue (SPEC 4). A cut `as-if-never` lowers the price from
the start, one `from-now` lowers what is left from its own date on.
"""

from __future__ import annotations

from datetime import date

from msgspec import structs

from domain.accounting.curves import At, Progress, Ratable, measured_from, standing
from domain.accounting.documents import BilledLine, Cut
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, stands
from domain.calendar import ONE_DAY
from domain.explain import Step, Told, steps_of
from domain.facts import causes_of
from domain.money import decimal_text


def beside_revenue(
    row: BilledLine, by: Progress, causes: tuple[int, ...], told: Told = ()
) -> tuple[Flow, ...]:
    """What a line beside one that bills a contract moves of its revenue, by itself."""
    flows = line_revenue(row, by, causes, told)
    # A slot of its own: it does not depend on what else the obligation earns.
    return tuple(structs.replace(flow, subject=row.subject) for flow in flows)


def line_revenue(
    row: BilledLine, by: Progress, causes: tuple[int, ...] = (), told: Told = ()
) -> tuple[Flow, ...]:
    """Release flows of the contract an invoice line opens, and of the lines beside it."""
    if not row.line.is_for_service:
        return ()
    if row.line.service_from is None or row.line.service_to is None:
        return invoiced_flows(row, causes, told)
    never = [cut for cut in row.cuts if cut.as_if_never]
    price = row.line.amount_minor - sum(cut.minor for cut in never)
    causes = causes_of(causes, row.causes, *(cut.causes for cut in never))
    by = row.along(by)
    steps = (
        *steps_of(told),
        Step(what="amount of the line", value=decimal_text(row.line.amount_minor, row.currency)),
        *(Step(what=cut.name, value=decimal_text(-cut.minor, row.currency)) for cut in never),
        Step(what="price of the line", value=decimal_text(price, row.currency)),
    )
    flows: tuple[Flow, ...] = (
        over_time(
            row.obligation, row.line.service_from, row.line.service_to, price, by, causes, steps
        ),
    )
    for cut in row.cuts:
        if not cut.as_if_never:
            flows = _from_now(flows, row, price, cut, by, steps)
            price -= cut.minor
    return flows


def not_before(flow: Flow, day: date) -> Flow:
    """A vendor's habit, not GAAP: what was served before a line was issued is earned when it is."""
    curve = flow.curve
    if not isinstance(curve, Ratable) or curve.start >= day:
        return flow

    def told() -> tuple[Step, ...]:
        return (*flow.steps, Step(what="earned from the date of the invoice on", value=str(day)))

    late = curve.end <= day
    counted = At(day, standing(curve, day)) if late else structs.replace(curve, since=day)
    return structs.replace(flow, curve=counted, told=told)


def _from_now(
    flows: tuple[Flow, ...],
    row: BilledLine,
    price: int,
    cut: Cut,
    by: Progress,
    priced: tuple[Step, ...],
) -> tuple[Flow, ...]:
    """Keep what was earned and spread what is left over the rest; a void takes all back at once."""
    assert row.line.service_from is not None
    assert row.line.service_to is not None
    start = max(measured_from(cut.day, by), row.line.service_from)
    kept = frozen(flows, start - ONE_DAY, (cut.fact,))
    rest = price - cut.minor - stands(kept, start - ONE_DAY)
    causes = causes_of(*(flow.causes for flow in flows), row.causes, cut.causes)
    earlier = [one for one in row.cuts[: row.cuts.index(cut)] if not one.as_if_never]
    steps = (
        *priced,
        *(Step(what=one.name, value=decimal_text(-one.minor, row.currency)) for one in earlier),
        Step(what="price before the cut", value=decimal_text(price, row.currency)),
        Step(what="cut", value=decimal_text(cut.minor, row.currency)),
        Step(what="left to earn", value=decimal_text(rest, row.currency)),
    )
    if row.line.service_to <= start or cut.name == "void":
        return (*kept, at_once(row.obligation, cut.day, rest, causes, steps))
    return (*kept, over_time(row.obligation, start, row.line.service_to, rest, by, causes, steps))


def concessions(
    row: BilledLine, by: Progress, causes: tuple[int, ...], told: Told = ()
) -> tuple[Flow, ...]:
    """Price cuts granted on a line that bills a contract: less revenue over its service period."""
    if not row.line.is_for_service:
        return ()
    granted = (cut for cut in row.cuts if cut.concession and cut.minor)
    flows = (_concession(row, cut, by, causes, told) for cut in granted)
    # A slot of its own: what is conceded does not depend on what else the obligation earns.
    return tuple(structs.replace(flow, subject=row.subject) for flow in flows)


def _concession(
    row: BilledLine, cut: Cut, by: Progress, causes: tuple[int, ...], told: Told
) -> Flow:
    causes = causes_of(causes, row.causes, cut.causes)
    steps = (*steps_of(told), Step(what="concession", value=decimal_text(-cut.minor, row.currency)))
    start, end, by = row.line.service_from, row.line.service_to, row.along(by)
    if start is None or end is None:
        day = row.counts_on(cut)
        return at_once(row.obligation, day, -cut.minor, causes, steps)
    if not cut.as_if_never:
        start = max(start, measured_from(cut.day, by))
    if end <= start:
        return at_once(row.obligation, cut.day, -cut.minor, causes, steps)
    return over_time(row.obligation, start, end, -cut.minor, by, causes, steps)


def invoiced_flows(
    row: BilledLine, causes: tuple[int, ...] = (), told: Told = ()
) -> tuple[Flow, ...]:
    """The right to invoice (rule 33): a line and its cuts, earned on their documents' dates."""
    causes = causes_of(causes, row.causes)
    issued = _invoiced(row, row.issued_on, row.line.amount_minor, causes, "invoiced", told)
    cuts = (
        _invoiced(
            row,
            row.counts_on(cut),
            -cut.minor,
            causes_of(causes, cut.causes),
            "credited",
            told,
        )
        for cut in row.cuts
    )
    return (issued, *cuts)


def _invoiced(
    row: BilledLine, day: date, minor: int, causes: tuple[int, ...], what: str, told: Told
) -> Flow:
    def steps() -> tuple[Step, ...]:
        return (*steps_of(told), Step(what=what, value=decimal_text(minor, row.currency)))

    return at_once(row.obligation, day, minor, causes, steps)
