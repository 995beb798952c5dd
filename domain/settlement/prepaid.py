"""What is paid of an invoice before it is receivable is a liability, not less receivable.

The journal has no receivable for it yet that the money could settle: until it has, what is paid of
it stands as contract liability (ASC 606-10-45-2, IFRS 15.106). Driven by time, as that day is. What
is paid of a deal that is no contract yet is a deposit (606-10-25-8, IFRS 15.16), and what is given
up of it was never owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.accounting.curves import At
from domain.accounting.documents import BilledLine
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text
from domain.routing import unit_of_line
from domain.settlement.holders import Change, Claim, Money, all_that_met, alone, meet, standing
from domain.settlement.walk import Moved, Walk, note, touched

PREPAID = "prepaid@1"
HELD = "deposits"
# Account and deal; of contracts it is one liability whichever they are.
Where = tuple[str, str]
OF_CONTRACTS: Where = ("contract-liability", "")


def prepaid(walk: Walk, day: date) -> None:
    """What stands prepaid of the claims that moved on a day, or of which some is receivable now."""
    moved = [one for one in touched(walk) if isinstance(one, Claim) and one.waits]
    due = [claim for claim in walk.account.waits.get(day, ()) if claim not in moved]
    for claim in (*moved, *due):
        _stand(walk, claim, day)


def _stand(walk: Walk, claim: Claim, day: date) -> None:
    waits = _waits(claim, day)
    left = max(0, sum(waits.values()) - max(claim.left, 0))
    now: dict[Where, int] = {}
    for deal, minor in waits.items():
        part = min(left, max(minor, 0))
        left -= part
        if deal:
            now[HELD, deal] = part
        else:
            now[OF_CONTRACTS] = part
    _not_given_up(claim, now)
    for where in dict.fromkeys((*claim.prepaid, *now)):
        minor = now.get(where, 0) - claim.prepaid.get(where, 0)
        if minor:
            flow = _flow(walk, claim, day, where[0], minor)
            walk.moved.append(Moved(flow, None, claim))
            if where[0] == HELD:
                _hold(walk, claim, where[1], day, minor)
    claim.prepaid = now


def _waits(claim: Claim, day: date) -> dict[str, int]:
    """What is invoiced and not receivable yet: of contracts, by no name, then of each deal that is
    none so far.
    """
    found = {"": 0}
    for row in claim.waits:
        if row.receivable_on is not None and row.issued_on <= day < row.receivable_on:
            deal = _unbound(row, day)
            minor = row.left_on(day)
            found[deal] = found.get(deal, 0) + minor
    return found


def _unbound(row: BilledLine, day: date) -> str:
    is_unbound = row.bound_on is not None and day < row.bound_on
    return unit_of_line(row.invoice, row.line) if is_unbound else ""


def _not_given_up(claim: Claim, now: dict[Where, int]) -> None:
    """What is given up is not paid: of what is no contract it moves nothing."""
    given_up = claim.write_off
    if given_up is None:
        return
    left = sum(one.minor for one in given_up.matches if one.target is claim)
    for where in [where for where in now if where[0] == HELD]:
        part = min(left, now[where])
        now[where] -= part
        left -= part
        now[given_up.account, where[1]] = part


def _hold(walk: Walk, claim: Claim, deal: str, day: date, minor: int) -> None:
    """It is had for the deal, until that is a contract; if it ends without, it is kept. What goes
    back of it was paid by money that does not name the deal: that which does says so itself.
    """
    if (claim.name, deal) not in walk.held:
        name = deal.partition(":")[2]
        named = walk.account.contracts.get(name)
        held = Money(name=claim.name, day=day, order=0, account=HELD, by_default=False)
        held.contract = named if named is not None and named.back_minor is not None else None
        alone(held)
        walk.held[claim.name, deal] = held
        meet(held, claim)
    held = walk.held[claim.name, deal]
    before = sum(one.minor for one in held.done)
    held.whole += minor
    others = held.whole - min(held.whole, _by_its_name(claim, deal))
    told = (f"{what} {value}" for what, value in _waiting(claim, day, walk.account.currency))
    what = f"paid of {claim.number} for {deal}, not receivable yet: {'; '.join(told)}"
    change = Change(day, 0, others - before, _rights(claim, day), what)
    note(held, change._replace(gives_back=HELD) if change.minor < 0 else change)


def _by_its_name(claim: Claim, deal: str) -> int:
    """What stands against a claim of money that names the deal."""
    named = ((one.money.contract, one.minor) for one in claim.matches if one.target is claim)
    return sum(minor for contract, minor in named if contract and contract.stream == deal)


def _rights(claim: Claim, day: date) -> tuple[int, ...]:
    """What says that lines wait, or wait no more from this day on. Until there is a contract they
    do whenever that comes.
    """
    rows = _that_wait(claim, day)
    met = (row.bound_by for row in rows if row.bound_on and row.bound_on <= day)
    return causes_of(*(row.right for row in rows), *met)


def _that_wait(claim: Claim, day: date) -> list[BilledLine]:
    return [row for row in claim.waits if row.receivable_on and day <= row.receivable_on]


def _waiting(claim: Claim, day: date, currency: str) -> Iterator[tuple[str, str]]:
    """Line by line, also where nothing is left of one."""
    for row in _that_wait(claim, day):
        left = row.left_on(day)
        until = _unbound(row, day) or f"until {row.receivable_on}"
        yield f"line {row.line.line}", f"{decimal_text(left, currency)} {until}"


def _flow(walk: Walk, claim: Claim, day: date, account: str, minor: int) -> Flow:
    currency, stood = walk.account.currency, standing(claim)
    return Flow(
        kind="prepaid",
        subject=claim.name,
        document=claim.name,
        legs=(("accounts-receivable", 1), (account, -1)),
        curve=At(day, minor),
        causes=causes_of(claim.group.causes, _rights(claim, day)),
        rule=PREPAID,
        told=lambda: (
            *(
                Step(what=f"not receivable yet: {what}", value=value)
                for what, value in _waiting(claim, day, currency)
            ),
            *all_that_met(stood, currency),
        ),
    )
