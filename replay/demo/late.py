"""In the month after the last close: what should have been known a quarter before, and loose ends.

An upgrade that nobody had keyed, usage that was stuck, a meter that had counted double; then rows
that nobody can charge yet, each for another reason, and rows that are no usage at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from msgspec import Struct, structs

from domain.errors import Rejected
from domain.facts import When
from domain.subscription import StartSubscription
from domain.usage import DeclareUsageWindow, UsageRow
from replay.demo import usage
from replay.demo.company import ACTOR, ask
from replay.demo.customers import Member
from replay.demo.saying import changed, item
from replay.demo.story import Story
from replay.demo.usage import GATEWAY, METERING
from store.usage_input import Raw

LATE_EVENTS = 1_000
LATE_CUSTOMERS = 20
MORE_SEATS = 25
# An item with a few rows a month, priced by what they are for.
LOOKED_AT = "messages"


class Late(Struct, frozen=True, kw_only=True):
    """What came late, and where to look for it: positions are those of posting runs.

    `before` and `after` are the runs on either side of the upgrade, true `since` a day and learned
    on another; `run` is the one that took in late and corrected usage. `payer` uses an item of
    which a line is worth a look.
    """

    entity: str
    month: str
    upgraded: str
    since: date
    learned: date
    payer: str
    item: str
    before: int
    after: int
    corrected: str
    run: int


def truth(story: Story, first: date, last: date) -> Late:
    """Of a month that was closed and sealed a quarter ago."""
    ledger, today = story.ledger, story.moment.at.date()
    served = [one for one in story.whole.of(story.country) if _is_served(one, first, today)]
    steady = [one for one in served if not one.who.annual and len(one.acts) <= PLAIN]
    payers = [one for one in served if LOOKED_AT in usage.meters_of(one.who.plan)]
    if not steady or not payers:
        raise Rejected("demo-too-small", field="customers", hint="more customers, or another seed")
    before = ledger.run(story.entity, today, actor=ACTOR).positions[-1]
    upgraded, since = steady[-1].who, first + timedelta(days=9)
    order = changed(
        upgraded,
        since,
        "order form found in the contract folder",
        quantity=upgraded.seats + MORE_SEATS,
    )
    story.say([order])
    after = ledger.run(story.entity, today, actor=ACTOR).positions[-1]
    stuck = _stuck(story, served, first, last)
    story.take(METERING, stuck, f"collector cut off in {first:%Y-%m}")
    corrected = _double_counted(story, first)
    run = ledger.run(story.entity, today, actor=ACTOR).positions[-1]
    return Late(
        entity=story.entity,
        month=f"{first:%Y-%m}",
        upgraded=upgraded.subscription,
        since=since,
        learned=today,
        payer=payers[0].who.subscription,
        item=LOOKED_AT,
        before=before,
        after=after,
        corrected=corrected,
        run=run,
    )


# Registered, sold, and perhaps renewed twice: nothing else happened to them.
PLAIN = 4


def _is_served(one: Member, first: date, today: date) -> bool:
    return any(since <= first and until > today for since, until in one.served)


def _stuck(story: Story, served: Sequence[Member], first: date, last: date) -> Iterator[UsageRow]:
    """Events of a collector that was cut off: an even share of each of some customers."""
    whose = [one for one in served if usage.bulk_meters(one.who.plan)][:LATE_CUSTOMERS]
    each, more = divmod(LATE_EVENTS, max(len(whose), 1))
    for place, one in enumerate(whose):
        yield from usage.many(one, first, last, each + (place < more), story.chance, "late-")


def _double_counted(story: Story, first: date) -> str:
    """One customer's compute meter had counted double: its rows of the month, corrected."""
    compute = [row for row in story.kept if row.meter == "compute"]
    if not compute:
        raise Rejected("demo-too-small", field="events", hint="more events")
    wrong = [row for row in compute if row.subscription == compute[0].subscription]
    right = [structs.replace(row, quantity=row.quantity / 2) for row in wrong]
    story.take(METERING, right, f"meter of {first:%Y-%m} had counted double", "correction")
    return wrong[0].subscription


# --- what nobody can charge yet ------------------------------------------------------------------


