"""Streams a committer keeps: lent to one group at a time, bounded by their facts."""

from store.remembered import Remembered
from store.timeline import Timeline


def timeline(facts):
    made = Timeline(())
    made.version = facts
    return made


def test_what_is_taken_is_gone_until_it_is_given_back():
    remembered = Remembered()
    kept = timeline(3)
    remembered.keep({"a": kept})

    assert remembered.take(["a", "b"]) == {"a": kept}
    assert remembered.take(["a"]) == {}


def test_what_was_not_used_for_longest_goes_first():
    remembered = Remembered(facts_max=10)
    remembered.keep({name: timeline(4) for name in ("a", "b")})
    remembered.keep(remembered.take(["a"]))
    remembered.keep({"c": timeline(4)})

    assert sorted(remembered.take(["a", "b", "c"])) == ["a", "c"]


def test_a_stream_that_is_given_back_twice_counts_once():
    remembered = Remembered(facts_max=10)
    for facts in (4, 5, 6):
        remembered.keep({"a": timeline(facts)})
    remembered.keep({"b": timeline(4)})

    assert sorted(remembered.take(["a", "b"])) == ["a", "b"]


def test_a_stream_longer_than_all_that_is_kept_is_read_each_time():
    remembered = Remembered(facts_max=10)
    remembered.keep({"a": timeline(11)})

    assert remembered.take(["a"]) == {}
