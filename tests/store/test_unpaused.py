"""Python looks for cycles again once the last block has ended."""

import gc

import pytest

from store.unpaused import SELDOM, seldom, unpaused


def failing(seen):
    with unpaused():
        with unpaused():
            seen.append(gc.isenabled())
        seen.append(gc.isenabled())
        {}.pop("missing")


def test_the_collector_is_back_after_the_outermost_block_and_after_a_failure():
    seen = [gc.isenabled()]
    with pytest.raises(KeyError):
        failing(seen)
    seen.append(gc.isenabled())

    assert seen == [True, False, False, True]


def test_a_process_that_commits_looks_seldom():
    before = gc.get_threshold()
    try:
        seldom()

        assert gc.get_threshold() == SELDOM
    finally:
        gc.set_threshold(*before)