def loose_ends(story: Story) -> None:
    """Of the running month: no close waits for it, and each may still be cured."""
    today = story.moment.at.date()
    served = [one for one in story.whole.of(story.country) if _is_served(one, today, today)]
    by_plan = {one.who.plan: one for one in served}
    if tests := [*_not_meant(story)]:
        story.take(METERING, tests, "a test run of the collector", "retraction")
    story.take(METERING, [*_odd_rows(story, by_plan, today)], "rows nobody can charge yet")
    story.take(GATEWAY, [*_held(story)], "messages of long ago")
    _sold_to_nobody(story, today)
    window = DeclareUsageWindow(
        when=When(effective=today),
        window_from=today.replace(day=1),
        window_to=today,
        first_batch=story.batches[GATEWAY] + 1,
        last_batch=story.batches[GATEWAY] + 1,
    )
    story.send([ask(story.entity, f"usage:{GATEWAY}", "window", window, "one batch on its way")])


def _not_meant(story: Story) -> Iterator[UsageRow]:
    """Rows of the month that was looked at again which never should have been sent."""
    yield from [row for row in story.kept if row.meter == "users"][:3]


def _odd_rows(story: Story, by_plan: Mapping[str, Member], today: date) -> Iterator[Raw]:
    """A row for each reason to wait, two that are no usage, one sent twice, and one too large."""
    at = datetime.combine(today - timedelta(days=2), time(12), UTC)

    def row(number: int, subscription: str, meter: str, **more: object) -> dict[str, object]:
        return {
            "event_id": f"odd-{number}",
            "subscription": subscription,
            "meter": meter,
            "quantity": "7",
            "occurred_at": at.isoformat(),
        } | more

    yield row(1, "s-not-signed-yet", "compute")
    if any_one := next(iter(by_plan.values()), None):
        yield row(2, any_one.who.subscription, "gpu-minutes")
        yield row(3, any_one.who.subscription, "compute", quantity="a lot")
        yield row(4, any_one.who.subscription, "compute", occurred_at=f"{today}T12:00:00")
    if media := by_plan.get("media"):
        yield row(5, media.who.subscription, "sms")
        yield row(6, media.who.subscription, "logs", unit="barrel")
        yield row(7, media.who.subscription, "logs")
        yield row(7, media.who.subscription, "logs")
        # Read in another unit than it was sent in: billed all the same, and shown.
        yield row(12, media.who.subscription, "bandwidth", quantity="90000", unit="mbit")
    if scale := by_plan.get("scale"):
        yield row(8, scale.who.subscription, "messages")
        far = {"region": "antarctica", "channel": "mail"}
        yield row(9, scale.who.subscription, "messages", dimensions=far)
    if left := next((one for one in story.whole.of(story.country) if _has_left(one, at)), None):
        yield row(10, left.who.subscription, usage.meters_of(left.who.plan)[0])


def _has_left(one: Member, at: datetime) -> bool:
    return max(until for _, until in one.served) <= at.date()


def _held(story: Story) -> Iterator[UsageRow]:
    """Messages of the month that was looked at again: their price takes two periods back."""
    of_old = [row for row in story.kept if row.meter == "messages"]
    for row in of_old[:3]:
        yield structs.replace(row, event_id=f"{row.event_id}-again", quantity=Decimal(5))


def _sold_to_nobody(story: Story, today: date) -> None:
    """A deal for a customer that nobody has registered, and its first usage."""
    any_one = story.whole.of(story.country)[0].who
    command = StartSubscription(
        when=When(effective=today.replace(day=1)),
        customer="not-registered",
        currency=any_one.country.currency,
        term_from=today.replace(day=1),
        term_to=None,
        items=(item(any_one, "jobs", "jobs"),),
    )
    stream = "subscription:s-not-registered"
    story.send([ask(story.entity, stream, "order form", command, "customer to be set up")])
    event = UsageRow(
        event_id="odd-11",
        subscription="s-not-registered",
        meter="jobs",
        quantity=Decimal(900),
        occurred_at=story.moment.at - timedelta(days=2),
    )
    story.take(METERING, [event], "usage of a customer to be set up")
