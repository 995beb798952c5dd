"""What documents are in functional currency: each line and each cut at the rate of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.accounting.curves import At
from domain.accounting.documents import BilledLine, billing_flows
from domain.accounting.exchange import Market, Quote, rate_step, told_at
from domain.accounting.schedule import Flow


def quote_of(billed: BilledLine, market: Market) -> Quote:
    """The rate of the line's document, which whatever corrects it has as well."""
    return market.of(billed.issued_on, billed.rate, billed.cause)


def worths_of(billed: BilledLine, quote: Quote) -> tuple[int, ...]:
    """The line and each cut of it in functional currency: what is left is always worth its share,
    so that a line that is wholly credited comes to nothing.
    """
    left, before = billed.line.amount_minor, quote.worth(billed.line.amount_minor)
    found = [before]
    for cut in billed.cuts:
        left -= cut.minor
        found.append(quote.worth(left) - before)
        before = quote.worth(left)
    return tuple(found)


def worth_flows(billed: BilledLine, market: Market | None) -> tuple[Flow, ...]:
    """What the customer owes of a line, and what that is worth where there is a market."""
    flows = billing_flows(billed)
    if market is None:
        return flows
    quote = quote_of(billed, market)
    worths = worths_of(billed, quote)
    return tuple(
        told_at(flow, At(flow.curve.day, worth), quote.causes, (rate_step(quote, worth, market),))
        for flow, worth in zip(flows, worths, strict=True)
        if isinstance(flow.curve, At)
    )


def worth_before(flows: Iterable[Flow], market: Market | None) -> Iterator[Flow]:
    """Positions of other books, by the rate of the day they were left on."""
    for flow in flows:
        if market is None or not isinstance(flow.curve, At):
            yield flow
            continue
        quote = market.on(flow.curve.day)
        worth = quote.worth(flow.curve.minor)
        told = (rate_step(quote, worth, market),)
        yield told_at(flow, At(flow.curve.day, worth), quote.causes, told)
