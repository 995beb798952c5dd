"""Whose money it is and what it pays: rules in order, each with the reason it gives.

First what the payer wrote, then what the amount comes to, then who paid before. What is unclear is
for a person: nothing is guessed, and the candidates are told. Pure: what the ledger knows comes in,
and each match leaves what the next one finds.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter

from msgspec import Struct, field

from domain.bank import SAID, Rule
from domain.payment_facts import Application, Deduction

CANDIDATES_MAX = 5


class Item(Struct, kw_only=True):
    """An invoice and what of it is left to pay; some of it may be paid by money that waited."""

    invoice: str
    number: str
    customer: str
    currency: str
    due_on: date
    issued_on: date
    left_minor: int
    waited_minor: int = 0


class Incoming(Struct, frozen=True, kw_only=True):
    """Money to be matched: `references` in their normal form, `payer` as an opaque id.

    `charges_minor` is what the bank kept: so much more was sent.
    """

    currency: str
    amount_minor: int
    charges_minor: int = 0
    references: tuple[str, ...] = ()
    payer: str | None = None


class Candidate(Struct, frozen=True, kw_only=True):
    """What a person may choose: a customer, or one of its invoices."""

    customer: str
    invoice: str | None = None
    left_minor: int | None = None


class Match(Struct, frozen=True, kw_only=True):
    """By which rule, why, and what it pays; without a customer the candidates are told."""

    rule: Rule
    because: str
    customer: str | None = None
    applications: tuple[Application, ...] = ()
    candidates: tuple[Candidate, ...] = ()


class Account(Struct, kw_only=True):
    """A customer's open items in one currency, oldest due first, and money that waits for items."""

    items: list[Item] = field(default_factory=list)
    by_amount: dict[int, list[Item]] = field(default_factory=dict)
    free_minor: int = 0
    first: int = 0


_oldest = attrgetter("due_on", "issued_on", "invoice")


class Known:
    """What is known of invoices, customers and payers, and what is open as matches are made.

    `crowded` are invoices of whose amount so many are open that only some of them are here.
    """

    def __init__(
        self,
        *,
        items: Iterable[Item],
        free: dict[tuple[str, str], int],
        references: dict[str, tuple[Candidate, ...]],
        payers: dict[str, tuple[str, ...]],
        crowded: frozenset[str] = frozenset(),
    ) -> None:
        self.references = references
        self.crowded = crowded
        self.payers = payers
        self.invoices: dict[str, Item] = {}
        self.accounts: dict[tuple[str, str], Account] = {}
        self._by_amount: dict[tuple[str, int], list[Item]] = {}
        for item in sorted(items, key=_oldest):
            self.invoices[item.invoice] = item
            self.account(item.customer, item.currency).items.append(item)
        for (customer, currency), minor in free.items():
            self._use(self.account(customer, currency), minor)
        for item in self.invoices.values():
            self._note(item)

    def account(self, customer: str, currency: str) -> Account:
        return self.accounts.setdefault((customer, currency), Account())

    def open_items(self, customer: str, currency: str) -> Iterable[Item]:
        """What is left to pay, oldest due first."""
        account = self.account(customer, currency)
        items = account.items
        while account.first < len(items) and items[account.first].left_minor <= 0:
            account.first += 1
        return (item for item in _from(items, account.first) if item.left_minor > 0)

    def of_amount(self, customer: str, currency: str, minor: int) -> Item | None:
        """The oldest open item of exactly this amount."""
        found = self.account(customer, currency).by_amount.get(minor, [])
        while found and found[0].left_minor != minor:
            found.pop(0)
        return found[0] if found else None

    def anyone_of_amount(self, currency: str, minor: int) -> list[Item]:
        """Whoever has an open item of exactly this amount, by what is stated alone.

        What money that waits has begun to pay is left out: so the same is found whether all money
        of a customer is looked at, or only what came after.
        """
        found = [
            item for item in self._by_amount.get((currency, minor), ()) if not item.waited_minor
        ]
        alike = {item.invoice: item for item in found if item.left_minor == minor}
        self._by_amount[currency, minor] = [*alike.values()]
        return self._by_amount[currency, minor]

    def take(self, money: Incoming, match: Match) -> None:
        """From now on what the match pays is paid, and what is over waits for the oldest items."""
        if match.customer is None:
            return
        account = self.account(match.customer, money.currency)
        over = money.amount_minor
        for row in match.applications:
            item = self.invoices[row.invoice]
            item.left_minor -= row.amount_minor + sum(one.amount_minor for one in row.deductions)
            over -= row.amount_minor
            self._note(item)
        self._use(account, over)
        if match.rule in SAID and money.payer:
            paid_for = self.payers.get(money.payer, ())
            self.payers[money.payer] = tuple(sorted({*paid_for, match.customer}))

    def _use(self, account: Account, minor: int) -> None:
        """Money without a purpose goes to the oldest open items, as the books measure it."""
        account.free_minor += minor
        for item in _from(account.items, account.first):
            if account.free_minor <= 0:
                return
            taken = max(min(item.left_minor, account.free_minor), 0)
            if taken:
                item.left_minor -= taken
                item.waited_minor += taken
                account.free_minor -= taken
                self._note(item)

    def _note(self, item: Item) -> None:
        if item.left_minor <= 0:
            return
        own = self.account(item.customer, item.currency).by_amount
        insort(own.setdefault(item.left_minor, []), item, key=_oldest)
        self._by_amount.setdefault((item.currency, item.left_minor), []).append(item)


