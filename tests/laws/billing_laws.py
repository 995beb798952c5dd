"""Law 7, from usage rows to invoice lines: rated = invoiced + zero-rated + unbilled.

A billing run is drawn into no history: here one is made over the facts of each, its documents are
taken as issued, and every row is followed through its charge to the line that bills it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.charge import Charge
from domain.charges import all_charges
from domain.credit_note import with_companions
from domain.errors import Rejected
from domain.facts import Event, Fact, corrected, timeline
from domain.invoice import IssueInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.ledger import Run
from domain.master import MASTER_CATEGORIES, master_data
from domain.party import registered
from domain.rating import rate_usage
from domain.statement.accounts import Asked, sold, statement
from domain.statement.documents import Bill, Document
from domain.terms import horizon, terms
from domain.usage import UsageDay
from tests.laws import reference
from tests.laws.memory import Books, fresh_of, usage_of
from tests.laws.time_laws import holds, last_of_each_book, same

# What a billing run reads beside usage and master data.
BILLED = frozenset({"customer", "subscription", "coupon", "invoice"})


def usage_is_billed(books: Books) -> int:
    """As of the last run: every rated row is in a charge, every charge on a line or not yet due."""
    run = last_of_each_book(books)[0].run
    facts = books.facts[: run.position]
    names = sorted({stream[13:] for stream in _streams(facts) if stream[:13] == "subscription:"})
    usage = {name: usage_of(books, f"subscription:{name}", run.position) for name in names}
    bill = bill_due(facts, usage, run.through)
    known = [*facts, *issued(bill, facts)]
    again = bill_due(known, usage, run.through)
    count = same(again.documents, (), "billed twice", books.entity)
    count += sum(_adds_up(document) for document in bill.documents)
    count += same(again.carried, bill.carried, books.entity)
    waiting = {(one.customer, one.currency) for one in bill.carried}
    rows = [row for row in books.rows if row[0] <= run.position]
    world = reference.World(known, rows, run.book)
    for name in names:
        count += _rows_followed(books, world, name, run, waiting)
    return count


def _adds_up(document: Document) -> int:
    """Lines are the total, no document is below nothing, and a credit of all leaves nothing."""
    sign = 1 if isinstance(document.command, IssueInvoice) else -1
    lines = document.command.lines
    total = sum(line.amount_minor for line in lines)
    count = same(document.total_minor, sign * total, "adds up", document)
    count += holds(total >= 0, "below nothing", document)
    if not isinstance(document.command, IssueInvoice):
        return count
    rows = [
        CreditLine(line=line.line, amount_minor=line.amount_minor)
        for line in document.command.lines
        if line.amount_minor and not line.is_beside
    ]
    credited: Counter[str] = Counter()
    for row in rows:
        for one in with_companions(document.command.lines, credited, [row]):
            credited[one.line] += one.amount_minor
    whole = {line.line: line.amount_minor for line in document.command.lines if line.amount_minor}
    return count + same(dict(credited), whole, "credited in whole", document)


def bill_due(facts: Sequence[Fact], usage: Mapping[str, Sequence[UsageDay]], through: date) -> Bill:
    """The documents of a billing run over all facts of an entity at once."""
    dead = corrected(facts)
    counted = {
        name: [day for day in days if day.position not in dead] for name, days in usage.items()
    }
    master = master_data(fact for fact in facts if _category(fact) in MASTER_CATEGORIES)
    own = [fact for fact in facts if _category(fact) in BILLED]
    streams = {fact.stream for fact in own}
    asked = Asked(through=through, master=master)
    return statement(sold(own, through, master), counted, asked, streams.__contains__)


def _category(fact: Fact) -> str:
    return fact.stream.partition(":")[0]


def _streams(facts: list[Fact]) -> set[str]:
    return {fact.stream for fact in facts}


def issued(bill: Bill, facts: list[Fact]) -> Iterator[Fact]:
    """The documents of a billing run as facts."""
    versions = Counter(fact.stream for fact in facts)
    for place, document in enumerate(bill.documents, start=len(facts) + 1):
        versions[document.stream] += 1
        version = versions[document.stream]
        event = _event(document)
        when = structs.replace(event.when, order=version)
        yield structs.replace(
            facts[-1],
            position=place,
            stream=document.stream,
            version=version,
            event=structs.replace(event, when=when),
            command_id=document.key,
            corrects=None,
        )


def _event(document: Document) -> Event:
    command: Any = document.command
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    if isinstance(command, IssueInvoice):
        return InvoiceIssued(**fields)
    return CreditIssued(**fields | {"treatment": fields["treatment"] or "as-if-never"})


def _rows_followed(
    books: Books,
    world: reference.World,
    name: str,
    run: Run,
    waiting: set[tuple[str, str]],
) -> int:
    """Rows of one subscription into charges, the charges that are due onto lines, to the cent."""
    unit = f"subscription:{name}"
    own: list[Any] = [fact for fact in world.facts if fact.stream == unit]
    found = _charges(books, unit, run)
    if found is None:
        return 0
    used, charges = found
    groups, _ = reference.grouped(world, own, name)
    rated, became, count = reference.rated_rows(groups), Counter[str](), 0
    for place, (rows, quantity) in rated.items():
        mine = [one for one in used if (one.item, one.price, one.period.start) == place]
        if not mine:
            count += same((rows, quantity), (0, 0), "in no charge", books.entity, name, place)
            continue
        told = [Decimal(step.value) for step in mine[0].steps if step.what in _metered(world)]
        count += same((len(mine), told[:1]), (1, [quantity]), books.entity, name, place)
        became[_became(mine[0], run.through)] += rows
    count += holds(
        {(one.item, one.price, one.period.start) for one in used} <= {*rated}, used, rated
    )
    rows_rated = sum(rows for rows, _ in rated.values())
    count += same(sum(became.values()), rows_rated, books.entity, name, became)
    if own and (own[0].event.customer, own[0].event.currency) not in waiting:
        count += _lines_bill(world, name, charges, run.through)
    return count


def _metered(world: reference.World) -> set[str]:
    return {f"usage of {meter}" for meter in world.meters}


def _became(charge: Charge, through: date) -> str:
    if charge.bill_on > through:
        return "unbilled"
    return "invoiced" if charge.minor else "zero-rated"


def _charges(books: Books, unit: str, run: Run) -> tuple[list[Charge], list[Charge]] | None:
    """The charges of a subscription's usage, and all of them; none while it cannot be charged."""
    fresh = fresh_of(books, unit, run.position)
    facts = timeline(fresh.facts)
    own = [fact for fact in facts if fact.stream == unit]
    folded = terms(own, run.master.prices, horizon(run.through, fresh.usage), registered(facts))
    if folded is None:
        return None
    try:
        used = rate_usage(fresh.usage, folded, run.master).charges
        return [*used], [*all_charges(folded, run.master.prices, used)]
    except Rejected:
        return None


