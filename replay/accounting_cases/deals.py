"""What is agreed when a contract is signed: one reading for each set of fields it is stated by.

A field that the reading of the others does not know fails the case by name.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from domain.contract_commands import OpenContract, SatisfyObligation
from domain.contract_facts import Financing, Obligation, RegularBundle, VariableAmount
from replay.accounting_cases.fields import EVERY
from replay.accounting_cases.steps import CUSTOMER, Does
from replay.accounting_cases.survey import Survey, name, submit, when
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
    at_once: tuple[str, ...] = ()


Read = Callable[[Words, Survey], Deal]
# What may be said of any deal: its name and money, and that its term binds both.
ANY = {*EVERY, "contract", "currency", "non_cancellable", "cancellable", "billing"}


class Shape(Struct, frozen=True, kw_only=True):
    """Fields that state a deal together, those that may be with them, and what they say."""

    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    read: Read


def shape(needs: str, may: str, read: Read) -> Shape:
    return Shape(needs=frozenset(needs.split()), may=frozenset(may.split()), read=read)


def read_deal(fact: Words, known: Survey, shapes: tuple[Shape, ...]) -> Deal:
    """By the first shape whose fields are all there."""
    said = {field for field in fact.raw if fact.has(field)}
    fitting = next((one for one in shapes if one.needs <= said), None)
    if fitting is None:
        raise CaseError(f"{fact.event}: no price that is known by these fields")
    strange = sorted(said.difference(ANY, fitting.needs, fitting.may))
    if strange:
        raise CaseError(
            *(f"{fact.event}.{field}: not with the fields beside it" for field in strange)
        )
    _require_binding(fact)
    return fitting.read(fact, known)


def _require_binding(fact: Words) -> None:
    """A deal somebody may leave needs the notice it takes, which no field states."""
    leaves = fact.has("cancellable") and fact.flag("cancellable")
    if leaves or (fact.has("non_cancellable") and not fact.flag("non_cancellable")):
        raise CaseError(f"{fact.event}: cancellable, and no field states the notice")


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
    )
    yield submit(fact, stream, command)
    for promise in deal.at_once:
        yield submit(fact, stream, SatisfyObligation(when=when(fact), obligation=promise))
