"""Contracts that are accounted for as one, as from inception (rule 4; ASC 606-10-25-9, IFRS 15.17).

A contract that joined another is measured in the unit of that one, and its own unit comes to
nothing: what was posted there is taken back and posted here by the ordinary difference. So that no
step after this one needs to know of several contracts, their facts are told here as those of one:
a promise `service` of a joined contract `k2` is `k2/service`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from domain.accounting.schedule import Flow
from domain.carried import CarriedPosition, OpeningPositionChanged, OpeningPositionEnded
from domain.contract_facts import (
    ContractJoined,
    ContractModified,
    ContractOpened,
    NonCash,
    NonCashReceived,
    Obligation,
    PriceEstimated,
    VariableAmount,
)
from domain.errors import Rejected
from domain.explain import Step
from domain.facts import Event, Fact, causes_of, of_kinds
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.opening import OpeningProposed
from domain.routing import is_stated, named_units
from domain.service import AccessGranted

_ADDS_PROMISES = (ContractOpened, ContractModified)
# What joined what, by stream.
Joins = Mapping[str, Fact]


def as_one(unit: str, known: Sequence[Fact]) -> tuple[Fact, ...]:
    """What the unit of a contract measures of the facts that reached it (known, in effective
    order): nothing once it joined another; of other contracts only those that joined it.

    Refused: `combined-in-a-circle`, and what `_require_one` says.
    """
    joins = joins_of(known)
    if unit in joins:
        chain(unit, joins)
        return ()
    members = {unit, *(stream for stream in joins if unit in chain(stream, joins))}
    mine = _of(members, known)
    if len(members) == 1:
        return mine
    told = _Told(unit, members, mine)
    found = tuple(structs.replace(fact, event=told.event(fact)) for fact in _opened(mine))
    _require_one(found)
    return found


def _opened(mine: Sequence[Fact]) -> Iterator[Fact]:
    """Without what is said of a contract that is not opened yet: nothing of it is measured."""
    opened = openings_of(mine)
    for fact in mine:
        joins = isinstance(fact.event, ContractJoined)
        if joins or fact.stream in opened or not is_stated(fact.stream):
            yield fact


def _of(members: set[str], known: Sequence[Fact]) -> tuple[Fact, ...]:
    """Without contracts that joined once and do no more, and without what names only those."""
    streams = {fact.stream for fact in known}
    if all(stream in members for stream in streams if is_stated(stream)):
        return tuple(known)
    named = {fact.stream for fact in known if members.intersection(named_units(fact))}
    return tuple(fact for fact in known if fact.stream in members | named)


def chain(stream: str, joins: Joins) -> tuple[str, ...]:
    """The contracts that a contract joined, the next one first. Refused: `combined-in-a-circle`."""
    found: list[str] = []
    at = stream
    while at in joins:
        event = joins[at].event
        assert isinstance(event, ContractJoined), event
        at = f"contract:{event.contract}"
        if at == stream or at in found:
            raise Rejected("combined-in-a-circle", field="contract", contract=event.contract)
        found.append(at)
    return tuple(found)


def openings_of(
    own: Sequence[Fact], kinds: tuple[type[Event], ...] = (ContractOpened,)
) -> dict[str, Fact]:
    """What opened each contract, or each deal of other kinds as well, the earliest first."""
    found: dict[str, Fact] = {}
    for fact in of_kinds(own, *kinds):
        found.setdefault(fact.stream, fact)
    return found


def inceptions(own: Sequence[Fact], openings: Mapping[str, Fact]) -> dict[str, tuple[int, ...]]:
    """What makes each contract part of the whole: what opened it, and what joined it to the rest,
    where there is a rest.
    """
    if len(openings) == 1:
        return {stream: (fact.position,) for stream, fact in openings.items()}
    joins = joins_of(own)
    return {
        stream: causes_of((fact.position,), joined(stream, joins))
        for stream, fact in openings.items()
    }


def joins_of(known: Sequence[Fact]) -> Joins:
    return {fact.stream: fact for fact in of_kinds(known, ContractJoined)}


def joined(stream: str, joins: Joins) -> tuple[int, ...]:
    """What makes a contract part of the one that it is accounted for with."""
    links = (stream, *chain(stream, joins))
    return tuple(sorted(joins[link].position for link in links if link in joins))


def opened_as_one(openings: Sequence[Fact]) -> Fact:
    """The earliest opening, as if it had said what all of them say."""
    first = openings[0]
    if len(openings) == 1:
        return first
    events = [fact.event for fact in openings if isinstance(fact.event, ContractOpened)]
    notices = [one.cancellable_days for one in events if one.cancellable_days is not None]
    event = structs.replace(
        events[0],
        price_minor=sum(one.price_minor for one in events),
        obligations=tuple(own for one in events for own in one.obligations),
        variable=tuple(row for one in events for row in one.variable),
        bundles=tuple(row for one in events for row in one.bundles),
        financing=None,
        criteria_met=all(one.criteria_met for one in events),
        right_after=None,
        cancellable_days=min(notices, default=None),
        refundable=any(one.refundable for one in events),
    )
    return structs.replace(first, event=event)


def told_as_one(
    flows: tuple[Flow, ...], openings: Mapping[str, Fact], inception: tuple[int, ...]
) -> tuple[Flow, ...]:
    """What rests on all contracts that are accounted for as one says so, whatever it comes to."""
    if len(openings) == 1:
        return flows
    said = Step(what="accounted for as one", value=", ".join(map(_name, sorted(openings))))
    rests = (({*inception} <= {*flow.causes}, flow) for flow in flows)
    return tuple(_told_beside(flow, said) if on_all else flow for on_all, flow in rests)


def _told_beside(flow: Flow, said: Step) -> Flow:
    return structs.replace(flow, told=lambda: (*flow.steps, said))


def streams_of(own: Sequence[Fact]) -> dict[str, str]:
    """Whose each promise is, by its name."""
    adding = of_kinds(own, *_ADDS_PROMISES)
    return {row.obligation: fact.stream for fact in adding for row in promised_in(fact)}


def promised_in(fact: Fact) -> tuple[Obligation, ...]:
    """The promises that a fact adds to its contract."""
    match fact.event:
        case ContractOpened():
            return fact.event.obligations
        case ContractModified():
            return fact.event.added
        case _:
            return ()


def _require_one(found: Sequence[Fact]) -> None:
    """What an outside system said to be one may turn out not to be: then the unit waits."""
    events = [fact.event for fact in found if isinstance(fact.event, ContractOpened)]
    if len({one.customer for one in events}) > 1:
        raise Rejected("combined-customers-differ", field="contract")
    if len(events) > 1 and not all(one.says_what_it_sells_for for one in events):
        raise Rejected("ssp-missing", field="contract")
    names = [row.obligation for fact in found for row in promised_in(fact)]
    if len(set(names)) < len(names):
        raise Rejected("duplicate-obligation", field="contract")


class _Told:
    """Facts of several contracts in the words of the one that the others joined."""

    def __init__(self, unit: str, members: set[str], facts: Sequence[Fact]) -> None:
        self.contract = _name(unit)
        self.joined = {_name(stream) for stream in members} - {self.contract}
        self.promised: dict[str, list[Obligation]] = {}
        for fact in facts:
            self.promised.setdefault(_name(fact.stream), []).extend(promised_in(fact))

    def event(self, fact: Fact) -> Event:
        event = fact.event
        match event:
            case InvoiceIssued():
                return structs.replace(event, lines=tuple(map(self._line, event.lines)))
            case OpeningProposed():
                rows = tuple(map(self._position, event.positions))
                return structs.replace(event, positions=rows)
            case OpeningPositionChanged() | OpeningPositionEnded() if event.contract in self.joined:
                name = self.name(event.obligation, event.contract)
                return structs.replace(event, contract=self.contract, obligation=name)
            case _ if is_stated(fact.stream):
                return self._said(event, _name(fact.stream))
            case _:
                return event

    def _said(self, event: Event, by: str) -> Event:
        match event:
            case ContractOpened():
                return structs.replace(
                    event,
                    obligations=self._rows(event.obligations, by),
                    variable=self._variable(event.variable, by),
                    non_cash=self._given(event.non_cash, by),
                    bundles=tuple(
                        structs.replace(row, obligations=self._names(row.obligations, by))
                        for row in event.bundles
                    ),
                )
            case ContractModified():
                return structs.replace(
                    event,
                    added=self._rows(event.added, by),
                    restated=tuple(
                        structs.replace(row, obligation=self.name(row.obligation, by))
                        for row in event.restated
                    ),
                    variable=self._variable(event.variable, by),
                    non_cash=self._given(event.non_cash, by),
                )
            case PriceEstimated():
                return structs.replace(event, variable=self._variable(event.variable, by))
            case NonCashReceived():
                return structs.replace(event, name=self.name(event.name, by))
            case AccessGranted() if event.item is not None:
                return structs.replace(event, item=self.name(event.item, by))
            case _ if (name := getattr(event, "obligation", None)) is not None:
                return structs.replace(event, obligation=self.name(name, by))
            case _:
                return event

    def name(self, name: str, by: str) -> str:
        return f"{by}/{name}" if by in self.joined else name

    def _names(self, names: Sequence[str], by: str) -> tuple[str, ...]:
        return tuple(self.name(name, by) for name in names)

    def _rows(self, rows: Sequence[Obligation], by: str) -> tuple[Obligation, ...]:
        return tuple(structs.replace(row, obligation=self.name(row.obligation, by)) for row in rows)

    def _variable(self, rows: Sequence[VariableAmount], by: str) -> tuple[VariableAmount, ...]:
        return tuple(
            structs.replace(
                row,
                name=self.name(row.name, by),
                obligations=self._names(row.obligations or self._stated_in(row, by), by),
                non_cash=next(iter(self._given([row.non_cash], by))) if row.non_cash else None,
            )
            for row in rows
        )

    def _given(self, rows: Sequence[NonCash], by: str) -> tuple[NonCash, ...]:
        return tuple(structs.replace(row, name=self.name(row.name, by)) for row in rows)

    def _stated_in(self, row: VariableAmount, by: str) -> tuple[str, ...]:
        """What is worked out from what promises state is of those of its own contract."""
        promised = self.promised.get(by, ())
        if row.unit_price is not None:
            return tuple(own.obligation for own in promised if own.pattern == "units")
        if not row.stated_minor and row.conceded_percent is not None:
            return tuple(own.obligation for own in promised if own.is_stated)
        return ()

    def _line(self, line: InvoiceLine) -> InvoiceLine:
        """It goes on naming the contract it bills: the one, or one that joined."""
        if line.contract not in self.joined or line.obligation is None:
            return line
        return structs.replace(line, obligation=self.name(line.obligation, line.contract))

    def _position(self, row: CarriedPosition) -> CarriedPosition:
        if row.contract not in self.joined:
            return row
        name = self.name(row.obligation, row.contract)
        return structs.replace(row, contract=self.contract, obligation=name)


def _name(stream: str) -> str:
    return stream.partition(":")[2]
