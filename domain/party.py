"""Customers: opaque ids and digests here, names and addresses in the erasable party vault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple, TypeVar, assert_never

from msgspec import Struct, structs

from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.locales import require_locale
from domain.tax.status import TaxStatus, require_status
from domain.zones import require_zone

Value = TypeVar("Value")
# What is said of an account, by the day that it counts from.
Dated = tuple[tuple[date, Value], ...]

# From issue to due date, for who agreed nothing else.
PAYMENT_TERMS_DAYS = 30
PAYMENT_TERMS_DAYS_MAX = 3_652


# Who gets the invoices of a customer's subscriptions.
BilledTo = Literal["self", "parent"]


class CustomerRegistered(Event, frozen=True, kw_only=True, tag="customer-registered"):
    """A customer account. `party` is an opaque vault id, `party_digest` a salted SHA-256.

    `locale` and `zone` are those of its documents; none: the entity's.
    """

    currency: str
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    billed_to: BilledTo = "self"
    payment_terms_days: int = PAYMENT_TERMS_DAYS
    locale: str | None = None
    zone: str | None = None
    tax: TaxStatus | None = None


class CustomerAmended(Event, frozen=True, kw_only=True, tag="customer-amended"):
    """What changes from `effective` on; a field left out stays as it was."""

    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    billed_to: BilledTo | None = None
    payment_terms_days: int | None = None
    locale: str | None = None
    zone: str | None = None
    tax: TaxStatus | None = None


class RegisterCustomer(
    Struct, frozen=True, kw_only=True, tag="register-customer", forbid_unknown_fields=True
):
    """Open a customer account."""

    when: When
    currency: str
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    billed_to: BilledTo = "self"
    payment_terms_days: int = PAYMENT_TERMS_DAYS
    locale: str | None = None
    zone: str | None = None
    tax: TaxStatus | None = None


class AmendCustomer(
    Struct, frozen=True, kw_only=True, tag="amend-customer", forbid_unknown_fields=True
):
    """Change a customer account from a date on; a field left out stays."""

    when: When
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    billed_to: BilledTo | None = None
    payment_terms_days: int | None = None
    locale: str | None = None
    zone: str | None = None
    tax: TaxStatus | None = None


CustomerEvent = CustomerRegistered | CustomerAmended
CustomerCommand = RegisterCustomer | AmendCustomer


class Kept(NamedTuple):
    """Where the vault has names and address, and the digest that tells one version of them."""

    party: str
    digest: str | None


class CustomerState(Struct, frozen=True, kw_only=True):
    """Whether the account is registered, and by the day they count from its payment terms, its
    parents, who is billed, and who it is, in which language and zone.
    """

    is_registered: bool = False
    payment_terms: Dated[int] = ()
    parents: Dated[str] = ()
    billed_to: Dated[BilledTo] = ()
    parties: Dated[Kept] = ()
    locales: Dated[str] = ()
    zones: Dated[str] = ()
    tax: Dated[TaxStatus] = ()

    def payment_terms_days(self, day: date) -> int:
        """The terms of a document of a day, as far as they are known."""
        found = on(self.payment_terms, day)
        return PAYMENT_TERMS_DAYS if found is None else found

    def tax_status(self, day: date) -> TaxStatus | None:
        """Where and as what the account is taxed on a day; none as long as nobody told."""
        return on(self.tax, day)

    def parent(self, day: date) -> str | None:
        """Whose child the account is on a day."""
        return on(self.parents, day)

    def billed_parent(self, day: date) -> str | None:
        """The parent, if it gets the account's invoices on a day."""
        return self.parent(day) if on(self.billed_to, day) == "parent" else None


def on(rows: Dated[Value], day: date) -> Value | None:
    """What counts on a day; none before the first."""
    return next((value for since, value in reversed(rows) if since <= day), None)


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
    since = fact.when.effective
    party = None if event.party is None else Kept(event.party, event.party_digest)
    return structs.replace(
        state,
        payment_terms=_with(state.payment_terms, since, event.payment_terms_days),
        parents=_with(state.parents, since, event.parent),
        billed_to=_with(state.billed_to, since, event.billed_to),
        parties=_with(state.parties, since, party),
        locales=_with(state.locales, since, event.locale),
        zones=_with(state.zones, since, event.zone),
        tax=_with(state.tax, since, event.tax),
    )


def _with(rows: Dated[Value], since: date, value: Value | None) -> Dated[Value]:
    return rows if value is None else (*rows, (since, value))


def needs(command: CustomerCommand) -> tuple[str, ...]:
    """A parent, and through `leads` its parents: nobody may be an ancestor of its own."""
    return () if command.parent is None else (f"customer:{command.parent}",)


def leads(state: CustomerState) -> tuple[str, ...]:
    return tuple(f"customer:{name}" for _, name in state.parents)


def decide(command: CustomerCommand, state: CustomerState, context: Context) -> tuple[Event, ...]:
    """An account is registered once; it may be amended before, since facts come late (SPEC 12)."""
    if command.parent is not None and command.parent == context.name:
        raise Rejected("own-parent", field="parent")
    _require_no_cycle(command, state, context)
    _require_readable(command)
    require_status(command.tax)
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


def _require_readable(command: CustomerCommand) -> None:
    """A language and a zone that documents can be written in."""
    if command.locale is not None:
        require_locale(command.locale)
    if command.zone is not None:
        require_zone(command.zone)


def _require_no_cycle(command: CustomerCommand, state: CustomerState, context: Context) -> None:
    """On no day that the new parent counts may the account be above itself."""
    if command.parent is None:
        return
    begins = command.when.effective
    ends = min((since for since, _ in state.parents if since > begins), default=date.max)
    states = [other for other in context.others.values() if isinstance(other, CustomerState)]
    turns = {since for other in states for since, _ in other.parents if begins < since < ends}
    for day in sorted({begins, *turns}):
        if context.name in ancestors(command.parent, day, context.others):
            raise Rejected("parent-cycle", field="parent", parent=command.parent, on=str(day))


def ancestors(customer: str, day: date, states: Mapping[str, object]) -> list[str]:
    """The customer's parent, the parent's and so on, as far as their streams' states tell."""
    found: list[str] = []
    at: str | None = customer
    while at is not None and at not in found:
        found.append(at)
        state = states.get(f"customer:{at}")
        at = state.parent(day) if isinstance(state, CustomerState) else None
    return found[1:]


def payer(customer: str, day: date, states: Mapping[str, CustomerState]) -> str:
    """Who gets the customer's invoices on a day. What a retraction has closed to a circle leads
    nowhere: then it is the customer.
    """
    found = [customer]
    while (state := states.get(found[-1])) is not None:
        above = state.billed_parent(day)
        if above is None:
            break
        if above in found:
            return customer
        found.append(above)
    return found[-1]


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
    needs=needs,
    leads=leads,
)
