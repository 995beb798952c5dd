"""Facts into the ledger: commands by the line."""

from collections.abc import Iterator
from typing import TextIO

import click

from api.cli.output import actor_option, as_json, examples, print_json
from api.cli.session import open_ledger
from api.problems import problem_of
from api.reading import read_json, read_request
from domain.errors import Malformed, Rejected
from replay.ledger import Ledger
from store.request import Conflict, Outcome, Receipt, Request

CHUNK = 1_000


@click.command(
    epilog=examples(
        "tieout post commands.ndjson --entity acme",
        "tieout post - --json < commands.ndjson",
    )
)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--entity", "-e", help="The legal entity, where a line names none.")
@actor_option
@as_json
def post(*, file: TextIO, entity: str | None, actor: str, as_json: bool) -> None:
    """Submit commands, one JSON object a line. Each is answered by itself.

    A line has a key, a stream and a command; docs/reference/facts.md lists the commands.

    Leaves with 1 if any was not accepted. The same file again changes nothing.
    """
    answers = {"accepted": 0, "repeated": 0, "refused": 0}
    with open_ledger() as ledger:
        for number, outcome in _submit_all(ledger, file, entity, actor):
            answers[_kind(outcome)] += 1
            _tell(number, outcome, as_json=as_json)
    if not as_json:
        click.echo(", ".join(f"{count} {kind}" for kind, count in answers.items()))
    if answers["refused"]:
        raise SystemExit(1)


def _submit_all(
    ledger: Ledger, lines: TextIO, entity: str | None, actor: str
) -> Iterator[tuple[int, Outcome]]:
    """Runs of lines of one entity go together; order is kept."""
    waiting: list[tuple[int, Request]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            request = _read(line, entity, actor)
        except Malformed as problem:
            yield from _send(ledger, waiting)
            yield number, problem
            continue
        if waiting and (request.entity != waiting[0][1].entity or len(waiting) == CHUNK):
            yield from _send(ledger, waiting)
        waiting.append((number, request))
    yield from _send(ledger, waiting)


def _read(line: str, entity: str | None, actor: str) -> Request:
    value = read_json(line)
    if isinstance(value, dict) and entity is not None:
        value.setdefault("entity", entity)
    return read_request(value, actor=actor)


def _send(ledger: Ledger, waiting: list[tuple[int, Request]]) -> Iterator[tuple[int, Outcome]]:
    if waiting:
        outcomes = ledger.submit_many(waiting[0][1].entity, [request for _, request in waiting])
        yield from zip([number for number, _ in waiting], outcomes, strict=True)
        waiting.clear()


def _kind(outcome: Outcome) -> str:
    if isinstance(outcome, Receipt):
        return "repeated" if outcome.repeated else "accepted"
    return "refused"


def _tell(line: int, outcome: Outcome, *, as_json: bool) -> None:
    match outcome:
        case Receipt():
            if as_json:
                print_json({"line": line, "receipt": outcome})
        case Rejected() | Malformed() | Conflict():
            if as_json:
                print_json({"line": line, "problem": problem_of(outcome)})
            else:
                field = f" (field {outcome.field})" if outcome.field else ""
                click.echo(f"line {line}: {outcome}{field}", err=True)
