"""What was given or taken back, and which entries of a bank say so; what is left for a person.

The first from documents, as matching knows them; the entries from their own facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from domain.giving_back import GivenBack
from domain.left_entry import Kept, Settles, What, kept
from domain.references import LETTERS_MIN, normal
from projections.question import Answer, Question, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

DOCUMENTS = "receivables"
_WHAT: dict[str, What] = {
    "refunded": "refund",
    "failed": "failure",
    "charged-back": "chargeback",
    "won": "chargeback-won",
}


class LeftEntry(Struct, frozen=True, kw_only=True):
    """What waits: an entry that settles nothing known (`code` tells which way it went), or a row
    that could not be read. Below zero went out. `position`: of the fact that says so.
    """

    entry: str
    day: date
    code: str
    field: str
    currency: str
    amount_minor: int
    account: str
    position: int


def given_back(
    connection: Connection, entity: str, amounts: Iterable[int], *, by_a_bank: str
) -> tuple[GivenBack, ...]:
    """What was given or taken back in one of some amounts. Failures that a bank's own entry told
    (of the kind `by_a_bank`) are that entry.
    """
    with looking(connection, Question(entity=entity), DOCUMENTS) as seen:
        names = {"entity": seen.entity, "amounts": sorted(set(amounts)), "told": by_a_bank}
        return tuple(
            GivenBack(
                settles=Settles(what=_WHAT[kind], of=stream, chargeback=chargeback),
                currency=currency,
                amount_minor=minor,
                names=_names(stream.partition(":")[2], chargeback, reference, banks, *invoices),
            )
            for stream, kind, chargeback, currency, minor, reference, banks, invoices in (
                connection.execute(SQL.given_back, names)
            )
        )


def _names(*told: str | None) -> frozenset[str]:
    found = (normal(name) for name in told if name)
    return frozenset(name for name in found if len(name) >= LETTERS_MIN)


def left_entries(connection: Connection, question: Question) -> Answer[LeftEntry]:
    """What waits for a person, in the order it came."""
    with looking(connection, question) as seen:
        facts = log.read_categories(connection, seen.entity, ["bank"], upto=seen.known_at)
        rows = [_row(one) for one in kept(facts) if one.state.waits]
        return seen.answer(tuple(row for row in rows if row.day <= seen.through))


def _row(one: Kept) -> LeftEntry:
    left, unread = one.state.left, one.state.unread
    code = unread.code if unread else "undoes-a-payment" if left and left.undoes else "went-out"
    if left and left.amount_minor > 0 and not left.undoes:
        code = "came-in"
    return LeftEntry(
        entry=one.name,
        day=one.first.when.effective,
        code=code,
        field=(unread.field or "") if unread else "",
        currency=left.currency if left else "",
        amount_minor=left.amount_minor if left else 0,
        account=left.account if left else unread.source if unread else "",
        position=one.first.position,
    )
