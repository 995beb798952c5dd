"""A page as PDF: tagged and archivable (PDF/A-2a, PDF/UA-1), the same bytes for the same page.

Both standards forbid a character that no font can show, so a text is printed whole or refused.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Literal

import typst

from domain.errors import Rejected
from domain.written import json_bytes
from replay.documents.page import Page
from store.failure import StoreError

STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]
# How the compiler begins to say that a character has no glyph in any font.
NO_GLYPH = "could not be displayed"


def pdf(page: Page, template: str, fonts: tuple[Path, ...]) -> bytes:
    """Dated by the document, not by when it is printed.

    Raises Rejected for a text that no font has letters for, StoreError for a template that fails.
    """
    compiler = typst.Compiler(
        template.encode(),
        root=fonts[-1].parent,
        font_paths=_fonts(fonts),
        sys_inputs={"page": json_bytes(page, order="sorted").decode()},
    )
    try:
        found = compiler.compile(
            pdf_standards=[*STANDARDS],
            timestamp=datetime.combine(date.fromisoformat(page.on), time(), UTC),
        )
    except typst.TypstError as problem:
        told = str(problem)
        if NO_GLYPH in told:
            raise Rejected("no-letters", field="locale", detail=told) from None
        raise StoreError("template-failed", f"invoice.typ: {told}") from None
    assert isinstance(found, bytes), type(found)
    return found


@lru_cache
def _fonts(folders: tuple[Path, ...]) -> typst.Fonts:
    """Found once: looking through them takes longer than a page."""
    return typst.Fonts(include_system_fonts=False, font_paths=[*folders])
