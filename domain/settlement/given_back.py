"""What gives money or a claim back, where a book elects that it is told apart (`given_back`).

Money that goes back opens no claim again: what was given back stands against it, and comes off as
soon as the money is with us again or a document takes its place. At the end of each day what every
act took of the lines is told: its share of what was earned goes to an account of its own, its share
of what was not is no longer earned.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import structs

from domain.accounting.curves import At
from domain.accounting.documents import billing_flows, gives_back
from domain.accounting.revenue import release
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.money import decimal_text
from domain.settlement.holders import (
    Change,
    Claim,
    GivenBack,
    Money,
    Stood,
    all_that_met,
    alone,
    meet,
    standing,
)
from domain.settlement.shares import BAD_DEBT, BUCKETS, Back, Taken, come_back, cut, give, stands
from domain.settlement.walk import Moved, Walk, free, give_way, last_first, move, stand, touched

LIABILITY, RECOVERABLES = "contract-liability", "recoverables"


def went_back(walk: Walk, money: Money, change: Change) -> None:
    """Money taken back from us leaves what it was applied to given back; what comes again takes
    that off.
    """
    if change.minor > 0:
        _came_again(walk, money, change)
        return
    matches = last_first(money)
    if not any(isinstance(one.target, Claim) and one.target.shares for one in matches):
        return
    for match in matches:
        back = min(match.minor, -money.left)
        if back <= 0:
            return
        move(walk, match, change.day, -back)
        if isinstance(match.target, Claim) and match.target.shares:
            _give(walk, money, match.target, change, back)


def _give(walk: Walk, money: Money, claim: Claim, change: Change, minor: int) -> None:
    mine = (one for one in money.given_back if one.claim is claim)
    own = next((one for one in mine if one.account == change.gives_back), None)
    if own is None:
        own = GivenBack(change.gives_back, claim, _standing_for(money, claim, change))
        money.given_back.append(own)
        claim.given_back.append(own)
    own.stands.whole += minor
    stand(walk, own.stands, claim, change.day, minor)


def _standing_for(money: Money, claim: Claim, change: Change) -> Money:
    found = Money(
        name=f"{claim.name}:{money.name}:{change.gives_back}",
        day=change.day,
        order=change.place,
        account=LIABILITY,
        settles="given-back",
        by_default=False,
    )
    alone(found)
    meet(money, found)
    return found


def _came_again(walk: Walk, money: Money, change: Change) -> None:
    left = change.minor
    for own in reversed(money.given_back):
        if own.account == change.gives_back:
            minor = min(left, own.stands.whole)
            own.stands.whole -= minor
            left -= minor
            give_way(walk, own.stands, change.day)
            free(walk, own.claim)


def takes(walk: Walk, day: date) -> None:
    """What the acts of a day took of the lines of claims, and what came back of them."""
    claims = [one for one in touched(walk) if isinstance(one, Claim) and one.shares]
    for claim in claims:
        _cover(walk, claim, day)
    for claim in claims:
        stood = standing(claim)
        for act in _acts(claim, day):
            walk.moved += [
                Moved(flow, None, claim) for flow in _flows(walk, claim, act, day, stood)
            ]
        walk.moved += [Moved(flow, None, claim) for flow in _documents(claim, day)]


def _cover(walk: Walk, claim: Claim, day: date) -> None:
    """What other money took the place of stands again once that is gone."""
    for own in claim.given_back:
        minor = min(own.stands.left, claim.left)
        if minor > 0:
            stand(walk, own.stands, claim, day, minor)


def _acts(claim: Claim, day: date) -> Iterator[Taken | Back]:
    now = {name: _stands(claim, name) for name in BUCKETS}
    gone = {name: max(stands(claim.shares, name) - minor, 0) for name, minor in now.items()}
    for own in claim.shares:
        for one in own.row.cuts:
            if one.day == day and one.minor:
                yield from cut(own, one, gone)
    for name, minor in now.items():
        back = stands(claim.shares, name) - minor
        if back > 0:
            yield from come_back(claim.shares, name, back)
    for name, minor in now.items():
        more = minor - stands(claim.shares, name)
        if more > 0:
            yield from give(claim.shares, name, more, day)


def _stands(claim: Claim, account: str) -> int:
    if account == BAD_DEBT:
        return claim.write_off.applied if claim.write_off is not None else 0
    return sum(own.stands.applied for own in claim.given_back if own.account == account)


def _documents(claim: Claim, day: date) -> Iterator[Flow]:
    """Credit notes and voids themselves: they are measured here, not with what the line sells."""
    for own in claim.shares:
        cuts = tuple(one for one in own.row.cuts if one.day == day and gives_back(own.row, one))
        _, *flows = billing_flows(structs.replace(own.row, cuts=cuts))
        yield from (structs.replace(flow, obligation="") for flow in flows)


def _flows(walk: Walk, claim: Claim, act: Taken | Back, day: date, stood: Stood) -> Iterator[Flow]:
    if not act.account:
        return
    row, currency = act.line.row, walk.account.currency
    steps = (*_told(act, currency), *all_that_met(stood, currency))
    causes, subject = claim.group.causes, f"{row.subject}:{act.account}"
    parts = _taken(act) if isinstance(act, Taken) else _back(act)
    for debit, credit, minor in parts:
        if minor:
            yield Flow(
                kind="given-back",
                subject=subject,
                document=claim.name,
                legs=((debit, 1), (credit, -1)),
                curve=At(day, minor),
                on=day,
                causes=causes,
                rule="given-back@1",
                told=lambda: steps,
            )
    if isinstance(act, Taken) and act.rest is not None:
        rest = release(subject, act.rest, causes, "given-back@1", steps)
        yield structs.replace(rest, obligation="")


def _taken(act: Taken) -> tuple[tuple[str, str, int], ...]:
    return (act.account, LIABILITY, act.earned), (RECOVERABLES, LIABILITY, act.gained)


def _back(act: Back) -> tuple[tuple[str, str, int], ...]:
    if act.into:
        return ((act.into, act.account, act.earned),)
    return (act.account, LIABILITY, -act.earned), (RECOVERABLES, LIABILITY, -act.gained)


def _told(act: Taken | Back, currency: str) -> Iterator[Step]:
    if isinstance(act, Back):
        what = f"{act.account} becomes {act.into}" if act.into else f"back from {act.account}"
        yield Step(what=what, value=decimal_text(act.minor, currency))
        yield Step(what="of what was earned", value=decimal_text(act.earned, currency))
        return
    taken = f"{decimal_text(act.minor, currency)} of {decimal_text(act.whole, currency)}"
    yield Step(what=f"{act.account} of {act.line.row.subject}", value=taken)
    yield Step(what="earned before", value=decimal_text(act.before, currency))
    yield Step(what="share of that", value=decimal_text(act.earned, currency))
    yield Step(what="share of what had come back", value=decimal_text(act.gained, currency))
