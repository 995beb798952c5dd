"""Credit granted to a customer without cash: applied to invoices like money, paid out, withdrawn.

What a credit note leaves a customer in credit needs no fact of this kind: it is measured from the
invoice and its payments (domain/settlement).
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, structs

from domain.balance_facts import (
    BalanceApplied,
    BalanceEvent,
    BalanceGranted,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
    GrantReason,
)
from domain.cash import (
    more_applied,
    require_amount,
    require_payable,
    require_rows,
)
from domain.currency import require_kept
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.money import require_positive
from domain.payment_facts import (
    Application,
)


class GrantBalance(
    Struct, frozen=True, kw_only=True, tag="grant-balance", forbid_unknown_fields=True
):
    """Owe a customer credit that no money was paid for."""

    when: When
    customer: str
    currency: str
    amount_minor: int
    reason: GrantReason = "goodwill"


class ApplyBalance(
    Struct, frozen=True, kw_only=True, tag="apply-balance", forbid_unknown_fields=True
):
    """State which invoices the credit is for; what is not stated is measured."""

    when: When
    applications: tuple[Application, ...]


class UnapplyBalance(
    Struct, frozen=True, kw_only=True, tag="unapply-balance", forbid_unknown_fields=True
):
    """Take the credit off an invoice, whether it was stated or applied by default."""

    when: When
    invoice: str


class RefundBalance(
    Struct, frozen=True, kw_only=True, tag="refund-balance", forbid_unknown_fields=True
):
    """Pay credit out; what it had settled is open again."""

    when: When
    amount_minor: int


class WithdrawBalance(
    Struct, frozen=True, kw_only=True, tag="withdraw-balance", forbid_unknown_fields=True
):
    """Let credit lapse; what it had settled is open again."""

    when: When
    amount_minor: int


BalanceCommand = GrantBalance | ApplyBalance | UnapplyBalance | RefundBalance | WithdrawBalance


class BalanceState(Struct, frozen=True, kw_only=True):
    """What was granted, how much of it is stated for which invoice, was paid out or lapsed."""

    granted: BalanceGranted | None = None
    applied_minor: dict[str, int] = {}
    gone_minor: int = 0

    @property
    def kept_minor(self) -> int:
        return (self.granted.amount_minor if self.granted else 0) - self.gone_minor

    @property
    def left_minor(self) -> int:
        return self.kept_minor - sum(self.applied_minor.values())


def evolve(state: BalanceState, fact: Fact) -> BalanceState:
    event = fact.event
    assert isinstance(event, BalanceEvent), fact
    match event:
        case BalanceGranted():
            return structs.replace(state, granted=event)
        case BalanceApplied():
            applied = more_applied(state.applied_minor, event.applications)
            return structs.replace(state, applied_minor=applied)
        case BalanceUnapplied():
            left = {k: v for k, v in state.applied_minor.items() if k != event.invoice}
            return structs.replace(state, applied_minor=left)
        case BalanceRefunded() | BalanceWithdrawn():
            return structs.replace(state, gone_minor=state.gone_minor + event.amount_minor)
        case _:
            assert_never(event)


def needs(command: BalanceCommand) -> tuple[str, ...]:
    """An application is checked against the invoices it names."""
    if isinstance(command, ApplyBalance):
        return tuple(sorted({f"invoice:{row.invoice}" for row in command.applications}))
    return ()


def decide(command: BalanceCommand, state: BalanceState, context: Context) -> tuple[Event, ...]:
    """No more is stated, paid out or withdrawn than was granted; what an outside system says of
    credit or an invoice not yet known waits for it.
    """
    match command:
        case GrantBalance():
            if state.granted is not None:
                raise Rejected("already-granted", field="stream")
            require_amount(command.customer, command.currency, command.amount_minor)
            require_kept(command.currency, context.replaces)
            return (BalanceGranted(**structs.asdict(command)),)
        case ApplyBalance():
            _require_granted(state, context)
            _require_applications(command.applications, state, context)
            return (BalanceApplied(when=command.when, applications=command.applications),)
        case UnapplyBalance():
            _require_granted(state, context)
            require_name(command.invoice, "invoice")
            return (BalanceUnapplied(when=command.when, invoice=command.invoice),)
        case RefundBalance():
            _require_kept(command.amount_minor, state, context)
            return (BalanceRefunded(when=command.when, amount_minor=command.amount_minor),)
        case WithdrawBalance():
            _require_kept(command.amount_minor, state, context)
            return (BalanceWithdrawn(when=command.when, amount_minor=command.amount_minor),)
        case _:
            assert_never(command)


def _require_applications(
    rows: tuple[Application, ...], state: BalanceState, context: Context
) -> None:
    require_rows(rows)
    granted = state.granted
    for row in rows:
        if row.deductions:
            raise Rejected("deduction-without-money", field="applications.deductions")
        holder = (granted.customer, granted.currency) if granted else None
        require_payable(row.invoice, holder, context)
    if granted is not None and sum(row.amount_minor for row in rows) > state.left_minor:
        left = state.left_minor
        raise Rejected("application-above-balance", field="applications", left=left)


def _require_granted(state: BalanceState, context: Context) -> None:
    if state.granted is None and not context.outside:
        raise Rejected("not-granted", field="stream")


def _require_kept(minor: int, state: BalanceState, context: Context) -> None:
    _require_granted(state, context)
    require_positive(minor, "amount_minor")
    if state.granted is not None and minor > state.kept_minor:
        raise Rejected("above-balance", field="amount_minor", left=state.kept_minor)


DECIDER: Decider[BalanceState, BalanceCommand] = Decider(
    category="balance",
    initial=BalanceState(),
    evolve=evolve,
    decide=decide,
    commands=(GrantBalance, ApplyBalance, UnapplyBalance, RefundBalance, WithdrawBalance),
    events=(
        BalanceGranted,
        BalanceApplied,
        BalanceUnapplied,
        BalanceRefunded,
        BalanceWithdrawn,
        Retracted,
    ),
    needs=needs,
)
