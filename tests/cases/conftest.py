"""What tests of worked cases share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from replay.accounting_cases.answers import Answers
from replay.accounting_cases.plan import Act, Plan
from replay.billing_cases.acts import Course
from replay.billing_cases.seen import Seen
from replay.case_stage import LedgerStage
from replay.ledger import Ledger


class ToldOnce:
    """The same stage for cases that others have played: what an entity was told it is not told
    again, only asked. That telling it again changes nothing is a test of its own.
    """

    def __init__(self, stage: LedgerStage) -> None:
        self._stage = stage
        self._told: dict[tuple[str, str], Act] = {}

    def do(self, entity: str, act: Act) -> None:
        if self._told.get((entity, act.key)) != act:
            self._stage.do(entity, act)
            self._told[entity, act.key] = act

    def answers(self, entity: str, course: Plan) -> Answers:
        return self._stage.answers(entity, course)

    def play_billing(self, entity: str, course: Course) -> Seen:
        return self._stage.play_billing(entity, course)


@pytest.fixture(scope="module")
def stage(module_database: str) -> Iterator[LedgerStage]:
    """All cases in one database, each in an entity of its own."""
    with closing(LedgerStage(partial(Ledger.open, module_database))) as opened:
        yield opened


@pytest.fixture(scope="module")
def told_once(stage: LedgerStage) -> ToldOnce:
    return ToldOnce(stage)
