"""What a bank's file left for a person: what it could be by now, and what is said of it.

All of it can be undone: an entry waits again, and what was said before stays on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from domain.errors import Rejected
from domain.facts import When, known
from domain.giving_back import Found
from domain.left_entry import (
    BankEntryLeft,
    BankEntryMatched,
    BankEntrySetAside,
    Kept,
    MatchBankEntry,
    SetBankEntryAside,
    Settles,
    kept,
)
from replay.bank.leaving import entered_again, match_of, stated_back
from replay.bank.returning import Return, returns
from replay.ledger import Ledger
from store import log, party
from store.db import Connection
from store.request import Receipt, Request

Wrote = dict[str, str]


class LeftOver(Struct, frozen=True, kw_only=True):
    """An entry or a row that waits, as it was written, and why nothing is known of it."""

    entry: str
    day: str
    currency: str
    amount_minor: int
    wrote: Wrote
    because: str


def left_over(ledger: Ledger, entity: str) -> tuple[LeftOver, ...]:
    """Everything that waits, in the order it came."""
    return tuple(
        LeftOver(
            entry=one.name,
            day=str(one.first.when.effective),
            currency=one.state.left.currency if one.state.left else "",
            amount_minor=one.state.left.amount_minor if one.state.left else 0,
            wrote=wrote,
            because=found.because,
        )
        for one, wrote, found in _judged(ledger, entity)
    )


def match_left(ledger: Ledger, entity: str, *, actor: str) -> tuple[Receipt, ...]:
    """Take what is clear by now: a refund may be stated, or a payment known, after the bank's entry
    of it.
    """
    judged = _judged(ledger, entity)
    asking = [
        _request(entity, one, "match", match, actor)
        for one, _, found in judged
        if (match := match_of(one.first.when, found)) is not None
    ]
    unknown = [(one, wrote) for one, wrote, found in judged if found.settles is None]
    asking += _failing(ledger, entity, unknown, actor)
    return _receipts(ledger, entity, asking)


def settle(
    ledger: Ledger, entity: str, entry: str, settles: Settles, *, actor: str
) -> tuple[Receipt, ...]:
    """Say what an entry is: a refund, a failure or a chargeback that is stated.

    What was refused may be asked once more is known: the key names the head.
    """
    one = _kept(ledger, entity, entry)
    command = MatchBankEntry(
        when=one.first.when, settles=settles, rule="stated", because=f"{actor} says so"
    )
    act = f"settle:{ledger.head(entity)}"
    return _receipts(ledger, entity, [_request(entity, one, act, command, actor)])


def set_aside(
    ledger: Ledger, entity: str, entry: str, reason: str, *, actor: str
) -> tuple[Receipt, ...]:
    """Say that nothing is to be done about an entry or a row, and why."""
    one = _kept(ledger, entity, entry)
    command = SetBankEntryAside(when=When(effective=ledger.clock().date()), reason=reason)
    act = f"aside:{ledger.head(entity)}"
    return _receipts(ledger, entity, [_request(entity, one, act, command, actor)])


def is_left_over(ledger: Ledger, entity: str, entry: str) -> bool:
    """Whether a name is that of an entry or a row that is no payment."""
    with ledger.connection() as connection:
        return bool(log.read_stream(connection, entity, f"bank:{entry}"))


def let_wait(ledger: Ledger, entity: str, entry: str, *, actor: str) -> tuple[Receipt, ...]:
    """Take back what was said of an entry: it waits again."""
    with ledger.connection() as connection:
        facts = known(log.read_stream(connection, entity, f"bank:{entry}"))
    asking = [
        Request(
            entity=entity,
            stream=fact.stream,
            key=f"undo:{fact.stream}:{fact.position}",
            corrects=fact.position,
            actor=actor,
        )
        for fact in facts
        if isinstance(fact.event, BankEntryMatched | BankEntrySetAside)
    ]
    return _receipts(ledger, entity, asking)


def _kept(ledger: Ledger, entity: str, entry: str) -> Kept:
    with ledger.connection() as connection:
        found = kept(log.read_stream(connection, entity, f"bank:{entry}"))
    if not found:
        raise Rejected("unknown-bank-entry", field="entry", entry=entry)
    return found[0]


def _request(
    entity: str,
    one: Kept,
    act: str,
    command: MatchBankEntry | SetBankEntryAside,
    actor: str,
) -> Request:
    """Keys name what they follow on: what is undone may be said again."""
    return Request(
        entity=entity,
        stream=one.stream,
        key=f"{act}:{one.stream}:{one.version}",
        command=command,
        actor=actor,
    )


def _receipts(ledger: Ledger, entity: str, asking: Iterable[Request]) -> tuple[Receipt, ...]:
    found = []
    for outcome in ledger.submit_many(entity, asking):
        if not isinstance(outcome, Receipt):
            raise outcome
        found.append(outcome)
    return tuple(found)


# --- judged again ---------------------------------------------------------------------------------


def _judged(ledger: Ledger, entity: str) -> list[tuple[Kept, Wrote, Found]]:
    ledger.catch_up(entity)
    with ledger.connection() as connection:
        facts = log.read_categories(connection, entity, ["bank"])
        waits = [one for one in kept(facts) if one.state.waits]
        wrote = _wrote(connection, entity, waits)
        amounts = [one.state.left.amount_minor for one in waits if one.state.left]
        stated = stated_back(connection, entity, amounts)
    judged = []
    for one in waits:
        said = wrote[one.stream]
        found = Found(rule="none", because="comes to nothing that was given back")
        if one.state.unread is not None:
            found = Found(rule="none", because=f"cannot be read: {one.state.unread.code}")
        elif one.state.left is not None and stated is not None:
            found = stated.match(entered_again(one.state.left, said))
        judged.append((one, said, found))
    return judged


def _wrote(connection: Connection, entity: str, waits: Iterable[Kept]) -> dict[str, Wrote]:
    places = {}
    for one in waits:
        event = one.state.left or one.state.unread
        if event is not None and event.party is not None:
            places[one.stream] = event.party, event.party_digest
    found = party.look_up(connection, entity, places.values())
    return {
        one.stream: (found[places[one.stream]].content or {}) if one.stream in places else {}
        for one in waits
    }


def _failing(
    ledger: Ledger, entity: str, unknown: Sequence[tuple[Kept, Wrote]], actor: str
) -> Iterator[Request]:
    """What undoes a payment that is known by now: the payment has failed, and the entry says so."""
    waits = {one.stream: one for one, _ in unknown}
    undone = {
        one.stream: _return(one, one.state.left, wrote)
        for one, wrote in unknown
        if one.state.left is not None and one.state.left.undoes
    }
    for stream, failed in returns(ledger, entity, undone).items():
        one, of = waits[stream], f"payment:{failed.payment}"
        yield Request(
            entity=entity,
            stream=of,
            key=f"fail:{stream}:{one.version}",
            command=failed.command,
            actor=actor,
        )
        settles = Settles(what="failure", of=of)
        because = f"undoes {of}, which came with its reference"
        match = match_of(one.first.when, Found(rule="reference", because=because, settles=settles))
        assert match is not None
        yield _request(entity, one, "match", match, actor)


def _return(one: Kept, left: BankEntryLeft, wrote: Mapping[str, str]) -> Return:
    references = (wrote.get("end_to_end"), left.bank_reference)
    return Return(
        references=tuple(name for name in references if name),
        amount_minor=left.amount_minor,
        on=one.first.when.effective,
        reason=left.reason,
    )
