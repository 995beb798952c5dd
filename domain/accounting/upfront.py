"""Fees paid upfront for nothing in particular: advances for what is sold beside them.

Setting up transfers nothing to a customer (rule 36, ASC 606-10-55-50 to 55-53, IFRS 15.B48 to B51).
The fee is earned from the later of start and access on: over its term, since something is sold
beside it, or as long as the customer is expected to benefit from it. What is not earned when its
item ends, or when the last term is over and nobody renewed it, is earned then: nothing is left to
be transferred, and it is not given back.
"""

from __future__ import annotations

from datetime import date

from domain.accounting.access import Access
from domain.accounting.curves import Progress, measured_from
from domain.accounting.fees import begun, ending
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, totals
from domain.calendar import ONE_DAY
from domain.charge import Charge
from domain.explain import Step, steps_of
from domain.facts import causes_of
from domain.terms import Terms


def advance(
    charge: Charge, terms: Terms, access: Access, by: Progress, *, runs_on: bool
) -> tuple[Flow, ...]:
    """A fee over the time it is for, as far as that is sold; `runs_on`: whatever is cancelled."""
    assert charge.benefits_to is not None, charge
    end, reached = charge.benefits_to, _agreed(terms, charge)
    flows: tuple[Flow, ...]
    begin, because = begun(charge, terms, access.prices)
    own = causes_of(charge.causes, because)
    causes = causes_of(own, reached[1])
    if begin is None:
        flows = (at_once(charge.item, end - ONE_DAY, charge.minor, causes, charge.told),)
    else:
        made = over_time(charge.item, begin, end, charge.minor, by, causes, charge.told)
        flows = access.applied((made,))
    ended = ending(terms, charge)
    over, said = reached[0], "last term over"
    day = over - ONE_DAY
    if ended is not None and ended.day < over and not runs_on:
        over, causes, said = ended.day, causes_of(own, ended.causes), "sold no more from"
        day = over
    if over >= end:
        return flows
    kept = frozen(flows, measured_from(over, by) - ONE_DAY, causes)
    rest = charge.minor - totals(kept)

    def told() -> tuple[Step, ...]:
        return (*steps_of(charge.told), Step(what=said, value=str(over)))

    return (*kept, at_once(charge.item, day, rest, causes, told)) if rest else kept


def _agreed(terms: Terms, charge: Charge) -> tuple[date, tuple[int, ...]]:
    """How far terms go on from the one it is charged in, and the renewals that say so."""
    assert charge.benefits_to is not None, charge
    over = charge.period.end
    causes: tuple[int, ...] = ()
    for row in terms.agreed:
        if row.start <= over < row.end and over < charge.benefits_to:
            over, causes = row.end, causes_of(causes, row.causes)
    return over, causes
