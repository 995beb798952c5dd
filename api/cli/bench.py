"""How fast it is here: figures beside the floors of the same machine and minute."""

import click

from api.cli.output import as_json, examples, print_json, print_table, progress_console
from bench.measures import MEASURES
from bench.run import ROUNDS, ROWS
from bench.run import bench as measured


@click.command(
    epilog=examples(
        "tieout bench",
        "tieout bench append ingest --rows 50000",
        "tieout bench --json               for a program that keeps the figures",
    )
)
@click.argument("names", nargs=-1, type=click.Choice(list(MEASURES)))
@click.option("--rows", type=click.IntRange(100), default=ROWS, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True)
@as_json
def bench(*, names: tuple[str, ...], rows: int, rounds: int, as_json: bool) -> None:
    """Measure append, ingest, catch-up, rebuild and measure, each beside its floor.

    Medians of interleaved rounds, with the lowest and the highest. The databases are made for this
    and dropped; the ledger itself is not touched.
    """
    with progress_console().status("making databases") as shown:
        report = measured(names or tuple(MEASURES), rows=rows, rounds=rounds, told=shown.update)
    if as_json:
        print_json(report)
        return
    click.echo(", ".join(f"{name} {value}" for name, value in report.settings.items()))
    print_table(
        ["", "median", "low", "high", "unit", "floor", "of the floor"],
        [
            (
                row.name,
                f"{row.value:.0f}",
                f"{row.low:.0f}",
                f"{row.high:.0f}",
                row.unit,
                f"{row.floor:.0f}",
                f"{row.ratio:.3f}",
            )
            for row in report.figures
        ],
        title=f"{report.rows} rows, medians of {rounds} rounds",
    )
