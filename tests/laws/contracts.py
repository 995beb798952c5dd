"""Histories of contracts stated by themselves, drawn from one seed and a size.

One entity, two books that elect differently, a few contracts with promises of every pattern, what
is said of them over the years, invoices, corrections, retractions, runs and closes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from msgspec import Struct, field, structs

from domain.books import BookOpened, PeriodClosed, PostingRun
from domain.calendar import add_months, months
from domain.contract_facts import (
    BaseReported,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    DiscountOption,
    ExpectationRevised,
    Fee,
    Financing,
    Milestone,
    NonCash,
    NonCashReceived,
    Obligation,
    ObligationSatisfied,
    Outcome,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    RegularBundle,
    Renewal,
    Restated,
    RightsExercised,
    RightsExpired,
    VariableAmount,
)
from domain.entity import CalendarDefined, EntityOpened
from domain.facts import Event, Retracted, When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.policy import Options, PolicyAdopted
from domain.service import AccessGranted
from tests.laws.changes import out_of_turn
from tests.laws.memory import Arrival, History

ENTITY = "acme"
FIRST = date(2024, 1, 1)
LATEST = date(2025, 6, 30)
# By then everything a drawn contract promises is over.
OVER = date(2029, 6, 1)
PERIODS = months(FIRST, 84)
BOOKS = ("ifrs", "us-gaap")
SHARES = NonCash(name="shares", quantity=Decimal(333), unit_value=Decimal("3.1415"))


class Said(Struct):
    """One contract in the making: its stream, and every promise it has so far."""

    stream: str
    opened: ContractOpened
    promises: list[Obligation]
    is_ended: bool = False
    numbered: int = 0


class Draft(Struct):
    """The history in the making; `clock` draws where and how time is told, and nothing else."""

    random: Random
    clock: Random
    orders: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    contracts: list[Said] = field(default_factory=list)

    def add(self, stream: str, event: Event, **more: Any) -> Arrival:
        arrival = Arrival(key=f"f{len(self.arrivals) + 1}", stream=stream, event=event, **more)
        self.arrivals.append(arrival)
        return arrival

    def when(self, effective: date, agreed_on: date | None = None) -> When:
        """A day and a sequence: unique, and not the order of arrival."""
        self.orders += 1
        return When(effective=effective, agreed_on=agreed_on, order=self.orders)

    def day(self, first: date = FIRST, last: date = LATEST) -> date:
        """Mostly few days, so that several facts share one."""
        found = first + timedelta(days=self.random.randint(0, max((last - first).days, 0)))
        return max(first, found.replace(day=self.random.choice((1, 1, 10, 28, found.day))))

    def chance(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def money(self, most: int = 9000) -> int:
        return self.random.randint(1, most) * 100 + self.random.choice((0, 0, 1, 33))

    def said(self) -> Said:
        return self.random.choice(self.contracts)


def contracts(seed: int, size: int, least: int = 1) -> History:
    """`size` from 0 to 100 says how much is said of the contracts; there are `least` of them."""
    draft = Draft(random=Random(seed), clock=Random(f"{seed} clock"))
    _open(draft)
    before = len(draft.arrivals)
    for number in range(draft.random.randint(least, 3)):
        _open_contract(draft, f"contract:k{number}")
    for _ in range(4 + size * 30 // 100):
        draft.random.choice(_STEPS)(draft)
    _give(draft)
    body = out_of_turn(draft.arrivals[before:], draft.random)
    return History(seed, {ENTITY: (*draft.arrivals[:before], *_with_runs(draft, body))})


def _open(draft: Draft) -> None:
    random = draft.random
    zone = draft.clock.choice(("UTC", "America/New_York", "Asia/Tokyo"))
    opened = EntityOpened(when=draft.when(FIRST), name=ENTITY, functional_currency="USD", zone=zone)
    draft.add("entity:self", opened)
    draft.add("entity:self", CalendarDefined(when=draft.when(FIRST), periods=PERIODS))
    for book in BOOKS:
        draft.add(f"book:{book}", BookOpened(when=draft.when(FIRST), name=book))
    monthly = Options(ratable_by="month")
    draft.add("policy:us-gaap", PolicyAdopted(when=draft.when(FIRST), options=monthly))
    by = random.choice(("day", "month", "half-month"))
    elected = Options(
        ratable_by="instant" if draft.clock.random() < 0.3 else by,
        after_cancellation=random.choice(("stop", "stop", "run-on")),
        breakage=random.choice(("proportional", "remote")),
        discounts=random.choice(("by-evidence", "to-all")),
        financing=random.choice(("adjusted", "not-adjusted")),
        allocation_unit=random.choice(("minor", "whole")),
        allocation_percent=random.choice(("exact", "tenths")),
        progress_percent=random.choice(("exact", "whole")),
    )
    draft.add("policy:ifrs", PolicyAdopted(when=draft.when(FIRST), options=elected))


# --- promises ---


def _sold_for(draft: Draft, *, counted: bool) -> dict[str, Any]:
    """What a promise would sell for alone, or what the contract states for it."""
    ways: list[dict[str, Any]] = [
        {"ssp_minor": draft.money()},
        {"list_minor": draft.money(), "ssp_percent": Decimal(80)},
        {"price_minor": draft.money(), "ssp_minor": draft.money()},
        {"price_minor": draft.money()},
    ]
    if counted:
        ways += [{"unit_price": Decimal("7.35")}, {"unit_ssp": Decimal(11)}]
    return draft.random.choice(ways)


def _ratable(draft: Draft, begin: date) -> dict[str, Any]:
    end = add_months(begin, draft.random.choice((3, 6, 12, 17)))
    term: dict[str, Any] = {"service_from": begin, "service_to": end}
    if draft.chance(0.2):
        fee = Fee(amount_minor=draft.money(900), service_from=begin, service_to=end, per="month")
        return {**term, "fees": (fee,), "ssp_minor": draft.random.choice((0, draft.money()))}
    if draft.chance(0.15):
        term["available_from"] = begin + timedelta(days=20)
    if draft.chance(0.2):
        term["quantity"] = Decimal(draft.random.randint(1, 30))
        return {**term, **_sold_for(draft, counted=True)}
    return {**term, **_sold_for(draft, counted=False)}


def _renewed(draft: Draft, begin: date) -> dict[str, Any]:
    marks = [add_months(begin, 12 * year) for year in range(4)]
    chances = (Decimal(1), Decimal("0.8"), Decimal("0.5"))
    return {
        "pattern": "ratable",
        "portfolio": 10,
        "renewals": tuple(
            Renewal(
                service_from=start,
                service_to=end,
                price_minor=draft.money(900),
                expected_cost_minor=draft.money(500),
                probability=chance,
            )
            for start, end, chance in zip(marks, marks[1:], chances, strict=False)
        ),
    }


def _point(draft: Draft, begin: date) -> dict[str, Any]:
    del begin
    if draft.chance(0.2):
        option = DiscountOption(
            average_purchase_minor=draft.money(),
            percent=Decimal(30),
            percent_for_anybody=Decimal(10),
            probability=Decimal("0.8"),
        )
        return {"pattern": "point-in-time", "option": option}
    return {"pattern": "point-in-time", **_sold_for(draft, counted=False)}


def _units(draft: Draft, begin: date) -> dict[str, Any]:
    del begin
    if draft.chance(0.2):
        return {"pattern": "units", "unit_price": Decimal("12.5")}
    quantity = Decimal(draft.random.randint(2, 60))
    return {"pattern": "units", "quantity": quantity, **_sold_for(draft, counted=True)}


def _milestones(draft: Draft, begin: date) -> dict[str, Any]:
    del begin
    rows = [Milestone(milestone=name, weight=Decimal(w)) for name, w in (("a", 1), ("b", "2.5"))]
    return {
        "pattern": "milestones",
        "milestones": tuple(rows),
        **_sold_for(draft, counted=False),
    }


def _measured(draft: Draft, begin: date) -> dict[str, Any]:
    del begin
    cost = draft.money()
    return {
        "pattern": "percent-complete",
        "expected_cost_minor": cost,
        # Of some a quarter is for materials that are earned at cost.
        "materials_minor": 0 if cost % 3 else cost // 4,
        **_sold_for(draft, counted=False),
    }


def _exercised(draft: Draft, begin: date) -> dict[str, Any]:
    del begin
    expected: dict[str, Any] = draft.random.choice(
        ({}, {"expected_exercised": Decimal(80)}, {"breakage_percent": Decimal(25)})
    )
    return {
        "pattern": "as-exercised",
        "quantity": Decimal(100),
        **expected,
        **_sold_for(draft, counted=True),
    }


def _priced_by_itself(draft: Draft, begin: date) -> dict[str, Any]:
    del begin
    if draft.chance():
        return {"pattern": "as-invoiced"}
    return {"pattern": "percent-of-base", "percent_of_base": Decimal("3.5")}


_PATTERNS: tuple[Callable[[Draft, date], dict[str, Any]], ...] = (
    _ratable,
    _ratable,
    _point,
    _units,
    _milestones,
    _measured,
    _exercised,
    _priced_by_itself,
)


def _promise(draft: Draft, name: str, begin: date) -> Obligation:
    how = draft.random.choice(_PATTERNS)(draft, begin)
    own = Obligation(obligation=name, **how)
    if is_by_itself(own):
        return own
    if draft.chance(0.1):
        return structs.replace(own, presented="elsewhere")
    distinct = draft.random.choice((None, None, None, True, False))
    return structs.replace(own, distinct=distinct)


def is_by_itself(own: Obligation) -> bool:
    """Priced by invoices, by what is reported, or unit by unit: it has no share of a price."""
    if own.pattern == "units":
        return own.quantity is None
    return own.pattern in ("as-invoiced", "percent-of-base")


def _open_contract(draft: Draft, stream: str) -> None:
    random = draft.random
    begin = draft.day(FIRST, date(2024, 6, 1))
    rows = [_promise(draft, f"o{place}", begin) for place in range(random.randint(1, 4))]
    if all(is_by_itself(own) for own in rows) or not any(map(_is_sold, rows)):
        rows.append(Obligation(obligation="base", pattern="point-in-time", ssp_minor=draft.money()))
    price = draft.money() if draft.chance(0.7) else 0
    how = _terms(draft, rows, begin)
    if draft.chance(0.1):
        # Wide enough for what is left, whatever the price becomes.
        own = Obligation(
            obligation="open",
            pattern="point-in-time",
            ssp_range_minor=(0, 10**9),
        )
        rows.append(own)
        price += 60_000_00
    elif draft.chance(0.1):
        rows, price = [Obligation(obligation="o0", **_renewed(draft, begin))], 0
        rest = (structs.replace(row, obligations=()) for row in how.get("variable", ()))
        how = {"variable": tuple(rest)}
    elif price and draft.chance(0.15):
        own = next(own for own in rows if not is_by_itself(own))
        rows[rows.index(own)] = structs.replace(own, presented="net", others_share_minor=1_33)
    if draft.chance(0.25):
        days = random.choice((0, 30, 90))
        how = {**how, "cancellable_days": days, "refundable": draft.chance(0.7)}
    opened = ContractOpened(
        when=draft.when(begin),
        customer="c1",
        currency="USD",
        price_minor=price,
        obligations=tuple(rows),
        # Of some the customer gives shares as well.
        non_cash=() if price % 300 or not price else (SHARES,),
        **how,
    )
    draft.add(stream, opened)
    draft.contracts.append(Said(stream, opened, rows))
    _invoice(draft)


def _is_sold(own: Obligation) -> bool:
    stated = own.price_minor or own.unit_price or own.fees or own.unit_ssp
    return bool(own.ssp_minor or own.list_minor or own.option or stated) and not is_by_itself(own)


def _terms(draft: Draft, rows: list[Obligation], begin: date) -> dict[str, Any]:
    how: dict[str, Any] = {}
    fixed = [own.obligation for own in rows if not is_by_itself(own)]
    if draft.chance(0.4):
        how["variable"] = tuple(
            _variable(draft, name, fixed) for name in ("bonus", "rebate") if draft.chance(0.6)
        )
    if len(fixed) > 1 and draft.chance(0.2):
        how["bundles"] = (RegularBundle(obligations=tuple(fixed[:2]), price_minor=draft.money(40)),)
    if draft.chance(0.15):
        how["financing"] = draft.random.choice(
            (
                Financing(
                    kind="arrears",
                    rate_percent=Decimal(12),
                    stated_rate_percent=Decimal(5),
                    instalments=24,
                ),
                Financing(kind="advance", rate_percent=Decimal(6), until=add_months(begin, 24)),
            )
        )
    if draft.chance(0.15):
        how["criteria_met"] = False
    if draft.chance(0.15):
        how["right_after"] = draft.random.choice(fixed)
    return how


def _variable(draft: Draft, name: str, fixed: list[str]) -> VariableAmount:
    sign = 1 if name == "bonus" else -1
    only = tuple(draft.random.sample(fixed, 1)) if draft.chance(0.3) else ()
    ways: list[dict[str, Any]] = [
        {"estimate_minor": sign * draft.money(20)},
        {"stated_minor": sign * draft.money(20)},
        {"stated_minor": draft.money(20), "estimate_minor": 50, "included_minor": 20},
        {"stated_minor": draft.money(20), "conceded_percent": Decimal(40)},
        {
            "stated_minor": draft.money(20),
            "conceded_percent": Decimal(40),
            "included_conceded_percent": Decimal(55),
        },
        {
            "method": draft.random.choice(("expected-value", "most-likely")),
            "outcomes": (
                Outcome(amount_minor=sign * 10_01, probability=Decimal("0.3")),
                Outcome(amount_minor=sign * 3_33, probability=Decimal("0.7")),
            ),
        },
    ]
    return VariableAmount(name=name, obligations=only, **draft.random.choice(ways))


# --- what is said of them ---


def _transferred(draft: Draft) -> None:
    """What any one promise needs to be told."""
    said = draft.said()
    own = draft.random.choice(said.promises)
    day = draft.day(said.opened.when.effective, LATEST)
    event = _about(draft, own, draft.when(day))
    if event is not None:
        draft.add(said.stream, event)


def _about(draft: Draft, own: Obligation, when: When) -> Event | None:
    name, random = own.obligation, draft.random
    match own.pattern:
        case "point-in-time":
            return ObligationSatisfied(when=when, obligation=name)
        case "units":
            some = Decimal(random.randint(1, 20))
            return ObligationSatisfied(when=when, obligation=name, quantity=some)
        case "milestones":
            return ObligationSatisfied(
                when=when, obligation=name, milestone=random.choice(("a", "b"))
            )
        case "percent-complete":
            return _progress(draft, own, when)
        case "as-exercised":
            return _rights(draft, name, when)
        case "percent-of-base":
            return BaseReported(when=when, obligation=name, base_minor=draft.money())
        case _:
            return None


def _progress(draft: Draft, own: Obligation, when: When) -> Event:
    name, random = own.obligation, draft.random
    expected = own.expected_cost_minor or 100
    if draft.chance(0.3):
        return ProgressMeasured(when=when, obligation=name, percent=Decimal(random.randint(0, 100)))
    if draft.chance(0.3):
        more = expected + draft.money(2000)
        materials = own.materials_minor + more // 9 if own.materials_minor else None
        return ExpectationRevised(
            when=when, obligation=name, expected_cost_minor=more, materials_minor=materials
        )
    incurred = random.randint(0, expected)
    return ProgressMeasured(
        when=when,
        obligation=name,
        incurred_minor=incurred,
        expected_minor=random.choice((None, expected + draft.money(100))),
        excluded_minor=random.choice((0, 0, expected // 10)),
        materials_minor=incurred // 3 if own.materials_minor and incurred % 2 else None,
    )


def _rights(draft: Draft, name: str, when: When) -> Event:
    number = draft.random.randint(1, 40)
    some, service = Decimal(number), _service(when, number) if number % 3 else {}
    return draft.random.choice(
        (
            RightsExercised(when=when, obligation=name, quantity=some, **service),
            RightsExercised(
                when=when, obligation=name, cumulative=some, expected=Decimal(90), **service
            ),
            RightsExpired(when=when, obligation=name, quantity=some),
            ExpectationRevised(when=when, obligation=name, expected_exercised=Decimal(60)),
            ExpectationRevised(when=when, obligation=name, breakage_percent=Decimal(10)),
        )
    )


def _service(when: When, number: int) -> dict[str, date]:
    """What rights are used for, begun before or only after it is said."""
    first = when.effective + timedelta(days=number - 20)
    return {"service_from": first, "service_to": first + timedelta(days=3 * number)}


def _modify(draft: Draft) -> None:
    said, random = draft.said(), draft.random
    day = draft.day(said.opened.when.effective, LATEST)
    agreed = day + timedelta(days=random.choice((-20, 20, 75))) if draft.chance(0.4) else None
    name = f"x{said.numbered}"
    said.numbered += 1
    added = (_promise(draft, name, day),) if draft.chance() else ()
    restated = _restated(draft, said, day)
    treatments = ["prospective", "cumulative"]
    if added and not restated:
        treatments.append("separate")
    judged = draft.chance(0.3)
    event = ContractModified(
        when=draft.when(day, agreed),
        price_change_minor=draft.money(90) * random.choice((0, 0, 1, -1)),
        added=added,
        price_reflects_ssp=bool(added) and draft.chance(0.3),
        restated=restated,
        treatment=random.choice(treatments) if judged else "by-rule",
        judgement="as counsel found" if judged else None,
    )
    said.promises += added
    draft.add(said.stream, event)


def _restated(draft: Draft, said: Said, day: date) -> tuple[Restated, ...]:
    open_ended = [own for own in said.promises if own.pattern == "units" and own.quantity is None]
    rows = [own for own in said.promises if not is_by_itself(own) and not own.renewals]
    if not (rows or open_ended) or draft.chance(0.4):
        return ()
    own = draft.random.choice(rows + open_ended)
    if own in open_ended:
        return (Restated(obligation=own.obligation, unit_price=Decimal("9.09")),)
    ways: list[dict[str, Any]] = [{"ssp_minor": draft.money()}]
    if own.pattern == "percent-complete":
        ways.append({"added_cost_minor": draft.money(100)})
    if own.pattern == "ratable" and not own.fees:
        assert own.service_to is not None
        ways.append({"service_to": add_months(max(own.service_to, day), 3)})
    if own.price_minor is not None:
        ways.append({"price_minor": draft.money()})
    if own.unit_price is not None:
        more = Decimal(draft.random.randint(1, 9))
        ways.append({"added_quantity": more, "added_unit_price": Decimal("6.11")})
        ways.append({"unit_price": Decimal("9.09")})
    return (Restated(obligation=own.obligation, **draft.random.choice(ways)),)


def _estimate(draft: Draft) -> None:
    said = draft.said()
    rows = said.opened.variable
    if not rows:
        return
    fixed = [own.obligation for own in said.opened.obligations if not is_by_itself(own)]
    row = draft.random.choice(rows)
    new = _variable(draft, row.name, fixed)
    day = draft.day(said.opened.when.effective, LATEST)
    new = structs.replace(new, obligations=row.obligations)
    draft.add(said.stream, PriceEstimated(when=draft.when(day), variable=(new,)))


def _concede(draft: Draft) -> None:
    said = draft.said()
    name = draft.random.choice(said.promises).obligation
    day = draft.day(said.opened.when.effective, LATEST)
    event = PriceConceded(when=draft.when(day), obligation=name, amount_minor=draft.money(9))
    draft.add(said.stream, event)


def _let_in(draft: Draft) -> None:
    said = draft.said()
    ratable = [own.obligation for own in said.promises if own.pattern == "ratable"]
    item = draft.random.choice((None, *ratable))
    day = draft.day(said.opened.when.effective, LATEST)
    draft.add(said.stream, AccessGranted(when=draft.when(day), item=item))


def _pay_customer(draft: Draft) -> None:
    said = draft.said()
    day = draft.day(said.opened.when.effective, LATEST)
    amount, fair = draft.money(20), draft.money(10)
    bought = amount % 100 == 0 and any(map(is_by_itself, said.promises))
    event = CustomerPaymentPromised(
        when=draft.when(day),
        amount_minor=amount,
        fair_value_minor=fair,
        # Some are for what is bought, which may come to less or more.
        purchases_minor=amount * 7 if bought else None,
    )
    draft.add(said.stream, event)


def _give(draft: Draft) -> None:
    """What is no money comes in two parts."""
    for said in draft.contracts:
        for row in said.opened.non_cash:
            for day in (said.opened.when.effective, add_months(said.opened.when.effective, 7)):
                event = NonCashReceived(
                    when=draft.when(day), name=row.name, quantity=row.quantity / 2
                )
                draft.add(said.stream, event)


def _meet(draft: Draft) -> None:
    waiting = [said for said in draft.contracts if not said.opened.criteria_met]
    if waiting:
        said = draft.random.choice(waiting)
        day = draft.day(said.opened.when.effective, LATEST)
        draft.add(said.stream, CriteriaMet(when=draft.when(day)))


def _terminate(draft: Draft) -> None:
    said = draft.said()
    if said.is_ended or draft.chance():
        return
    said.is_ended = True
    day = draft.day(said.opened.when.effective, LATEST)
    refund = draft.random.choice((0, said.opened.price_minor // 7))
    draft.add(said.stream, ContractTerminated(when=draft.when(day), refund_minor=refund))


def _invoice(draft: Draft) -> None:
    said, number = draft.said(), len(draft.arrivals)
    day = draft.day(said.opened.when.effective, LATEST)
    invoiced = [own.obligation for own in said.promises if own.pattern == "as-invoiced"]
    line = InvoiceLine(
        line="1",
        amount_minor=draft.money(),
        kind="one-off",
        contract=said.stream.partition(":")[2],
        obligation=draft.random.choice((None, *invoiced)),
    )
    event = InvoiceIssued(
        when=draft.when(day),
        customer="c1",
        currency="USD",
        number=f"I{number}",
        due_on=day,
        lines=(line,),
    )
    draft.add(f"invoice:i{number}", event)


def _credit(draft: Draft) -> None:
    issued = [one for one in draft.arrivals if isinstance(one.event, InvoiceIssued)]
    dead = {one.corrects for one in draft.arrivals}
    done = {one.stream for one in draft.arrivals if isinstance(one.event, CreditIssued)}
    rows = [one for one in issued if one.key not in dead and one.stream not in done]
    if not rows:
        _invoice(draft)
        return
    invoice = draft.random.choice(rows)
    assert isinstance(invoice.event, InvoiceIssued)
    (line,) = invoice.event.lines
    credit = CreditIssued(
        when=draft.when(draft.day(invoice.event.when.effective, LATEST)),
        number=f"C{len(draft.arrivals)}",
        lines=(CreditLine(line="1", amount_minor=max(1, line.amount_minor // 3)),),
        treatment=draft.random.choice(("as-if-never", "from-now")),
        purpose=draft.random.choice(("correction", "concession")),
    )
    draft.add(invoice.stream, credit)


# --- corrections ---

NEVER_CHANGED = (ContractOpened, InvoiceIssued)


def _open_to_change(draft: Draft) -> list[Arrival]:
    dead = {one.corrects for one in draft.arrivals}
    own = [one for one in draft.arrivals if one.stream.partition(":")[0] in ("contract", "invoice")]
    return [one for one in own if one.key not in dead and not isinstance(one.event, Retracted)]


def _retract(draft: Draft) -> None:
    rows = [one for one in _open_to_change(draft) if not isinstance(one.event, NEVER_CHANGED)]
    if rows:
        pick = draft.random.choice(rows)
        draft.add(pick.stream, retracted(pick), corrects=pick.key)


def retracted(arrival: Arrival) -> Event:
    when = arrival.event.when
    return Retracted(when=When(effective=when.effective, order=when.order))


def _correct(draft: Draft) -> None:
    rows = _open_to_change(draft)
    pick = draft.random.choice(rows)
    draft.add(pick.stream, _changed(pick.event, draft), corrects=pick.key)


def _changed(event: Event, draft: Draft) -> Event:
    """The same statement with another amount, or of another day."""
    match event:
        case ContractOpened() if event.price_minor:
            return structs.replace(event, price_minor=event.price_minor + draft.money(20))
        case ContractModified():
            return structs.replace(event, price_change_minor=draft.money(50))
        case ContractTerminated():
            return structs.replace(event, refund_minor=event.refund_minor // 2)
        case PriceConceded() | CustomerPaymentPromised():
            return structs.replace(event, amount_minor=draft.money(9))
        case ContractOpened() | InvoiceIssued() | CreditIssued():
            return event
        case _:
            moved = event.when.effective + timedelta(days=draft.random.choice((0, 1, 31)))
            return structs.replace(event, when=structs.replace(event.when, effective=moved))


_STEPS: tuple[Callable[[Draft], None], ...] = (
    *(_transferred,) * 8,
    *(_modify,) * 4,
    *(_estimate,) * 2,
    _concede,
    _let_in,
    _pay_customer,
    _meet,
    _terminate,
    *(_invoice,) * 3,
    _credit,
    _retract,
    *(_correct,) * 2,
)


# --- runs and closes ---


def _with_runs(draft: Draft, body: list[Arrival]) -> tuple[Arrival, ...]:
    random = draft.random
    cut = random.randint(len(body) // 3, len(body))
    days = sorted(random.sample([add_months(FIRST, m) for m in range(3, 40)], 2))
    found: list[Arrival] = []
    for number, (part, day) in enumerate(zip((body[:cut], body[cut:]), days, strict=True)):
        through = day - timedelta(days=1)
        run = PostingRun(when=draft.when(through), through=through)
        found += [*part, Arrival(key=f"run{number}", stream="run:self", event=run)]
        if number == 0 and draft.chance(0.7):
            book = random.choice(BOOKS)
            closed = PeriodClosed(when=draft.when(through), period=PERIODS[0].name)
            found.append(Arrival(key="close", stream=f"book:{book}", event=closed))
    return tuple(found)


def completed(said: list[Arrival]) -> list[Arrival]:
    """What must still be said so that everything promised is transferred, long after."""
    found: list[Arrival] = []
    orders = 10**7

    def add(stream: str, event_of: Callable[[When], Event]) -> None:
        when = When(effective=OVER, order=orders + len(found))
        found.append(Arrival(key=f"over{len(found)}", stream=stream, event=event_of(when)))

    for stream, own in _every_promise(said):
        for event_of in _transfers(own):
            add(stream, event_of)
    return found


def _every_promise(said: list[Arrival]) -> list[tuple[str, Obligation]]:
    found: dict[tuple[str, str], Obligation] = {}
    for one in said:
        match one.event:
            case ContractOpened():
                rows = one.event.obligations
            case ContractModified():
                rows = one.event.added
            case _:
                continue
        found.update({(one.stream, own.obligation): own for own in rows})
    return [(stream, own) for (stream, _), own in found.items()]


def _transfers(own: Obligation) -> list[Callable[[When], Event]]:
    name = own.obligation
    match own.pattern:
        case "point-in-time":
            return [lambda when: ObligationSatisfied(when=when, obligation=name)]
        case "units" if own.quantity is not None:
            many = Decimal(10**6)
            return [lambda when: ObligationSatisfied(when=when, obligation=name, quantity=many)]
        case "milestones":
            return [_reached(name, row.milestone) for row in own.milestones]
        case "percent-complete":
            whole = Decimal(100)
            return [lambda when: ProgressMeasured(when=when, obligation=name, percent=whole)]
        case "as-exercised":
            return [lambda when: RightsExpired(when=when, obligation=name)]
        case _:
            return []


def _reached(name: str, milestone: str) -> Callable[[When], Event]:
    return lambda when: ObligationSatisfied(when=when, obligation=name, milestone=milestone)
