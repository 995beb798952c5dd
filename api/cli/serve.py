"""The service on one machine: the private PostgreSQL, poster and views, and the HTTP face."""

from contextlib import suppress

import click
import uvicorn

from api.app import create_app, first_key
from api.cli.output import examples
from store.db import connect, migrate, open_database


@click.command(
    epilog=examples(
        "tieout serve",
        "tieout serve --port 9000",
        "curl -H 'Authorization: Bearer KEY' 127.0.0.1:8321/v1/heads",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind.")
@click.option("--port", default=8321, show_default=True, help="The port; 0 takes a free one.")
@click.option(
    "--run-every",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Post late facts by itself at most every so many seconds; 0 leaves runs to you.",
)
def serve(*, host: str, port: int, run_every: float) -> None:
    """Serve the ledger over HTTP under /v1. The first start prints the admin key, once."""
    with open_database() as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        if (token := first_key(server.dsn)) is not None:
            click.echo(f"Admin key, shown only now: {token}")
        config = uvicorn.Config(
            create_app(server.dsn, run_every or None),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
        )
        # An interrupt has stopped the server in good order by the time it arrives here.
        with suppress(KeyboardInterrupt):
            Announcing(config).run()


class Announcing(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        for listening in self.servers:
            for bound in listening.sockets:
                host, port = bound.getsockname()[:2]
                click.echo(f"Serving on http://{host}:{port} (OpenAPI: /v1/openapi.json)")
