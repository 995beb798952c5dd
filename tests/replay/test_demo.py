"""The demo on a small company: every model and change is shown, all ties, chance is repeatable."""

from __future__ import annotations

import random
import types
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import Struct

from api.cli.demo import demo
from api.cli.demo.block import Block
from api.cli.demo.tour import tour
from api.views import ask
from domain.chargeback_facts import ChargebackLost, ChargebackOpened, ChargebackWon
from domain.contract_facts import ContractOpened
from domain.dunning import DunningStepReached
from domain.facts import Retracted
from domain.invoice_facts import CreditIssued, InvoiceIssued
from domain.pricing import Model
from domain.subscription import SubscriptionEvent
from projections.breaks import Verdict
from replay.demo.company import COUNTRIES, GROUP, Size
from replay.demo.customers import company
from replay.demo.months import Part, Played, gather, play
from replay.demo.story import Moment
from replay.documents.templates import templates
from replay.ledger import Ledger
from replay.price_models import UNPRICED
from replay.verify import verify
from store import log, reset
from store.db import connect
from store.failure import StoreError

PAPERS = "Documents, from facts and the vault, in each customer's language"
TINY = Size(customers=14, months=4, events=300)
# Two customers for each life, of whom every other one has a life of the list.
SMALL = Size(customers=76, months=4, events=2_000)


def chances(name: str) -> random.Random:
    return random.Random(f"1/{name}")


def kinds(of: Any) -> set[type[Struct]]:
    """The members of a union, also of unions in it."""
    if isinstance(of, types.UnionType) or typing.get_origin(of) is typing.Union:
        return {kind for one in typing.get_args(of) for kind in kinds(one)}
    return {of}


def tag(kind: type[Struct]) -> str:
    return str(kind.__struct_config__.tag)


class Shown(Struct, frozen=True):
    """A demo that was played and looked at once, for all that is asked of it."""

    ledger: Ledger
    played: Played
    verdicts: tuple[Verdict, ...]
    blocks: dict[str, Block]

    def rows(self, view: str) -> list[Any]:
        with self.ledger.connection() as connection:
            return [
                row
                for entity in self.played.entities
                for row in ask(connection, view, entity, {"book": "main"}).rows
            ]


