"""Customers: opaque ids and digests here, names and addresses in the erasable party vault."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import assert_never

from msgspec import Struct, structs

from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When

# From issue to due date, for who agreed nothing else.
PAYMENT_TERMS_DAYS = 30
PAYMENT_TERMS_DAYS_MAX = 3_652


class CustomerRegistered(Event, frozen=True, kw_only=True, tag="customer-registered"):
    """A customer account. `party` is an opaque vault id, `party_digest` a salted SHA-256."""

    currency: str
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int = PAYMENT_TERMS_DAYS


class CustomerAmended(Event, frozen=True, kw_only=True, tag="customer-amended"):
    """What changes from `effective` on; a field left out stays as it was."""

    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int | None = None


class RegisterCustomer(
    Struct, frozen=True, kw_only=True, tag="register-customer", forbid_unknown_fields=True
):
    """Open a customer account."""

    when: When
    currency: str
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int = PAYMENT_TERMS_DAYS


class AmendCustomer(
    Struct, frozen=True, kw_only=True, tag="amend-customer", forbid_unknown_fields=True
):
    """Change a customer account from a date on; a field left out stays."""

    when: When
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int | None = None


CustomerEvent = CustomerRegistered | CustomerAmended
CustomerCommand = RegisterCustomer | AmendCustomer


class CustomerState(Struct, frozen=True, kw_only=True):
    """Whether the account is registered, and its payment terms by the day they count from."""

    is_registered: bool = False
    payment_terms: tuple[tuple[date, int], ...] = ()

    def payment_terms_days(self, day: date) -> int:
        """The terms of a document of a day, as far as they are known."""
        found = (days for since, days in reversed(self.payment_terms) if since <= day)
        return next(found, PAYMENT_TERMS_DAYS)


def evolve(state: CustomerState, fact: Fact) -> CustomerState:
    event = fact.event
    assert isinstance(event, CustomerEvent), fact
    match event:
        case CustomerRegistered():
            state = structs.replace(state, is_registered=True)
        case CustomerAmended():
            pass
        case _:
            assert_never(event)
    if event.payment_terms_days is None:
        return state
    terms = (*state.payment_terms, (fact.when.effective, event.payment_terms_days))
    return structs.replace(state, payment_terms=terms)


def decide(command: CustomerCommand, state: CustomerState, context: Context) -> tuple[Event, ...]:
    """An account is registered once; it may be amended before, since facts come late (SPEC 12)."""
    if command.parent is not None and command.parent == context.name:
        raise Rejected("own-parent", field="parent")
    match command:
        case RegisterCustomer():
            if state.is_registered:
                raise Rejected("customer-already-registered", field="stream")
            exponent(command.currency)
            _require_terms(command.payment_terms_days)
            return (CustomerRegistered(**structs.asdict(command)),)
        case AmendCustomer():
            _require_terms(command.payment_terms_days or 0)
            return (CustomerAmended(**structs.asdict(command)),)
        case _:
            assert_never(command)


def _require_terms(days: int) -> None:
    if days < 0:
        raise Rejected("negative-payment-terms", field="payment_terms_days", days=days)
    if days > PAYMENT_TERMS_DAYS_MAX:
        most = PAYMENT_TERMS_DAYS_MAX
        raise Rejected("term-too-long", field="payment_terms_days", days_max=most)


def registered(known: Iterable[Fact]) -> frozenset[str]:
    """The customers that facts in force register, whatever day they are registered from."""
    own = (fact for fact in known if isinstance(fact.event, CustomerRegistered))
    return frozenset(fact.stream.partition(":")[2] for fact in own)


DECIDER: Decider[CustomerState, CustomerCommand] = Decider(
    category="customer",
    initial=CustomerState(),
    evolve=evolve,
    decide=decide,
    commands=(RegisterCustomer, AmendCustomer),
    events=(CustomerRegistered, CustomerAmended, Retracted),
)
