"""Real processes of the service and of its workers, and their HTTP face as a sender sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from api.app import another_key
from domain.books import PeriodClosed
from domain.usage import UsageBatchAccepted
from tests.faults.acts import Answer, Outage, Places, asked_of
from tests.faults.plan import Tell

TIEOUT = (sys.executable, "-c", "from api.cli import main; main()")
STOPS_WITHIN_SECONDS = 60.0
ANSWERS_WITHIN_SECONDS = 30.0
KEPT = {403, 422, 423}  # a refusal is final for its key; other problems store nothing
ACCEPTED = {200, 201}


Process = subprocess.Popen[str]


@contextmanager
def process(dsn: str, log: Path, *words: str, **variables: str) -> Iterator[Process]:
    """A command of ours on a database, asked to stop at the end."""
    surroundings = {**os.environ, "TIEOUT_DATABASE_URL": dsn, **variables}
    with log.open("a") as told:
        running = subprocess.Popen(
            (*TIEOUT, *words), env=surroundings, stdout=subprocess.PIPE, stderr=told, text=True
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(STOPS_WITHIN_SECONDS)
            finally:
                running.kill()
                running.communicate()


@contextmanager
def service(
    dsn: str, log: Path, port: str = "0", **variables: str
) -> Iterator[tuple[Process, str]]:
    """The HTTP service on a free port, or on one it had before, and its address."""
    with process(dsn, log, "serve", "--port", port, "--json", **variables) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if (address := json.loads(line).get("address")) is not None:
                yield running, address
                return
        raise AssertionError(f"the service did not start: {log.read_text()[-2000:]}")


@contextmanager
def sender(address: str, dsn: str, token: str | None = None) -> Iterator[Sender]:
    headers = {"Authorization": f"Bearer {token or another_key(dsn)}"}
    with httpx.Client(base_url=address, headers=headers, timeout=ANSWERS_WITHIN_SECONDS) as http:
        yield Sender(http)


class Sender:
    """Tells arrivals over HTTP and reads the answers back."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def tell(self, step: Tell, entity: str, places: Places) -> Answer | None:
        """One arrival to one entity. None where there is nothing anybody could ask."""
        arrival = step.arrival
        if isinstance(arrival.event, UsageBatchAccepted):
            return self._usage(step, entity, arrival.event)
        if isinstance(arrival.event, PeriodClosed) and step.seals:
            book = arrival.stream.partition(":")[2]
            body = {"period": arrival.event.period, "actor": "ann"}
            return self._ask(entity, arrival.key, f"books/{book}/closes", body)
        request = asked_of(entity, arrival, places)
        if request is None:
            return None
        asked = {
            "stream": request.stream,
            "command": msgspec.to_builtins(request.command),
            "actor": request.actor,
            "corrects": request.corrects,
        }
        return self._ask(entity, arrival.key, "commands", asked)

    def _usage(self, step: Tell, entity: str, event: UsageBatchAccepted) -> Answer:
        arrival = step.arrival
        rows: list[object] = [msgspec.to_builtins(row) for row in (*arrival.rows, *step.repeats)]
        if event.kind == "retraction":
            rows = [row.event_id for row in arrival.rows]
        rows += [{"event_id": f"{arrival.key}-broken-{place}"} for place in range(step.broken)]
        number = "" if event.batch_number is None else f"&batch_number={event.batch_number}"
        source = arrival.stream.partition(":")[2]
        path = f"usage/{source}/batches?kind={event.kind}{number}"
        return self._ask(entity, arrival.key, path, rows)

    def _ask(self, entity: str, key: str, path: str, body: object) -> Answer:
        try:
            answered = self._http.post(
                f"/v1/entities/{entity}/{path}", json=body, headers={"Idempotency-Key": key}
            )
        except httpx.TransportError as problem:
            raise Outage(f"{type(problem).__name__}: {problem}") from None
        found = answered.json()
        if answered.status_code in ACCEPTED:
            return Answer(entity=entity, key=key, positions=_positions(found), rows=_rows(found))
        if answered.status_code == 503:
            raise Outage(found["code"])
        assert answered.status_code < 500, (key, path, found)
        kept = answered.status_code in KEPT
        return Answer(entity=entity, key=key, code=found["code"], kept=kept)


def _positions(found: dict[str, object]) -> tuple[int, ...]:
    """Of a receipt, of a usage batch, or of a close."""
    if "positions" in found:
        return tuple(map(int, found["positions"]))  # type: ignore[call-overload]
    place = found["position"] if "position" in found else found["closed_at"]
    return (int(str(place)),)


def _rows(found: dict[str, object]) -> tuple[int, int, int] | None:
    if "duplicates" not in found:
        return None
    return tuple(int(str(found[name])) for name in ("duplicates", "rejected", "accepted"))  # type: ignore[return-value]
