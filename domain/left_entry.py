"""Entries of a bank's statement that are no money received, and rows that nobody could read.

Streams are `bank:ACCOUNT/ENTRY` and `bank:SOURCE/row-DIGEST`. What was given or taken back is a
fact of its payment; here stands which entry of the bank it is. What matches nothing waits for a
person, who says what it is, or that it is none of ours. No amount moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.balance import BalanceState
from domain.bank import Rule
from domain.cash import PaymentState
from domain.currency import exponent
from domain.errors import Malformed, Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When, fold

What = Literal["refund", "failure", "chargeback", "chargeback-won"]


class Settles(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was given or taken back: `of` is the stream of the payment, or of the credit paid out.
    A chargeback goes by its id.
    """

    what: What
    of: str
    chargeback: str | None = None


class BankEntryLeft(Event, frozen=True, kw_only=True, tag="bank-entry-left"):
    """An entry that is no payment received: below zero it went out. `undoes`: it undoes an earlier
    entry, with the bank's code as reason. What was written lies in the vault under `party`.
    """

    account: str
    currency: str
    amount_minor: int
    undoes: bool = False
    reason: str = ""
    party: str | None = None
    party_digest: str | None = None
    bank_reference: str | None = None


class BankEntryMatched(Event, frozen=True, kw_only=True, tag="bank-entry-matched"):
    """What the entry settles, by which rule and why."""

    settles: Settles
    rule: Rule
    because: str


class BankRowUnread(Event, frozen=True, kw_only=True, tag="bank-row-unread"):
    """A row that is no entry: why, and which field is at fault. The row itself is in the vault."""

    source: str
    row: int
    code: str
    field: str | None = None
    party: str | None = None
    party_digest: str | None = None


class BankEntrySetAside(Event, frozen=True, kw_only=True, tag="bank-entry-set-aside"):
    """A person says that nothing is to be done about it."""

    reason: str


class LeaveBankEntry(
    Struct, frozen=True, kw_only=True, tag="leave-bank-entry", forbid_unknown_fields=True
):
    """Keep an entry that is no payment received, and in the same breath what it is: where nobody
    has stated that, it is kept and waits.
    """

    when: When
    account: str
    currency: str
    amount_minor: int
    undoes: bool = False
    reason: str = ""
    party: str | None = None
    party_digest: str | None = None
    bank_reference: str | None = None
    settles: Settles | None = None
    rule: Rule = "none"
    because: str = ""


class MatchBankEntry(
    Struct, frozen=True, kw_only=True, tag="match-bank-entry", forbid_unknown_fields=True
):
    """Say which refund, failure or chargeback an entry is."""

    when: When
    settles: Settles
    rule: Rule
    because: str


class KeepUnreadRow(
    Struct, frozen=True, kw_only=True, tag="keep-unread-row", forbid_unknown_fields=True
):
    """Keep a row that could not be read."""

    when: When
    source: str
    row: int
    code: str
    field: str | None = None
    party: str | None = None
    party_digest: str | None = None


class SetBankEntryAside(
    Struct, frozen=True, kw_only=True, tag="set-bank-entry-aside", forbid_unknown_fields=True
):
    """Say why nothing is to be done about an entry or a row."""

    when: When
    reason: str


BankEvent = BankEntryLeft | BankEntryMatched | BankRowUnread | BankEntrySetAside
BankCommand = LeaveBankEntry | MatchBankEntry | KeepUnreadRow | SetBankEntryAside


class BankState(Struct, frozen=True, kw_only=True):
    """The entry or the row, what it settles, and why it was set aside."""

    left: BankEntryLeft | None = None
    unread: BankRowUnread | None = None
    settles: Settles | None = None
    aside: str | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody must still say what it is."""
        is_there = self.left is not None or self.unread is not None
        return is_there and self.settles is None and self.aside is None


class Kept(Struct, frozen=True, kw_only=True):
    """An entry or a row on its stream, as it stands, and the fact that brought it."""

    stream: str
    first: Fact
    version: int
    state: BankState

    @property
    def name(self) -> str:
        return self.stream.partition(":")[2]


def kept(facts: Iterable[Fact]) -> tuple[Kept, ...]:
    """Every entry and row that facts of their streams tell, retractions too, as they came."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.stream, []).append(fact)
    return tuple(
        Kept(stream=stream, first=own[0], version=len(own), state=fold(DECIDER, own))
        for stream, own in found.items()
    )


