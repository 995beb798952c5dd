"""What is known of chargebacks: opened, won, lost, each named by the gateway's id."""

from __future__ import annotations

from domain.facts import Event


class ChargebackOpened(Event, frozen=True, kw_only=True, tag="chargeback-opened"):
    """The money is taken out of our account until somebody decides; `fee_minor` is charged too."""

    chargeback: str
    amount_minor: int
    fee_minor: int = 0
    reason: str = ""


class ChargebackWon(Event, frozen=True, kw_only=True, tag="chargeback-won"):
    """The money comes back to us, and what is returned of the fee."""

    chargeback: str
    fee_returned_minor: int = 0


class ChargebackLost(Event, frozen=True, kw_only=True, tag="chargeback-lost"):
    """The customer keeps the money."""

    chargeback: str


ChargebackEvent = ChargebackOpened | ChargebackWon | ChargebackLost
