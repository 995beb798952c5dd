"""Locales by their BCP 47 names: the language a customer reads and how numbers are written there.

Here only their form is known; whether there are words for one is the renderer's to say.
"""

from __future__ import annotations

import re

from domain.errors import Malformed

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def require_locale(name: str, field: str = "locale") -> None:
    """Refuse what is not written like `de`, `de-CH` or `zh-Hant-TW`."""
    if _LOCALE.fullmatch(name) is None:
        raise Malformed("unknown-locale", field=field, locale=name)
