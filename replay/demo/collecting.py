"""How a month's money comes: the bank's file taken, a payment charged back, reminders.

What customers pay is what the register says they were asked for, less their credit notes; whose it
is the ledger finds out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from domain.chargeback import LoseChargeback, OpenChargeback, WinChargeback
from domain.facts import When
from domain.money import to_minor
from projections.question import Question
from projections.register import register
from replay.bank.importing import import_payments
from replay.bank.left_over import set_aside
from replay.bank.mapping import BankMapping, read_bank_mapping
from replay.demo.bank import BankRow, account_of, mapping_text, statement_text
from replay.demo.company import ACTOR, BOOK, COUNTRIES, Country, ask, by_chance, month_of
from replay.demo.price_list import RATES
from replay.demo.story import Promise, Story
from replay.dunning import dun

# In which month of the story a payment is charged back; the next one decides it.
CHARGED_BACK = 1
FEE, LEFT_BEHIND = Decimal(15), Decimal("77.50")
# Of a hundred that have paid before, so many do not write what for.
SAY_NOTHING = 10


def banked(story: Story, last: date) -> None:
    """What was paid up to a day goes through a file of the bank, as it would at a company."""
    story.ledger.catch_up(story.entity)
    paid, back = [*_rows(story, last)], [*_taken_back(story, last)]
    rows = [*paid, *back]
    folder = story.folder / story.entity
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{last:%Y-%m}.{story.country.file}"
    path.write_text(statement_text(story.country, story.bank_minor, rows), encoding="utf-8")
    mapping = _mapping(story, folder)
    done = import_payments(story.ledger, story.entity, path, mapping, actor=ACTOR)
    assert done.taken == len(paid), done
    story.bank_minor += sum(row.amount_minor for row in rows)
    story.counts["payments"] += done.taken
    story.rules.update(done.rules)
    story.given_back.update(done.settled)
    for row in back[len(done.settled) :]:
        reason = "fee of a chargeback, which its own fact says"
        set_aside(story.ledger, story.entity, _entry(story, row), reason, actor=ACTOR)
    _argue(story, paid, last)


def _entry(story: Story, row: BankRow) -> str:
    """What an entry goes by in the ledger."""
    return f"{account_of(story.country)}/{row.name}"


def post_and_remind(story: Story, last: date) -> None:
    story.ledger.run(story.entity, last, actor=ACTOR)
    dun(story.ledger, story.entity, BOOK, last, actor=ACTOR)


def _mapping(story: Story, folder: Path) -> BankMapping:
    """Beside the files, so that they can be taken again by hand."""
    path = folder / "bank.toml"
    path.write_text(mapping_text(story.country), encoding="utf-8")
    return read_bank_mapping(path)


def _rows(story: Story, last: date) -> Iterator[BankRow]:
    asked = _asked_for(story)
    begins = f"{story.country.currency.lower()}{last:%Y%m}"
    number = 0
    for promise in story.kept_promises(last):
        named, owed = asked[promise.invoice]
        paid = owed // 2 + 1 if promise.is_half else owed
        if paid > 0:
            number += 1
            yield _row(story, promise, f"{begins}-{number:04}", named, paid)
    if story.country is COUNTRIES[0] and last == month_of(story.whole.size.months - 1)[1]:
        yield _of_nobody(story, f"{begins}-{number + 1:04}", last)


def _asked_for(story: Story) -> Mapping[str, tuple[str, int]]:
    """Of each invoice its number, and what is asked for after its credit notes."""
    with story.ledger.connection() as connection:
        told = register(connection, Question(entity=story.entity)).rows
    taken: dict[str, int] = {}
    for row in told:
        if row.kind == "credit-note":
            taken[row.invoice] = taken.get(row.invoice, 0) + abs(row.total_minor)
    return {
        row.invoice: (row.number, row.total_minor - taken.get(row.invoice, 0))
        for row in told
        if row.kind == "invoice"
    }


def _row(story: Story, promise: Promise, name: str, number: str, minor: int) -> BankRow:
    region, contact = story.people[promise.customer]
    has_paid = promise.customer in story.payers
    story.payers.add(promise.customer)
    is_silent = has_paid and by_chance(story.chance, SAY_NOTHING)
    return BankRow(
        name=name,
        on=promise.on,
        amount_minor=minor,
        payer=contact["name"],
        account=f"DEMO-{promise.customer.upper()}",
        text="" if is_silent else region.pays.format(number=number),
    )


def _of_nobody(story: Story, name: str, last: date) -> BankRow:
    currency = story.country.currency
    return BankRow(
        name=name,
        on=last,
        amount_minor=to_minor(LEFT_BEHIND * RATES[currency], currency),
        payer="Sample Passer-by LLC",
        account="DEMO-NOBODY",
        text="as agreed on the phone",
    )


def _taken_back(story: Story, last: date) -> Iterator[BankRow]:
    """The month after, the bank has taken the money and its fee; what is won comes back later."""
    if story.taken_back is None:
        return
    _, name, minor = story.taken_back
    fee = _fee(story.country)
    if last == month_of(CHARGED_BACK + 1)[1]:
        yield _by_the_scheme(f"{name}-out", last, -minor, f"chargeback {name}")
        yield _by_the_scheme(f"{name}-fee", last, -fee, "our fee")
    elif last == month_of(CHARGED_BACK + 2)[1] and story.country.chargeback == "won":
        yield _by_the_scheme(f"{name}-back", last, minor, f"chargeback {name} won")


def _by_the_scheme(name: str, on: date, minor: int, text: str) -> BankRow:
    return BankRow(
        name=name,
        on=on,
        amount_minor=minor,
        payer="Sample Cards",
        account="DEMO-CARDS",
        text=text,
    )


def _fee(country: Country) -> int:
    return to_minor(FEE * RATES[country.currency], country.currency)


def _argue(story: Story, rows: Sequence[BankRow], last: date) -> None:
    """One payment is charged back, and a month later it is decided, or not yet."""
    country, when = story.country, When(effective=last)
    if last == month_of(CHARGED_BACK)[1] and rows:
        stream, name = f"payment:{_entry(story, rows[0])}", f"cb-{rows[0].name}"
        story.taken_back = stream, name, rows[0].amount_minor
        opened = OpenChargeback(
            when=when,
            chargeback=name,
            amount_minor=rows[0].amount_minor,
            fee_minor=_fee(country),
            reason="not recognised",
        )
        story.send([ask(story.entity, stream, "charged back", opened)])
    elif last == month_of(CHARGED_BACK + 1)[1] and story.taken_back:
        stream, name, _ = story.taken_back
        if country.chargeback != "open":
            ended = WinChargeback if country.chargeback == "won" else LoseChargeback
            command = ended(when=when, chargeback=name)
            story.send([ask(story.entity, stream, country.chargeback, command)])
