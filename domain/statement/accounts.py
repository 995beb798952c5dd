"""A run's accounts: which subscriptions are billed to whom, from the facts of some customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, groupby
from operator import attrgetter

from msgspec import Struct, structs

from domain import coupon
from domain.accounting.documents import BilledLine, billed_lines
from domain.billing import ALWAYS
from domain.charge import Charge
from domain.charges import all_charges
from domain.coupon import CouponGranted, CouponState
from domain.cycle import Span
from domain.errors import Rejected
from domain.facts import Fact, timeline
from domain.invoice_facts import InvoiceLine
from domain.master import MasterData
from domain.party import CustomerState, evolve, payer, registered
from domain.price import version_of
from domain.rating import rate_usage
from domain.statement.coupons import Claim, MayReduce, Use, claims, uses
from domain.statement.differences import differences, interim_only
from domain.statement.documents import (
    Account,
    Bill,
    Carried,
    Document,
    documents,
)
from domain.statement.drafts import Adjustments, OpenDraft, lines_of, lost, open_drafts
from domain.statement.notes import Papers
from domain.statement.spans import Difference, Sale, carried_by
from domain.statement.thresholds import Reached, reached
from domain.statement.unused import unused
from domain.terms import Terms, horizon, terms
from domain.usage import UsageDay

# Lines that bill an item; a one-off charge need not, and a tax never does.
ITEM_KINDS = frozenset({"subscription", "usage", "discount", "drawdown"})

NOBODY = CustomerState()
_key = attrgetter("subscription", "item", "service_from")


class Sold(Struct, frozen=True, kw_only=True):
    """Some subscriptions as sold, the lines that name each, their customers, and the coupons of
    these with what was used of each.
    """

    terms: dict[str, Terms]
    billed: dict[str, list[BilledLine]]
    versions: dict[str, int]
    customers: dict[str, CustomerState]
    credit: dict[tuple[str, str], int] = {}
    coupons: dict[str, CouponState] = {}
    used: dict[str, Use] = {}
    drafts: tuple[OpenDraft, ...] = ()


class Asked(Struct, frozen=True, kw_only=True):
    """By which date, with which prices; of all, or of some subscriptions and some customers'.

    `interim`: also the usage of periods that still run, as far as they have come. `only_levels`: of
    all this only running periods whose use passed a level. `since`: only of billing periods that
    end after that day begins. `known_since`: what is told of billing periods that end by then need
    not be whole, and none of those asked for rests on them.
    """

    through: date
    master: MasterData
    interim: bool = False
    only_levels: bool = False
    since: date = date.min
    known_since: date = date.min
    customers: frozenset[str] = frozenset()
    subscriptions: frozenset[str] = frozenset()

    def wants(self, name: str, customer: str) -> bool:
        """Whether a subscription of a customer is asked for."""
        everything = not self.customers and not self.subscriptions
        return everything or name in self.subscriptions or customer in self.customers


def sold(facts: Sequence[Fact], through: date, master: MasterData) -> Sold:
    """Fold facts of customers, subscriptions, invoices and coupons; the terms are those of the
    date.
    """
    known = timeline(facts)
    billed: dict[str, list[BilledLine]] = {}
    rows = billed_lines(known)
    for row in rows:
        billed.setdefault(row.line.subscription or "", []).append(row)
    versions: dict[str, int] = {}
    for fact in facts:
        if fact.stream.startswith("invoice:"):
            versions[fact.stream] = max(fact.version, versions.get(fact.stream, 0))
    return Sold(
        terms=_subscriptions(known, through, master),
        billed=billed,
        versions=versions,
        customers=customers_of(known),
        credit=_credit(billed.get("", ())),
        coupons=_coupons(known),
        used=uses(rows),
        drafts=open_drafts(known, versions),
    )


def statement(
    found: Sold,
    usage: Mapping[str, Sequence[UsageDay]],
    asked: Asked,
    in_use: Callable[[str], bool],
) -> Bill:
    """The documents that close the difference. `usage` is by subscription, of batches in force."""
    papers = Papers(
        versions=dict(found.versions),
        in_use=in_use,
        lines=_by_invoice(found),
        invoicing=asked.master.invoicing_on(asked.through),
    )
    on_drafts, counted = _of_drafts(found, usage, asked, papers)
    bill = _bill(counted, usage, asked, papers)
    return structs.replace(
        bill,
        documents=(*on_drafts.documents, *bill.documents),
        carried=(*on_drafts.carried, *bill.carried),
        measured=on_drafts.measured,
    )


def _of_drafts(
    found: Sold, usage: Mapping[str, Sequence[UsageDay]], asked: Asked, papers: Papers
) -> tuple[Bill, Sold]:
    """What earlier drafts come to now, day by day, and what is sold with that as billed."""
    told: list[Document] = []
    measured: set[str] = set()
    without: list[Carried] = []
    due = (draft for draft in found.drafts if draft.day <= asked.through)
    for (day, _), own in groupby(due, key=attrgetter("day", "last.is_measured")):
        drafts = [*own]
        fresh = _measured_again(found, usage, structs.replace(asked, through=day), drafts, papers)
        rows: list[BilledLine] = []
        for draft in drafts:
            lines = draft.last.lines
            if draft.account in fresh:
                # A second draft of one account and day has nothing left to bill.
                document, fresh[draft.account] = fresh[draft.account], None
                measured.add(draft.stream)
                lines = document.lines if document else ()
                without += lost(draft, lines)
                if document is not None:
                    told.append(structs.replace(document, stream=draft.stream))
            rows += lines_of(draft, lines)
        found = _counting(found, rows)
    bill = Bill(documents=tuple(told), measured=frozenset(measured), carried=tuple(without))
    return bill, found


def _measured_again(
    found: Sold,
    usage: Mapping[str, Sequence[UsageDay]],
    asked: Asked,
    drafts: Sequence[OpenDraft],
    papers: Papers,
) -> dict[tuple[str, str], Document | None]:
    """What the drafts of a day come to now, by account; of those that the run looks at in full."""
    names = _looked_for(found, asked)
    cut = {one.account for one in drafts if not one.may_be_measured(names, asked.since)}
    accounts = {one.account: one.adjustments for one in reversed(drafts) if one.account not in cut}
    if asked.only_levels or not accounts:
        return {}
    asked = structs.replace(asked, interim=False)
    # Credit notes are left to the run's own day, and so are their numbers.
    apart = structs.replace(papers, versions=dict(found.versions), taken={})
    bill = _bill(found, usage, asked, apart, accounts)
    fresh = {(one.customer, one.currency): one for one in bill.documents if one.lines}
    return {account: fresh.get(account) for account in accounts}


def _looked_for(found: Sold, asked: Asked) -> frozenset[str]:
    return frozenset(
        name for name, sold in found.terms.items() if asked.wants(name, sold.started.customer)
    )


def _counting(found: Sold, rows: Iterable[BilledLine]) -> Sold:
    """With more lines as billed."""
    billed = dict(found.billed)
    for row in rows:
        name = row.line.subscription or ""
        billed[name] = [*billed.get(name, ()), row]
    return structs.replace(
        found,
        billed=billed,
        credit=_credit(billed.get("", ())),
        used=uses(chain.from_iterable(billed.values())),
    )


def _bill(
    found: Sold,
    usage: Mapping[str, Sequence[UsageDay]],
    asked: Asked,
    papers: Papers,
    only: Mapping[tuple[str, str], Adjustments] | None = None,
) -> Bill:
    """The documents of all accounts asked for, or `only` of those with drafts, as these are
    altered.
    """
    accounts: dict[tuple[str, str], list[Difference]] = {}
    waiting: list[Carried] = []
    levels: list[Reached] = []
    for name, terms_of in found.terms.items():
        if not asked.wants(name, terms_of.started.customer):
            continue
        account = account_of(terms_of, found, asked.through)
        if only is not None and account not in only:
            continue
        billed = tuple(found.billed.get(name, ()))
        try:
            charges = charges_of(
                terms_of, usage.get(name, ()), asked.master, billed, _looked_at(asked, billed)
            )
        except Rejected as refusal:
            waiting.append(_not_charged(account, name, refusal))
            continue
        waiting += _unmatched(account, name, charges, billed)
        sale = Sale(
            subscription=name,
            charges=tuple(charge for charge in charges if charge.period.end > asked.since),
            lines=billed,
            elections=asked.master.elections,
            since=asked.since,
            has_coupons=_has_coupons({account[0], terms_of.started.customer}, found),
        )
        passed = tuple(reached(sale, asked.master, asked.through))
        accounts.setdefault(account, []).extend(_owed(sale, terms_of, passed, asked))
        levels += passed
    bills = [
        documents(
            _account(key, found, asked, (only or {}).get(key, ())),
            sorted(accounts[key], key=_key),
            papers,
            asked.through,
        )
        for key in sorted(accounts)
    ]
    return Bill(
        documents=tuple(document for bill in bills for document in bill.documents),
        carried=(*waiting, *(row for bill in bills for row in bill.carried)),
        reached=tuple(levels),
    )


def _by_invoice(found: Sold) -> dict[str, list[BilledLine]]:
    lines: dict[str, list[BilledLine]] = {}
    for row in chain.from_iterable(found.billed.values()):
        lines.setdefault(row.invoice, []).append(row)
    return lines


def _owed(
    sale: Sale, terms_of: Terms, passed: Iterable[Reached], asked: Asked
) -> Iterable[Difference]:
    """A running period is billed so far if that is asked for, or if its use passed a level."""
    interim = {one.item for one in passed}
    if asked.only_levels:
        return interim_only(sale, asked.through, interim)
    if asked.interim:
        interim |= {charge.item for charge in sale.charges if charge.usage}
    nothing = unused(sale, terms_of, asked.master.prices, asked.through)
    return chain(differences(sale, asked.through, interim), nothing)


def account_of(sold: Terms, found: Sold, day: date) -> tuple[str, str]:
    """Who is billed for a subscription on a day, and in which currency."""
    return payer(sold.started.customer, day, found.customers), sold.started.currency


def charges_of(
    sold: Terms,
    usage: Iterable[UsageDay],
    master: MasterData,
    billed: Sequence[BilledLine] = (),
    within: Span = ALWAYS,
) -> tuple[Charge, ...]:
    """Everything a subscription is charged; of billing periods that end by the first day of
    `within`, or begin after its last, some may be missing. Raises Rejected where it cannot be.
    """
    rated = rate_usage(usage, sold, master, billed)
    return all_charges(sold, master.prices, rated.charges, within)


def _looked_at(asked: Asked, billed: Iterable[BilledLine]) -> Span:
    """The days whose charges a run compares: until it bills, or until something is billed ahead."""
    ends = (row.line.service_to or row.line.service_from or date.min for row in billed)
    return asked.known_since, max(chain((asked.through,), ends))


def _subscriptions(known: Sequence[Fact], through: date, master: MasterData) -> dict[str, Terms]:
    own: dict[str, list[Fact]] = {}
    for fact in known:
        category, _, name = fact.stream.partition(":")
        if category == "subscription":
            own.setdefault(name, []).append(fact)
    customers = registered(known)
    folded = {
        name: terms(facts, master.prices, horizon(through), customers)
        for name, facts in sorted(own.items())
    }
    return {name: sold for name, sold in folded.items() if sold is not None}


def _credit(rows: Iterable[BilledLine]) -> dict[tuple[str, str], int]:
    """What each account carries in credit: lines that carried less those that used it."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.line.kind == "credit" and not row.is_void:
            key = (row.customer, row.currency)
            found[key] = found.get(key, 0) + row.left_minor
    return found


