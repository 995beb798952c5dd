"""The service on one machine: the private PostgreSQL, poster and views, and the HTTP face."""

import socket
from contextlib import suppress

import click
import uvicorn

from api.app import another_key, create_app, first_key
from api.cli.output import as_json, examples, print_json, run_every_option
from api.cli.session import now
from api.processes import running
from api.reviving import revived
from store.db import connect, migrate, open_database
from store.failure import StoreError

# That a service has not taken up yet.
WAITING_CONNECTIONS = 2048


@click.command(
    epilog=examples(
        "tieout serve",
        "tieout serve --port 9000 --json",
        "tieout serve --workers 2",
        "tieout serve --new-key          when the key is lost, or was seen by others",
        "curl -H 'Authorization: Bearer KEY' 127.0.0.1:8321/v1/heads",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@run_every_option
@click.option(
    "--workers",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Bring poster and views to the heads in so many processes; 0 does it within this one.",
)
@click.option("--new-key", is_flag=True, help="Make another admin key; the old one is void.")
@as_json
def serve(
    *, host: str, port: int, run_every: float, workers: int, new_key: bool, as_json: bool
) -> None:
    """Serve the ledger over HTTP under /v1. The first start prints the admin key, once."""
    with open_database() as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        # First of all: what cannot be served takes no key, which is shown only once.
        with _listening(host, port) as bound:
            token = another_key(server.dsn) if new_key else first_key(server.dsn)
            if token is not None:
                _say({"admin_key": token}, f"Admin key, shown only now: {token}", as_json=as_json)
            config = uvicorn.Config(
                create_app(server.dsn, run_every or None, follows=workers == 0),
                log_level="warning",
                access_log=False,
            )
            # An interrupt has stopped the server in good order by the time it arrives here.
            beside = running(server.dsn, now, workers, run_every or None)
            with suppress(KeyboardInterrupt), revived(server), beside:
                Announcing(config, as_json=as_json).run(sockets=[bound])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING_CONNECTIONS)
    except OSError as problem:
        raise StoreError("address-not-usable", f"cannot listen: {problem.strerror}") from None


def _say(value: dict[str, str], words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        click.echo(words)


class Announcing(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, *, as_json: bool) -> None:
        super().__init__(config)
        self.as_json = as_json

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        for listening in self.servers:
            for bound in listening.sockets:
                host, port = bound.getsockname()[:2]
                address = f"http://{host}:{port}"
                words = f"Serving on {address} (OpenAPI: /v1/openapi.json)"
                _say({"address": address}, words, as_json=self.as_json)
