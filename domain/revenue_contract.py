"""The accounting truth of a deal stated by itself: what may be said of it, and when."""

from __future__ import annotations

from typing import assert_never

from msgspec import structs

from domain.contract_checks import (
    require_above_nothing,
    require_added,
    require_alike,
    require_among,
    require_amount,
    require_looked_through,
    require_measure,
    require_non_cash,
    require_obligations,
    require_open,
    require_percent,
    require_purchases,
    require_restatable,
    require_restated,
    require_served,
    require_variable,
)
from domain.contract_commands import (
    ConcedePrice,
    ContractCommand,
    EstimatePrice,
    ExerciseRights,
    ExpireRights,
    JoinContract,
    MeasureProgress,
    MeetCriteria,
    ModifyContract,
    OpenContract,
    PromiseCustomerPayment,
    ReceiveNonCash,
    ReportBase,
    ReviseExpectation,
    SatisfyObligation,
    TerminateContract,
)
from domain.contract_facts import (
    BaseReported,
    ContractJoined,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    ExpectationRevised,
    NonCashReceived,
    Obligation,
    ObligationPattern,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    RightsExercised,
    RightsExpired,
)
from domain.contract_left import (
    require_expected,
    require_given,
    require_left,
    require_not_gone,
    require_rights,
    require_unfinished,
)
from domain.contract_price import (
    place_of,
    require_bearers,
    require_estimate,
    require_not_below_nothing,
    require_price,
    require_shared,
    require_within_price,
)
from domain.contract_state import ContractState, evolve
from domain.contract_ways import require_one_way_of_use, require_revised
from domain.currency import exponent, require_kept
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Retracted
from domain.money import require_size
from domain.service import AccessGranted, GrantAccess

# Which patterns each statement about a promise is for.
TRANSFERRED: frozenset[ObligationPattern] = frozenset(
    {"point-in-time", "units", "milestones", "percent-of-base"}
)
EXERCISED: frozenset[ObligationPattern] = frozenset({"as-exercised"})
MEASURED: frozenset[ObligationPattern] = frozenset({"percent-complete"})
OF_BASE: frozenset[ObligationPattern] = frozenset({"percent-of-base"})
USED: frozenset[ObligationPattern] = frozenset({"ratable"})
EXPECTED: frozenset[ObligationPattern] = EXERCISED | MEASURED


def needs(command: ContractCommand) -> tuple[str, ...]:
    """What it joins, and through `leads` what that joined: none may be joined by itself."""
    return (f"contract:{command.contract}",) if isinstance(command, JoinContract) else ()


def leads(state: ContractState) -> tuple[str, ...]:
    return () if state.joined is None else (f"contract:{state.joined}",)


def decide(command: ContractCommand, state: ContractState, context: Context) -> tuple[Event, ...]:
    """Changes are measured when they were agreed, however late they are keyed (SPEC 3)."""
    if isinstance(command, OpenContract):
        return (_opened(command, state, context),)
    if not state.is_open and not context.outside:
        raise Rejected("contract-not-open", field="stream")
    match command:
        case ModifyContract():
            if not context.outside:
                _require_going_on(command, state)
            return (_modified(command, state),)
        case EstimatePrice():
            require_variable(command.variable, set(state.obligations) if state.is_open else None)
            if state.is_open:
                require_bearers(command.variable, state.obligations)
            estimated = PriceEstimated(**structs.asdict(command))
            if state.opened is not None and not context.outside:
                require_estimate(estimated, state.opened, state.priced)
            return (estimated,)
        case PromiseCustomerPayment():
            require_amount(command.amount_minor, "amount_minor")
            require_amount(command.fair_value_minor, "fair_value_minor")
            require_purchases(command, state.obligations, is_outside=context.outside)
            return (CustomerPaymentPromised(**structs.asdict(command)),)
        case ReceiveNonCash():
            require_given(command, state.to_give, state.given, is_outside=context.outside)
            return (NonCashReceived(**structs.asdict(command)),)
        case MeetCriteria():
            if state.is_contract and state.is_open and not context.outside:
                raise Rejected("criteria-already-met", field="stream")
            return (CriteriaMet(when=command.when),)
        case JoinContract():
            _require_joinable(command, state, context)
            return (ContractJoined(**structs.asdict(command)),)
        case TerminateContract():
            if state.terminated is not None and not context.outside:
                raise Rejected("already-terminated", field="stream")
            _require_refund(command.refund_minor, state)
            if command.owed == "billed" and command.refund_minor:
                raise Rejected("refund-of-what-is-billed", field="refund_minor")
            return (ContractTerminated(**structs.asdict(command)),)
        case GrantAccess():
            if command.item is not None:
                _promise(command.item, USED, "transferred-otherwise", state, context, "item")
            return (AccessGranted(when=command.when, item=command.item),)
        case _:
            return (_of_a_promise(command, state, context),)