def customers_of(known: Iterable[Fact]) -> dict[str, CustomerState]:
    """The customers that facts (known, in effective order) tell of."""
    states: dict[str, CustomerState] = {}
    for fact in known:
        category, _, name = fact.stream.partition(":")
        if category == "customer":
            states[name] = evolve(states.get(name, NOBODY), fact)
    return states


def _coupons(known: Iterable[Fact]) -> dict[str, CouponState]:
    states: dict[str, CouponState] = {}
    for fact in known:
        category, _, name = fact.stream.partition(":")
        if category == "coupon":
            states[name] = coupon.evolve(states.get(name, CouponState()), fact)
    return states


def _account(key: tuple[str, str], found: Sold, asked: Asked, adjustments: Adjustments) -> Account:
    customer, currency = key
    state = found.customers.get(customer, NOBODY)
    return Account(
        customer=customer,
        currency=currency,
        is_known=state.is_registered,
        payment_terms_days=state.payment_terms_days(asked.through),
        credit_minor=found.credit.get(key, 0),
        claims=_claims(key, found, asked) if found.coupons else (),
        adjustments=adjustments,
    )


def _has_coupons(owners: Collection[str], found: Sold) -> bool:
    granted = (state.granted for state in found.coupons.values())
    return any(one is not None and one.customer in owners for one in granted)


