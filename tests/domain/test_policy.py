from datetime import date

import msgspec
import pytest

from domain.master import master_data
from domain.policy import AdoptPolicy, Options, PolicyAdopted
from tests.domain.given import decide, facts, on

STREAM = "policy:us-gaap"
MONTHLY = Options(ratable_by="month", void_default="from-now")


def test_a_book_elects_from_a_date_on_also_in_the_past() -> None:
    command = AdoptPolicy(when=on(1, 1, year=2020), options=MONTHLY)

    assert decide(STREAM, command) == (PolicyAdopted(when=on(1, 1, year=2020), options=MONTHLY),)


def test_an_election_of_what_is_already_elected_is_still_a_fact() -> None:
    adopted = PolicyAdopted(when=on(1, 1), options=MONTHLY)

    assert decide(STREAM, AdoptPolicy(when=on(1, 1), options=MONTHLY), adopted) == (adopted,)


@pytest.mark.parametrize("text", [b'{"ratable_by": "week"}', b'{"colour": "blue"}'])
def test_the_options_are_a_closed_schema(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Options)


def test_adopted_retrospectively_it_counts_from_the_beginning() -> None:
    by_day, monthly = Options(), Options(ratable_by="month")
    said = (
        PolicyAdopted(when=on(1, 1), options=by_day),
        PolicyAdopted(when=on(7, 1), options=monthly, transition="retrospective"),
        PolicyAdopted(when=on(10, 1), options=by_day),
    )
    master = master_data(facts(STREAM, said))

    days = [date(2023, 1, 1), date(2024, 3, 1), date(2024, 9, 30), date(2024, 10, 1)]
    assert [master.options("us-gaap", day) for day in days] == [monthly] * 3 + [by_day]