def _require_joinable(command: JoinContract, state: ContractState, context: Context) -> None:
    """One contract joins one other, and never itself, directly or through others."""
    require_name(command.contract, "contract")
    if command.contract == context.name:
        raise Rejected("combined-with-itself", field="contract")
    if state.joined is not None:
        raise Rejected("combined-already", field="contract", contract=state.joined)
    other = _state_of(command.contract, context)
    if context.name in _joined_by(other, context):
        raise Rejected("combined-in-a-circle", field="contract", contract=command.contract)
    if other.opened is None and not context.outside:
        raise Rejected("contract-not-open", field="contract", contract=command.contract)
    if state.opened is not None and other.opened is not None:
        if not (state.is_contract and other.is_contract):
            raise Rejected("criteria-not-met", field="contract")
        require_alike(state.opened, other.opened)


def _joined_by(state: ContractState, context: Context) -> list[str]:
    """What it joined, and what that joined; a circle that retractions closed is gone round once."""
    found: list[str] = []
    while state.joined is not None and state.joined not in found:
        found.append(state.joined)
        state = _state_of(state.joined, context)
    return found


def _state_of(contract: str, context: Context) -> ContractState:
    state = context.others.get(f"contract:{contract}", ContractState())
    assert isinstance(state, ContractState), state
    return state


OfAPromise = (
    SatisfyObligation
    | MeasureProgress
    | ExerciseRights
    | ExpireRights
    | ReportBase
    | ReviseExpectation
    | ConcedePrice
)


def _of_a_promise(command: OfAPromise, state: ContractState, context: Context) -> Event:
    match command:
        case SatisfyObligation():
            require_above_nothing(command.quantity, "quantity")
            row = _promise(command.obligation, TRANSFERRED, "not-point-in-time", state, context)
            _require_part(command, row)
            if row is not None and not context.outside:
                require_left(command, row, state.done(command.obligation))
            return ObligationSatisfied(**structs.asdict(command))
        case MeasureProgress():
            require_measure(command)
            _promise(command.obligation, MEASURED, "transferred-otherwise", state, context)
            return ProgressMeasured(**structs.asdict(command))
        case ExerciseRights():
            for field in ("quantity", "cumulative", "expected"):
                require_above_nothing(getattr(command, field), field)
            require_one_way_of_use(command)
            require_served(command)
            row = _promise(command.obligation, EXERCISED, "transferred-otherwise", state, context)
            if row is not None and not context.outside:
                require_rights(command, row, state.done(command.obligation))
            return RightsExercised(**structs.asdict(command))
        case ExpireRights():
            require_above_nothing(command.quantity, "quantity")
            row = _promise(command.obligation, EXERCISED, "transferred-otherwise", state, context)
            if row is not None and not context.outside:
                require_not_gone(command, row, state.done(command.obligation))
            return RightsExpired(**structs.asdict(command))
        case ReportBase():
            require_amount(command.base_minor, "base_minor")
            _promise(command.obligation, OF_BASE, "transferred-otherwise", state, context)
            return BaseReported(**structs.asdict(command))
        case ReviseExpectation():
            require_amount(command.expected_cost_minor, "expected_cost_minor")
            require_amount(command.materials_minor, "materials_minor")
            require_among(command.materials_minor, command.expected_cost_minor, "materials_minor")
            require_above_nothing(command.expected_exercised, "expected_exercised")
            require_percent(command.breakage_percent, "breakage_percent")
            row = _promise(command.obligation, EXPECTED, "transferred-otherwise", state, context)
            require_revised(command, row)
            require_expected(command, row, state.done(command.obligation))
            return ExpectationRevised(**structs.asdict(command))
        case ConcedePrice():
            require_amount(command.amount_minor, "amount_minor")
            _promise(command.obligation, None, "", state, context)
            if state.opened is not None and not context.outside:
                minor, before = command.amount_minor, state.conceded_minor
                require_within_price(minor, before, "amount_minor", state.opened, state.priced)
            return PriceConceded(**structs.asdict(command))
        case _:
            assert_never(command)


