"""What is told holds no exponent, however small an amount is, and is otherwise what was said."""

from decimal import Decimal

import msgspec
import pytest
from msgspec import Raw, Struct

from domain.written import builtins, json_bytes


class Step(Struct, frozen=True, tag="step"):
    what: str
    quantity: Decimal
    more: Raw = Raw(b'{"a": 1}')


TINY = Decimal("0.0000001")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (TINY, '"0.0000001"'),
        (-TINY, '"-0.0000001"'),
        (Decimal("0E-15"), '"0"'),
        (Decimal("1E+3"), '"1000"'),
        (Decimal("12.50"), '"12.50"'),
        ("1E-7", '"1E-7"'),
        ({"1E-7": [TINY, "1E-7"]}, '{"1E-7":["0.0000001","1E-7"]}'),
        (
            (Step("1E-7", TINY),),
            '[{"type":"step","what":"1E-7","quantity":"0.0000001","more":{"a": 1}}]',
        ),
    ],
)
def test_a_decimal_is_told_without_exponent_and_a_text_as_it_is(value, text):
    assert json_bytes(value).decode() == text


def test_a_row_of_a_table_is_told_the_same():
    value = {"rows": [(TINY, 3)], "name": "1E-7"}

    assert builtins(value) == msgspec.json.decode(json_bytes(value))
    assert builtins(value) == {"rows": [["0.0000001", 3]], "name": "1E-7"}


def test_telling_leaves_the_value_as_it_was():
    step = Step("a", TINY)

    json_bytes(step)

    assert step == Step("a", TINY)
