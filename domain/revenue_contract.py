"""The accounting truth of a deal stated by itself: obligations, price, changes."""

from __future__ import annotations

from datetime import date
from typing import assert_never

from msgspec import Struct, structs

from domain.catalogue import Pattern
from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.money import LARGEST_MINOR


class Obligation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promise with its stand-alone selling price at inception; half-open service period."""

    obligation: str
    ssp_minor: int
    pattern: Pattern = "ratable"
    service_from: date | None = None
    service_to: date | None = None


class ContractOpened(Event, frozen=True, kw_only=True, tag="contract-opened"):
    """`price_minor` is the fixed transaction price, allocated by relative SSP (rule 25)."""

    customer: str
    currency: str
    price_minor: int
    obligations: tuple[Obligation, ...]


class ContractModified(Event, frozen=True, kw_only=True, tag="contract-modified"):
    """Scope added and price changed from `effective`.

    Distinct additions at a price that reflects their SSP are a separate contract (rule 7, 25-12);
    everything else re-allocates what is not yet recognised over what remains (rule 8, 25-13(a)).
    """

    price_change_minor: int
    added: tuple[Obligation, ...] = ()
    price_reflects_ssp: bool = False


class ObligationSatisfied(Event, frozen=True, kw_only=True, tag="obligation-satisfied"):
    """Control of a point-in-time obligation passed at `effective`."""

    obligation: str


class ContractTerminated(Event, frozen=True, kw_only=True, tag="contract-terminated"):
    """Ends at `effective`; `refund_minor` of the price is given back, the rest is earned."""

    refund_minor: int = 0


class OpenContract(
    Struct, frozen=True, kw_only=True, tag="open-contract", forbid_unknown_fields=True
):
    """State a deal's promises and price."""

    when: When
    customer: str
    currency: str
    price_minor: int
    obligations: tuple[Obligation, ...]


class ModifyContract(
    Struct, frozen=True, kw_only=True, tag="modify-contract", forbid_unknown_fields=True
):
    """Add promises, change the price."""

    when: When
    price_change_minor: int
    added: tuple[Obligation, ...] = ()
    price_reflects_ssp: bool = False


class SatisfyObligation(
    Struct, frozen=True, kw_only=True, tag="satisfy-obligation", forbid_unknown_fields=True
):
    """Say that control of a point-in-time promise passed."""

    when: When
    obligation: str


class TerminateContract(
    Struct, frozen=True, kw_only=True, tag="terminate-contract", forbid_unknown_fields=True
):
    """End the contract at `effective`."""

    when: When
    refund_minor: int = 0


ContractCommand = OpenContract | ModifyContract | SatisfyObligation | TerminateContract


class ContractState(Struct, frozen=True, kw_only=True):
    """The price so far, the obligations by id, and whether it is terminated."""

    is_open: bool = False
    price_minor: int = 0
    obligations: dict[str, Obligation] = {}
    satisfied: frozenset[str] = frozenset()
    is_terminated: bool = False


def evolve(state: ContractState, fact: Fact) -> ContractState:
    event = fact.event
    match event:
        case ContractOpened():
            return structs.replace(
                state,
                is_open=True,
                price_minor=event.price_minor,
                obligations={row.obligation: row for row in event.obligations},
            )
        case ContractModified():
            more = {row.obligation: row for row in event.added}
            return structs.replace(
                state,
                price_minor=state.price_minor + event.price_change_minor,
                obligations={**state.obligations, **more},
            )
        case ObligationSatisfied():
            return structs.replace(state, satisfied=state.satisfied | {event.obligation})
        case ContractTerminated():
            return structs.replace(state, is_terminated=True)
        case _:
            return state


def decide(command: ContractCommand, state: ContractState, context: Context) -> tuple[Event, ...]:
    if isinstance(command, OpenContract):
        return (_opened(command, state),)
    if not state.is_open and not context.outside:
        raise Rejected("contract-not-open", field="stream")
    match command:
        case ModifyContract():
            _require_obligations(command.added, state.obligations)
            return (ContractModified(**structs.asdict(command)),)
        case SatisfyObligation():
            if command.obligation not in state.obligations and not context.outside:
                raise Rejected("unknown-obligation", field="obligation")
            return (ObligationSatisfied(when=command.when, obligation=command.obligation),)
        case TerminateContract():
            if state.is_terminated and not context.outside:
                raise Rejected("already-terminated", field="stream")
            if not 0 <= command.refund_minor <= max(state.price_minor, 0):
                raise Rejected("refund-above-price", field="refund_minor", price=state.price_minor)
            return (ContractTerminated(when=command.when, refund_minor=command.refund_minor),)
        case _:
            assert_never(command)


def _opened(command: OpenContract, state: ContractState) -> ContractOpened:
    if state.is_open:
        raise Rejected("contract-already-open", field="stream")
    if not command.obligations:
        raise Rejected("no-obligations", field="obligations")
    if abs(command.price_minor) > LARGEST_MINOR:
        raise Rejected("amount-too-large", field="price_minor")
    exponent(command.currency)
    _require_obligations(command.obligations, {})
    return ContractOpened(**structs.asdict(command))


def _require_obligations(rows: tuple[Obligation, ...], known: dict[str, Obligation]) -> None:
    names = set(known)
    for row in rows:
        if row.obligation in names:
            raise Rejected("duplicate-obligation", field="obligations", obligation=row.obligation)
        names.add(row.obligation)
        if row.ssp_minor < 0:
            raise Rejected("negative-ssp", field="obligations.ssp_minor")
        start, end = row.service_from, row.service_to
        if row.pattern == "ratable" and (start is None or end is None):
            raise Rejected("ratable-without-term", field="obligations.service_from")
        if start is not None and end is not None and end <= start:
            raise Rejected("service-ends-before-it-begins", field="obligations.service_to")


DECIDER: Decider[ContractState, ContractCommand] = Decider(
    category="contract",
    initial=ContractState(),
    evolve=evolve,
    decide=decide,
    commands=(OpenContract, ModifyContract, SatisfyObligation, TerminateContract),
    events=(ContractOpened, ContractModified, ObligationSatisfied, ContractTerminated, Retracted),
)
