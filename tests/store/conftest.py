"""What tests of the store share."""

import pytest

from store import db


@pytest.fixture
def other(database):
    """A second connection to the database of the test."""
    with db.connect(database) as opened:
        yield opened
