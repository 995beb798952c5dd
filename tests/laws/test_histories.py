"""The histories the laws are asked of hold what they are said to hold."""

from collections import Counter
from itertools import chain

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from domain.books import BookOpened, PeriodClosed, PeriodReopened, PostingRun
from domain.facts import Retracted
from domain.usage import UsageBatchAccepted
from tests.laws.count import facts_of, kind_of
from tests.laws.histories import history
from tests.laws.memory import Arrival, History

HISTORIES = 200


def drawn() -> list[History]:
    """The first 200, as the laws draw them."""
    found: dict[tuple[int, int], History] = {}

    @seed(0)
    @settings(
        max_examples=HISTORIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32), st.integers(0, 100))
    def draw(number: int, size: int) -> None:
        found[number, size] = history(number, size)

    draw()
    return list(found.values())


def facts(told: History) -> list[Arrival]:
    return [arrival for log in told.logs.values() for arrival in facts_of(log)]


def of(told: History, kind: type) -> int:
    return sum(isinstance(arrival.event, kind) for arrival in facts(told))


def contracts(told: History) -> int:
    streams = {
        (entity, arrival.stream) for entity, log in told.logs.items() for arrival in facts_of(log)
    }
    return sum(stream.startswith(("subscription:", "contract:")) for _, stream in streams)


def corrections_of_corrections(told: History) -> int:
    corrected = {arrival.key: arrival.corrects for arrival in facts(told)}
    return sum(corrected.get(by) is not None for by in corrected.values() if by is not None)


def most_on_one_day(told: History) -> int:
    days = (
        Counter(arrival.event.when.effective for arrival in facts_of(log))
        for log in told.logs.values()
    )
    return max(day.most_common(1)[0][1] for day in days)


def usage_taken_back(told: History) -> int:
    return sum(
        isinstance(arrival.event, UsageBatchAccepted) and arrival.event.kind == "retraction"
        for arrival in facts(told)
    )


def is_refused(log: tuple[Arrival, ...]) -> bool:
    return any(arrival.is_refused for arrival in log)


def test_every_history_is_within_its_bounds() -> None:
    for told in drawn():
        currencies = {getattr(arrival.event, "currency", None) for arrival in facts(told)}
        books = {
            (entity, arrival.stream)
            for entity, log in told.logs.items()
            for arrival in log
            if isinstance(arrival.event, BookOpened)
        }

        assert len(told.logs) == 2
        assert len(books) == 4
        assert {"USD", "JPY"} <= currencies
        assert 3 <= contracts(told) <= 8
        assert 20 <= len(facts(told)) <= 200
        assert 2 <= of(told, PostingRun) <= 6
        assert 1 <= of(told, PeriodClosed) <= 4
        assert of(told, PeriodReopened) >= 1
        assert most_on_one_day(told) > 2


def test_half_of_the_histories_hold_whatever_not_all_of_them_hold() -> None:
    histories = drawn()
    kinds = [{kind_of(arrival) for arrival in facts(told)} for told in histories]
    shares = Counter(chain.from_iterable(kinds))
    shares["correction of a correction"] = sum(
        map(bool, map(corrections_of_corrections, histories))
    )
    shares["usage taken back"] = sum(map(bool, map(usage_taken_back, histories)))
    shares["a refused change of currency"] = sum(
        any(arrival.is_refused for log in told.logs.values() for arrival in log)
        for told in histories
    )

    assert {kind: times for kind, times in shares.items() if times < len(histories) / 2} == {}


def test_a_retraction_takes_back_a_correction_now_and_then() -> None:
    taken = [
        arrival
        for told in drawn()
        for arrival in facts(told)
        if isinstance(arrival.event, Retracted)
        and any(one.key == arrival.corrects and one.corrects is not None for one in facts(told))
    ]

    assert len(taken) >= 20