def _lines_bill(world: reference.World, name: str, charges: list[Charge], through: date) -> int:
    """What an item's due charges come to is what its lines say, less what was taken off them.

    A line that bills a period ahead of time waits for it with its charge.
    """
    due = [one for one in charges if one.bill_on <= through]
    begun = {(one.item, one.period.start) for one in due}
    charged: Counter[str] = Counter()
    for charge in due:
        charged[charge.item] += charge.minor
    invoiced: Counter[str] = Counter()
    for row in reference.lines(world):
        line = row.line
        if line.subscription != name or not reference.is_sold(row) or line.service_from is None:
            continue
        if reference.is_beside(row):
            continue
        if not line.obligation:
            # It bills the subscription's only item, or nothing that is charged.
            return 0
        own = [one for one in charges if _falls_in(one, line.obligation, line.service_from)]
        # What is sold after an anchor changed has periods of its own beside one that still runs.
        if own and _place_of(line, own) not in begun:
            continue
        voided = any(cut[4] for cut in row.cuts)
        granted = sum(cut[1] for cut in row.cuts if cut[3])
        taken = sum(cut[1] for cut in row.cuts)
        invoiced[line.obligation] += 0 if voided else line.amount_minor - taken + granted
    items = {*charged, *invoiced}
    return sum(same(invoiced[item], charged[item], name, item, "invoiced") for item in items)


def _falls_in(charge: Charge, item: str, day: date) -> bool:
    return charge.item == item and charge.period.start <= day < charge.period.end


def _place_of(line: InvoiceLine, own: list[Charge]) -> tuple[str, date]:
    """Of the billing periods a line begins in the one that charges its price and its first day."""
    day, price = line.service_from, line.price
    assert day is not None, line
    found = max(
        own,
        key=lambda one: (
            one.price == price,
            one.price == price and one.start <= day < one.end,
            one.period.start,
        ),
    )
    return found.item, found.period.start
