"""Events to columns and back, old versions of payloads, and what must never be skipped."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from domain.catalogue import Adopted
from domain.deciders import EVENTS
from domain.errors import Malformed
from domain.facts import Event, When
from domain.price import PriceSet
from domain.pricing import Graduated, Tier
from domain.subscription import Item, SubscriptionStarted
from store.codec import CODEC, Codec, Encoded, canonical_json, tag_of
from store.failure import StoreError

WHEN = When(
    effective=date(2026, 1, 1),
    agreed_on=date(2025, 12, 1),
    order=3,
    at=datetime(2026, 1, 1, 5, tzinfo=UTC),
)


class SeatsSet(Event, frozen=True, kw_only=True, tag="seats-set"):
    """A made-up event at its third version: `seats` was `count`, and had no `site`."""

    seats: int
    site: str


def renamed(payload):
    return {"seats": payload["count"]}


def with_site(payload):
    return payload | {"site": "main"}


SEATS = Codec([SeatsSet], {("seats-set", 1): renamed, ("seats-set", 2): with_site})


def price(amount):
    return PriceSet(
        when=WHEN,
        currency="USD",
        model=Graduated(tiers=(Tier(unit_amount=Decimal(amount), up_to=Decimal("1E+3")),)),
    )


def test_every_event_has_a_tag_of_its_own_given_by_hand():
    tags = [tag_of(event) for event in EVENTS]

    assert len(set(tags)) == len(tags)
    assert not [tag for tag in tags if "." in tag or tag != tag.lower()]


def test_a_payload_holds_neither_the_tag_nor_what_the_columns_say():
    event = SubscriptionStarted(
        when=WHEN,
        customer="c",
        currency="USD",
        term_from=date(2026, 1, 1),
        term_to=date(2027, 1, 1),
        items=(Item(item="i", price="p", quantity=Decimal("2.50")),),
    )

    assert CODEC.encode(event) == Encoded(
        "subscription-started",
        1,
        '{"alignment":"anniversary","anchor_day":null,"cancellable_days":null,'
        '"contract":"by-rule","currency":"USD","customer":"c","items":[{"item":"i","price":"p","quantity":"2.5"}],'
        '"renews_months":null,"term_from":"2026-01-01","term_to":"2027-01-01",'
        '"trial_to":null,"zone":"UTC"}',
    )


def test_an_event_comes_back_as_it_was():
    event = price("0.0000004")

    assert CODEC.decode(CODEC.encode(event), WHEN) == event


def test_an_adopted_fact_keeps_the_whole_content_with_its_own_dates():
    event = Adopted(
        when=WHEN,
        origin="group",
        origin_position=4,
        origin_stream="price:p",
        origin_leaf="00",
        content=price("0.10"),
    )

    assert CODEC.decode(CODEC.encode(event), WHEN) == event


def test_one_amount_is_one_text_however_it_was_typed():
    texts = {CODEC.encode(price(amount)).payload for amount in ("1000", "1E+3", "1000.000")}

    assert len(texts) == 1
    assert '"unit_amount":"1000"' in texts.pop()


def test_instants_are_written_in_utc_with_all_their_digits():
    moment = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))

    assert canonical_json({"at": moment}) == '{"at":"2026-01-01T00:00:00.000000Z"}'


def test_what_is_no_number_is_refused():
    with pytest.raises(Malformed, match="not-finite"):
        CODEC.encode(price("NaN"))


def test_a_payload_of_an_old_version_is_raised_step_by_step():
    event = SeatsSet(when=WHEN, seats=5, site="main")

    assert SEATS.decode(Encoded("seats-set", 1, '{"count":5}'), WHEN) == event
    assert SEATS.decode(Encoded("seats-set", 2, '{"seats":5}'), WHEN).site == "main"
    assert SEATS.encode(event) == Encoded("seats-set", 3, '{"seats":5,"site":"main"}')


def test_a_version_from_the_future_stops_the_reader():
    with pytest.raises(StoreError, match="known up to version 3, the log has version 4"):
        SEATS.decode(Encoded("seats-set", 4, "{}"), WHEN)


def test_an_unknown_tag_stops_the_reader():
    with pytest.raises(StoreError, match="no event has the tag seats-set"):
        CODEC.decode(Encoded("seats-set", 1, "{}"), WHEN)


def test_an_unknown_field_stops_the_reader():
    with pytest.raises(msgspec.ValidationError, match="unknown field `colour`"):
        SEATS.decode(Encoded("seats-set", 3, '{"seats":5,"site":"a","colour":"red"}'), WHEN)
