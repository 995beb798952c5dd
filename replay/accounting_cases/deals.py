"""What is agreed when a contract is signed: one reading for each set of fields it is stated by.

A field that the reading of the others does not know fails the case by name.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, structs

from domain.contract_commands import OpenContract, PromiseCustomerPayment, SatisfyObligation
from domain.contract_facts import Financing, NonCash, Obligation, RegularBundle, VariableAmount
from replay.accounting_cases.fields import EVERY, own_terms
from replay.accounting_cases.steps import CUSTOMER, Does
from replay.accounting_cases.survey import Survey, may_be_left, name, submit, when
from replay.accounting_cases.words import Words
from replay.case_format import CaseError


class Deal(Struct, frozen=True, kw_only=True):
    """The parts of a contract, and the promises that are kept at once."""

    obligations: tuple[Obligation, ...]
    price_minor: int = 0
    variable: tuple[VariableAmount, ...] = ()
    bundles: tuple[RegularBundle, ...] = ()
    financing: Financing | None = None
    right_after: str | None = None
    criteria_met: bool = True
    cancellable_days: int | None = None
    payable: PromiseCustomerPayment | None = None
    non_cash: tuple[NonCash, ...] = ()
    at_once: tuple[str, ...] = ()


Read = Callable[[Words, Survey], Deal]
Add = Callable[[Words, Survey, Deal], Deal]
# What may be said of any deal: its name and money, and whether its term binds both.
ANY = {
    *EVERY,
    *("contract", "currency", "non_cancellable", "cancellable", "notice_days", "refundable"),
    *("billing", "due", "series"),
}


class Shape(Struct, frozen=True, kw_only=True):
    """Fields that state a deal together, those that may be with them, and what they say.

    A need `a|b` is met by either.
    """

    needs: tuple[frozenset[str], ...]
    may: frozenset[str] = frozenset()
    read: Read

    def taken(self, said: set[str]) -> set[str] | None:
        """The fields it reads of those that are said; none if it does not fit."""
        if not all(need & said for need in self.needs):
            return None
        return {field for need in self.needs for field in need & said} | self.may


class Extra(Struct, frozen=True, kw_only=True):
    """Fields that may be with any shape, each read on top of it."""

    fields: frozenset[str]
    read: Add


def shape(needs: str, may: str, read: Read) -> Shape:
    either = tuple(frozenset(need.split("|")) for need in needs.split())
    return Shape(needs=either, may=frozenset(may.split()), read=read)


def extra(fields: str, read: Add) -> Extra:
    return Extra(fields=frozenset(fields.split()), read=read)


def read_deal(
    fact: Words, known: Survey, shapes: tuple[Shape, ...], extras: tuple[Extra, ...] = ()
) -> Deal:
    """By the first shape whose fields are all there, and what the fields beside it add."""
    said = {field for field in fact.raw if fact.has(field)}
    fitting = next((one for one in shapes if one.taken(said) is not None), None)
    if fitting is None:
        raise CaseError(f"{fact.event}: no price that is known by these fields")
    left = said.difference(ANY, fitting.taken(said) or (), own_terms(fact.raw))
    added = tuple(one for one in extras if one.fields & left)
    strange = sorted(left.difference(*(one.fields for one in added)))
    if strange:
        raise CaseError(
            *(f"{fact.event}.{field}: not with the fields beside it" for field in strange)
        )
    deal = structs.replace(fitting.read(fact, known), cancellable_days=_notice(fact))
    for one in added:
        deal = one.read(fact, known, deal)
    return structs.replace(deal, obligations=_as_agent(fact, known, deal.obligations))


def _notice(fact: Words) -> int | None:
    """The days of notice that who leaves a deal must give; what may be left at once needs none."""
    if fact.has("notice_days"):
        return fact.count("notice_days")
    return 0 if may_be_left(fact) else None


def _as_agent(
    fact: Words, known: Survey, promises: tuple[Obligation, ...]
) -> tuple[Obligation, ...]:
    """Who sells for others shows the fee alone: what is theirs is stated (rule 37)."""
    if not known.elected.net or not fact.has("others_share"):
        return promises
    return tuple(structs.replace(one, presented="net") for one in promises)


def opened(fact: Words, deal: Deal) -> Does:
    """The contract on its stream, then what is kept at once."""
    stream = f"contract:{name(fact, 'contract')}"
    command = OpenContract(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        price_minor=deal.price_minor,
        obligations=deal.obligations,
        variable=deal.variable,
        bundles=deal.bundles,
        financing=deal.financing,
        right_after=deal.right_after,
        criteria_met=deal.criteria_met,
        cancellable_days=deal.cancellable_days,
        non_cash=deal.non_cash,
        refundable=fact.has("refundable") and fact.flag("refundable"),
    )
    yield submit(fact, stream, command)
    if deal.payable is not None:
        yield submit(fact, stream, deal.payable)
    for promise in deal.at_once:
        yield submit(fact, stream, SatisfyObligation(when=when(fact), obligation=promise))
