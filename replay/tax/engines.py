"""Tax engines by name, from text as an operator writes it: `NAME=URL NAME=URL`."""

from __future__ import annotations

from httpx import URL, InvalidURL

from domain.errors import Malformed
from domain.invoicing import BY_TABLE, NO_TAX
from replay.tax.asking import Engines
from replay.tax.http import HttpEngine


def engines(told: str, tokens: str = "") -> Engines:
    """An engine for each name; an address or a token that cannot be used is an operator's slip."""
    opened_by = _pairs(tokens, "tokens")
    addresses = _pairs(told, "engines")
    for name, url in addresses.items():
        if name in {NO_TAX, BY_TABLE} or not _is_address(url):
            raise Malformed("bad-tax-engine", field="engines", engine=name)
    unknown = sorted(opened_by.keys() - addresses.keys())
    if unknown:
        raise Malformed("bad-tax-engine", field="tokens", engine=unknown[0])
    return {name: HttpEngine(name, url, opened_by.get(name)) for name, url in addresses.items()}


def _pairs(text: str, field: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not (name and equals and value) or name in found:
            raise Malformed("bad-tax-engine", field=field, engine=name)
        found[name] = value
    return found


def _is_address(url: str) -> bool:
    try:
        read = URL(url)
    except InvalidURL:
        return False
    return read.scheme in {"http", "https"} and bool(read.host)
