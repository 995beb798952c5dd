"""Which refund, failure or chargeback an entry of a bank is: rules in order, each with its reason.

First what the entry names, then, of money that went out, what only one of all comes to. What was
stated once is found once. Pure: what the ledger knows comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain.bank import Rule
from domain.left_entry import Settles, What


class GivenBack(Struct, frozen=True, kw_only=True):
    """One refund, failure or chargeback that is stated; `names` are all by which it may be meant,
    in their normal form.
    """

    settles: Settles
    currency: str
    amount_minor: int
    names: frozenset[str]


class Entered(Struct, frozen=True, kw_only=True):
    """An entry that may be no payment: below zero it went out, `references` in their normal form.
    What undoes an earlier entry is no refund: that is an entry of its own.
    """

    currency: str
    amount_minor: int
    references: tuple[str, ...]
    undoes: bool = False

    def may_be(self, what: What) -> bool:
        if self.amount_minor > 0:
            return what == "chargeback-won"
        return what != "chargeback-won" and not (self.undoes and what == "refund")


class Found(Struct, frozen=True, kw_only=True):
    """What an entry settles, by which rule and why; or nothing, and why."""

    rule: Rule
    because: str
    settles: Settles | None = None


class Stated:
    """What was given back and is not found yet, as matches are made."""

    def __init__(self, rows: Iterable[GivenBack], found: Iterable[tuple[Settles, int]]) -> None:
        """`found`: what earlier entries settled, with their amounts."""
        self._open: dict[tuple[str, int], list[GivenBack]] = {}
        for row in rows:
            self._open.setdefault((row.currency, row.amount_minor), []).append(row)
        for settles, minor in found:
            self._take(settles, abs(minor))

    def match(self, entry: Entered) -> Found:
        """What it settles is settled from now on."""
        alike = self._open.get((entry.currency, abs(entry.amount_minor)), [])
        alike = [row for row in alike if entry.may_be(row.settles.what)]
        found = _by_name(entry, alike) or _by_amount(alike, may_guess=entry.amount_minor < 0)
        if found.settles is not None:
            self._take(found.settles, abs(entry.amount_minor))
        return found

    def _take(self, settles: Settles, minor: int) -> None:
        for (_, amount), rows in self._open.items():
            if amount == minor:
                place = next((at for at, row in enumerate(rows) if row.settles == settles), None)
                if place is not None:
                    del rows[place]
                    return


def _by_name(entry: Entered, alike: Sequence[GivenBack]) -> Found | None:
    wanted = {*entry.references}
    named = [row for row in alike if wanted & row.names]
    meant = list(dict.fromkeys(row.settles for row in named))
    if len(meant) > 1:
        shown = ", ".join(_shown(one) for one in meant)
        return Found(rule="none", because=f"names more than one: {shown}")
    if meant:
        return Found(rule="reference", because=f"names {_shown(meant[0])}", settles=meant[0])
    return None


def _by_amount(alike: Sequence[GivenBack], *, may_guess: bool) -> Found:
    """Money that comes in is a payment unless it names what it is."""
    meant = list(dict.fromkeys(row.settles for row in alike))
    if len(meant) == 1 and may_guess:
        because = f"of all that was given back only {_shown(meant[0])} comes to the amount"
        return Found(rule="amount", because=because, settles=meant[0])
    count = len(meant)
    because = f"names nothing; {count} of what was given back come to the amount"
    return Found(rule="none", because=because if count else "comes to nothing that was given back")


def _shown(settles: Settles) -> str:
    words: dict[What, str] = {
        "refund": "the refund",
        "failure": "the failure",
        "chargeback": "the chargeback",
        "chargeback-won": "the chargeback won",
    }
    named = f" {settles.chargeback}" if settles.chargeback else ""
    return f"{words[settles.what]}{named} of {settles.of}"
