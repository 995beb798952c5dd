"""docs/examples/documents is what the shop's facts render as; `python FILE` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from replay.ledger import Ledger
from store import embedded
from store.db import connect, migrate
from tests.conftest import _open_folder
from tests.documents.shop import NOW, open_shop, rendered, statement_of

FOLDER = Path(__file__).parents[2] / "docs" / "examples" / "documents"
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "invoice-en-usd.html": ("us-1", {}),
    "draft-en-usd.html": ("us-2", {}),
    "invoice-de-eur.html": ("ch-1", {}),
    "credit-note-de-eur.html": ("ch-1", {"credit": "NL-C-2026-0001"}),
    "void-fr-kwd.html": ("kw-1", {}),
    "invoice-fr-kwd.html": ("kw-2", {}),
    "invoice-ja-jpy.html": ("jp-1", {}),
    "statement-en-usd.html": ("c1", {"currency": "USD"}),
    "statement-fr-kwd.html": ("c3", {"currency": "KWD", "since": date(2026, 2, 2)}),
}


def sample(ledger: Ledger, name: str, **more: Any) -> bytes:
    of, wanted = SAMPLES[name]
    if "currency" in wanted:
        return statement_of(ledger, of, **wanted, **more).body
    return rendered(ledger, of, **wanted, **more).body


@pytest.fixture(scope="module")
def shop(module_database: str) -> Iterator[Ledger]:
    with Ledger.open(module_database, lambda: NOW) as ledger:
        open_shop(ledger)
        yield ledger


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_its_facts_render_as(shop: Ledger, name: str) -> None:
    assert sample(shop, name) == (FOLDER / name).read_bytes()


def test_there_is_no_other_sample() -> None:
    assert {path.name for path in FOLDER.glob("*.html")} == set(SAMPLES)


def write(folder: Path, medium: str, suffix: str) -> None:
    with _open_folder() as home, embedded.start(home) as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        with Ledger.open(server.dsn, lambda: NOW) as ledger:
            open_shop(ledger)
            for name in SAMPLES:
                path = (folder / name).with_suffix(suffix)
                path.write_bytes(sample(ledger, name, medium=medium))


if __name__ == "__main__":
    write(FOLDER, "text/html", ".html")
    if len(sys.argv) > 1:
        write(Path(sys.argv[1]), "application/pdf", ".pdf")
    sys.exit()
