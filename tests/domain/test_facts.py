from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from domain.facts import Event, Fact, Retracted, When, corrected, fold, known, timeline
from domain.party import DECIDER, CustomerAmended, CustomerRegistered
from tests.domain.given import fact, on

STREAM = "customer:c1"


def told(position: int, days: int, corrects: int | None = None) -> Fact:
    event = CustomerAmended(when=on(1, position), payment_terms_days=days)
    return fact(position, stream=STREAM, event=event, corrects=corrects)


def retracts(position: int, corrects: int) -> Fact:
    event = Retracted(when=on(1, corrects))
    return fact(position, stream=STREAM, event=event, corrects=corrects)


def positions(facts: list[Fact], at: int | None = None) -> list[int]:
    return [fact.position for fact in known(facts, at)]


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    assert positions([told(1, 30), told(2, 60), told(3, 45, corrects=1)]) == [2, 3]


def test_a_retraction_leaves_nothing() -> None:
    assert positions([told(1, 30), told(2, 60), retracts(3, corrects=1)]) == [2]


def test_before_a_correction_was_known_the_fact_stands() -> None:
    log = [told(1, 30), told(2, 45, corrects=1)]

    assert positions(log, at=1) == [1]
    assert positions(log, at=2) == [2]


def test_only_the_last_of_a_chain_of_corrections_stands() -> None:
    log = [told(1, 30), told(2, 31, corrects=1), told(3, 32, corrects=2), told(4, 33, corrects=3)]

    assert positions(log) == [4]


def test_a_retracted_correction_brings_back_what_it_replaced() -> None:
    assert positions([told(1, 30), told(2, 31, corrects=1), retracts(3, corrects=2)]) == [1]


def test_a_retracted_retraction_brings_back_what_it_took() -> None:
    assert positions([told(1, 30), retracts(2, corrects=1), retracts(3, corrects=2)]) == [1]


def test_each_retraction_of_a_retraction_turns_the_fact_over() -> None:
    log = [told(1, 30)] + [retracts(position, position - 1) for position in range(2, 8)]

    assert [positions(log, at) for at in range(1, 8)] == [[1], [], [1], [], [1], [], [1]]


def test_retracting_the_middle_of_a_chain_needs_the_end_of_it_gone() -> None:
    """The end of the chain corrects the middle, so the middle is dead whatever is said of it."""
    log = [told(1, 30), told(2, 31, corrects=1), told(3, 32, corrects=2), retracts(4, corrects=3)]

    assert positions(log) == [2]
    assert positions([*log, retracts(5, corrects=2)]) == [1]


def test_what_is_known_does_not_depend_on_the_order_of_reading() -> None:
    log = [told(1, 30), told(2, 31, corrects=1), retracts(3, corrects=2), told(4, 60)]

    assert {tuple(positions(list(order))) for order in permutations(log)} == {(1, 4)}


def test_a_timeline_goes_by_effective_date_then_order() -> None:
    def at(position: int, *, day: int, order: int) -> Fact:
        event: Event = CustomerAmended(when=on(1, day, order=order), payment_terms_days=position)
        return fact(position, stream=STREAM, event=event)

    log = [at(1, day=9, order=1), at(2, day=3, order=7), at(3, day=3, order=2)]

    assert [row.position for row in timeline(log)] == [3, 2, 1]


def test_a_state_is_folded_from_the_corrected_timeline() -> None:
    registered = CustomerRegistered(when=on(1, 1), currency="USD")
    log = [fact(1, stream=STREAM, event=registered), retracts(2, corrects=1)]

    assert fold(DECIDER, log[:1]).is_registered
    assert not fold(DECIDER, log).is_registered


def test_an_amendment_is_measured_when_it_was_agreed_if_that_is_later() -> None:
    day, later = on(1, 1).effective, on(3, 1).effective

    assert When(effective=day).measured == day
    assert When(effective=day, agreed_on=later).measured == later
    assert When(effective=later, agreed_on=day).measured == later


def standing(log: list[Fact]) -> list[int]:
    """The same by its definition: from each first fact follow the latest correction that counts."""

    def counts(row: Fact) -> bool:
        last = latest(row)
        return last is None or not isinstance(last.event, Retracted)

    def latest(row: Fact) -> Fact | None:
        counted = [by for by in log if by.corrects == row.position and counts(by)]
        return counted[-1] if counted else None

    found = []
    for first in (row for row in log if row.corrects is None):
        end = first
        while (row := latest(end)) is not None:
            end = row
        if not isinstance(end.event, Retracted):
            found.append(end.position)
    return found


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """Facts, corrections and retractions of any fact, also of one that no longer stands."""
    log: list[Fact] = []
    for position in range(1, draw(st.integers(1, 14)) + 1):
        target = draw(st.sampled_from([None, *log]))
        if target is None:
            log.append(told(position, 30))
        elif isinstance(target.event, Retracted) or draw(st.booleans()):
            log.append(retracts(position, target.position))
        else:
            log.append(told(position, 30, target.position))
    return log


@given(logs())
def test_of_each_chain_the_end_of_what_counts_stands(log: list[Fact]) -> None:
    assert sorted(positions(log)) == sorted(standing(log))


@given(logs())
def test_whoever_no_longer_stands_says_what_stands_in_its_place(log: list[Fact]) -> None:
    dead = corrected(log)

    assert not set(dead) & {row.position for row in known(log)}
    assert not set(dead) & set(dead.values())


def test_a_correction_brought_back_does_not_stand_beside_the_one_that_took_its_place() -> None:
    log = [told(1, 30), told(2, 31, 1), retracts(3, 2), told(4, 32, 1), retracts(5, 3)]

    assert [positions(log, at) for at in range(1, 6)] == [[1], [2], [1], [4], [4]]
    assert corrected(log) == {1: 4, 2: 4, 3: 4, 5: 4}
