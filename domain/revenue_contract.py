"""The accounting truth of a deal stated by itself: obligations, price, changes."""

from __future__ import annotations

from datetime import date
from typing import assert_never

from msgspec import Struct, structs

from domain.currency import exponent, require_kept
from domain.errors import Malformed, Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.money import LARGEST_MINOR
from domain.price import Pattern


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


ContractEvent = ContractOpened | ContractModified | ObligationSatisfied | ContractTerminated
ContractCommand = OpenContract | ModifyContract | SatisfyObligation | TerminateContract


class ContractState(Struct, frozen=True, kw_only=True):
    """Its currency once open, the price so far, the obligations by id, whether it is terminated."""

    currency: str | None = None
    price_minor: int = 0
    obligations: dict[str, Obligation] = {}
    is_terminated: bool = False

    @property
    def is_open(self) -> bool:
        return self.currency is not None


def evolve(state: ContractState, fact: Fact) -> ContractState:
    """An outside modification may be dated before the opening; both count."""
    event = fact.event
    assert isinstance(event, ContractEvent), fact
    match event:
        case ContractOpened():
            opened = {row.obligation: row for row in event.obligations}
            return structs.replace(
                state,
                currency=event.currency,
                price_minor=state.price_minor + event.price_minor,
                obligations={**opened, **state.obligations},
            )
        case ContractModified():
            more = {row.obligation: row for row in event.added}
            return structs.replace(
                state,
                price_minor=state.price_minor + event.price_change_minor,
                obligations={**state.obligations, **more},
            )
        case ObligationSatisfied():
            return state
        case ContractTerminated():
            return structs.replace(state, is_terminated=True)
        case _:
            assert_never(event)


def decide(command: ContractCommand, state: ContractState, context: Context) -> tuple[Event, ...]:
    """Changes are measured when they were agreed, however late they are keyed (SPEC 3)."""
    if isinstance(command, OpenContract):
        return (_opened(command, state, context),)
    if not state.is_open and not context.outside:
        raise Rejected("contract-not-open", field="stream")
    match command:
        case ModifyContract():
            if abs(command.price_change_minor) > LARGEST_MINOR:
                raise Malformed("amount-too-large", field="price_change_minor")
            _require_obligations(command.added, state.obligations, "added")
            return (ContractModified(**structs.asdict(command)),)
        case SatisfyObligation():
            _require_satisfiable(command.obligation, state, context)
            return (ObligationSatisfied(when=command.when, obligation=command.obligation),)
        case TerminateContract():
            if state.is_terminated and not context.outside:
                raise Rejected("already-terminated", field="stream")
            _require_refund(command.refund_minor, state)
            return (ContractTerminated(when=command.when, refund_minor=command.refund_minor),)
        case _:
            assert_never(command)


def _opened(command: OpenContract, state: ContractState, context: Context) -> ContractOpened:
    if state.is_open:
        raise Rejected("contract-already-open", field="stream")
    if not command.obligations:
        raise Rejected("no-obligations", field="obligations")
    require_name(command.customer, "customer")
    exponent(command.currency)
    require_kept(command.currency, context.replaces)
    if command.price_minor < 0:
        raise Rejected("negative-price", field="price_minor", amount=command.price_minor)
    if command.price_minor > LARGEST_MINOR:
        raise Malformed("amount-too-large", field="price_minor")
    _require_obligations(command.obligations, state.obligations, "obligations")
    return ContractOpened(**structs.asdict(command))


def _require_obligations(
    rows: tuple[Obligation, ...], known: dict[str, Obligation], field: str
) -> None:
    names = set(known)
    for row in rows:
        require_name(row.obligation, f"{field}.obligation")
        if row.obligation in names:
            raise Rejected("duplicate-obligation", field=field, obligation=row.obligation)
        names.add(row.obligation)
        if row.ssp_minor < 0:
            raise Rejected("negative-ssp", field=f"{field}.ssp_minor", obligation=row.obligation)
        if row.ssp_minor > LARGEST_MINOR:
            raise Malformed("amount-too-large", field=f"{field}.ssp_minor")
        _require_service(row, field)


def _require_service(row: Obligation, field: str) -> None:
    start, end = row.service_from, row.service_to
    if row.pattern == "ratable" and (start is None or end is None):
        raise Rejected(
            "ratable-without-term", field=f"{field}.service_from", obligation=row.obligation
        )
    if start is not None and end is not None and end <= start:
        raise Rejected(
            "service-ends-before-it-begins",
            field=f"{field}.service_to",
            obligation=row.obligation,
        )


def _require_satisfiable(obligation: str, state: ContractState, context: Context) -> None:
    """What is earned over time or by invoice has no moment at which control passes."""
    row = state.obligations.get(obligation)
    if row is None:
        if context.outside:
            return
        raise Rejected("unknown-obligation", field="obligation", obligation=obligation)
    if row.pattern != "point-in-time":
        raise Rejected("not-point-in-time", field="obligation", pattern=row.pattern)


def _require_refund(minor: int, state: ContractState) -> None:
    if minor < 0:
        raise Rejected("amount-not-positive", field="refund_minor")
    if state.is_open and minor > max(state.price_minor, 0):
        raise Rejected("refund-above-price", field="refund_minor", price=state.price_minor)
    if minor > LARGEST_MINOR:
        raise Malformed("amount-too-large", field="refund_minor")


DECIDER: Decider[ContractState, ContractCommand] = Decider(
    category="contract",
    initial=ContractState(),
    evolve=evolve,
    decide=decide,
    commands=(OpenContract, ModifyContract, SatisfyObligation, TerminateContract),
    events=(ContractOpened, ContractModified, ObligationSatisfied, ContractTerminated, Retracted),
)
