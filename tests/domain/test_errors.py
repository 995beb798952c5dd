"""A refusal says the same wherever it arrives."""

import pickle

import pytest

from domain.errors import Malformed, Rejected


@pytest.mark.parametrize("kind", [Rejected, Malformed])
def test_a_refusal_passes_from_one_process_to_another(kind):
    said = kind("demo-too-small", field="customers", hint="more of them")

    found = pickle.loads(pickle.dumps(said))

    assert (found.code, found.field, found.context) == (said.code, said.field, said.context)
    assert str(found) == str(said)
