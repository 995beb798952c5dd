"""What one fact of a case may need to know of the others: names that stand for "the only one"."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from msgspec import Struct

from domain.contract_facts import Obligation
from domain.facts import When
from replay.accounting_cases.policy import Elections
from replay.accounting_cases.steps import Submit, UsageTerms
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

# Events that state a deal of their own, or do so where they carry one of these fields.
# What the price of a deal may be called.
PRICES = ("transaction_price", "amount", "price", "fixed", "stated_price", "consideration")
OPENS: dict[str, tuple[str, ...]] = {
    "agreement_signed": (),
    "contract_signed": (),
    "goods_sold": (),
    "sale_recorded": (),
    "payment_received": ("credits",),
    "obligation_satisfied": ("stated_price", "unit_price", "price"),
    "control_transferred": ("stated_price",),
}
# Facts that say that money came.
MONEY_COMES = ("payment_received", "payment_received_external", "sale_recorded", "goods_sold")
# Facts that say that rights were used, or lost.
RIGHTS_END = tuple(
    f"{of}_{what}"
    for of, used in (("points", "redeemed"), ("credits", "used"), ("option", "exercised"))
    for what in (used, "expired")
)
SERVICE = "service"


class Survey(Struct, frozen=True, kw_only=True):
    """`currency` is that of the case. `promises`: each contract's obligations, its modifications'
    too, in the order they come. `standing`: by the place of a change, the obligations it changes,
    as what came before it left them.
    """

    currency: str
    facts: tuple[Words, ...]
    elected: Elections
    contracts: tuple[str, ...]
    invoices: tuple[str, ...]
    payments: tuple[str, ...]
    usage: UsageTerms | None = None
    promises: dict[str, tuple[Obligation, ...]] = {}
    standing: dict[int, dict[str, tuple[Obligation, ...]]] = {}

    def of(self, *events: str) -> tuple[Words, ...]:
        return tuple(fact for fact in self.facts if fact.event in events)

    def first(self, event: str, field: str) -> Words | None:
        """The first fact of a kind that states a field."""
        return next((fact for fact in self.of(event) if fact.has(field)), None)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those that facts state amounts in."""
        return _unique(fact.currency for fact in self.facts)

    @property
    def promise(self) -> str:
        """What the one promise of a deal is called: as the fact that says it was kept calls it."""
        named = self.first("obligation_satisfied", "obligation")
        return named.text("obligation") if named else SERVICE


def opens(fact: Words) -> bool:
    """Whether a fact states a deal."""
    fields = OPENS.get(fact.event)
    return fields is not None and (not fields or any(fact.has(field) for field in fields))


def survey(
    currency: str, facts: tuple[Words, ...], elected: Elections, usage: UsageTerms | None
) -> Survey:
    # What anybody may leave before it is paid is never due (IFRS 15.IE198, 606-10-55-285).
    due = () if any(map(may_be_left, facts)) else ("payment_due",)
    return Survey(
        currency=currency,
        facts=facts,
        elected=elected,
        contracts=_unique(name(fact, "contract") for fact in facts if opens(fact)),
        invoices=_names(facts, ("invoice_issued", *due), "number"),
        payments=_names(facts, MONEY_COMES, "payment"),
        usage=usage,
    )


def passing(known: Survey) -> frozenset[str]:
    """Promises of which a fact says that control of them passed."""
    passed = known.of("obligation_satisfied", "control_transferred")
    return frozenset(fact.text("obligation") for fact in passed if fact.has("obligation"))


def is_a_right(promise: str, known: Survey) -> bool:
    """Whether facts say of a promise that it is used or lost, by its name or by what they are of:
    all of it at once, as none says how much there is.
    """
    return any(
        promise == (fact.text("obligation") if fact.has("obligation") else fact.event.split("_")[0])
        and not fact.has("quantity")
        and not fact.has("cumulative")
        for fact in known.of(*RIGHTS_END)
    )


def may_be_left(fact: Words) -> bool:
    """Whether a deal says that it may be left."""
    binds = not fact.has("non_cancellable") or fact.flag("non_cancellable")
    return not binds or (fact.has("cancellable") and fact.flag("cancellable"))


def name(fact: Words, field: str) -> str:
    """What a document is called: its number, else its source's id, else its place in the file."""
    for known in (field, "event_id"):
        if fact.has(known):
            return fact.text(known)
    return f"{fact.event}-{fact.place}"


def the_price(fact: Words) -> int:
    """What a deal comes to as a whole."""
    field = next((one for one in PRICES if fact.has(one)), "amount")
    return fact.money(field)


def the_contract(fact: Words, known: Survey) -> str:
    """The contract a fact names, else the only one, or the only one with the promise it names."""
    if fact.has("contract"):
        return fact.text("contract")
    named = tuple(
        contract
        for contract, rows in known.promises.items()
        if fact.has("obligation") and fact.raw["obligation"] in {row.obligation for row in rows}
    )
    return named[0] if len(named) == 1 else only(fact, known.contracts, "contract")


def the_promise(fact: Words, known: Survey, pattern: str) -> str:
    """The only promise of the fact's contract that is kept in a way."""
    if fact.has("obligation"):
        return fact.text("obligation")
    promises = known.promises.get(the_contract(fact, known), ())
    named = tuple(row.obligation for row in promises if row.pattern == pattern)
    return only(fact, named, "obligation")


def only(fact: Words, names: tuple[str, ...], field: str) -> str:
    if len(names) != 1:
        raise CaseError(f"{fact.event}: {len(names)} it could mean, and no {field} says which")
    return names[0]


def when(fact: Words) -> When:
    agreed = fact.day("agreed") if fact.has("agreed") else None
    return When(effective=fact.day("effective"), agreed_on=agreed)


def submit(fact: Words, stream: str, command: Any, on: date | None = None) -> Submit:
    """A command of a fact, under the fact's own id where it has one."""
    source = (fact.event, fact.text("event_id")) if fact.has("event_id") else None
    return Submit(stream=stream, command=command, source=source, on=on)


def _names(facts: tuple[Words, ...], events: tuple[str, ...], field: str) -> tuple[str, ...]:
    return _unique(name(fact, field) for event in events for fact in facts if fact.event == event)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