def evolve(state: BankState, fact: Fact) -> BankState:
    event = fact.event
    assert isinstance(event, BankEvent), fact
    match event:
        case BankEntryLeft():
            return structs.replace(state, left=event)
        case BankEntryMatched():
            return structs.replace(state, settles=event.settles)
        case BankRowUnread():
            return structs.replace(state, unread=event)
        case BankEntrySetAside():
            return structs.replace(state, aside=event.reason)
        case _:
            assert_never(event)


def needs(command: BankCommand) -> tuple[str, ...]:
    """A match is checked against the payment or the credit that it names."""
    match command:
        case MatchBankEntry():
            return (command.settles.of,)
        case LeaveBankEntry() if command.settles is not None:
            return (command.settles.of,)
        case _:
            return ()


def decide(command: BankCommand, state: BankState, context: Context) -> tuple[Event, ...]:
    """An entry is kept once and settles one thing; nothing is matched that nobody has stated.

    What an outside system says of an entry waits for it, and for what it settles (SPEC 12).
    """
    match command:
        case LeaveBankEntry():
            _require_new(state)
            require_name(command.account, "account")
            exponent(command.currency)
            if not command.amount_minor:
                raise Rejected("amount-not-positive", field="amount_minor")
            return _left(command, context)
        case KeepUnreadRow():
            _require_new(state)
            require_name(command.source, "source")
            require_name(command.code, "code")
            return (BankRowUnread(**structs.asdict(command)),)
        case MatchBankEntry():
            _require_waiting(state, context)
            _require_stated(command.settles, state, context)
            return (BankEntryMatched(**structs.asdict(command)),)
        case SetBankEntryAside():
            _require_waiting(state, context)
            require_name(command.reason, "reason")
            return (BankEntrySetAside(when=command.when, reason=command.reason),)
        case _:
            assert_never(command)


def _left(command: LeaveBankEntry, context: Context) -> tuple[Event, ...]:
    said = structs.asdict(command)
    settles, rule, because = (said.pop(name) for name in ("settles", "rule", "because"))
    left = BankEntryLeft(**said)
    if settles is None or not _is_stated(settles, left, context):
        return (left,)
    return (left, BankEntryMatched(when=left.when, settles=settles, rule=rule, because=because))


def _require_new(state: BankState) -> None:
    if state.left is not None or state.unread is not None:
        raise Rejected("bank-entry-known", field="stream")


def _require_waiting(state: BankState, context: Context) -> None:
    if context.outside:
        return
    if state.left is None and state.unread is None:
        raise Rejected("unknown-bank-entry", field="stream")
    if not state.waits:
        raise Rejected("bank-entry-settled", field="stream")


def _require_stated(settles: Settles, state: BankState, context: Context) -> None:
    """As much must have been given or taken back, or come back, as the entry says."""
    if settles.of.partition(":")[0] not in {"payment", "balance"}:
        raise Malformed("unknown-stream", field="settles.of", stream=settles.of)
    if (settles.chargeback is not None) != settles.what.startswith("chargeback"):
        raise Malformed("wrong-type", field="settles.chargeback", expected="of a chargeback its id")
    if context.outside:
        return
    if state.left is None:
        raise Rejected("unknown-bank-entry", field="stream")
    if not _is_stated(settles, state.left, context):
        stated = _stated_minor(settles, context.others.get(settles.of))
        raise Rejected("nothing-given-back", field="settles.of", stated=stated)


def _is_stated(settles: Settles, left: BankEntryLeft, context: Context) -> bool:
    came_in = settles.what == "chargeback-won"
    stated = _stated_minor(settles, context.others.get(settles.of))
    return (left.amount_minor > 0) == came_in and stated >= abs(left.amount_minor)


def _stated_minor(settles: Settles, known: object) -> int:
    match known:
        case PaymentState() if settles.chargeback is not None:
            is_won = known.chargebacks.outcomes.get(settles.chargeback) == "won"
            minor = known.chargebacks.amounts.get(settles.chargeback, 0)
            return minor if settles.what == "chargeback" or is_won else 0
        case PaymentState():
            return known.given_back_minor
        case BalanceState() if settles.what == "refund":
            return known.gone_minor
        case _:
            return 0


DECIDER: Decider[BankState, BankCommand] = Decider(
    category="bank",
    initial=BankState(),
    evolve=evolve,
    decide=decide,
    commands=(LeaveBankEntry, MatchBankEntry, KeepUnreadRow, SetBankEntryAside),
    events=(BankEntryLeft, BankEntryMatched, BankRowUnread, BankEntrySetAside, Retracted),
    needs=needs,
)
