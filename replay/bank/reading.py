"""A bank's file, whatever its kind, as entries under the ids that they are taken by."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from domain.bank import PAYER
from domain.facts import Source
from domain.matching import Incoming
from domain.references import candidates, normal
from replay.bank.camt import read_camt
from replay.bank.csv_file import read_csv
from replay.bank.entry import Entry, Statement
from replay.bank.mapping import BankMapping

ACTOR = "bank-import"
KIND = "bank-entry"
# Of a keyed digest, enough to tell all payers of the world apart.
PAYER_DIGITS = 24


def read_statement(path: Path, mapping: BankMapping) -> Statement:
    """camt.053 where the file is XML, else CSV. Raises Malformed before anything is taken."""
    if path.suffix.lower() == ".xml":
        return read_camt(path, mapping.account or mapping.source)
    return read_csv(path, mapping)


def key_of(mapping: BankMapping, name: str) -> str:
    """The key under which an entry is taken, for ever."""
    return f"bank:{mapping.source}:{name}"


def source_of(mapping: BankMapping, name: str) -> Source:
    return Source(system=mapping.source, kind=KIND, id=name)


def payer_of(secret: bytes, account: str, name: str) -> str | None:
    """The opaque id of who pays from an account, or under a name where no account is told."""
    told = normal(account) or normal(name)
    if not told:
        return None
    return PAYER + hmac.new(secret, told.encode(), hashlib.sha256).hexdigest()[:PAYER_DIGITS]


def incoming(entry: Entry, payer: str | None) -> Incoming:
    """What of an entry money is matched by."""
    return Incoming(
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        charges_minor=entry.charges_minor,
        references=candidates(entry.structured, entry.end_to_end, entry.text),
        payer=payer,
    )