@pytest.fixture(scope="module")
def shown(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    moment, folder = Moment(), tmp_path_factory.mktemp("demo")
    with Ledger.open(module_database, moment) as ledger:
        played = play(ledger, moment, SMALL, chances, folder)
        with ledger.connection() as connection:
            verdicts = verify(connection).verdicts
            blocks = list(tour(ledger, connection, played, verdicts, templates(), folder))
        by_title = {block.title.partition(":")[0]: block for block in blocks}
        yield Shown(ledger, played, verdicts, by_title)


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def ledger(database: str, moment: Moment) -> Iterator[Ledger]:
    with Ledger.open(database, moment) as opened:
        yield opened


@pytest.fixture
def played(ledger: Ledger, moment: Moment, tmp_path: Path) -> Played:
    return play(ledger, moment, TINY, chances, tmp_path)


def test_every_price_model_is_sold_billed_and_earned(shown: Shown) -> None:
    rows = [row for row in shown.rows("price-models") if row.model != UNPRICED]

    assert {row.model for row in rows} == {tag(kind) for kind in kinds(Model)}
    for model in {row.model for row in rows}:
        own = [row for row in rows if row.model == model]
        assert sum(row.subscriptions for row in own) > 0, model
        assert sum(row.billed_minor for row in own) > 0, model
        assert sum(row.earned_minor for row in own) > 0, model
    assert {row.sold for row in rows} == {"recurring", "usage", "once"}
    assert {row.currency for row in rows} == {"USD", "EUR", "JPY", "KWD"}


def test_every_change_of_a_subscription_occurs(shown: Shown) -> None:
    rows = shown.rows("changes")

    told = {row.what for row in rows}
    assert {tag(kind) for kind in kinds(SubscriptionEvent)} - told == set()
    assert {"threshold-reached", "price-set", "customer-registered"} <= told
    hows = {(row.what, row.how) for row in rows}
    assert {
        ("subscription-started", "for a term"),
        ("subscription-started", "renews by itself"),
        ("subscription-started", "without end"),
        ("subscription-started", "with a trial"),
        ("subscription-amended", "item added"),
        ("subscription-amended", "other price"),
        ("subscription-amended", "other price, at the end of the period"),
        ("subscription-amended", "other quantity, at the end of the period"),
        *(
            ("subscription-amended", f"item removed, refund {refund}")
            for refund in ("none", "prorated", "full")
        ),
        *(
            ("subscription-cancelled", f"on the day, refund {refund}")
            for refund in ("none", "prorated", "full")
        ),
        ("subscription-cancelled", "at the end of the period, refund prorated"),
        ("customer-registered", "under a parent, billed to parent"),
        ("price-set", "another version"),
        *(("usage-batch-accepted", kind) for kind in ("rows", "correction", "retraction")),
    } <= hows
    assert sum(row.undone for row in rows) >= 2
    for when in ("ahead", "in_time", "late"):
        assert any(getattr(row, when) for row in rows), when


def test_one_change_is_corrected_and_another_is_taken_back(shown: Shown) -> None:
    with shown.ledger.connection() as connection:
        facts = [
            fact
            for entity in shown.played.entities
            for fact in log.read_categories(connection, entity, ["subscription"])
            if fact.corrects is not None
        ]

    assert {isinstance(fact.event, Retracted) for fact in facts} == {True, False}


def test_all_of_it_ties_and_the_ten_laws_hold(shown: Shown) -> None:
    assert [row for verdict in shown.verdicts for row in verdict.breaks] == []
    assert {verdict.law for verdict in shown.verdicts if verdict.comparisons} == set(range(1, 11))
    ties = shown.blocks["It ties"].rows
    assert {row[0]: row[-1] for row in ties} == {row[0]: "ties" for row in ties}
    assert len(ties) == 13


def test_contracts_of_their_own_show_each_way_to_earn_a_price(shown: Shown) -> None:
    entity = shown.played.entities[0]
    with shown.ledger.connection() as connection:
        facts = [*log.read_categories(connection, entity, ["contract"])]
    patterns = {
        own.pattern
        for fact in facts
        if isinstance(fact.event, ContractOpened)
        for own in fact.event.obligations
    }
    (late,) = (block for name, block in shown.blocks.items() if name.startswith("A contract ch"))

    assert patterns >= {
        "ratable", "point-in-time", "units", "milestones", "percent-complete", "as-exercised",
        "percent-of-base",
    }  # fmt: skip
    assert {"contract-modified", "price-estimated", "contract-terminated"} <= {
        str(fact.event.__struct_config__.tag) for fact in facts
    }
    assert all(earned < booked for earned, _, _, booked in late.rows)
    left = [row for row in shown.rows("remaining") if row.unit.startswith("contract:")]
    assert {row.currency for row in left} == {"USD", "EUR"}
    exchanged = shown.rows("exchange")
    assert {row.currency for row in exchanged} == {"EUR"}
    assert any(row.functional_realised_minor for row in exchanged)
    owed = [row for row in shown.rows("trial-balance") if row.account == "refund-liability"]
    assert sum(row.minor for row in owed) < 0


def test_taxes_coupons_and_credit_notes_are_on_documents(shown: Shown) -> None:
    with shown.ledger.connection() as connection:
        facts = [
            fact
            for entity in shown.played.entities
            for fact in log.read_categories(connection, entity, ["invoice"])
        ]
    kinds = {
        line.kind
        for fact in facts
        if isinstance(fact.event, InvoiceIssued)
        for line in fact.event.lines
    }
    (invoice,) = (block for title, block in shown.blocks.items() if title.startswith("Invoice "))

    assert {"tax", "coupon", "usage", "subscription", "discount"} <= kinds
    assert any(isinstance(fact.event, CreditIssued) for fact in facts)
    assert {"tax", "coupon"} <= {row[1] for row in invoice.rows}
    assert {row.category for row in shown.rows("tax")} == {
        "taxed",
        "exempt",
        "reverse-charge",
        "not-registered",
    }


def test_money_comes_by_the_banks_files_and_is_matched(shown: Shown) -> None:
    again = shown.blocks["Cash"].rows
    rules = {rule for part in shown.played.parts for rule in part.rules}
    nobody = shown.blocks["And what waits for a person"].rows

    assert [row[2:4] for row in again] == [(row[1], 0) for row in again]
    assert {"reference", "amount", "none"} <= rules
    assert [row[3] for row in nobody] == ["Sample Passer-by LLC"]
    assert {what for part in shown.played.parts for what in part.given_back} == {
        "chargeback",
        "chargeback-won",
    }
    assert shown.rows("bank-left") == []
    with shown.ledger.connection() as connection:
        told = {
            type(fact.event)
            for entity in shown.played.entities
            for fact in log.read_categories(connection, entity, ["payment", "dunning"])
        }
    assert {ChargebackOpened, ChargebackWon, ChargebackLost, DunningStepReached} <= told


def test_documents_are_written_in_four_languages(shown: Shown) -> None:
    files = [(row[1], Path(str(row[2]))) for row in shown.blocks[PAPERS].rows]

    assert {str(locale)[:2] for locale, _ in files} == {"en", "de", "fr", "ja"}
    assert {path.suffix for _, path in files} == {".html", ".pdf"}
    assert all(path.stat().st_size for _, path in files)
    pages = "".join(path.read_text() for _, path in files if path.suffix == ".html")
    assert "Muster" in pages
    assert "見本" in pages


def test_usage_waits_for_every_reason(shown: Shown) -> None:
    waits = {row.detail for row in shown.rows("exceptions")}

    assert waits >= {
        "missing-dimension",
        "no-price-for-dimensions",
        "out-of-contract",
        "outside-window",
        "unit-mismatch",
        "unknown-customer",
        "unknown-meter",
        "unknown-subscription",
        "batch missing",
    }
    odd = [row.detail for row in shown.rows("exceptions") if row.kind == "implausible-usage"]
    assert any("bandwidth" in detail and "90000 mbit" in detail for detail in odd)
    assert {row.code for row in shown.rows("usage-rejected")} == {"not-a-decimal", "no-utc-offset"}


def test_a_late_truth_moves_only_what_it_is_about(shown: Shown) -> None:
    late = shown.played.late
    months = shown.blocks["A late truth"].rows

    assert (late.entity, late.month) == (COUNTRIES[0].entity, "2024-01")
    assert late.before < late.after < late.run
    assert [row[0] for row in months] == ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]
    assert {row[-1] for row in months} == {"2024-05"}


