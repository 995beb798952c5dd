"""What is paid of an invoice before it is receivable is a contract liability, not less receivable.

The journal has no receivable for it yet that the money could settle: until it has, what is paid of
it stands as contract liability (ASC 606-10-45-2, IFRS 15.106). Driven by time, as that day is.
"""

from __future__ import annotations

from datetime import date

from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text
from domain.settlement.holders import Claim, all_that_met, standing
from domain.settlement.walk import Moved, Walk, touched


def prepaid(walk: Walk, day: date) -> None:
    """What stands prepaid of the claims that moved on a day, or of which some is receivable now."""
    moved = [one for one in touched(walk) if isinstance(one, Claim) and one.waits]
    due = [claim for claim in walk.account.waits.get(day, ()) if claim not in moved]
    for claim in (*moved, *due):
        waits = _waits(claim, day)
        minor = max(0, waits - max(claim.left, 0))
        if minor != claim.prepaid:
            flow = _flow(walk, claim, day, minor - claim.prepaid, waits)
            walk.moved.append(Moved(flow, None, claim))
            claim.prepaid = minor


def _waits(claim: Claim, day: date) -> int:
    """What is invoiced and not receivable yet."""
    return sum(
        row.line.amount_minor - sum(cut.minor for cut in row.cuts if cut.day <= day)
        for row in claim.waits
        if row.receivable_on is not None and row.issued_on <= day < row.receivable_on
    )


def _flow(walk: Walk, claim: Claim, day: date, minor: int, waits: int) -> Flow:
    currency, stood = walk.account.currency, standing(claim)
    rights = (row.right for row in claim.waits)
    return Flow(
        kind="prepaid",
        subject=claim.name,
        document=claim.name,
        legs=(("accounts-receivable", 1), ("contract-liability", -1)),
        curve=At(day, minor),
        causes=causes_of(claim.group.causes, *rights),
        rule="prepaid@1",
        told=lambda: (
            Step(what="not receivable yet", value=decimal_text(waits, currency)),
            *all_that_met(stood, currency),
        ),
    )
