"""docs/examples/documents is what the shop's facts render as; `python FILE` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.ledger import Ledger
from store import embedded
from store.db import connect, migrate
from tests.conftest import _open_folder
from tests.documents.shop import NOW, open_shop, rendered

FOLDER = Path(__file__).parents[2] / "docs" / "examples" / "documents"
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "invoice-en-usd.html": ("us-1", {}),
    "draft-en-usd.html": ("us-2", {}),
    "invoice-de-eur.html": ("ch-1", {}),
    "credit-note-de-eur.html": ("ch-1", {"credit": "NL-C-2026-0001"}),
    "void-fr-kwd.html": ("kw-1", {}),
    "invoice-fr-kwd.html": ("kw-2", {}),
    "invoice-ja-jpy.html": ("jp-1", {}),
}


@pytest.fixture(scope="module")
def shop(module_database: str) -> Iterator[Ledger]:
    with Ledger.open(module_database, lambda: NOW) as ledger:
        open_shop(ledger)
        yield ledger


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_its_facts_render_as(shop: Ledger, name: str) -> None:
    invoice, wanted = SAMPLES[name]

    assert rendered(shop, invoice, **wanted).body == (FOLDER / name).read_bytes()


def test_there_is_no_other_sample() -> None:
    assert {path.name for path in FOLDER.glob("*.html")} == set(SAMPLES)


def write(folder: Path, medium: str, suffix: str) -> None:
    with _open_folder() as home, embedded.start(home) as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        with Ledger.open(server.dsn, lambda: NOW) as ledger:
            open_shop(ledger)
            for name, (invoice, wanted) in SAMPLES.items():
                found = rendered(ledger, invoice, medium=medium, **wanted)
                (folder / name).with_suffix(suffix).write_bytes(found.body)


if __name__ == "__main__":
    write(FOLDER, "text/html", ".html")
    if len(sys.argv) > 1:
        write(Path(sys.argv[1]), "application/pdf", ".pdf")
    sys.exit()
