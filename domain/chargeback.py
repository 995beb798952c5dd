"""A chargeback: the customer's bank takes a payment back, and gives it back or keeps it.

Facts of the payment's own stream, each naming its chargeback by the gateway's id. What the gateway
says of a payment nobody knows yet waits for it.
"""

from __future__ import annotations

from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.chargeback_facts import (
    ChargebackEvent,
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
)
from domain.errors import Rejected, require_name
from domain.facts import Context, When
from domain.money import require_positive

Outcome = Literal["open", "won", "lost"]


class OpenChargeback(
    Struct, frozen=True, kw_only=True, tag="open-chargeback", forbid_unknown_fields=True
):
    """Record that money was taken back and is argued about."""

    when: When
    chargeback: str
    amount_minor: int
    fee_minor: int = 0
    reason: str = ""


class WinChargeback(
    Struct, frozen=True, kw_only=True, tag="win-chargeback", forbid_unknown_fields=True
):
    """Record that the money comes back."""

    when: When
    chargeback: str
    fee_returned_minor: int = 0


class LoseChargeback(
    Struct, frozen=True, kw_only=True, tag="lose-chargeback", forbid_unknown_fields=True
):
    """Record that the money is gone for good."""

    when: When
    chargeback: str


ChargebackCommand = OpenChargeback | WinChargeback | LoseChargeback


class Chargebacks(Struct, frozen=True):
    """Of each chargeback of one payment the amount, and how it stands."""

    amounts: dict[str, int] = {}
    outcomes: dict[str, Outcome] = {}

    @property
    def taken_minor(self) -> int:
        """What is not with us because of those that are open or lost."""
        stand = self.outcomes
        return sum(minor for name, minor in self.amounts.items() if stand.get(name) != "won")


def standing(before: Chargebacks, event: ChargebackEvent) -> Chargebacks:
    """The chargebacks after one fact; an outcome may be known before its opening."""
    match event:
        case ChargebackOpened():
            amounts = {**before.amounts, event.chargeback: event.amount_minor}
            return Chargebacks(amounts, before.outcomes)
        case ChargebackWon():
            return Chargebacks(before.amounts, {**before.outcomes, event.chargeback: "won"})
        case ChargebackLost():
            return Chargebacks(before.amounts, {**before.outcomes, event.chargeback: "lost"})
        case _:
            assert_never(event)


def charged_back(
    command: ChargebackCommand, before: Chargebacks, received_minor: int | None, context: Context
) -> ChargebackEvent:
    """An opening once for each id, of no more than came in; an outcome of one that is open.

    That money was refunded before does not keep a bank from taking it back a second time.
    """
    require_name(command.chargeback, "chargeback")
    is_known = command.chargeback in before.amounts
    match command:
        case OpenChargeback():
            require_positive(command.amount_minor, "amount_minor")
            if command.fee_minor:
                require_positive(command.fee_minor, "fee_minor")
            if is_known:
                raise Rejected("duplicate-chargeback", field="chargeback")
            if received_minor is not None and command.amount_minor > received_minor:
                raise Rejected(
                    "chargeback-above-payment", field="amount_minor", received=received_minor
                )
            return ChargebackOpened(**structs.asdict(command))
        case WinChargeback() | LoseChargeback():
            if not is_known and not context.outside:
                raise Rejected("unknown-chargeback", field="chargeback")
            if command.chargeback in before.outcomes and not context.outside:
                raise Rejected("chargeback-decided", field="chargeback")
            if isinstance(command, LoseChargeback):
                return ChargebackLost(when=command.when, chargeback=command.chargeback)
            if command.fee_returned_minor:
                require_positive(command.fee_returned_minor, "fee_returned_minor")
            return ChargebackWon(**structs.asdict(command))
        case _:
            assert_never(command)
