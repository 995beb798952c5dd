"""Every exported journal balances under programs of others, to the minor unit, and says the same.

beancount reads it with no tolerance; so does Debian's hledger where it is installed.
"""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import get_args

import pytest
from beancount import loader
from beancount.core.data import Transaction

from api.views import ask
from domain.chart import HEAD_OF
from domain.journal import Account
from domain.money import decimal_text
from projections.question import Question
from replay.demo.company import Size
from replay.demo.months import play
from replay.demo.story import Moment
from replay.journal_files import Format, Side, journal_file
from replay.ledger import Ledger

HLEDGER = shutil.which("hledger")
SIDES: tuple[Side, ...] = get_args(Side)
Sums = dict[tuple[str, str], Decimal]


class Demo:
    """A small company of the demo: late facts, credits, cash, disputes, several entities."""

    def __init__(self, ledger: Ledger, entities: tuple[str, ...]) -> None:
        self.ledger = ledger
        self.entities = entities

    def file(self, entity: str, how: Format, side: Side = "transaction") -> str:
        with self.ledger.connection() as connection:
            return "".join(
                journal_file(connection, Question(entity=entity, book="main"), how, side)
            )

    def balances(self, entity: str, side: Side) -> Sums:
        """The trial balance, under the names of the chart."""
        with self.ledger.connection() as connection:
            rows = ask(connection, "trial-balance", entity, {"book": "main"}).rows
        found: Sums = defaultdict(Decimal)
        for row in rows:
            currency = row.functional_currency if side == "functional" else row.currency
            minor = row.functional_minor if side == "functional" else row.minor
            found[named(row.account), currency] += Decimal(decimal_text(minor, currency))
        return {place: amount for place, amount in found.items() if amount}


def named(account: str) -> str:
    """Heads and names in small letters, without hyphens: how each program writes them aside."""
    head = next(head for name, head in HEAD_OF.items() if name == account)
    return f"{head}:{account.replace('-', '')}"


@pytest.fixture(scope="module")
def demo(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    moment, folder = Moment(), tmp_path_factory.mktemp("demo")
    size = Size(customers=40, months=3, events=500)
    with Ledger.open(module_database, moment) as ledger:
        played = play(ledger, moment, size, lambda name: random.Random(f"1/{name}"), folder)
        yield Demo(ledger, tuple(played.entities))


@pytest.mark.parametrize("side", SIDES)
def test_beancount_finds_every_entry_balanced_and_the_same_sums(demo: Demo, side: Side) -> None:
    for entity in demo.entities:
        entries, errors, options = loader.load_string(demo.file(entity, "beancount", side))
        sums: Sums = defaultdict(Decimal)
        for entry in entries:
            for posting in entry.postings if isinstance(entry, Transaction) else ():
                place = posting.account.lower(), posting.units.currency
                sums[place] += posting.units.number

        assert errors == []
        assert options["tolerance_multiplier"] == 0
        assert {place: amount for place, amount in sums.items() if amount} == demo.balances(
            entity, side
        )
        assert sum(isinstance(entry, Transaction) for entry in entries) > 0


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed")
def test_hledger_finds_every_entry_balanced_and_the_same_sums(demo: Demo, side: Side) -> None:
    for entity in demo.entities:
        text = demo.file(entity, "hledger", side)
        asked = [str(HLEDGER), "-f", "-", "balance", "--flat", "--layout=bare", "-O", "csv", "-N"]
        check = [str(HLEDGER), "-f", "-", "check", "--strict"]
        subprocess.run(check, input=text, text=True, check=True)
        told = subprocess.run(asked, input=text, text=True, check=True, stdout=subprocess.PIPE)
        rows = list(csv.reader(StringIO(told.stdout)))[1:]
        sums = {
            (account.replace("-", ""), commodity): Decimal(amount)
            for account, commodity, amount in rows
        }

        assert {place: amount for place, amount in sums.items() if amount} == demo.balances(
            entity, side
        )


def test_a_journal_that_is_a_cent_out_is_found(demo: Demo) -> None:
    text = demo.file(demo.entities[0], "beancount")
    line = next(row for row in text.splitlines() if row.endswith(("USD", "EUR")))
    amount = line.split()[1]
    other = line.replace(amount, str(Decimal(amount) + Decimal("0.01")))

    _, errors, _ = loader.load_string(text.replace(line, other, 1))

    assert [error.message for error in errors] == [
        f"Transaction does not balance: (0.01 {line.split()[2]})"
    ]


def test_a_table_has_every_line_with_all_that_it_says(demo: Demo) -> None:
    for entity in demo.entities:
        rows = list(csv.DictReader(StringIO(demo.file(entity, "csv"))))
        sums: Sums = defaultdict(Decimal)
        for row in rows:
            amount = Decimal(decimal_text(int(row["minor"]), row["currency"]))
            sums[named(row["account"]), row["currency"]] += amount

        assert {place: amount for place, amount in sums.items() if amount} == demo.balances(
            entity, "transaction"
        )


def test_the_chart_places_every_account() -> None:
    assert set(HEAD_OF) == set(get_args(Account))
