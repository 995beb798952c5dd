"""What one seed draws: a story to tell, the script of each round, and the acts that bait a fault.

A story is one drawn history of two entities in a database of its own. A round tells a few of its
arrivals, does what a live ledger does beside them, and ends with acts that must pass the place
where the fault waits. The same seed draws the same scripts and the same faults in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from msgspec import Struct, field

from domain.books import PeriodClosed, PeriodSealed, PostingRun
from domain.facts import When
from domain.party import CustomerRegistered
from domain.usage import UsageBatchAccepted, UsageRow
from store import failpoint
from tests.laws.histories import history
from tests.laws.memory import Arrival

BAITS = 3  # passings of its place that a script ends with; counts are drawn up to this
ARRIVALS_MAX = 14
SMALL = (1, 2, 7, 5_000)
# The places of a bank's import and of a billing run have rounds of their own.
APART = ("bank-", "billing-")
PLACES = tuple(name for name in failpoint.NAMES if not name.startswith(APART))


class Tell(Struct, frozen=True, kw_only=True):
    """One arrival, told under its key. Repeats and broken rows go with a usage batch of ours.

    Of a usage batch no more than `together` rows are in memory at once: a longer one is staged.
    """

    entity: str
    arrival: Arrival
    seals: bool = False
    repeats: tuple[UsageRow, ...] = ()
    broken: int = 0
    together: int = 10_000


class CatchUp(Struct, frozen=True, kw_only=True):
    """Poster and views to the head, in batches of `batch` facts and chunks of `units` units."""

    entity: str
    batch: int
    units: int


class Rebuild(Struct, frozen=True, kw_only=True):
    """Every view beside the live one, and switched in."""

    batch: int


Step = Tell | CatchUp | Rebuild
Script = tuple[Step, ...]


class Story(Struct, kw_only=True):
    """A history in a database of its own, and how much of it was told."""

    number: int
    size: int
    waiting: list[Tell]
    told: list[Tell] = field(default_factory=list)
    rows: dict[str, list[UsageRow]] = field(default_factory=dict)
    made: int = 0

    @property
    def entities(self) -> list[str]:
        return sorted({step.entity for step in (*self.told, *self.waiting)})

    def tell(self, steps: Script) -> None:
        """They are told from here on; whoever asks again asks for one of them."""
        self.told += [step for step in steps if isinstance(step, Tell)]

    def arrivals(self, entity: str) -> tuple[Arrival, ...]:
        return tuple(step.arrival for step in self.told if step.entity == entity)


def story(random: Random, number: int, *, size_max: int = 100) -> Story:
    """Two logs of one history, merged in an order of their own."""
    size = random.randint(0, size_max)
    drawn = history(number, size)
    logs = {name: list(_tells(name, log)) for name, log in drawn.logs.items()}
    merged: list[Tell] = []
    while left := [name for name in sorted(logs) if logs[name]]:
        merged.append(logs[random.choice(left)].pop(0))
    return Story(number=number, size=size, waiting=merged)


def _tells(entity: str, log: tuple[Arrival, ...]) -> Iterator[Tell]:
    """A close that a seal follows is one act; the seal alone is nothing anybody may say."""
    for place, arrival in enumerate(log):
        following = log[place + 1] if place + 1 < len(log) else None
        if isinstance(arrival.event, PeriodSealed):
            continue
        seals = isinstance(arrival.event, PeriodClosed) and (
            following is not None and isinstance(following.event, PeriodSealed)
        )
        yield Tell(entity=entity, arrival=arrival, seals=seals)


class Round(Struct, frozen=True, kw_only=True):
    """What is told by all who are at work, what by the one that is to fail, and more for it.

    The baits are its alone: answered to another, they would pass no place. Company may still be
    quicker, with the views for example; then it goes on with the spare ones, without company.
    """

    shared: Script
    baits: Script
    spare: Script


def script(random: Random, told: Story, place: str) -> Round:
    """Some arrivals with catch-ups and rebuilds in between, a few again; then the baits."""
    count = random.randint(min(4, len(told.waiting)), ARRIVALS_MAX)
    taken, told.waiting = told.waiting[:count], told.waiting[count:]
    steps: list[Step] = []
    for step in taken:
        steps.append(step)
        if random.random() < 0.15:
            steps.append(_catch_up(random, step.entity))
        if random.random() < 0.03:
            steps.append(Rebuild(batch=random.choice(SMALL)))
        if told.told and random.random() < 0.1:
            steps.append(random.choice(told.told))
    entity = random.choice(sorted({step.entity for step in (*told.told, *taken)}))
    baits = _baits(random, told, entity, place)
    told.tell((*taken, *baits))
    sent = {name: list(rows) for name, rows in told.rows.items()}
    spare = _baits(random, told, entity, place)
    told.rows = sent  # whether the spare rows are ever sent is not known, so nothing repeats them
    return Round(shared=tuple(steps), baits=baits, spare=spare)


def _catch_up(random: Random, entity: str) -> CatchUp:
    return CatchUp(entity=entity, batch=random.choice(SMALL), units=random.choice((1, 2, 2_000)))


def _baits(random: Random, told: Story, entity: str, place: str) -> Script:
    return tuple(step for _ in range(BAITS) for step in _bait(random, told, entity, place))


def _bait(random: Random, told: Story, entity: str, place: str) -> list[Step]:
    """Acts that pass the place at least once."""
    told.made += 1
    kind = place.partition("-")[0]
    if kind == "rebuild":
        return [Rebuild(batch=random.choice(SMALL))]
    if kind in {"poster", "view"}:
        posted = [_customer(told, entity), _usage(random, told, entity), _run(random, told, entity)]
        return [*posted, _catch_up(random, entity)]
    if kind in {"usage", "facts", "head"} or random.random() < 0.5:
        return [_usage(random, told, entity)]
    return [_customer(told, entity)]


def _key(told: Story, what: str) -> str:
    return f"{what}-{told.made}"


def _customer(told: Story, entity: str) -> Tell:
    event = CustomerRegistered(when=When(effective=date(2024, 1, 1)), currency="USD")
    name = _key(told, "customer")
    return Tell(entity=entity, arrival=Arrival(key=name, stream=f"customer:{name}", event=event))


def _run(random: Random, told: Story, entity: str) -> Tell:
    """Time goes on a little, or stays where it is."""
    through = date(2024, random.randint(1, 6), 28)
    event = PostingRun(when=When(effective=through), through=through)
    arrival = Arrival(key=_key(told, "run"), stream="run:self", event=event)
    return Tell(entity=entity, arrival=arrival)


def _usage(random: Random, told: Story, entity: str) -> Tell:
    """New rows, some that were sent before under another key, and some that nobody can read."""
    earlier = told.rows.setdefault(entity, [])
    key = _key(told, "usage")
    fresh = tuple(_row(random, f"{key}-{place}") for place in range(random.randint(1, 5)))
    repeats = tuple(random.sample(earlier, min(len(earlier), random.randint(0, 3))))
    earlier += fresh
    event = UsageBatchAccepted(
        when=When(effective=date(2024, 1, 1)),
        batch=0,
        kind="rows",
        received=len(fresh),
        duplicates=0,
        rejected=0,
        accepted=len(fresh),
        totals=(),
        subscriptions=(),
        first_day=None,
        last_day=None,
        root="0" * 64,
        batch_number=None,
    )
    return Tell(
        entity=entity,
        arrival=Arrival(key=key, stream="usage:meter", event=event, rows=fresh),
        repeats=repeats,
        broken=random.choice((0, 0, 1)),
        together=random.choice((2, 10_000)),
    )


def _row(random: Random, event_id: str) -> UsageRow:
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=random.randint(0, 330 * 24))
    return UsageRow(
        event_id=event_id,
        subscription=random.choice(("s0", "s0", "s1", "s2", "nobody")),
        meter=random.choice(("calls", "events")),
        quantity=Decimal(random.choice(("1", "3", "0.5", "12.25"))),
        occurred_at=moment,
    )
