"""The result of a folder of cases: each by name, with what it could not do and what differs."""

from __future__ import annotations

from msgspec import Struct


class Result(Struct, frozen=True, kw_only=True):
    """One case: what it could not do by name, what differs, and how its variants fared."""

    case: str
    file: str
    passed: bool
    compared: int = 0
    problems: tuple[str, ...] = ()
    differences: tuple[dict[str, str], ...] = ()
    variants: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class Report(Struct, frozen=True, kw_only=True):
    """All cases of a folder, in the order of their files."""

    passed: int
    failed: int
    cases: tuple[Result, ...]
