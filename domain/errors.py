"""How the domain says no: a flat, documented slug and the values a person needs to act on it."""

from __future__ import annotations

from functools import partial


class _Said(Exception):
    """A code, which field is at fault, and the values to act on."""

    def __init__(self, code: str, *, field: str | None = None, **context: object) -> None:
        super().__init__(code, field, context)
        self.code = code
        self.field = field
        self.context = context

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.context.items())
        return f"{self.code} ({told})" if told else self.code

    def __reduce__(self) -> tuple[object, ...]:
        # From one process to another: an exception is made again from its arguments in order.
        return partial(type(self), self.code, field=self.field, **self.context), ()


class Rejected(_Said):
    """A command the domain refuses, final for its key; codes: docs/reference/problems.md."""


class Malformed(_Said):
    """Input that cannot be read as what it claims to be. Nothing is stored, the key stays free."""


def require_name(text: str, field: str) -> None:
    """A name says something: an empty one would be everyone's."""
    if not text.strip():
        raise Malformed("empty-text", field=field)
