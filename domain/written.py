"""Values as readers are told them: what msgspec writes, but a decimal never with an exponent.

0.0000001 is `1E-7` to Python. A reader of an answer or an export finds the form that is hashed.
"""

from __future__ import annotations

import re
from copy import copy
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from domain.decimals import plain

# Texts may look like this too: what is a decimal is seen the long way.
_EXPONENT = re.compile(rb'"-?[0-9]+(?:\.[0-9]+)?E[+-]?[0-9]+"').search


def json_bytes(value: object, order: Literal["deterministic", "sorted"] | None = None) -> bytes:
    """JSON with dates and decimals as text. Almost always msgspec writes it so by itself."""
    written = msgspec.json.encode(value, order=order)
    return written if _EXPONENT(written) is None else msgspec.json.encode(_told(value), order=order)


def builtins(value: object) -> Any:
    """The same as dictionaries, lists, numbers and texts."""
    return msgspec.to_builtins(_told(value))


def _told(value: Any) -> Any:
    """The value with a text for each decimal that Python would write with an exponent."""
    match value:
        case Decimal():
            return plain(value) if "E" in str(value) else value
        case Struct():
            return _told_struct(value)
        case dict():
            return {name: _told(part) for name, part in value.items()}
        case list() | tuple():
            return [_told(part) for part in value]
        case _:
            return value


def _told_struct(value: Struct) -> Struct:
    # A copy, whose fields are told whatever their type; nothing but an encoder sees it.
    told = copy(value)
    for name in value.__struct_fields__:
        structs.force_setattr(told, name, _told(getattr(value, name)))
    return told
