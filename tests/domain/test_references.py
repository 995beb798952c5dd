"""What of a payer's words may be a reference: any case, any gaps, with or without check digits."""

import pytest

from domain.references import candidates, normal


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("INV-2024-0017", "Payment inv 2024 0017, thanks"),
        ("INV-2024-0017", "inv.2024/0017"),
        ("INV-2024-0017", "INV20240017"),
        ("RE 4711", "zu re4711 vom 02.01.2024"),
        ("000471199", "ref 471199"),
        ("471199", "000 471 199"),
        ("539007547034", "RF18 5390 0754 7034"),
        ("A1B2C3", "rf" + "72 a1b2c3"),
        ("4711", "47118"),
        ("21000000000313947143000901", "21 00000 00003 13947 14300 09017"),
        ("0909337554", "+++090/9337/55493+++"),
        ("12345", "123453"),
    ],
)
def test_a_number_is_found_as_its_payer_writes_it(number: str, text: str) -> None:
    assert normal(number) in candidates(text)


@pytest.mark.parametrize(
    "text", ["", "thanks", "paid on 17.03.2024", "2024-03-17", "1 2 3", "abc", "RF19 5390"]
)
def test_what_is_short_or_a_day_is_no_reference(text: str) -> None:
    found = candidates(text)

    assert not {"17032024", "20240317", "123", "ABC"} & set(found)


def test_a_wrong_check_digit_takes_nothing_off() -> None:
    assert "539007547034" not in candidates("RF19539007547034")
    assert "4711" not in candidates("47110")
