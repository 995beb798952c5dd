"""What a command was refused, told by code and field; read only when something went wrong."""

import click
import psycopg

from api.cli.output import print_json
from api.problems import Missing, Named, problem_of
from domain.errors import Malformed, Rejected
from projections.question import Behind
from store.failure import StoreError
from store.request import Conflict


def tell(error: Exception, *, as_json: bool) -> None:
    """Say what is wrong and leave with 1; nothing is said of what is no problem but our own bug."""
    match error:
        case psycopg.OperationalError():
            _fail(StoreError("database-unreachable", str(error)), as_json=as_json)
        case Rejected() | Malformed() | Conflict() | Missing() | StoreError() | Behind():
            _fail(error, as_json=as_json)
        case _:
            pass


def _fail(error: Named, *, as_json: bool) -> None:
    problem = problem_of(error)
    if as_json:
        print_json(problem)
    else:
        detail = problem.detail if isinstance(problem.detail, str) else problem.title
        click.echo(f"{problem.code}: {detail}", err=True)
        if isinstance(problem.field, str):
            click.echo(f"  field: {problem.field}", err=True)
        if isinstance(problem.context, dict):
            for name, value in problem.context.items():
                click.echo(f"  {name}: {value}", err=True)
    raise SystemExit(1)
