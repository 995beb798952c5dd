"""A page as HTML: one file without scripts or anything to fetch, every text escaped."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from replay.documents.page import Page
from store.failure import StoreError

_ENVIRONMENT = SandboxedEnvironment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def html(page: Page, template: str) -> bytes:
    """UTF-8. Raises StoreError for a template that cannot be followed; nothing comes out then."""
    try:
        return _template(template).render(page=page, words=page.words).encode()
    # A template is a program of somebody else's: whatever it raises is its own fault.
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        line = getattr(problem, "lineno", None)
        where = "invoice.html" if line is None else f"invoice.html, line {line}"
        raise StoreError("template-failed", f"{where}: {problem}") from None


@lru_cache
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
