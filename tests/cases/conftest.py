"""What tests of worked cases share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from replay.case_stage import LedgerStage
from replay.ledger import Ledger
from store import embedded
from store.db import connect, migrate


@pytest.fixture(scope="module")
def stage(module_folder: Path) -> Iterator[LedgerStage]:
    """All cases in one database, each in an entity of its own."""
    with embedded.start(module_folder) as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        with closing(LedgerStage(partial(Ledger.open, server.dsn))) as opened:
            yield opened