def test_a_number_is_followed_from_its_line_to_its_rows(shown: Shown) -> None:
    (line,) = (block for title, block in shown.blocks.items() if title.startswith("One invoice"))
    rows = shown.blocks["And the usage rows that it bills"]

    assert line.rows[0][0] == "sold since"
    assert line.rows[-1][0] == "charged, rounded once"
    assert f"asks for {line.rows[-1][1]} USD" in line.says
    assert {row[0] for row in rows.rows} == {"gateway"}


def test_the_command_plays_the_same_seed_to_the_same_numbers_and_names_each_query(
    played: Played,
    ledger: Ledger,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    first = {entity: totals(ledger, entity) for entity in played.entities}
    again: list[Played] = []

    def gathered(size: Size, parts: list[Part]) -> Played:
        again.append(gather(size, parts))
        return again[0]

    monkeypatch.setattr("api.cli.demo.gather", gathered)
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)
    with connect(database) as connection:
        reset.reset(connection, actor="demo", entities=[GROUP, *played.entities])

    # A new story, verified by the role that may only rebuild: it has its rights again.
    size = ["--customers", "14", "--months", "4", "--events", "300"]
    result = CliRunner().invoke(demo, [*size, "--folder", str(tmp_path / "demo")])

    assert result.exit_code == 0, result.output
    assert again == [played]
    # The tour bills and imports once more, and asks about it: what was played ends before that.
    ends = {entity: found.known_at for entity, found in first.items()}
    assert {
        entity: totals(ledger, entity, known_at=str(at)) for entity, at in ends.items()
    } == first
    asked = [line for line in result.output.splitlines() if line.startswith("$ ")]
    assert [line.split()[1:4] for line in asked if not line.startswith("$ tieout explain")] == [
        ["tieout", "report", "price-models"],
        ["tieout", "report", "changes"],
        ["tieout", "report", "journal"],
        ["tieout", "lineage", "invoice"],
        ["tieout", "report", "journal"],
        ["tieout", "report", "journal"],
        ["tieout", "bill", "-e"],
        ["tieout", "report", "remaining"],
        ["tieout", "report", "journal"],
        ["tieout", "report", "exchange"],
        ["tieout", "rates", "list"],
        ["tieout", "invoice", "show"],
        ["tieout", "report", "tax"],
        ["tieout", "payments", "import"],
        ["tieout", "payments", "waiting"],
        ["tieout", "report", "statement"],
        ["tieout", "report", "customer-money"],
        ["tieout", "report", "dunning"],
        ["tieout", "invoice", "render"],
        ["tieout", "statement", "usd0003"],
        ["tieout", "report", "exceptions"],
        ["tieout", "report", "usage-rejected"],
        ["tieout", "report", "VIEW"],
        ["tieout", "report", "journal"],
        ["tieout", "verify"],
        ["tieout", "serve", "shows"],
    ]
    assert sum(line.startswith("$ tieout explain") for line in asked) == 2


def totals(ledger: Ledger, entity: str, **more: str) -> Any:
    with ledger.connection() as connection:
        return ask(connection, "trial-balance", entity, {"book": "main", **more})


def test_a_seed_gives_one_company_and_another_seed_another() -> None:
    assert company(TINY, random.Random(5)) == company(TINY, random.Random(5))
    assert company(TINY, random.Random(5)) != company(TINY, random.Random(6))


def test_the_story_closes_its_months(shown: Shown) -> None:
    assert shown.played.closed == ("2024-01", "2024-02", "2024-03", "2024-04")
    assert shown.played.through == date(2024, 5, 31)
    assert set(shown.ledger.heads()) == {GROUP, *shown.played.entities}


def test_only_a_ledger_that_the_demo_made_is_removed(shown: Shown, module_database: str) -> None:
    with connect(module_database) as connection:
        with pytest.raises(StoreError, match="not the demo's"):
            reset.reset(connection, actor="demo", entities=[GROUP])
        with pytest.raises(StoreError, match="not the demo's"):
            reset.reset(connection, actor="another", entities=[GROUP, *shown.played.entities])

        assert not reset.is_empty(connection)


@pytest.mark.usefixtures("shown")
def test_the_command_refuses_a_ledger_that_is_not_empty(
    module_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_DATABASE_URL", module_database)

    result = CliRunner().invoke(demo, ["--customers", "14", "--months", "4"])

    assert isinstance(result.exception, StoreError)
    assert result.exception.code == "ledger-not-empty"
