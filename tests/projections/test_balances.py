"""Trial balance, revenue by period and the bridge, on the story of the late usage."""

from datetime import date

import pytest
from msgspec.structs import replace

from domain.facts import When
from domain.judgement import JudgeNature
from projections import generations
from projections.question import Behind, Question
from projections.revenue import Bridge, Late, PeriodRevenue, bridge, revenue_by_period
from projections.trial_balance import Balance, PeriodBalance, by_period, trial_balance
from store.log import read_categories

ASK = Question(entity="acme", book="us-gaap")
FIRST_RUN = 10


def usd(account, minor):
    return Balance(
        account=account,
        currency="USD",
        minor=minor,
        functional_currency="USD",
        functional_minor=minor,
    )


def standing(minor):
    """Nothing is billed, so what is earned stands as an unbilled receivable."""
    return (usd("contract-liability", 0), usd("revenue", -minor), usd("unbilled-receivable", minor))


def test_the_trial_balance_stands_at_both_clocks(books):
    books.quarter_with_late_usage().catch_up()
    february = replace(ASK, through=date(2024, 2, 29))

    now = trial_balance(books.connection, february)
    earned = trial_balance(books.connection, replace(february, basis="earned"))
    then = trial_balance(books.connection, replace(ASK, known_at=FIRST_RUN))

    assert now.rows == standing(200_000)
    assert earned.rows == standing(220_000)
    assert (then.run, then.rows) == (
        FIRST_RUN,
        standing(300_000),
    )


def test_an_account_moves_by_the_period_booked_and_the_period_earned(books):
    books.quarter_with_late_usage().catch_up()

    found = by_period(books.connection, replace(ASK, through=date(2024, 4, 30)), "revenue")

    moves = [(row.booked, row.earned, row.minor) for row in found.rows]
    assert moves == [
        ("2024-01", date(2024, 1, 31), -100_000),
        ("2024-02", date(2024, 2, 29), -100_000),
        ("2024-03", date(2024, 3, 31), -100_000),
        ("2024-04", date(2024, 2, 29), -20_000),
        ("2024-04", date(2024, 4, 30), -100_000),
    ]
    assert isinstance(found.rows[0], PeriodBalance)


def month(period, reported, earned):
    return PeriodRevenue(
        period=period, currency="USD", reported_minor=reported, earned_minor=earned
    )


def test_revenue_is_reported_in_one_month_and_earned_in_another(books):
    books.quarter_with_late_usage().catch_up()

    assert revenue_by_period(books.connection, ASK).rows == (
        month("2024-01", 100_000, 100_000),
        month("2024-02", 100_000, 120_000),
        month("2024-03", 100_000, 100_000),
        month("2024-04", 120_000, 100_000),
    )


def test_the_bridge_names_what_came_late(books):
    books.quarter_with_late_usage().catch_up()

    february = bridge(books.connection, ASK).rows[1]

    assert february == Bridge(
        period="2024-02",
        currency="USD",
        reported_minor=100_000,
        booked_later_minor=20_000,
        booked_here_minor=0,
        earned_minor=120_000,
        restated_minor=100_000,
        late=(
            Late(
                earned="2024-02",
                booked="2024-04",
                currency="USD",
                cause="usage-batch-accepted",
                minor=20_000,
                lines=1,
            ),
        ),
    )


def test_the_bridge_says_what_a_change_is_and_who_judged_it(books):
    books.quarter_with_late_usage().catch_up()
    late = next(
        fact.position
        for fact in read_categories(books.connection, "acme", ["usage"])
        if fact.recorded_at.month > 3
    )
    judge = JudgeNature(
        when=When(effective=date(2024, 4, 30)),
        facts=(late,),
        nature="error",
        reason="meter was off",
        approved_by="bob",
        is_material=True,
    )
    at = books.tell("judgement:j1", judge)
    books.run(date(2024, 4, 30))
    books.catch_up()

    rows = {row.period: row for row in bridge(books.connection, ASK).rows}
    part = rows["2024-02"].late[0]

    assert (part.nature, part.judgement, part.judged_by) == ("error", at, ("ann", "bob"))
    assert {name: row.restated_minor for name, row in rows.items()} == {
        "2024-01": 100_000,
        "2024-02": 120_000,
        "2024-03": 100_000,
        "2024-04": 100_000,
    }
    assert rows["2024-02"].reported_minor == 100_000


def test_every_bridge_adds_up(books):
    books.quarter_with_late_usage().catch_up()

    for row in bridge(books.connection, ASK).rows:
        moved = row.booked_later_minor - row.booked_here_minor
        assert row.reported_minor + moved == row.earned_minor


def test_a_reader_is_told_that_the_view_has_not_come_so_far(books):
    books.quarter_with_late_usage().catch_up()
    books.subscribe("s2")

    with pytest.raises(Behind):
        trial_balance(books.connection, replace(ASK, at_least=17))


def test_folding_in_small_steps_gives_the_same_view(books):
    books.quarter_with_late_usage()
    found = []
    for batch in (1, 7, 5_000):
        with books.connection.transaction(force_rollback=True):
            books.catch_up(batch)
            found.append(trial_balance(books.connection, ASK).rows)

    assert found == [found[0]] * 3
    assert found[0] == standing(420_000)


def test_before_anything_is_folded_there_is_nothing_to_see(connection):
    generations.live(connection)

    assert trial_balance(connection, ASK).rows == ()
