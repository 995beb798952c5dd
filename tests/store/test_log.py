"""Facts in and out of the log of one entity."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

from domain.facts import When
from domain.party import CustomerRegistered
from store import db, log

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def draft(stream="customer:a", order=None):
    when = When(effective=date(2026, 1, 1), order=order)
    return log.Draft(
        stream=stream,
        event=CustomerRegistered(when=when, currency="USD"),
        recorded_at=NOW,
        command_id="k",
        actor="ann",
    )


def append(connection, entity, drafts):
    with connection.transaction():
        return log.append(connection, log.lock_head(connection, entity), drafts)


def test_what_was_written_is_read_back_fact_for_fact(connection):
    written = append(connection, "e", [draft("customer:a"), draft("customer:b")])

    assert tuple(log.read_all(connection, "e")) == written
    assert [fact.position for fact in written] == [1, 2]


def test_each_stream_counts_its_own_versions_and_each_entity_its_own_positions(connection):
    append(connection, "e", [draft("customer:a"), draft("customer:b"), draft("customer:a")])
    append(connection, "f", [draft("customer:a")])

    assert log.stream_versions(connection, "e", ["customer:a", "customer:b", "customer:c"]) == {
        "customer:a": 2,
        "customer:b": 1,
    }
    assert log.heads(connection) == {"e": 3, "f": 1}


def test_streams_that_lie_beyond_all_others_have_no_version_and_need_no_look_of_their_own(
    connection,
):
    append(connection, "e", [draft("customer:b"), draft("customer:b"), draft("customer:d")])

    assert log.stream_versions(connection, "e", []) == {}
    assert log.stream_versions(connection, "e", ["customer:e", "customer:f"]) == {}
    assert log.stream_versions(connection, "e", ["customer:c", "customer:d"]) == {"customer:d": 1}
    assert log.stream_versions(connection, "e", ["customer:a", "customer:b"]) == {"customer:b": 2}
    assert log.stream_versions(connection, "e", ["customer:a", "customer:c"]) == {}


def test_the_order_is_the_sources_or_else_the_version(connection):
    facts = append(connection, "e", [draft(order=70), draft(), draft(order=-1)])

    assert [fact.when.order for fact in facts] == [70, 2, -1]


def test_reading_starts_after_a_position_and_stops_at_another(connection):
    append(connection, "e", [draft() for _ in range(5)])

    assert [fact.position for fact in log.read(connection, "e", after=1, upto=4, limit=2)] == [2, 3]
    assert [fact.position for fact in log.read_all(connection, "e", after=3)] == [4, 5]


def test_streams_are_read_together_and_an_unknown_one_is_empty(connection):
    first, second, _ = append(connection, "e", [draft("customer:a")] * 2 + [draft("customer:b")])

    assert log.read_streams(connection, "e", ["customer:a", "customer:z"]) == {
        "customer:a": (first, second),
        "customer:z": (),
    }
    assert log.read_stream(connection, "e", "customer:a", upto=1) == (first,)


def test_a_category_is_read_across_its_streams(connection):
    append(connection, "e", [draft("customer:a"), draft("invoice:i"), draft("customer:b")])

    found = log.read_categories(connection, "e", ["customer"])

    assert [fact.stream for fact in found] == ["customer:a", "customer:b"]


def test_facts_are_read_by_their_positions(connection):
    written = append(connection, "e", [draft(), draft(), draft()])

    assert log.read_positions(connection, "e", [3, 1, 99]) == (written[0], written[2])


def test_a_follower_polls_once_for_all_entities(connection):
    append(connection, "e", [draft(), draft()])
    append(connection, "f", [draft()])

    assert log.moved(connection, {"e": 1}) == {"e": 2, "f": 1}
    assert log.moved(connection, {"e": 2, "f": 1}) == {}


def test_an_aborted_append_leaves_no_hole(connection):
    append(connection, "e", [draft()])
    with connection.transaction(force_rollback=True):
        log.append(connection, log.lock_head(connection, "e"), [draft(), draft()])

    (fact,) = append(connection, "e", [draft()])

    assert fact.position == 2


def test_many_writers_leave_positions_without_a_hole_and_versions_in_their_order(database):
    def write(number):
        with db.connect(database) as connection:
            for _ in range(10):
                append(connection, "e", [draft(f"customer:{number}"), draft("customer:all")])

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(write, range(6)))

    with db.connect(database) as connection:
        facts = tuple(log.read_all(connection, "e"))
    assert [fact.position for fact in facts] == list(range(1, 121))
    assert [f.version for f in facts if f.stream == "customer:all"] == list(range(1, 61))


def test_ten_thousand_facts_go_in_one_transaction(connection):
    facts = append(connection, "e", [draft() for _ in range(log.LARGEST_APPEND)])

    assert len(facts) == 10_000
    assert log.heads(connection) == {"e": 10_000}
    assert list(log.altered(connection, "e")) == []


def test_an_altered_column_is_found_by_its_leaf(connection):
    append(connection, "e", [draft(), draft(), draft()])
    connection.execute("ALTER TABLE fact DISABLE TRIGGER append_only")
    connection.execute("UPDATE fact SET actor = 'eve' WHERE position = 2")

    assert list(log.altered(connection, "e")) == [2]