def _claims(key: tuple[str, str], found: Sold, asked: Asked) -> tuple[Claim, ...]:
    """Coupons of whom the invoice goes to reduce all of it, those of another the lines of its own
    subscriptions.
    """
    customer, currency = key

    def limit(granted: CouponGranted) -> MayReduce:
        def may_reduce(line: InvoiceLine) -> bool:
            sold = found.terms.get(line.subscription or "")
            owners = {customer, sold.started.customer if sold else customer}
            return granted.customer in owners and _covers(granted, line, sold, asked.master)

        return may_reduce

    in_force = (
        (name, state.granted)
        for name, state in found.coupons.items()
        if state.granted is not None and state.is_in_force(asked.through, currency)
    )
    return claims(in_force, found.used, limit)


def _covers(
    granted: CouponGranted, line: InvoiceLine, sold: Terms | None, master: MasterData
) -> bool:
    """Whether a coupon is limited to none of what a line bills, or to some of it."""
    return (
        (not granted.items or line.obligation in granted.items)
        and (not granted.subscriptions or line.subscription in granted.subscriptions)
        and (not granted.products or _product(line, sold, master) in granted.products)
    )


def _product(line: InvoiceLine, sold: Terms | None, master: MasterData) -> str | None:
    """Of the price a line cites, else of what the item is sold at on its first day."""
    day = line.service_from or date.max
    stretches = sold.stretches if sold else ()
    names = (one.price for one in stretches if one.item == line.obligation and day < one.end)
    version = master.version(line.price or "") or version_of(next(names, ""), day, master.prices)
    return version.price.product if version else None


def _not_charged(account: tuple[str, str], subscription: str, refusal: Rejected) -> Carried:
    return Carried(
        customer=account[0],
        currency=account[1],
        minor=0,
        reason=refusal.code,
        subscription=subscription,
    )


def _unmatched(
    account: tuple[str, str],
    subscription: str,
    charges: Iterable[Charge],
    billed: Iterable[BilledLine],
) -> list[Carried]:
    if len({charge.item for charge in charges}) == 1:
        return []
    return [
        Carried(
            customer=account[0],
            currency=account[1],
            minor=carried_by(row),
            reason="unmatched-line",
            subscription=subscription,
            document=row.subject,
        )
        for row in billed
        if row.line.obligation is None and row.line.kind in ITEM_KINDS and carried_by(row)
    ]
