"""Drawn histories in which every book elects the same, whatever else it elects."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from domain.policy import PolicyAdopted
from tests.laws.memory import Arrival, History


def electing(history: History, **options: Any) -> History:
    """The history with some options of every policy as given."""
    return History(
        history.seed,
        {
            entity: tuple(_electing(one, options) for one in log)
            for entity, log in history.logs.items()
        },
    )


def _electing(one: Arrival, options: dict[str, Any]) -> Arrival:
    if not isinstance(one.event, PolicyAdopted):
        return one
    elected = structs.replace(one.event.options, **options)
    return structs.replace(one, event=structs.replace(one.event, options=elected))
