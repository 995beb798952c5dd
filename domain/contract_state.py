"""What deciding needs of a contract, folded from its facts."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct, structs

from domain.contract_facts import (
    ContractEvent,
    ContractJoined,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    NonCashReceived,
    Obligation,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    RightsExercised,
    RightsExpired,
)
from domain.contract_left import Transferred, to_give, transferred, with_restated
from domain.contract_price import Place, place_of
from domain.facts import Fact


class ContractState(Struct, frozen=True, kw_only=True):
    """What opened it, the price so far, the obligations by id, since when it is terminated, which
    contract it joined; what is no money: `to_give` (how many, if certain) and `given`; what was
    `priced` anew, and what was conceded.
    """

    opened: ContractOpened | None = None
    joined: str | None = None
    price_minor: int = 0
    obligations: dict[str, Obligation] = {}
    terminated: Place | None = None
    is_contract: bool = True
    has_stated_prices: bool = False
    to_give: dict[str, Decimal | None] = {}
    given: dict[str, Decimal] = {}
    priced: tuple[ContractModified | PriceEstimated, ...] = ()
    transfers: dict[str, Transferred] = {}
    conceded_minor: int = 0

    @property
    def is_open(self) -> bool:
        return self.opened is not None

    @property
    def currency(self) -> str | None:
        """None before it is opened: documents of another are refused by it."""
        return self.opened.currency if self.opened else None

    def done(self, obligation: str) -> Transferred:
        return self.transfers.get(obligation, Transferred())


def evolve(state: ContractState, fact: Fact) -> ContractState:
    """An outside modification may be dated before the opening; both count."""
    event = fact.event
    assert isinstance(event, ContractEvent), fact
    match event:
        case ContractOpened():
            return _opened(state, event)
        case ContractModified():
            return _modified(state, event)
        case PriceEstimated():
            return structs.replace(
                state,
                to_give={**to_give((), event.variable), **state.to_give},
                priced=(*state.priced, event),
            )
        case NonCashReceived():
            given = {**state.given, event.name: state.given.get(event.name, 0) + event.quantity}
            return structs.replace(state, given=given)
        case ObligationSatisfied() | RightsExercised() | RightsExpired() | ProgressMeasured():
            name = event.obligation
            own, before = state.obligations.get(name), state.done(name)
            done = transferred(own, before, event)
            return structs.replace(state, transfers={**state.transfers, name: done})
        case CriteriaMet():
            return structs.replace(state, is_contract=True)
        case ContractJoined():
            return structs.replace(state, joined=event.contract)
        case ContractTerminated():
            place = place_of(event.when)
            return structs.replace(state, terminated=min(state.terminated or place, place))
        case PriceConceded():
            conceded = state.conceded_minor + event.amount_minor
            return structs.replace(state, conceded_minor=conceded)
        case _:
            return state


def _opened(state: ContractState, event: ContractOpened) -> ContractState:
    opened = {row.obligation: row for row in event.obligations}
    return structs.replace(
        state,
        opened=event,
        price_minor=state.price_minor + event.price_minor,
        obligations={**opened, **state.obligations},
        is_contract=event.criteria_met and state.is_contract,
        has_stated_prices=state.has_stated_prices
        or _states(event.obligations)
        or bool(event.variable or event.non_cash),
        to_give={**to_give(event.non_cash, event.variable), **state.to_give},
    )


def _modified(state: ContractState, event: ContractModified) -> ContractState:
    more = {row.obligation: row for row in event.added}
    return structs.replace(
        state,
        price_minor=state.price_minor + event.price_change_minor,
        obligations=with_restated({**state.obligations, **more}, event),
        has_stated_prices=state.has_stated_prices or _states(event.added) or bool(event.non_cash),
        to_give={**state.to_give, **to_give(event.non_cash, event.variable)},
        priced=(*state.priced, event),
    )


def _states(rows: tuple[Obligation, ...]) -> bool:
    """Whether a price is stated otherwise than as the lump of the contract."""
    return any(row.is_stated or row.renewals for row in rows)
