"""One step of an explanation: what was done and what came of it, from the amount's own call."""

from __future__ import annotations

from msgspec import Struct


class Step(Struct, frozen=True, kw_only=True):
    """`what` names an input or an operation in the reader's words, `value` is its exact text."""

    what: str
    value: str
