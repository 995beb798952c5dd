"""Which values msgspec writes in canonical form by itself, so that nothing need be built first.

Of what facts and commands are made of, only decimals and instants can be written in more than one
way. A struct none of whose fields can hold one stands by its type alone; of the others the values
are looked at. Whatever is not known here is built the long way.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from msgspec import Struct, inspect, structs

# No exponent, no zeros in front or behind, and well within the digits that `plain` allows.
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{0,29}[1-9])?").fullmatch
_ALWAYS = frozenset({str, int, bool, type(None), date})
_SEQUENCES = frozenset({tuple, list})
_ALWAYS_TYPES = (
    inspect.StrType,
    inspect.IntType,
    inspect.BoolType,
    inspect.NoneType,
    inspect.DateType,
    inspect.LiteralType,
)


def stands(value: Any) -> bool:
    """Is the JSON that msgspec makes of this value, with sorted keys, the canonical one?"""
    kind = type(value)
    if kind in _ALWAYS:
        return True
    if kind is Decimal:
        text = str(value)
        return _PLAIN(text) is not None and text != "-0"
    if kind in _SEQUENCES:
        for part in value:  # noqa: SIM110 (a third of the time of all and a generator)
            if not stands(part):
                return False
        return True
    if isinstance(value, Struct):
        for name in doubtful(type(value)):  # noqa: SIM110 (as above)
            if not stands(getattr(value, name)):
                return False
        return True
    if isinstance(value, dict):
        return all(type(name) is str and stands(part) for name, part in value.items())
    return False


@cache
def doubtful(kind: type[Struct]) -> tuple[str, ...]:
    """The fields of a struct that may hold what is written in more than one way."""
    return tuple(
        field.name
        for field in structs.fields(kind)
        if not _always(inspect.type_info(field.type), (kind,))
    )


def _always(kind: inspect.Type, within: tuple[type[Any], ...]) -> bool:
    """Everything of this type stands. A struct with heirs may be one of them: it is looked at."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            if cls.__subclasses__():
                return False
            inner = (*within, cls)
            return cls in within or all(_always(field.type, inner) for field in fields)
        case inspect.UnionType(types=types):
            return all(_always(part, within) for part in types)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return _always(item, within)
        case inspect.TupleType(item_types=items):
            return all(_always(item, within) for item in items)
        case inspect.DictType(key_type=key, value_type=value):
            return isinstance(key, inspect.StrType) and _always(value, within)
        case _:
            return isinstance(kind, _ALWAYS_TYPES)
