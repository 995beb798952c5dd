"""One of several processes that issue invoices at once: `number_sender DSN NAME COUNT`.

Each third is refused for its lines, and each command is asked twice. TIEOUT_FAILPOINT may kill it.
"""

import sys
from datetime import UTC, date, datetime

from domain.errors import Rejected
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from store import db
from store.request import Request
from store.transact import append_many

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TOGETHER = 4


def issue(name: str, place: int) -> Request:
    line = InvoiceLine(line="1", amount_minor=-1 if place % 3 == 2 else 100 + place)
    command = IssueInvoice(
        when=When(effective=date(2026, 1, 1)), customer="a", currency="USD", lines=(line,)
    )
    stream = f"invoice:{name}-{place}"
    return Request(entity="e", stream=stream, key=f"{name}:{place}", command=command)


def send(connection: db.Connection, name: str, count: int) -> list[str]:
    """The keys that were refused."""
    refused = []
    for first in range(0, count, TOGETHER):
        some = [issue(name, place) for place in range(first, min(first + TOGETHER, count))]
        outcomes = append_many(connection, "e", [*some, *some], clock=lambda: NOW)
        for request, outcome in zip([*some, *some], outcomes, strict=True):
            if isinstance(outcome, Rejected):
                refused.append(request.key)
    return refused


if __name__ == "__main__":
    dsn, name, count = sys.argv[1:]
    with db.connect(dsn) as opened:
        send(opened, name, int(count))