def _promise(
    obligation: str,
    patterns: frozenset[ObligationPattern] | None,
    code: str,
    state: ContractState,
    context: Context,
    field: str = "obligation",
) -> Obligation | None:
    """The promise a statement is about; a source may name one before it is known."""
    row = state.obligations.get(obligation)
    if row is None:
        if context.outside:
            return None
        raise Rejected("unknown-obligation", field=field, obligation=obligation)
    if patterns is not None and row.pattern not in patterns:
        raise Rejected(code, field=field, pattern=row.pattern)
    return row


def _require_part(command: SatisfyObligation, row: Obligation | None) -> None:
    """Units are counted, milestones named, all else is transferred as a whole."""
    if row is None:
        return
    if (command.quantity is not None) != (row.pattern == "units"):
        raise Rejected("quantity-of-units-only", field="quantity", pattern=row.pattern)
    if (command.milestone is not None) != (row.pattern == "milestones"):
        raise Rejected("unknown-milestone", field="milestone", pattern=row.pattern)
    if command.milestone not in {None, *(one.milestone for one in row.milestones)}:
        raise Rejected("unknown-milestone", field="milestone", milestone=command.milestone)


def _opened(command: OpenContract, state: ContractState, context: Context) -> ContractOpened:
    if state.is_open:
        raise Rejected("contract-already-open", field="stream")
    if not command.obligations:
        raise Rejected("no-obligations", field="obligations")
    require_name(command.customer, "customer")
    exponent(command.currency)
    require_kept(command.currency, context.replaces)
    require_amount(command.price_minor, "price_minor")
    require_obligations(command.obligations, state.obligations, "obligations")
    require_open(command)
    lump = bool(command.price_minor or command.non_cash)
    require_shared(lump, command.obligations, "price_minor")
    require_bearers(command.variable, {row.obligation: row for row in command.obligations})
    event = ContractOpened(**structs.asdict(command))
    require_price(event)
    return event


def _modified(command: ModifyContract, state: ContractState) -> ContractModified:
    require_size(command.price_change_minor, "price_change_minor")
    require_obligations(command.added, state.obligations, "added")
    require_looked_through(command.added, "added.renewals")
    require_added(command)
    known = {**state.obligations, **{row.obligation: row for row in command.added}}
    require_restated(command.restated)
    if state.is_open:
        require_restatable(command.restated, known)
        require_unfinished(command, state.obligations, state.transfers)
    require_variable(command.variable, set(known) if state.is_open else None)
    if state.is_open:
        require_bearers(command.variable, known)
    require_non_cash(command.non_cash, state.to_give)
    if (command.treatment == "by-rule") != (command.judgement is None):
        raise Rejected("judgement-needs-a-reason", field="judgement")
    if command.treatment == "separate" and (command.restated or command.variable):
        raise Rejected("separate-changes-nothing-else", field="treatment")
    event = ContractModified(**structs.asdict(command))
    if state.opened is not None:
        require_not_below_nothing(event, state.opened, state.priced)
    return event


def _require_going_on(command: ModifyContract, state: ContractState) -> None:
    """After the end nothing is left to be transferred: what is agreed then is a price alone."""
    if state.terminated is None or place_of(command.when) < state.terminated:
        return
    for field in ("added", "restated"):
        if getattr(command, field):
            on = str(state.terminated[0])
            raise Rejected("already-terminated", field=field, terminated_on=on)


def _require_refund(minor: int, state: ContractState) -> None:
    if minor < 0:
        raise Rejected("amount-not-positive", field="refund_minor")
    if state.is_open and not state.has_stated_prices and minor > max(state.price_minor, 0):
        raise Rejected("refund-above-price", field="refund_minor", price=state.price_minor)
    require_size(minor, "refund_minor")


DECIDER: Decider[ContractState, ContractCommand] = Decider(
    category="contract",
    initial=ContractState(),
    evolve=evolve,
    decide=decide,
    commands=(
        OpenContract,
        ModifyContract,
        SatisfyObligation,
        MeasureProgress,
        ExerciseRights,
        ExpireRights,
        ReportBase,
        EstimatePrice,
        ReviseExpectation,
        ConcedePrice,
        PromiseCustomerPayment,
        ReceiveNonCash,
        MeetCriteria,
        JoinContract,
        TerminateContract,
        GrantAccess,
    ),
    events=(
        ContractOpened,
        ContractModified,
        ObligationSatisfied,
        ProgressMeasured,
        RightsExercised,
        RightsExpired,
        BaseReported,
        PriceEstimated,
        ExpectationRevised,
        PriceConceded,
        CustomerPaymentPromised,
        NonCashReceived,
        CriteriaMet,
        ContractJoined,
        ContractTerminated,
        AccessGranted,
        Retracted,
    ),
    needs=needs,
    leads=leads,
)
