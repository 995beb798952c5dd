"""Laws of stated contracts alone: the price is all shared out, all earned, and never moved behind.

The price is worked out here once more from the facts, change by change, with no allocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from msgspec import structs

from domain.accounting.contract.combined import promised_in
from domain.accounting.curves import standing, total
from domain.accounting.measure import measure
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import ONE_DAY, add_months
from domain.contract_facts import (
    BaseReported,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    Obligation,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    Restated,
    VariableAmount,
)
from domain.due import due
from domain.facts import Fact, known
from domain.invoice_facts import CreditIssued, InvoiceIssued
from domain.money import rounded
from domain.policy import Options, PolicyAdopted
from domain.service import AccessGranted
from tests.laws.contracts import OVER, PERIODS, completed, is_by_itself, retracted
from tests.laws.memory import Arrival, Books, History, Settlement, and_then, fresh_of, play
from tests.laws.time_laws import (
    Ledger,
    final_run,
    holds,
    last_of_each_book,
    same,
    same_keys,
    standing_by_earned,
)

END = PERIODS[-1].last
ONE = timedelta(days=1)


def stated_units(books: Books) -> Iterable[tuple[Settlement, str, tuple[Fact, ...]]]:
    for settlement in last_of_each_book(books):
        for unit in sorted(settlement.states):
            if unit.startswith("contract:"):
                fresh = fresh_of(books, unit, settlement.run.position)
                yield settlement, unit, tuple(known(fresh.facts))


def measured(settlement: Settlement, unit: str, facts: Sequence[Fact]) -> Schedule:
    run = settlement.run
    return measure(unit, facts, (), run.master, run.book, run.through)


# --- the price, worked out again ---


def _of(price: object, quantity: object) -> int:
    return rounded(Fraction(str(price)) * Fraction(str(quantity)) * 100)


def _stated(own: Obligation) -> int:
    if own.price_minor is not None:
        return own.price_minor
    if own.unit_price is not None:
        return _of(own.unit_price, own.quantity)
    found, chance = 0, Fraction(1)
    for row in own.renewals:
        chance *= Fraction(row.probability)
        found += rounded(row.price_minor * chance) * own.portfolio
    for fee in own.fees:
        months = (fee.service_to.year - fee.service_from.year) * 12
        found += fee.amount_minor * (months + fee.service_to.month - fee.service_from.month)
    return found


def _fixed(rows: Iterable[Obligation]) -> int:
    return sum(_stated(own) for own in rows if not is_by_itself(own))


def _included(row: VariableAmount) -> int:
    if row.included_minor is not None:
        return row.included_minor
    if row.included_conceded_percent is not None:
        return _less(row.stated_minor, row.included_conceded_percent)
    if row.estimate_minor is not None:
        return row.estimate_minor
    if row.conceded_percent is not None:
        return _less(row.stated_minor, row.conceded_percent)
    if not row.outcomes:
        return row.stated_minor
    if row.method == "most-likely":
        return max(row.outcomes, key=lambda one: one.probability).amount_minor
    return rounded(sum(one.amount_minor * Fraction(one.probability) for one in row.outcomes))


def _less(minor: int, percent: object) -> int:
    return minor - rounded(minor * Fraction(str(percent)) / 100)


def _worth(minor: int, event: ContractOpened, options: Options) -> int:
    """What a price is worth at transfer; the terms are those that histories draw."""
    terms = event.financing
    if terms is None or options.financing == "not-adjusted":
        return minor
    rate = Fraction(terms.rate_percent) / 100
    if terms.kind == "advance":
        # Two years, compounded.
        return minor + rounded(minor * ((1 + rate) ** 2 - 1))
    mine, theirs = (Fraction(one) / 1200 for one in (terms.stated_rate_percent, terms.rate_percent))
    paid, now = minor * mine / (1 - (1 + mine) ** -24), Fraction(0)
    for month in range(24):
        now += paid / (1 + theirs) ** (month + 1)
    return rounded(now)


class _Price:
    """The transaction price from change to change, with every promise as it is stated then."""

    def __init__(self, opened: Fact, options: Options) -> None:
        event = opened.event
        assert isinstance(event, ContractOpened)
        self.promises = {own.obligation: own for own in event.obligations}
        self.variable = {row.name: _included(row) for row in event.variable}
        fixed = event.price_minor + _fixed(event.obligations)
        worth = _worth(fixed, event, options)
        given = sum(_of(row.unit_value, row.quantity) for row in event.non_cash)
        self.minor = worth + given + sum(self.variable.values())
        self.is_ended = False
        self.ended_as_billed: Fact | None = None
        self.payable = 0
        self.bought: list[CustomerPaymentPromised] = []
        self.conceded_of_bought = 0
        # What is paid before transfer bears interest, until then or until the end.
        self.begins, self.fixed, self.terms = opened.when.effective, fixed, event.financing
        is_advance = self.terms is not None and self.terms.kind == "advance"
        self.advance = worth - fixed if is_advance else 0

    def take(self, fact: Fact) -> None:
        event = fact.event
        match event:
            case ContractModified():
                self.minor += event.price_change_minor
                if not self.is_ended:
                    self._take_scope(event)
            case PriceEstimated():
                for row in event.variable:
                    self.minor += _included(row) - self.variable.get(row.name, 0)
                    self.variable[row.name] = _included(row)
            case PriceConceded() if event.obligation in self.promises:
                self.minor -= event.amount_minor
                if is_by_itself(self.promises[event.obligation]):
                    self.conceded_of_bought += event.amount_minor
            case CustomerPaymentPromised() if self._is_for_purchases(event):
                self.bought.append(event)
            case CustomerPaymentPromised():
                self.minor -= max(event.amount_minor - event.fair_value_minor, 0)
                self.payable += max(event.amount_minor - event.fair_value_minor, 0)
            case ContractTerminated():
                self.minor -= event.refund_minor
                if not self.is_ended and event.owed == "billed":
                    self.ended_as_billed = fact
                if not self.is_ended:
                    self.minor -= self.advance - self._borne_by(fact.when.measured)
                self.is_ended = True
            case _:
                pass

    def _is_for_purchases(self, event: CustomerPaymentPromised) -> bool:
        sells = any(is_by_itself(own) for own in self.promises.values())
        return event.purchases_minor is not None and sells and not self.is_ended

    def _borne_by(self, day: date) -> int:
        """Month by month, yearly compounded, for the two years that histories draw."""
        if not self.advance or self.terms is None:
            return 0
        ends = [add_months(self.begins, month) - ONE_DAY for month in range(1, 25)]
        years, months = divmod(sum(end <= day for end in ends), 12)
        rate = Fraction(self.terms.rate_percent) / 100
        return rounded(self.fixed * ((1 + rate) ** years * (1 + rate * months / 12) - 1))

    def _take_scope(self, event: ContractModified) -> None:
        self.minor += _fixed(event.added)
        for row in event.restated:
            own = self.promises.get(row.obligation)
            if own is not None and not is_by_itself(own):
                self.promises[row.obligation], more = _anew(own, row)
                self.minor += more
        self.promises.update({own.obligation: own for own in event.added})


def _anew(own: Obligation, row: Restated) -> tuple[Obligation, int]:
    if row.added_quantity is not None:
        assert own.quantity is not None
        more = structs.replace(own, quantity=own.quantity + row.added_quantity)
        return more, _of(row.added_unit_price, row.added_quantity)
    changes = {
        name: value
        for name in ("price_minor", "unit_price", "quantity")
        if (value := getattr(row, name)) is not None
    }
    new = structs.replace(own, **changes)
    return new, _stated(new) - _stated(own)


def prices_of(facts: Sequence[Fact], options: Options) -> list[tuple[date, int]]:
    """The price from each day on that it changed: a change counts when it is measured."""
    opened = next(fact for fact in facts if isinstance(fact.event, ContractOpened))
    price = _Price(opened, options)
    found = [(opened.when.measured, price.minor)]
    changes = [fact for fact in facts if fact is not opened and fact.stream == opened.stream]
    owed = []
    for fact in sorted(changes, key=lambda one: (one.when.measured, one.when.order or 0)):
        price.take(fact)
        day = max(found[-1][0], fact.when.measured)
        found.append((day, price.minor))
        if price.ended_as_billed is not None:
            owed.append((day, price.minor, price.payable))
    return _no_more_than_billed(found, owed, facts) if owed else found


def _no_more_than_billed(
    prices: list[tuple[date, int]], owed: list[tuple[date, int, int]], facts: Sequence[Fact]
) -> list[tuple[date, int]]:
    """From the end on the price is no more than what was billed by the day, less what is payable to
    the customer, who is billed all of it.
    """
    came, ended = _came(facts), owed[0][0]
    before = prices[: len(prices) - len(owed)]
    days = {day for day, _, _ in owed} | {day for day, _ in came if day > ended}
    for day in sorted(days):
        price, payable = [(minor, paid) for since, minor, paid in owed if since <= day][-1]
        billed = sum(minor for on, minor in came if on <= day)
        before.append((day, min(price, billed - payable)))
    return before


def _came(facts: Sequence[Fact]) -> list[tuple[date, int]]:
    """What documents bill of what is priced as a whole, and correct of that."""
    apart = {name for name, own in _ever_promised(facts).items() if is_by_itself(own)}
    alone = next(iter(_opened_with(facts))) if len(_opened_with(facts)) == 1 else None
    found, issued = [], dict[str, date]()
    for fact in facts:
        if isinstance(fact.event, InvoiceIssued):
            (line,) = fact.event.lines
            if (line.obligation or alone) not in apart:
                issued[fact.stream] = fact.when.effective
                found.append((fact.when.effective, line.amount_minor))
    for fact in facts:
        if isinstance(fact.event, CreditIssued) and fact.stream in issued:
            never = fact.event.treatment == "as-if-never"
            day = issued[fact.stream] if never else fact.when.effective
            cut = sum(row.amount_minor for row in fact.event.lines)
            found.append((day, 0 if fact.event.purpose == "concession" else -cut))
    return found


def options_of(settlement: Settlement, facts: Sequence[Fact]) -> Options:
    opened = next(fact for fact in facts if isinstance(fact.event, ContractOpened))
    return settlement.run.master.options(settlement.run.book, opened.when.measured)


def price_is_shared(_history: History, ledger: Ledger) -> int:
    """At every date the promises have the whole transaction price, as the book knows it then."""
    count = 0
    for books in ledger.values():
        for settlement, unit, facts in stated_units(books):
            if not is_opened(facts):
                continue
            schedule = measured(settlement, unit, facts)
            prices = dict(prices_of(facts, options_of(settlement, facts)))
            since = _since(facts)
            for day, price in prices.items():
                if day < since:
                    continue
                rows = (memo for memo in schedule.memos if memo.kind == "promised")
                shared = sum(standing(memo.curve, day) for memo in rows)
                if day < _ended_on(facts):
                    count += same(shared + others_share(facts), price, unit, day)
                    continue
                # What is given back is borne by what is owed beside the promises, too.
                owed = filter(is_beside, schedule.flows)
                beside = sum(standing(flow.curve, day) for flow in owed)
                count += same(shared + beside, price + held_by(facts, day), unit, day)
    return count


def _ended_on(facts: Sequence[Fact]) -> date:
    rows = (fact for fact in facts if isinstance(fact.event, ContractTerminated))
    return min((fact.when.measured for fact in rows), default=date.max)


def is_beside(flow: Flow) -> bool:
    """Whether it bears what is given back at an end together with the promises."""
    return _is_for_others(flow) or _is_held(flow)


def _is_for_others(flow: Flow) -> bool:
    return bool(dict(flow.legs).get("partner-payable", 0))


def _is_held(flow: Flow) -> bool:
    """Owed back as it is transferred; what goes back beyond a notice is no part of a price."""
    is_held = flow.kind in ("refund-owed", "lump-owed")
    return is_held and not flow.rule.startswith("beyond-notice")


def held_by(facts: Sequence[Fact], day: date) -> int:
    """What is stated of uncertain amounts and not included, by the estimates of a day."""
    rows = dict[str, VariableAmount]()
    for fact in sorted(facts, key=lambda one: (one.when.measured, one.when.order or 0)):
        match fact.event:
            case ContractOpened():
                rows = {**{row.name: row for row in fact.event.variable}, **rows}
            case PriceEstimated() if fact.when.measured <= day:
                rows.update({row.name: row for row in fact.event.variable})
            case _:
                pass
    return sum(row.stated_minor - _included(row) for row in rows.values() if row.stated_minor > 0)


def _since(facts: Sequence[Fact]) -> date:
    """Nothing is promised before there is a contract."""
    event = next(fact.event for fact in facts if isinstance(fact.event, ContractOpened))
    if event.criteria_met:
        return date.min
    days = (fact.when.effective for fact in facts if isinstance(fact.event, CriteriaMet))
    return min(days, default=date.max)


def others_share(facts: Sequence[Fact]) -> int:
    event = next(fact.event for fact in facts if isinstance(fact.event, ContractOpened))
    return sum(own.others_share_minor for own in event.obligations if not is_by_itself(own))


def is_opened(facts: Sequence[Fact]) -> bool:
    return any(isinstance(fact.event, ContractOpened) for fact in facts)


# --- all of it is earned ---


def all_is_earned(history: History, ledger: Ledger) -> int:
    """Once everything promised is transferred, all of the price is earned, and nothing but it."""
    count = 0
    for entity, log in history.logs.items():
        books = ledger[entity]
        over = books
        for arrival in (*completed(list(log)), *_met(log), _last(books)):
            over = and_then(over, arrival)
        for settlement, unit, facts in stated_units(over):
            if not is_opened(facts):
                continue
            schedule = settlement.states[unit].schedule
            earned = sum(total(flow.curve) for flow in schedule.flows if _is_transfer(flow))
            price = prices_of(facts, options_of(settlement, facts))[-1][1]
            bought, conceded = _by_themselves(facts)
            alone = bought - _taken(facts, bought, options_of(settlement, facts)) - conceded
            # What is owed back goes along what is earned, and bears its part of a refund.
            back = filter(_is_held, schedule.flows)
            whole = price + alone + held_by(facts, date.max)
            found = earned + sum(total(flow.curve) for flow in back)
            count += same(found, whole, entity, unit, settlement.run.book)
            balances = due(schedule, END, settlement.run.master.calendar)
            assets = sum(row.minor for s, row in balances.items() if s.account == "contract-asset")
            count += holds(assets >= 0, unit)
    return count


def _taken(facts: Sequence[Fact], bought: int, options: Options) -> int:
    """What payments take of what is priced by itself: their part, and at an end all of it. What is
    conceded of that lowers what was bought, as a credit note does; of anything else it was not
    bought.
    """
    opened = next(fact for fact in facts if isinstance(fact.event, ContractOpened))
    price = _Price(opened, options)
    changes = [fact for fact in facts if fact is not opened and fact.stream == opened.stream]
    for fact in sorted(changes, key=lambda one: (one.when.measured, one.when.order or 0)):
        price.take(fact)
    parts, net = 0, max(bought - price.conceded_of_bought, 0)
    for event in price.bought:
        whole = event.purchases_minor or 1
        part = whole if price.is_ended else min(net, whole)
        parts += rounded(Fraction(event.given_minor * part, whole))
    return parts


def _last(books: Books) -> Arrival:
    run = final_run(books)
    when = structs.replace(run.event.when, effective=END)
    return structs.replace(run, event=structs.replace(run.event, when=when, through=END))


def _met(log: Sequence[Arrival]) -> list[Arrival]:
    when = structs.replace(log[-1].event.when, effective=OVER, order=10**7)
    streams = {one.stream for one in log if one.stream.startswith("contract:")}
    return [
        Arrival(key=f"met-{stream}", stream=stream, event=CriteriaMet(when=when))
        for stream in sorted(streams)
    ]


_TRANSFERS = ("release", "share-owed")


def _is_transfer(flow: Flow) -> bool:
    return flow.kind in _TRANSFERS and dict(flow.legs).get("contract-liability", 0) > 0


def _by_themselves(facts: Sequence[Fact]) -> tuple[int, int]:
    """What is priced by documents, reports and single units; what documents concede of the rest."""
    promises = _ever_promised(facts)
    found = 0
    for own in promises.values():
        mine = [f.event for f in facts if getattr(f.event, "obligation", None) == own.obligation]
        if own.pattern == "percent-of-base":
            base = sum(one.base_minor for one in mine if isinstance(one, BaseReported))
            assert own.percent_of_base is not None
            found += rounded(base * Fraction(own.percent_of_base) / 100)
        elif own.pattern == "units" and own.quantity is None:
            found += _of_units(own, facts)
    invoiced = {name for name, own in promises.items() if own.pattern == "as-invoiced"}
    alone = next(iter(_opened_with(facts))) if len(_opened_with(facts)) == 1 else None
    documents = [_of_document(fact, facts, invoiced, alone) for fact in facts]
    return found + sum(row[0] for row in documents), sum(row[1] for row in documents)


def _of_units(own: Obligation, facts: Sequence[Fact]) -> int:
    """Each unit at the price last stated before it was transferred."""
    price, units, found = own.unit_price, Decimal(0), 0
    for fact in sorted(facts, key=_place):
        match fact.event:
            case ObligationSatisfied() if fact.event.obligation == own.obligation:
                units += fact.event.quantity or 0
            case ContractModified():
                for row in fact.event.restated:
                    if row.obligation == own.obligation and row.unit_price is not None:
                        found += _of(price, units)
                        price, units = row.unit_price, Decimal(0)
            case _:
                pass
    return found + _of(price, units)


def _ever_promised(facts: Sequence[Fact]) -> dict[str, Obligation]:
    """What is added after the end is not promised any more."""
    found: dict[str, Obligation] = {}
    own = [fact for fact in facts if fact.stream.startswith("contract:")]
    ended = min(
        (_place(fact) for fact in own if isinstance(fact.event, ContractTerminated)),
        default=(date.max, 0),
    )
    for fact in own:
        if isinstance(fact.event, ContractOpened):
            found.update({row.obligation: row for row in fact.event.obligations})
        elif isinstance(fact.event, ContractModified) and _place(fact) < ended:
            found.update({row.obligation: row for row in fact.event.added})
    return found


def _place(fact: Fact) -> tuple[date, int]:
    return fact.when.measured, fact.when.order or 0


def _opened_with(facts: Sequence[Fact]) -> list[str]:
    event = next(fact.event for fact in facts if isinstance(fact.event, ContractOpened))
    return [own.obligation for own in event.obligations]


def _of_document(
    fact: Fact, facts: Sequence[Fact], invoiced: set[str], alone: str | None
) -> tuple[int, int]:
    if not isinstance(fact.event, InvoiceIssued):
        return 0, 0
    (line,) = fact.event.lines
    credits_ = [
        one.event
        for one in facts
        if one.stream == fact.stream and isinstance(one.event, CreditIssued)
    ]
    cut = sum(row.amount_minor for one in credits_ for row in one.lines)
    if (line.obligation or alone) in invoiced:
        return line.amount_minor - cut, 0
    conceded = [one for one in credits_ if one.purpose == "concession"]
    return 0, sum(row.amount_minor for one in conceded for row in one.lines)


# --- a later change moves nothing earlier ---


def nothing_moves_behind(history: History, ledger: Ledger) -> int:
    """Without one fact that changes or measures, what was earned before its day is the same."""
    count, random = 0, Random(history.seed)
    for books in ledger.values():
        for settlement, unit, facts in stated_units(books):
            whole = measured(settlement, unit, facts)
            rows = [fact for fact in facts if _measures(fact, facts)]
            for fact in random.sample(rows, min(len(rows), 6)):
                rest = tuple(one for one in facts if one is not fact)
                without = measured(settlement, unit, rest)
                day = fact.when.measured - ONE
                names = _subjects(whole, without) - _by_name(facts)
                before = {name: _earned_by(whole, name, day) for name in sorted(names)}
                for name, minor in before.items():
                    count += same(_earned_by(without, name, day), minor, unit, name, fact)
    return count


def _measures(fact: Fact, facts: Sequence[Fact]) -> bool:
    """A change, or a measure of progress. What makes it a contract moves everything, as does the
    evidence that it could not be used before; and what has a price of its own is earned when it is
    invoiced or reported, whenever it was promised.
    """
    event = fact.event
    begins = isinstance(event, ContractOpened | CriteriaMet | AccessGranted)
    if not fact.stream.startswith("contract:") or begins:
        return False
    adds = isinstance(event, ContractModified) and any(map(is_by_itself, event.added))
    return getattr(event, "obligation", None) not in _by_name(facts) and not adds


def _by_name(facts: Sequence[Fact]) -> set[str]:
    """Promises that are priced by themselves."""
    rows = (own for fact in facts for own in promised_in(fact))
    return {own.obligation for own in rows if is_by_itself(own)}


def _subjects(*schedules: Schedule) -> set[str]:
    return {flow.subject for one in schedules for flow in one.flows if _is_transfer(flow)}


def _earned_by(schedule: Schedule, name: str, day: date) -> int:
    rows = (flow for flow in schedule.flows if flow.subject == name and _is_transfer(flow))
    return sum(standing(flow.curve, day) for flow in rows)


# --- undone is as if it had never been ---


def undone(history: History, ledger: Ledger) -> int:
    """A change that is retracted leaves every balance by earned period as if it had never been."""
    count, random = 0, Random(history.seed)
    for entity, log in history.logs.items():
        corrected = {one.corrects for one in log}
        rows = [
            one
            for one in log
            if one.corrects is None
            and one.key not in corrected
            and isinstance(one.event, ContractModified | ContractTerminated | PriceEstimated)
        ]
        if not rows:
            continue
        pick = random.choice(rows)
        final = final_run(ledger[entity])
        undo = Arrival(key="undo", stream=pick.stream, event=retracted(pick), corrects=pick.key)
        back = and_then(and_then(ledger[entity], undo), final)
        never = play(entity, [*(one for one in log if one is not pick), final])
        found, expected = standing_by_earned(back), standing_by_earned(never)
        count += same_keys(found, expected, entity, pick)
    return max(count, 1)


# --- two books ---


def books_apart(history: History, ledger: Ledger) -> int:
    """What one book elects moves nothing in the other."""
    count = 0
    for entity, log in history.logs.items():
        other = play(entity, [_electing(one, "policy:ifrs") for one in log])
        for place in {("us-gaap", unit) for unit in other.units}:
            book, unit = place
            mine = [e for e in ledger[entity].entries if (e.book, e.unit) == place]
            theirs = [e for e in other.entries if (e.book, e.unit) == place]
            count += same(theirs, mine, entity, book, unit)
    return count


def _electing(one: Arrival, stream: str) -> Arrival:
    if one.stream != stream or not isinstance(one.event, PolicyAdopted):
        return one
    elected = Options(ratable_by="day", breakage="remote", progress_percent="tenths")
    return structs.replace(one, event=structs.replace(one.event, options=elected))


# --- every cut ---

_ASSETS = ("contract-asset", "unbilled-receivable")


def every_cut_balances(_history: History, ledger: Ledger) -> int:
    """At every month end: each kind balances, assets are never negative, and what was billed less
    credits is what was earned and is owed less what is presented as an asset. Beside a contract
    asset no more is owed back than is billed or due.
    """
    count = 0
    for books in ledger.values():
        for settlement, unit, facts in stated_units(books):
            schedule = measured(settlement, unit, facts)
            calendar = settlement.run.master.calendar
            balances = due(schedule, END, calendar)
            sums: dict[str, int] = {}
            kinds: dict[tuple[date, str, str], int] = {}
            for slot, row in balances.items():
                key = (slot.earned, slot.kind, slot.subject)
                kinds[key] = kinds.get(key, 0) + row.minor
            count += sum(same(minor, 0, unit, key) for key, minor in kinds.items())
            for period in calendar.periods:
                rows = [(s, row) for s, row in balances.items() if s.earned == period.last]
                for slot, row in rows:
                    sums[slot.account] = sums.get(slot.account, 0) + row.minor
                for name in _ASSETS:
                    count += holds(sums.get(name, 0) >= 0, unit, name, period.last)
                billed = _billed(facts, period.last)
                count += _owes_what_it_has(sums, billed, schedule, period.last, unit)
                owed = sums.get("accounts-receivable", 0)
                count += same(owed, billed, unit, period.last)
                rest = sum(minor for name, minor in sums.items() if name != "accounts-receivable")
                count += same(-rest, billed, unit, period.last)
    return count


def _owes_what_it_has(
    sums: Mapping[str, int], billed: int, schedule: Schedule, day: date, unit: str
) -> int:
    # Interest is owed as if it were paid, and revenue below nothing makes more owed than there is.
    stood = [(flow.kind, standing(flow.curve, day)) for flow in schedule.flows]
    is_plain = all(
        kind != "interest" and (kind != "release" or minor >= 0) for kind, minor in stood
    )
    if sums.get("contract-asset", 0) <= 0 or not is_plain:
        return 0
    dues = (standing(memo.curve, day) for memo in schedule.memos if memo.kind == "entitled")
    # What is given that is no money is received as what is paid is.
    given = sum(minor for kind, minor in stood if kind == "non-cash")
    covered = max(billed + given, 0) + sum(max(minor, 0) for minor in dues)
    return holds(-sums.get("refund-liability", 0) <= covered, unit, day)


def _billed(facts: Sequence[Fact], by: date) -> int:
    """What bills no contract is nobody's right until it is one."""
    found = 0
    if is_opened(facts) and by < _since(facts):
        return 0
    for fact in facts:
        if fact.when.effective <= by and isinstance(fact.event, InvoiceIssued):
            found += sum(row.amount_minor for row in fact.event.lines)
        if fact.when.effective <= by and isinstance(fact.event, CreditIssued):
            found -= sum(row.amount_minor for row in fact.event.lines)
    return found


CONTRACT_LAWS = {
    "11-the-price-is-shared": price_is_shared,
    "12-all-is-earned": all_is_earned,
    "13-nothing-moves-behind": nothing_moves_behind,
    "14-undone-is-never": undone,
    "15-books-apart": books_apart,
    "16-every-cut-balances": every_cut_balances,
}
