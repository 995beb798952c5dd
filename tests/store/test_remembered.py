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
    remembered.keep("e", {"a": kept}, 0)

    assert remembered.take("e", ["a", "b"]) == {"a": kept}
    assert remembered.take("e", ["a"]) == {}


def test_what_was_not_used_for_longest_goes_first():
    remembered = Remembered(facts_max=10)
    remembered.keep("e", {name: timeline(4) for name in ("a", "b")}, 0)
    remembered.keep("e", remembered.take("e", ["a"]), 0)
    remembered.keep("e", {"c": timeline(4)}, 0)

    assert sorted(remembered.take("e", ["a", "b", "c"])) == ["a", "c"]


def test_a_stream_that_is_given_back_twice_counts_once():
    remembered = Remembered(facts_max=10)
    for facts in (2, 3, 4):
        remembered.keep("e", {"a": timeline(facts)}, 0)
    remembered.keep("e", {"b": timeline(4)}, 0)

    assert sorted(remembered.take("e", ["a", "b"])) == ["a", "b"]


def test_a_stream_longer_than_all_that_is_kept_is_read_each_time():
    remembered = Remembered(facts_max=10)
    remembered.keep("e", {"a": timeline(11)}, 0)

    assert remembered.take("e", ["a"]) == {}


def test_a_stream_of_one_entity_is_not_that_of_another():
    remembered = Remembered()
    kept = timeline(1)
    remembered.keep("e", {"a": kept}, 0)

    assert remembered.take("f", ["a"]) == {}
    assert remembered.take("e", ["a"]) == {"a": kept}


def test_streams_without_facts_are_bounded_too():
    remembered = Remembered(facts_max=10)
    remembered.keep("e", {f"s{number}": timeline(0) for number in range(20)}, 0)

    assert len(remembered.take("e", [f"s{number}" for number in range(20)])) == 10
