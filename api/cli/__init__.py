"""The command line `tieout`: one file for each group of commands, listed here by hand."""

import sys
from importlib.metadata import version

import click
import psycopg

from api.cli import (
    bench,
    bill,
    books,
    cases,
    checks,
    demo,
    develop,
    dun,
    facts,
    invoice,
    invoice_acts,
    journal,
    opening,
    payments,
    rates,
    rebuild,
    reports,
    serve,
    tax,
    traces,
    usage,
    work,
)
from api.cli.output import fail
from api.problems import Missing
from domain.errors import Malformed, Rejected
from projections.question import Behind
from store.failure import StoreError
from store.request import Conflict

EPILOG = "Every command takes --json. A command's own help shows examples: tieout close --help"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tieout"), message="tieout %(version)s")
def tieout() -> None:
    """An event-sourced revenue ledger: from real usage to a journal line, and back."""


for act in invoice_acts.ACTS:
    invoice.invoice.add_command(act)

for command in (
    demo.demo,
    serve.serve,
    work.work,
    work.lag,
    facts.post,
    usage.import_group,
    payments.payments,
    opening.opening,
    rates.rates,
    dun.dun,
    books.run,
    bill.bill,
    invoice.invoice,
    tax.tax,
    invoice.statement,
    books.close,
    books.reopen,
    reports.report,
    traces.lineage,
    traces.explain,
    traces.export,
    journal.journal,
    rebuild.rebuild,
    checks.verify,
    cases.cases,
    bench.bench,
    develop.test,
):
    tieout.add_command(command)
reports.report.add_command(usage.reconciliation)


def main() -> None:
    try:
        tieout(prog_name="tieout")
    except psycopg.OperationalError as outage:
        fail(StoreError("database-unreachable", str(outage)), as_json="--json" in sys.argv)
    except (Rejected, Malformed, Conflict, Missing, StoreError, Behind) as error:
        fail(error, as_json="--json" in sys.argv)
