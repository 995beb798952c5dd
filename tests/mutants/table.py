"""What may be broken, and which law must see it: at least two for each law."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """In `file` the text `old`, found exactly once, becomes `new`; then `law` must fail.

    What breaks the store is seen by the law on PostgreSQL; where a `test` is named, by that one.
    """

    law: str
    file: str
    old: str
    new: str
    why: str
    test: str = ""

    @property
    def is_of_the_store(self) -> bool:
        return self.file.startswith("store/")


MUTANTS = (
    Mutant(
        "1-balance",
        "domain/due.py",
        "for account, sign in ((UNBILLED, 1), (LIABILITY, -1)):",
        "for account, sign in ((UNBILLED, 1), (LIABILITY, 1)):",
        "unbilled is debited twice",
    ),
    Mutant(
        "1-balance",
        "domain/due.py",
        "stands.functional_minor + more.functional_minor,",
        "stands.functional_minor,",
        "the second amount of a slot is lost in functional currency",
    ),
    Mutant(
        "2-a-late-fact-is-only-late",
        "domain/routing.py",
        'return fact.stream.partition(":")[0] in _DOCUMENTS\n\n\ndef unit_of_line',
        "return False\n\n\ndef unit_of_line",
        "a credit known before its invoice never reaches the contract",
    ),
    Mutant(
        "2-a-late-fact-is-only-late",
        "domain/facts.py",
        "when.order or 0,",
        "fact.position,",
        "facts of one day count in order of arrival",
    ),
    Mutant(
        "3-earned-then-booked-now",
        "domain/periods.py",
        'if adjustment else ("open",)',
        'if adjustment else ("open", "soft-closed")',
        "settling books into a soft-closed period",
    ),
    Mutant(
        "3-earned-then-booked-now",
        "domain/periods.py",
        "self.calendar.since(earned.first)",
        "self.calendar.since(earned.last)",
        "everything is booked a period late",
    ),
    Mutant(
        "3-earned-then-booked-now",
        "domain/ledger.py",
        "return max(booked.first, min(wanted, booked.last))",
        "return wanted",
        "an accounting date may leave its period",
    ),
    Mutant(
        "4-once",
        "domain/ledger.py",
        "changed.items() if slot in balances",
        "changed.items() if slot in {}",
        "what is posted first is forgotten and posted again",
    ),
    Mutant(
        "4-once",
        "domain/ledger.py",
        "        minor = should.minor - (stands.minor if stands else 0)",
        "        minor = should.minor",
        "the whole amount is posted at every settlement",
    ),
    Mutant(
        "4-once",
        "store/sitting.py",
        "        if (earlier := self._keys.get(asked.request.key)) is not None:\n"
        "            return _repeated(asked, earlier)\n",
        "",
        "a key is not looked up before it is decided again",
    ),
    Mutant(
        "4-once",
        "store/sitting.py",
        "(first := self._sources.get(source)) is not None",
        "(first := None) is not None",
        "an outside system's id under another key counts again",
    ),
    Mutant(
        "4-once",
        "store/usage_take.py",
        "        copying.send(connection, SQL.copy_keys, keys)\n",
        "        list(keys)\n",
        "the ids of usage events are forgotten",
    ),
    Mutant(
        "5-sealed-answers-stay",
        "domain/facts.py",
        "if at is None or fact.position <= at]",
        "if at is None or fact.position <= at + 2]",
        "an earlier answer sees facts that came later",
    ),
    Mutant(
        "5-sealed-answers-stay",
        "domain/facts.py",
        "    seen.sort(key=_position)\n    dead = corrected(seen)",
        "    seen.sort(key=_position)\n    dead = corrected(facts)",
        "a later correction reaches back into an earlier answer",
    ),
    Mutant(
        "6-replay-is-live-is-rebuild",
        "domain/ledger.py",
        "first_day(flow.curve) <= until and last_day(flow.curve) > after",
        "first_day(flow.curve) <= until and last_day(flow.curve) > until",
        "a unit whose last amount comes due between two runs is passed over",
    ),
    Mutant(
        "6-replay-is-live-is-rebuild",
        "domain/ledger.py",
        "    schedule, news = before.schedule, News()\n",
        '    schedule, news = Schedule(unit=unit, book=run.book, currency="USD"), News()\n',
        "a unit without news loses its stored schedule",
    ),
    Mutant(
        "6-replay-is-live-is-rebuild",
        "domain/due.py",
        "            position.take(flow, standing(flow.curve, edge))\n",
        "            position.take(flow, 0)\n",
        "a cut forgets what was earned and billed in the periods that are over",
    ),
    Mutant(
        "7-conservation",
        "domain/sales.py",
        "            self._wait(rows, taker)\n",
        "            self._wait(rows[1:], taker)\n",
        "a pending row is lost",
    ),
    Mutant(
        "7-conservation",
        "domain/accounting/documents.py",
        "        for cut in billed.cuts\n",
        "        for cut in billed.cuts[:1]\n",
        "the second credit of a line reaches no account",
    ),
    Mutant(
        "7-conservation",
        "domain/statement/parts.py",
        "    minor = sum(charge.minor for charge in charges)\n",
        "    minor = sum(charge.minor for charge in charges[-1:])\n",
        "of two charges of one period only the last is billed",
    ),
    Mutant(
        "7-conservation",
        "domain/statement/spans.py",
        "for cut in row.cuts if not cut.concession)",
        "for cut in row.cuts)",
        "a price cut granted on a line is billed again",
    ),
    Mutant(
        "8-no-orphan",
        "domain/billing.py",
        "causes=causes_of(sale.causes, cut, back),",
        "causes=causes_of(sale.causes, back),",
        "what ends a service early is no cause of its last charge",
    ),
    Mutant(
        "8-no-orphan",
        "domain/accounting/documents.py",
        "cuts.append(structs.replace(void, causes=causes_of(void.causes, credited)))",
        "cuts.append(void)",
        "a void does not rest on the credits before it",
    ),
    Mutant(
        "8-no-orphan",
        "domain/accounting/settlement.py",
        "    group.causes = causes_of(group.causes, joining.causes)\n",
        "    group.causes = causes_of(group.causes)\n",
        "money does not rest on the invoice it pays",
    ),
    Mutant(
        "8-no-orphan",
        "domain/rating.py",
        "        causes=causes_of(causes, carried.causes) if carried.causes else causes,\n",
        "        causes=causes,\n",
        "usage does not rest on the items it shares a rounding with",
    ),
    Mutant(
        "8-no-orphan",
        "domain/accounting/modification.py",
        "causes_of(flow.causes, *((version.cause,) for version in versions))",
        "flow.causes",
        "what is measured after a change agreed late does not rest on it",
    ),
    Mutant(
        "9-nothing-silent",
        "domain/due.py",
        "        before = now\n    return found",
        "        before = 0\n    return found",
        "the parts of an amount no longer sum to it",
    ),
    Mutant(
        "9-nothing-silent",
        "domain/sales.py",
        "        if isinstance(taker, str):\n            self._wait(rows, taker)\n",
        "        if isinstance(taker, str):\n",
        "usage nobody sold is dropped",
    ),
    Mutant(
        "10-a-longer-look-changes-nothing-earlier",
        "domain/due.py",
        "now = standing(curve, min(period.last, cut))",
        "now = standing(curve, cut)",
        "all that is earned by a date falls into the first period",
    ),
    Mutant(
        "10-a-longer-look-changes-nothing-earlier",
        "domain/rating.py",
        "map(prices[group.version.name], own) for group, own in zip(mine, totals, strict=True)",
        "map(prices[group.version.name], [own[-1]] * len(own))\n"
        "            for group, own in zip(mine, totals, strict=True)",
        "usage to come is earned before it occurs",
    ),
    Mutant(
        "slow-reference",
        "domain/money.py",
        "    whole = (2 * abs(minor) * part + total) // (2 * total)",
        "    whole = abs(minor) * part // total",
        "shares are cut off, not rounded",
    ),
    Mutant(
        "slow-reference",
        "domain/accounting/curves.py",
        '    cut = after if curve.by == "month-by-days" else month_start(after)\n',
        "    cut = after\n",
        "month-even moves inside a month",
    ),
    Mutant(
        "parts of a period",
        "domain/proration.py",
        "return (day - period.whole_start).days",
        "return (day - period.start).days",
        "a stub is counted from its own first day",
        "tests/laws/test_parts_of_periods.py",
    ),
    Mutant(
        "parts of a period",
        "domain/billing.py",
        "return Portion((end - start).days, total)",
        "return Portion((end - start).days - (end < period.end), total)",
        "a part cut short is short of a day",
        "tests/laws/test_parts_of_periods.py",
    ),
    Mutant(
        "parts of a period",
        "domain/proration.py",
        "datetime.combine(moment, time(), ZoneInfo(zone))",
        "datetime.combine(moment, time(), ZoneInfo('UTC'))",
        "days begin at midnight in London",
        "tests/laws/test_parts_of_periods.py",
    ),
    Mutant(
        "parts of a period",
        "domain/cycle.py",
        "count * cycle.every.months, cycle.anchor_day)",
        "count * cycle.every.months, cycle.anchor.day)",
        "a cycle day of 31 does not come back after a short month",
        "tests/laws/test_parts_of_periods.py",
    ),
    Mutant(
        "any sequence ends in charges",
        "domain/statement/spans.py",
        "return bool(own) + any(one.start <= day < one.end for one in own)",
        "return bool(own) * _FITS",
        "a line goes to the latest period of its price",
        "tests/domain/test_statement.py",
    ),
    Mutant(
        "any sequence ends in charges",
        "domain/statement/thresholds.py",
        "if billed < minor <= used:",
        "if minor <= used:",
        "a level is billed for each time somebody looks",
        "tests/domain/test_statement.py",
    ),
    Mutant(
        "any sequence ends in charges",
        "domain/late.py",
        "back >= (options.late_periods or 0)",
        "back > (options.late_periods or 0)",
        "the window for late usage is a period too long",
        "tests/domain/test_rating_usage.py",
    ),
    Mutant(
        "any sequence ends in charges",
        "domain/grants.py",
        "key=lambda one: (one.order, one.since, one.discount)",
        "key=lambda one: (-one.order, one.since, one.discount)",
        "the last discount is taken off first",
        "tests/domain/test_charges.py",
    ),
    Mutant(
        "any sequence ends in charges",
        "domain/charges/shortfalls.py",
        "(one.item in bound.covers if bound.covers else one.pattern != PREPAID)",
        "(one.item in bound.covers if bound.covers else True)",
        "buying credits counts towards a commitment as drawing them does",
        "tests/domain/test_drawdown.py",
    ),
    Mutant(
        "any sequence ends in charges",
        "domain/charges/purses.py",
        "return one.model.priority, one.lapses, one.start, one.item",
        "return one.model.priority, one.start, one.lapses, one.item",
        "older credits are drawn before those that lapse sooner",
        "tests/domain/test_drawdown.py",
    ),
    Mutant(
        "8-no-orphan",
        "domain/metered.py",
        "                found.update(stretch.again)\n",
        "                pass\n",
        "usage after a stop does not rest on what resumed service",
        "tests/laws/test_lives.py -k resumed",
    ),
    Mutant(
        "10-a-longer-look-changes-nothing-earlier",
        "domain/charges/shortfalls.py",
        "max(bound.by(day) - _charged_in(bound, covered, day), 0)",
        "max(bound.minor - _charged_in(bound, covered, day), 0)",
        "all that is promised is earned on the first day",
        "tests/domain/test_charges.py",
    ),
    Mutant(
        "splitting changes nothing",
        "domain/pricing/matrix.py",
        "            self.used[key] = EXACT.add(before, reading.quantity)\n",
        "            self.used[key] = max(before, reading.quantity)\n",
        "a cell keeps its largest reading",
        "tests/laws/test_splitting.py -k single",
    ),
    Mutant(
        "prepaid credits",
        "domain/charges/drawdown.py",
        "        place, piece = bill.pieces.pop()\n",
        "        place, piece = bill.pieces.pop(0)\n",
        "what was drawn first goes back first",
        "tests/domain/test_drawdown.py",
    ),
    Mutant(
        "prepaid credits",
        "domain/charges/earning.py",
        "    return own.worth(own.drawn_minor) if own.purse.gives_back else own.purse.paid_minor\n",
        "    return own.purse.paid_minor\n",
        "what is given back is earned",
        "tests/domain/test_drawdown_laws.py -k charged_is_earned",
    ),
    Mutant(
        "access",
        "domain/accounting/access.py",
        "        stop = min(end if start < end else own.rest_from(start), over)\n",
        "        stop = min(end, over)\n",
        "what was charged before access is earned at once",
        "tests/domain/test_access.py",
    ),
)
# Breaks a price model: the amount and what explain shows of it must both change.
RULE = Mutant(
    "explain",
    "domain/pricing/scale.py",
    "return [_ZERO, *(one.up_to for one in",
    "return [_ZERO, *(_ZERO for one in",
    "every tier takes all units",
)
