"""How fast it is here: figures beside the floors of the same machine and minute."""

import click

from api.cli.output import as_json, examples, print_json, print_table, progress_console
from bench.measures import MEASURES
from bench.run import ROUNDS, ROWS, Figure, Report
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

    Medians of interleaved rounds, with the lowest and the highest. A private server is started for
    it and removed; no ledger is touched. docs/reference/bench.md says what each floor is.
    """
    with progress_console().status("starting a server") as shown:
        report = measured(names or tuple(MEASURES), rows=rows, rounds=rounds, told=shown.update)
    if as_json:
        print_json(report)
        return
    click.echo(", ".join(f"{name} {value}" for name, value in report.settings.items()))
    print_table(COLUMNS, [_row(figure) for figure in report.figures], title=_title(report))


COLUMNS = (
    *("", "median", "low", "high", "unit", "floor", "floor low", "floor high", "of the floor"),
    "peak MiB",
)


def _row(figure: Figure) -> list[str]:
    return [
        figure.name,
        f"{figure.value:.0f}",
        f"{figure.low:.0f}",
        f"{figure.high:.0f}",
        figure.unit,
        f"{figure.floor:.0f}",
        f"{figure.floor_low:.0f}",
        f"{figure.floor_high:.0f}",
        f"{figure.ratio:.3f}",
        f"{figure.peak_mib:.0f}",
    ]


def _title(report: Report) -> str:
    return (
        f"{report.rows} rows, medians of {report.rounds} rounds, "
        f"client {report.peak_mib:.0f} MiB at most"
    )
