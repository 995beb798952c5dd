"""Workers without a service: poster and views brought to the heads; and how far they are."""

import signal
from threading import Event

import click

from api.cli.output import as_json, examples, print_json, print_table, run_every_option
from api.cli.session import now, open_ledger
from api.processes import Processes
from api.processes import work as work_here
from api.reviving import revived
from store import leases
from store.db import connect, migrate, open_database


@click.command(
    epilog=examples(
        "tieout work",
        "tieout work --processes 2",
        "tieout work --processes 4 --run-every 0 --json",
    )
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many entities are worked on at once: one process for each core is enough.",
)
@run_every_option
@click.option(
    "--lease-seconds",
    default=leases.SECONDS,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="After so long without a sign of life another worker takes over.",
)
@as_json
def work(*, processes: int, run_every: float, lease_seconds: float, as_json: bool) -> None:
    """Bring poster and views to the heads until it is stopped. SIGTERM stops it, or Ctrl-C."""
    with open_database() as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        if as_json:
            print_json({"processes": processes})
        else:
            click.echo(f"Working in {processes} process{'es' if processes > 1 else ''}")
        with revived(server):
            if processes == 1:
                work_here(server.dsn, now, run_every or None, lease_seconds)
            else:
                _work_in(server.dsn, processes, run_every or None, lease_seconds)


@click.command(
    epilog=examples("tieout lag", "tieout lag --entity acme --json"),
)
@click.option("--entity", "-e", help="One legal entity; all without it.")
@as_json
def lag(*, entity: str | None, as_json: bool) -> None:
    """Say how far poster and views are behind, in facts and in time. Who is at it is told, too."""
    with open_ledger() as ledger:
        found = ledger.lag(entity)
    if as_json:
        print_json(found)
        return
    print_table(
        ["entity", "projection", "head", "passed", "behind", "oldest (s)", "worker"],
        [
            (
                *(row.entity, row.projection, row.head, row.position),
                *(row.facts, row.oldest_seconds, row.worker),
            )
            for row in found
        ],
    )


def _work_in(dsn: str, count: int, run_every: float | None, lease_seconds: float) -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    workers = Processes(dsn, now, count, run_every, lease_seconds)
    # With a timeout, so that a signal is heard.
    while not stop.wait(1.0):
        pass
    workers.stop()
