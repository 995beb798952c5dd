"""A bank's statement into the ledger: every entry that came in becomes a payment, once for ever.

The file is read whole before anything is written, and each payment is stored together with what it
is applied to. An import that was cut off is simply repeated, and files may overlap: an entry that
is known is left alone, whatever could be matched to it now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from domain.bank import PAYER, BankEntry
from domain.cash import (
    ReceivePayment,
)
from domain.errors import Malformed, Rejected
from domain.facts import When
from domain.matching import Incoming, Match, match
from projections import matching
from replay.bank.entry import Entry, Unread, identified, written
from replay.bank.leaving import Leaving, keep, keep_rows, matched
from replay.bank.mapping import BankMapping
from replay.bank.reading import (
    ACTOR,
    KIND,
    incoming,
    key_of,
    payer_of,
    read_statement,
    source_of,
)
from replay.bank.returning import Return, returns
from replay.ledger import Ledger
from store import failpoint, keys, party
from store.party import Party
from store.request import Receipt, Request

PAYERS = "payers"
# Payments taken in one go; as many are told of at a time.
TOGETHER = 1_000
Told = Callable[[str, int], None]


class Taken(Struct, frozen=True, kw_only=True):
    """What became, or would become, of one entry that came in."""

    row: int
    payment: str
    currency: str
    amount_minor: int
    payer: str | None
    match: Match


class Imported(Struct, frozen=True, kw_only=True):
    """What became of the file: entries = repeated + taken + settled + left + unread.

    `rules` counts what came in by the rule that matched it, `failed` earlier payments that were
    taken back, `settled` entries that are refunds, failures and chargebacks stated before. `left`
    went out, or undoes what came in before; `waiting` came in for nobody known. `matches` is told
    by a preview only.
    """

    entity: str
    entries: int
    repeated: int
    taken: int
    rules: dict[str, int]
    failed: int
    settled: dict[str, int]
    left: tuple[Unread, ...]
    unread: tuple[Unread, ...]
    waiting: tuple[Taken, ...]
    matches: tuple[Taken, ...] = ()


def import_payments(
    ledger: Ledger,
    entity: str,
    path: Path,
    mapping: BankMapping,
    *,
    preview: bool = False,
    told: Told | None = None,
    together: int = TOGETHER,
    actor: str = ACTOR,
) -> Imported:
    """Read, match and take the entries of a file; a preview writes nothing."""
    statement = read_statement(path, mapping)
    found, unread = identified(statement)
    asked = Leaving(ledger=ledger, entity=entity, mapping=mapping, actor=actor)
    new = _new(ledger, entity, mapping, found)
    if new:
        ledger.catch_up(entity)
    back = matched(asked, new)
    settled = {name for name, one in back.items() if one.settles}
    came = {name: entry for name, entry in new.items() if name not in back}
    took = _matched(ledger, entity, came, preview=preview)
    refused: list[Unread] = []
    if not preview:
        parts = [took[first : first + together] for first in range(0, len(took), together)]
        refused = _take(ledger, entity, mapping, came, parts, told or _silent, actor)
    open_ones = {name: entry for name, entry in new.items() if name in back.keys() - settled}
    failed = _undone(asked, open_ones, preview=preview)
    if not preview:
        keep(asked, {name: new[name] for name in back if name not in failed}, back)
        keep_rows(asked, (*unread, *refused), ledger.clock().date())
    gone = {row.row for row in refused}
    taken = [row for row in took if row.row not in gone]
    return Imported(
        entity=entity,
        entries=len(statement.entries) + len(statement.unread),
        repeated=len(statement.entries) + len(statement.unread) - len(new) - len(unread),
        taken=len(taken) + len(failed),
        rules=dict(Counter(row.match.rule for row in taken)),
        failed=len(failed),
        settled=dict(Counter(one.settles.what for one in back.values() if one.settles)),
        left=tuple(_left(entry) for name, entry in open_ones.items() if name not in failed),
        unread=(*unread, *refused),
        waiting=tuple(row for row in taken if row.match.customer is None),
        matches=tuple(taken) if preview else (),
    )


def _undone(asked: Leaving, open_ones: Mapping[str, Entry], *, preview: bool) -> dict[str, Request]:
    """What came in before and is taken back; by a refusal it is left as it was."""
    undone = {name: _return(entry) for name, entry in open_ones.items() if entry.is_reversal}
    if undone:
        # What came back may have come in by the same file.
        asked.ledger.catch_up(asked.entity)
    asking = {
        name: Request(
            entity=asked.entity,
            stream=f"payment:{failed.payment}",
            key=key_of(asked.mapping, name),
            command=failed.command,
            actor=asked.actor,
            source=source_of(asked.mapping, name),
        )
        for name, failed in returns(asked.ledger, asked.entity, undone).items()
    }
    if preview:
        return asking
    outcomes = asked.ledger.submit_many(asked.entity, asking.values())
    took = zip(asking.items(), outcomes, strict=True)
    return {name: request for (name, request), told in took if isinstance(told, Receipt)}


def _return(entry: Entry) -> Return:
    references = (entry.end_to_end, entry.bank_reference)
    return Return(
        references=tuple(name for name in references if name),
        amount_minor=entry.amount_minor,
        on=entry.booked_on,
        reason=entry.reason,
    )


def _silent(what: str, count: int) -> None:
    """Nobody listens."""


def _new(
    ledger: Ledger, entity: str, mapping: BankMapping, found: Mapping[str, Entry]
) -> dict[str, Entry]:
    """Entries that no file has brought before."""
    with ledger.connection() as connection:
        wanted = [key_of(mapping, name) for name in found]
        there = keys.find_keys(connection, entity, wanted)
    return {name: entry for name, entry in found.items() if key_of(mapping, name) not in there}


def _left(entry: Entry) -> Unread:
    code = "undoes-a-payment" if entry.is_reversal else "went-out"
    return Unread(row=entry.row, code=code, field="amount", value=str(entry.amount_minor))


# --- matching -----------------------------------------------------------------------------------


def _matched(
    ledger: Ledger, entity: str, came: Mapping[str, Entry], *, preview: bool
) -> list[Taken]:
    """In the order of the file, each on what those before it left open."""
    if not came:
        return []
    with ledger.connection() as connection, connection.transaction(force_rollback=preview):
        secret = party.secret(connection, entity, PAYERS, at=ledger.clock())
        moneys = [_incoming(entry, secret) for entry in came.values()]
        known = matching.known(connection, entity, _asked(moneys))
    rows = []
    for (name, entry), money in zip(came.items(), moneys, strict=True):
        found = match(money, known)
        known.take(money, found)
        rows.append(
            Taken(
                row=entry.row,
                payment=name,
                currency=entry.currency,
                amount_minor=entry.amount_minor,
                payer=money.payer,
                match=found,
            )
        )
    return rows


def _incoming(entry: Entry, secret: bytes) -> Incoming:
    return incoming(entry, payer_of(secret, entry.payer_account, entry.payer_name))


def _asked(moneys: Sequence[Incoming]) -> matching.Asked:
    return matching.Asked(
        references=sorted({name for money in moneys for name in money.references}),
        payers=sorted({money.payer for money in moneys if money.payer}),
        amounts=matching.amounts((one.amount_minor, one.charges_minor) for one in moneys),
    )


# --- taking -------------------------------------------------------------------------------------


def _take(
    ledger: Ledger,
    entity: str,
    mapping: BankMapping,
    came: Mapping[str, Entry],
    parts: Sequence[Sequence[Taken]],
    told: Told,
    actor: str,
) -> list[Unread]:
    """Part by part; who paid is in the vault before a fact names it."""
    refused: list[Unread] = []
    for part in parts:
        with ledger.connection() as connection:
            wrote = {_party(row): _written(came[row.payment]) for row in part}
            kept = party.put_many(connection, entity, wrote, at=ledger.clock())
        failpoint.reach("bank-vault-written")
        asking = [
            _request(entity, mapping, came[row.payment], row, kept[_party(row)], actor)
            for row in part
        ]
        outcomes = ledger.submit_many(entity, asking)
        failpoint.reach("bank-part-taken")
        refused.extend(_refused(part, outcomes, came))
        told("payments", len(part))
    return refused


def _refused(
    part: Sequence[Taken], outcomes: Sequence[object], came: Mapping[str, Entry]
) -> Iterator[Unread]:
    """A key that was used meanwhile says that another import of the file was quicker."""
    for row, outcome in zip(part, outcomes, strict=True):
        if isinstance(outcome, Receipt):
            continue
        assert isinstance(outcome, Rejected | Malformed), outcome
        if outcome.code != "key-reused":
            raw = written(came[row.payment])
            yield Unread(row=row.row, code=outcome.code, field=outcome.field, raw=raw)


def _party(row: Taken) -> str:
    return f"{KIND}:{row.payment}"


def _written(entry: Entry) -> dict[str, str]:
    said = {"name": entry.payer_name, "account": entry.payer_account, "text": entry.text}
    return {name: text for name, text in said.items() if text}


def _request(
    entity: str, mapping: BankMapping, entry: Entry, row: Taken, wrote: Party, actor: str
) -> Request:
    found = row.match
    bank = BankEntry(
        account=entry.account,
        rule=found.rule,
        because=found.because,
        payer=row.payer,
        party=wrote.id,
        party_digest=wrote.digest,
        valued_on=entry.valued_on,
        bank_reference=entry.bank_reference or None,
        charges_minor=entry.charges_minor,
    )
    command = ReceivePayment(
        when=When(effective=entry.booked_on),
        customer=found.customer or row.payer or f"{PAYER}{row.payment}",
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        reference=entry.end_to_end or entry.structured or None,
        bank=bank,
        applications=found.applications,
    )
    return Request(
        entity=entity,
        stream=f"payment:{row.payment}",
        key=key_of(mapping, row.payment),
        command=command,
        actor=actor,
        source=source_of(mapping, row.payment),
    )
