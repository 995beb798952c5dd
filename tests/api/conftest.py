"""A service on a real socket, with the key of its first start, and a small company in it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import NamedTuple

import httpx
import pytest
import uvicorn

from api.app import create_app, first_key
from tests.conftest import Founded


class Serving(uvicorn.Server):
    """Says when it takes requests, and ends at once."""

    ready = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Until it is told: looking ten times a second keeps every test waiting at its end."""
        await self.on_tick(0)
        await self.over.wait()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)


class Client(NamedTuple):
    """Requests with a key, to paths of the service."""

    http: httpx.Client

    def get(self, path, **query):
        return self.http.get(path, params=query)

    def post(self, path, body, key=None, **more):
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.http.post(path, json=body, headers=headers, **more)

    def command(self, stream, key, command, **more):
        body = {"stream": stream, "key": key, "command": command, **more}
        return self.http.post("/v1/entities/acme/commands", json=body)


def _first(database: str) -> str:
    made = first_key(database)
    assert made is not None
    return made


@contextmanager
def _served(database: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Serving(uvicorn.Config(create_app(database), log_level="warning"))
        server.ready = Event()
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        assert server.ready.wait(30)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.end()
            thread.join()


@contextmanager
def _asked(address: str, token: str) -> Iterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as http:
        yield Client(http)


def _found(database: str) -> str:
    """The company, and the key it was told with."""
    token = _first(database)
    with _served(database) as address, _asked(address, token) as client:
        _founded(client)
    return token


@pytest.fixture
def origin(request: pytest.FixtureRequest, origin: str, founded: Founded) -> str:
    """The company where a test asks for it."""
    return founded(_found)[0] if "company" in request.fixturenames else origin


@pytest.fixture
def token(request: pytest.FixtureRequest, database: str, founded: Founded) -> str:
    return founded(_found)[1] if "company" in request.fixturenames else _first(database)


@pytest.fixture
def address(database: str) -> Iterator[str]:
    with _served(database) as address:
        yield address


@pytest.fixture
def client(address: str, token: str) -> Iterator[Client]:
    with _asked(address, token) as client:
        yield client


NEW_YEAR = {"effective": "2024-01-01"}
SETUP = (
    (
        "entity:self",
        {"type": "open-entity", "when": NEW_YEAR, "name": "Acme", "functional_currency": "USD"},
    ),
    (
        "entity:self",
        {
            "type": "define-calendar",
            "when": NEW_YEAR,
            "periods": [
                {"name": "2024-01", "first": "2024-01-01", "last": "2024-01-31"},
                {"name": "2024-02", "first": "2024-02-01", "last": "2024-02-29"},
                {"name": "2024-03", "first": "2024-03-01", "last": "2024-03-31"},
            ],
        },
    ),
    ("book:main", {"type": "open-book", "when": NEW_YEAR, "name": "main"}),
    ("meter:calls", {"type": "define-meter", "when": NEW_YEAR, "aggregation": "sum"}),
    (
        "price:call",
        {
            "type": "set-price",
            "when": NEW_YEAR,
            "currency": "USD",
            "model": {"type": "per-unit", "unit_amount": "0.02"},
            "meter": "calls",
            "bill": "arrears",
        },
    ),
    ("customer:c1", {"type": "register-customer", "when": NEW_YEAR, "currency": "USD"}),
    (
        "subscription:s1",
        {
            "type": "start-subscription",
            "when": NEW_YEAR,
            "customer": "c1",
            "currency": "USD",
            "term_from": "2024-01-01",
            "term_to": "2024-04-01",
            "items": [{"item": "calls", "price": "call"}],
        },
    ),
    (
        "invoice:i1",
        {
            "type": "issue-invoice",
            "when": {"effective": "2024-01-10"},
            "customer": "c1",
            "currency": "USD",
            "due_on": "2024-02-09",
            "lines": [{"line": "1", "amount_minor": 10000, "kind": "one-off"}],
        },
    ),
    (
        "payment:p1",
        {
            "type": "receive-payment",
            "when": {"effective": "2024-01-20"},
            "customer": "c1",
            "currency": "USD",
            "amount_minor": 4000,
        },
    ),
)


def _founded(client: Client) -> Client:
    for number, (stream, command) in enumerate(SETUP):
        answered = client.command(stream, f"setup-{number}", command)
        assert answered.status_code == 201, answered.text
    return client


@pytest.fixture
def company(client: Client) -> Client:
    return client


@pytest.fixture(scope="module")
def standing(module_database: str) -> Iterator[Client]:
    token = _first(module_database)
    with _served(module_database) as address, _asked(address, token) as client:
        yield _founded(client)


@pytest.fixture
def unmoved(standing: Client) -> Iterator[Client]:
    """The same company for all tests of a file that store nothing, as each has to show."""
    before = standing.get("/v1/heads").json()
    yield standing
    assert standing.get("/v1/heads").json() == before
