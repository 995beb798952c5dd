"""What goes in by the row: payments as an outside system sends them, and usage events as NDJSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from domain.cash import (
    ReceivePayment,
)
from domain.facts import Source, When
from store.request import Request

FIRST = date(2024, 1, 1)
# Usage falls into three months, and one subscription has so many rows of it.
MINUTES = 91 * 24 * 60
ROWS_EACH = 100
# Each so many-th usage row is sent a second time, so many rows later: in the batch after, mostly.
AGAIN = 20
AGAIN_AFTER = 7_000


def payments(entity: str, count: int) -> Iterator[Request]:
    """Each under the name that the bank gave it, so that every unique index has its work."""
    for number in range(count):
        command = ReceivePayment(
            when=When(effective=FIRST + timedelta(days=number % 366)),
            customer=f"c{number % 5_000:06}",
            currency="USD",
            amount_minor=10_000 + number,
            reference=f"INV-{number:09}",
        )
        yield Request(
            entity=entity,
            stream=f"payment:p{number:09}",
            key=f"receipt:{number:09}",
            command=command,
            source=Source(system="bank", kind="receipt", id=f"{number:09}"),
        )


def usage(count: int) -> Iterator[bytes]:
    """Lines of NDJSON: every event, and each twentieth again, as a sender who was not answered."""
    for number in range(count + AGAIN_AFTER):
        if number < count:
            yield _usage(number, count)
        if number >= AGAIN_AFTER and number % AGAIN == 0:
            yield _usage(number - AGAIN_AFTER, count)


def usage_lines(count: int) -> int:
    return count + len(range(0, count, AGAIN))


def _usage(number: int, count: int) -> bytes:
    occurred = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number * MINUTES // count)
    line = msgspec.json.encode(
        {
            "event_id": f"e{number:09}",
            "subscription": f"s{number % max(1, count // ROWS_EACH):06}",
            "meter": "compute",
            "quantity": f"{number % 977 + 1}.{number % 10}",
            "unit": "unit",
            "occurred_at": occurred.isoformat(),
        }
    )
    return line + b"\n"
