"""The page on currencies is true: its examples come out to the cent."""

from __future__ import annotations

import pytest

from tests.pages.page import EXAMPLE, REFERENCE, sections, steps, wrong

PAGE = REFERENCE.parent / "explanation" / "currencies.md"
EXAMPLES = {title: text for title, text in sections(PAGE) if title.startswith(EXAMPLE)}


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_example_comes_out_as_told(title: str) -> None:
    told = [*steps(EXAMPLES[title])]

    assert any("functional" in step.columns for step in told)
    assert [*wrong(told)] == []
