"""What documents are in functional currency: each line and each cut at the rate of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from domain.accounting.curves import At
from domain.accounting.documents import BilledLine, billing_flows
from domain.accounting.exchange import Market, Quote, rate_step, told_at
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text


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
    if not flows:
        return ()
    quote = quote_of(billed, market)
    return tuple(_told(billed, market, quote, flows))


def _told(
    billed: BilledLine, market: Market, quote: Quote, flows: Sequence[Flow]
) -> Iterator[Flow]:
    """What a cut is worth rests on those before it: together they are worth what is left."""
    left, cuts = billed.line.amount_minor, ((), *(cut.causes for cut in billed.cuts))
    for place, (flow, worth) in enumerate(zip(flows, worths_of(billed, quote), strict=True)):
        assert isinstance(flow.curve, At), flow
        steps, causes = [rate_step(quote, worth, market)], quote.causes
        if place > 1:
            before = decimal_text(left, billed.currency)
            steps.insert(0, Step(what="left of the line before", value=before))
            causes = causes_of(causes, *cuts[:place])
        left += flow.curve.minor if place else 0
        yield told_at(flow, At(flow.curve.day, worth), causes, tuple(steps))


def worth_before(flows: Iterable[Flow], market: Market | None) -> Iterator[Flow]:
    """Positions of other books, by the rate of the day they were left on."""
    for flow in flows:
        # What of them is earned, or goes back, takes its worth from what it was billed at.
        if market is None or flow.on is None:
            yield flow
            continue
        assert isinstance(flow.curve, At), flow
        quote = market.on(flow.curve.day)
        worth = quote.worth(flow.curve.minor)
        told = (rate_step(quote, worth, market),)
        yield told_at(flow, At(flow.curve.day, worth), quote.causes, told)