def _from(items: list[Item], first: int) -> Iterable[Item]:
    return (items[place] for place in range(first, len(items)))


def match(money: Incoming, known: Known) -> Match:
    """The first rule that holds."""
    named = _named(money, known)
    if len({one.customer for one in named}) > 1:
        because = f"names more than one customer: {', '.join(_shown(named))}"
        return Match(rule="none", because=because, candidates=tuple(named[:CANDIDATES_MAX]))
    invoices = [one for one in named if one.invoice is not None]
    if invoices:
        return _by_invoices(money, known, invoices)
    if named:
        because = f"names customer {named[0].customer}"
        return _of_customer(money, known, named[0].customer, "reference", because)
    before = known.payers.get(money.payer or "", ())
    if len(before) == 1:
        because = f"who paid for {before[0]} before"
        return _of_customer(money, known, before[0], "payer", because)
    return _by_amount_alone(money, known, before)


def _named(money: Incoming, known: Known) -> list[Candidate]:
    """Invoices that the references name, else customers."""
    found = [one for name in money.references for one in known.references.get(name, ())]
    invoices = [one for one in found if one.invoice is not None]
    return list(dict.fromkeys(invoices or found))


def _by_invoices(money: Incoming, known: Known, named: Sequence[Candidate]) -> Match:
    items = [known.invoices[one.invoice] for one in named if one.invoice in known.invoices]
    payable = [item for item in items if item.currency == money.currency and item.left_minor > 0]
    because = f"names {', '.join(_shown(named))}"
    if not payable:
        because += ", of which nothing is left to pay"
    payable.sort(key=_oldest)
    applications = _shared(payable, money.amount_minor)
    customer = named[0].customer
    return Match(rule="reference", because=because, customer=customer, applications=applications)


def _of_customer(money: Incoming, known: Known, customer: str, rule: Rule, because: str) -> Match:
    """Of a customer who is known: by the amount if it comes to something, else what is oldest."""
    found = _by_amount(money, known, customer)
    if found is None:
        return Match(rule=rule, because=because, customer=customer)
    applications, what = found
    because = f"{because}; the amount is {what}"
    return Match(rule="amount", because=because, customer=customer, applications=applications)


def _by_amount(
    money: Incoming, known: Known, customer: str
) -> tuple[tuple[Application, ...], str] | None:
    """One item of the amount received, or sent; else the oldest items that come to it together."""
    for charges in dict.fromkeys((0, money.charges_minor)):
        item = known.of_amount(customer, money.currency, money.amount_minor + charges)
        if item is not None:
            fee = (Deduction(kind="fee", amount_minor=charges),) if charges else ()
            paid = Application(
                invoice=item.invoice, amount_minor=money.amount_minor, deductions=fee
            )
            return (paid,), f"that of {item.number}"
    total, oldest = 0, []
    for item in known.open_items(customer, money.currency):
        total += item.left_minor
        oldest.append(item)
        if total == money.amount_minor:
            return _shared(oldest, total), f"that of the oldest {len(oldest)}"
        if total > money.amount_minor:
            return None
    return None


def _by_amount_alone(money: Incoming, known: Known, before: Sequence[str]) -> Match:
    """Nobody is named, and the payer says nothing or paid for several: one item alone will do."""
    alike = known.anyone_of_amount(money.currency, money.amount_minor)
    ours = [item for item in alike if item.customer in before] if before else alike
    if len({item.customer for item in ours}) == 1 and ours[0].invoice not in known.crowded:
        item = min(ours, key=_oldest)
        if len(ours) == 1 or before:
            because = f"of all that is open only {item.number} comes to the amount"
            if before:
                because = f"who paid for {', '.join(before)}; {item.number} comes to the amount"
            applications = _shared([item], money.amount_minor)
            return Match(
                rule="amount",
                because=because,
                customer=item.customer,
                applications=applications,
            )
    candidates = [_candidate(item) for item in ours] or [Candidate(customer=c) for c in before]
    because = _unclear(ours, before)
    return Match(rule="none", because=because, candidates=tuple(candidates[:CANDIDATES_MAX]))


def _unclear(alike: Sequence[Item], before: Sequence[str]) -> str:
    if alike:
        return f"names nobody; {len(alike)} open items come to the amount"
    if before:
        return f"names nobody; the payer paid for {', '.join(before)} before"
    return "names nobody, comes to no open item, and nobody known has paid from there"


def _shared(items: Sequence[Item], minor: int) -> tuple[Application, ...]:
    """The amount over the items in turn, as far as it goes."""
    rows = []
    for item in items:
        taken = min(item.left_minor, minor)
        if taken > 0:
            rows.append(Application(invoice=item.invoice, amount_minor=taken))
            minor -= taken
    return tuple(rows)


def _candidate(item: Item) -> Candidate:
    return Candidate(customer=item.customer, invoice=item.invoice, left_minor=item.left_minor)


def _shown(named: Sequence[Candidate]) -> list[str]:
    return [one.invoice or one.customer for one in named[:CANDIDATES_MAX]]
