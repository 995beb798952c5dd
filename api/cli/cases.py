"""Worked cases from a folder, on a private server of their own that is gone afterwards.

A log only grows, so cases never touch the ledger of the home or of TIEOUT_DATABASE_URL.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import click

from api.cli.output import as_json, examples, print_json
from replay.case_result import Report, Result
from replay.case_stage import LedgerStage
from replay.cases import run_cases
from replay.ledger import Ledger
from store import embedded
from store.db import connect, migrate


@click.command(
    epilog=examples(
        "tieout cases tests/cases/accounting          the worked cases that come with tieout",
        "tieout cases mine --json                     your own, every difference as data",
    )
)
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
def cases(directory: Path, as_json: bool) -> None:  # noqa: FBT001 (click's way with a flag)
    """Play the worked cases of a folder, and compare to the cent.

    The format is docs/reference/case-format.md. Leaves with 1 if a case failed or none was found.
    """
    with _stage() as stage:
        report = run_cases(directory, stage, _quiet if as_json else _tell)
    if as_json:
        print_json(report)
    else:
        click.echo(f"{report.passed} passed, {report.failed} failed")
    raise SystemExit(0 if _is_good(report) else 1)


@contextmanager
def _stage() -> Iterator[LedgerStage]:
    folder = Path(tempfile.mkdtemp(prefix="tieout-cases-"))
    # Root drops to another account to run the server, and that one must be able to enter.
    folder.chmod(0o755)
    try:
        with embedded.start(folder) as server:
            with connect(server.dsn) as connection:
                migrate(connection)
            with closing(LedgerStage(partial(Ledger.open, server.dsn))) as stage:
                yield stage
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_good(report: Report) -> bool:
    return report.failed == 0 and report.passed > 0


def _quiet(result: Result) -> None:
    """With --json the report comes as one value, at the end."""
    del result


def _tell(result: Result) -> None:
    click.echo(
        f"{'passed' if result.passed else 'FAILED'}  {result.case}  {result.compared} figures"
    )
    for problem in result.problems:
        click.echo(f"        {problem}")
    for row in result.differences:
        click.echo(
            f"        {row['figure']}: expected {row['expected']}, found {row['found']}"
            f" ({row['difference']})"
        )
    for variant, said in result.variants.items():
        if said != "passed":
            click.echo(f"        {variant}: {said}")
    for note in result.notes:
        click.echo(f"        {note}")
