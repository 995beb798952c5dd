"""A tax engine of twenty lines on a socket of its own, which can be told to misbehave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class TaxServer(ThreadingHTTPServer):
    """`answers` are given in turn, before it does as it should: a status, or bytes, or `late`.

    `first` is done once, before a quote is answered.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int | bytes | str | None] = []
        self.asked: list[dict[str, Any]] = []
        self.told: list[tuple[str | None, dict[str, Any]]] = []
        self.first: Callable[[], object] | None = None
        self.done = Event()

    def handle_error(self, *_: object) -> None:
        """Who does not wait for an answer that is late leaves a broken line, and that is wanted."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tax"


class Handler(BaseHTTPRequestHandler):
    """Twenty percent on everything, and a line of code `forbidden` refused."""

    server: TaxServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tax/quotes":
            self.server.asked.append(body)
            before, self.server.first = self.server.first, None
            if before is not None:
                before()
        said = self.server.answers.pop(0) if self.server.answers else None
        if said == "late":
            self.server.done.wait(5)
        if isinstance(said, int):
            self._send(said, b"{}")
        elif isinstance(said, bytes):
            self._send(200, said)
        elif self.path == "/tax/quotes":
            self._send(200, json.dumps({"documents": [*map(quoted, body["documents"])]}).encode())
        else:
            self.server.told.append((self.headers["Idempotency-Key"], body))
            self._send(200, b"{}")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def quoted(document: dict[str, Any]) -> dict[str, Any]:
    if any(line["tax_code"] == "forbidden" for line in document["lines"]):
        refused = {"code": "no-such-code", "detail": "ask the tax desk"}
        return {"document": document["document"], "refused": refused}
    return {
        "document": document["document"],
        "reference": f"q-{document['document']}",
        "taxes": [
            {
                "line": line["line"],
                "jurisdiction": document["customer"]["jurisdiction"],
                "name": "VAT",
                "percent": "20",
                "taxable": line["amount"],
                "tax": str((Decimal(line["amount"]) / 5).quantize(Decimal("0.01"))),
            }
            for line in document["lines"]
        ],
    }


@contextmanager
def serving() -> Iterator[TaxServer]:
    server = TaxServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.done.set()
        server.shutdown()
        server.server_close()
        thread.join()
