import msgspec
import pytest

from domain.invoicing import AdoptInvoicing, InvoicingAdopted, InvoicingOptions, elected_on
from domain.master import master_data
from tests.domain.given import code, decide, facts, on, state

STREAM = "invoicing:self"
BY_TABLE = InvoicingOptions(tax="table")
BY_LINE = InvoicingOptions(tax="table", tax_rounding="line")


def test_an_entity_elects_how_it_invoices_from_a_date_on() -> None:
    command = AdoptInvoicing(when=on(1, 1), options=BY_TABLE)

    assert decide(STREAM, command) == (InvoicingAdopted(when=on(1, 1), options=BY_TABLE),)


def test_an_election_that_names_nothing_is_refused() -> None:
    command = AdoptInvoicing(when=on(1, 1), options=InvoicingOptions(tax=" "))

    assert code(STREAM, command) == "empty-text"


def test_an_election_of_what_is_already_elected_is_still_a_fact() -> None:
    adopted = InvoicingAdopted(when=on(1, 1), options=BY_TABLE)

    assert decide(STREAM, AdoptInvoicing(when=on(1, 1), options=BY_TABLE), adopted) == (adopted,)


@pytest.mark.parametrize("text", [b'{"tax_rounding": "cent"}', b'{"colour": "blue"}'])
def test_the_options_are_a_closed_schema(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=InvoicingOptions)


def test_what_was_elected_counts_from_its_day_on_and_the_last_of_one_day_counts() -> None:
    given = (
        InvoicingAdopted(when=on(3, 1), options=BY_TABLE),
        InvoicingAdopted(when=on(2, 1), options=BY_TABLE),
        InvoicingAdopted(when=on(2, 1), options=BY_LINE),
    )
    days = [on(1, 31).effective, on(2, 1).effective, on(3, 1).effective]
    expected = [InvoicingOptions(), BY_LINE, BY_TABLE]
    master = master_data(facts(STREAM, given))

    assert [elected_on(state(STREAM, *given), day) for day in days] == expected
    assert [master.invoicing_on(day) for day in days] == expected
