"""What is no payment received: kept as it came, and matched to what was given or taken back.

An entry that is a refund, a failure or a chargeback says which. What nothing is known of, and rows
that nobody could read, are kept too: a person says what they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from domain.facts import When
from domain.giving_back import Entered, Found, Stated
from domain.left_entry import (
    BankEntryLeft,
    KeepUnreadRow,
    LeaveBankEntry,
    MatchBankEntry,
    kept,
)
from domain.references import candidates
from projections.giving_back import given_back
from replay.bank.entry import Entry, Unread, digest_of
from replay.bank.mapping import BankMapping
from replay.bank.reading import KIND, key_of, source_of
from replay.ledger import Ledger
from store import keys, log, party
from store.db import Connection
from store.party import Party
from store.request import Request

ROW = "bank-row"


class Leaving(Struct, frozen=True, kw_only=True):
    """Whose statement is taken, read how, by whom."""

    ledger: Ledger
    entity: str
    mapping: BankMapping
    actor: str


def matched(asked: Leaving, new: Mapping[str, Entry]) -> dict[str, Found]:
    """For each entry that may be no payment what it is; of those that came in only what is clear.

    In the order of the file: what was given back once is found once.
    """
    with asked.ledger.connection() as connection:
        stated = stated_back(connection, asked.entity, (one.amount_minor for one in new.values()))
    if stated is None:
        nothing = Found(rule="none", because="comes to nothing that was given back")
        return {name: nothing for name, entry in new.items() if _is_left(entry)}
    found = {name: stated.match(_entered(entry)) for name, entry in new.items()}
    return {name: one for name, one in found.items() if one.settles or _is_left(new[name])}


def stated_back(connection: Connection, entity: str, amounts: Iterable[int]) -> Stated | None:
    """What was given back in such amounts, less what entries before have settled; none if nothing
    was: then no entry need be read.
    """
    rows = given_back(connection, entity, map(abs, amounts), by_a_bank=KIND)
    if not rows:
        return None
    states = (one.state for one in kept(log.read_categories(connection, entity, ["bank"])))
    return Stated(
        rows,
        [(one.settles, one.left.amount_minor) for one in states if one.settles and one.left],
    )


def _is_left(entry: Entry) -> bool:
    return entry.amount_minor <= 0 or entry.is_reversal


def _entered(entry: Entry) -> Entered:
    return Entered(
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        references=candidates(entry.structured, entry.end_to_end, entry.bank_reference, entry.text),
        undoes=entry.is_reversal,
    )


# --- kept -----------------------------------------------------------------------------------------


def keep(asked: Leaving, left: Mapping[str, Entry], found: Mapping[str, Found]) -> None:
    """Entries as facts, what was written in the vault; each with what it settles, if that is known.

    An entry of nothing is told in the file, and is nothing to keep.
    """
    own = {name: entry for name, entry in left.items() if entry.amount_minor}
    wrote = _into_vault(asked, {f"{KIND}:{name}": _written(entry) for name, entry in own.items()})
    requests = [
        _request(asked, name, entry, found[name], wrote[f"{KIND}:{name}"])
        for name, entry in own.items()
    ]
    asked.ledger.submit_many(asked.entity, requests)


def keep_rows(asked: Leaving, unread: Iterable[Unread], on: date) -> None:
    """Rows that could not be read, each once: by what it says and its place among equals."""
    alike: Counter[str] = Counter()
    named: dict[str, Unread] = {}
    for row in unread:
        digest = digest_of(row.raw)
        alike[digest] += 1
        named[f"row-{digest}-{alike[digest]}"] = row
    with asked.ledger.connection() as connection:
        wanted = [key_of(asked.mapping, name) for name in named]
        there = keys.find_keys(connection, asked.entity, wanted)
    new = {name: row for name, row in named.items() if key_of(asked.mapping, name) not in there}
    wrote = _into_vault(asked, {f"{ROW}:{name}": {"row": row.raw} for name, row in new.items()})
    requests = [
        _row_request(asked, name, row, wrote[f"{ROW}:{name}"], on) for name, row in new.items()
    ]
    asked.ledger.submit_many(asked.entity, requests)


def _into_vault(asked: Leaving, told: Mapping[str, Mapping[str, str]]) -> dict[str, Party]:
    if not told:
        return {}
    with asked.ledger.connection() as connection:
        return party.put_many(connection, asked.entity, told, at=asked.ledger.clock())


def _written(entry: Entry) -> dict[str, str]:
    said = {
        "name": entry.payer_name,
        "account": entry.payer_account,
        "text": " ".join(filter(None, (entry.structured, entry.text))),
        "end_to_end": entry.end_to_end,
    }
    return {name: text for name, text in said.items() if text}


def _request(asked: Leaving, name: str, entry: Entry, found: Found, wrote: Party) -> Request:
    command = LeaveBankEntry(
        when=When(effective=entry.booked_on),
        account=entry.account,
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        undoes=entry.is_reversal,
        reason=entry.reason,
        party=wrote.id,
        party_digest=wrote.digest,
        bank_reference=entry.bank_reference or None,
        settles=found.settles,
        rule=found.rule,
        because=found.because,
    )
    return Request(
        entity=asked.entity,
        stream=f"bank:{name}",
        key=key_of(asked.mapping, name),
        command=command,
        actor=asked.actor,
        source=source_of(asked.mapping, name),
    )


def match_of(when: When, found: Found) -> MatchBankEntry | None:
    """What is stated of an entry that is clear."""
    if found.settles is None:
        return None
    return MatchBankEntry(when=when, settles=found.settles, rule=found.rule, because=found.because)


def _row_request(asked: Leaving, name: str, row: Unread, wrote: Party, on: date) -> Request:
    command = KeepUnreadRow(
        when=When(effective=on),
        source=asked.mapping.source,
        row=row.row,
        code=row.code,
        field=row.field,
        party=wrote.id,
        party_digest=wrote.digest,
    )
    return Request(
        entity=asked.entity,
        stream=f"bank:{asked.mapping.source}/{name}",
        key=key_of(asked.mapping, name),
        command=command,
        actor=asked.actor,
    )


def entered_again(left: BankEntryLeft, wrote: Mapping[str, str]) -> Entered:
    """The same of an entry that is kept."""
    return Entered(
        currency=left.currency,
        amount_minor=left.amount_minor,
        references=candidates(
            wrote.get("end_to_end", ""), left.bank_reference or "", wrote.get("text", "")
        ),
        undoes=left.undoes,
    )
