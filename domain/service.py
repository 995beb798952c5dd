"""When a subscription is served: paused, suspended, resumed; and since when access was given.

A pause stops billing and service. A suspension withholds access; whether billing stops with it the
caller says. Resuming ends both.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.errors import Rejected, require_name
from domain.facts import Context, Event, When

Billing = Literal["continues", "stops"]


class SubscriptionPaused(Event, frozen=True, kw_only=True, tag="subscription-paused"):
    """From `effective` on nothing is served or billed, until it is resumed."""


class SubscriptionSuspended(Event, frozen=True, kw_only=True, tag="subscription-suspended"):
    """From `effective` on access is withheld, until it is resumed; `billing` continues or stops."""

    billing: Billing = "continues"


class SubscriptionResumed(Event, frozen=True, kw_only=True, tag="subscription-resumed"):
    """From `effective` on it is served and billed again."""


class AccessGranted(Event, frozen=True, kw_only=True, tag="access-granted"):
    """The customer can use an item (none: all of them) from `effective` on."""

    item: str | None = None


class AccessWithdrawn(Event, frozen=True, kw_only=True, tag="access-withdrawn"):
    """The customer can no longer use an item (none: all of them) from `effective` on."""

    item: str | None = None


class PauseSubscription(
    Struct, frozen=True, kw_only=True, tag="pause-subscription", forbid_unknown_fields=True
):
    """Stop service and billing for a while."""

    when: When


class SuspendSubscription(
    Struct, frozen=True, kw_only=True, tag="suspend-subscription", forbid_unknown_fields=True
):
    """Withhold access for a while, as for an overdue invoice."""

    when: When
    billing: Billing = "continues"


class ResumeSubscription(
    Struct, frozen=True, kw_only=True, tag="resume-subscription", forbid_unknown_fields=True
):
    """Serve and bill again."""

    when: When


class GrantAccess(
    Struct, frozen=True, kw_only=True, tag="grant-access", forbid_unknown_fields=True
):
    """State that an item, or everything, can be used."""

    when: When
    item: str | None = None


class WithdrawAccess(
    Struct, frozen=True, kw_only=True, tag="withdraw-access", forbid_unknown_fields=True
):
    """State that an item, or everything, can no longer be used."""

    when: When
    item: str | None = None


HoldEvent = SubscriptionPaused | SubscriptionSuspended | SubscriptionResumed
ServiceEvent = HoldEvent | AccessGranted | AccessWithdrawn
ServiceCommand = (
    PauseSubscription | SuspendSubscription | ResumeSubscription | GrantAccess | WithdrawAccess
)
SERVICE_EVENTS = (
    SubscriptionPaused,
    SubscriptionSuspended,
    SubscriptionResumed,
    AccessGranted,
    AccessWithdrawn,
)
SERVICE_COMMANDS = (
    PauseSubscription,
    SuspendSubscription,
    ResumeSubscription,
    GrantAccess,
    WithdrawAccess,
)
# How a subscription is served: in full; billed without access; not at all.
Served = Literal["active", "withheld", "stopped"]


class Hold(Struct, frozen=True):
    """How it is served from a day on."""

    since: date
    served: Served


def held_since(event: HoldEvent, holds: tuple[Hold, ...]) -> tuple[Hold, ...]:
    """The holds with one more, which is the latest: facts are folded in effective order."""
    return (*holds, Hold(event.when.effective, served_by(event)))


def served_by(event: HoldEvent) -> Served:
    match event:
        case SubscriptionPaused():
            return "stopped"
        case SubscriptionSuspended():
            return "stopped" if event.billing == "stops" else "withheld"
        case SubscriptionResumed():
            return "active"
        case _:
            assert_never(event)


def decide_service(command: ServiceCommand, holds: tuple[Hold, ...], context: Context) -> Event:
    """Twice the same, and what was never stopped and yet resumes, is a person's mistake."""
    event = _asked(command)
    if isinstance(event, AccessGranted | AccessWithdrawn):
        if event.item is not None:
            require_name(event.item, "item")
        return event
    day = command.when.effective
    before = (hold.served for hold in reversed(holds) if hold.since <= day)
    stands: Served = next(before, "active")
    if not context.outside:
        _require_news(served_by(event), stands)
    return event


def _asked(command: ServiceCommand) -> ServiceEvent:
    said = structs.asdict(command)
    match command:
        case PauseSubscription():
            return SubscriptionPaused(**said)
        case SuspendSubscription():
            return SubscriptionSuspended(**said)
        case ResumeSubscription():
            return SubscriptionResumed(**said)
        case GrantAccess():
            return AccessGranted(**said)
        case WithdrawAccess():
            return AccessWithdrawn(**said)
        case _:
            assert_never(command)


def _require_news(wanted: Served, stands: Served) -> None:
    if wanted == "active" and stands == "active":
        raise Rejected("not-paused", field="when.effective")
    if wanted != "active" and stands in {wanted, "stopped"}:
        raise Rejected("already-paused", field="when.effective", served=stands)
