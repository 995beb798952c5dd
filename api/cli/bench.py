"""How fast it is here: figures beside the floors of the same machine and minute."""

import click

from api.cli.output import as_json, examples, print_json, print_table, progress_console
from bench.bars import Bar
from bench.measures import MEASURES
from bench.run import ROUNDS, ROWS, Figure, Report
from bench.run import bench as measured
from bench.shapes import Compared

# From here on a figure is shown without decimals.
LARGE = 1_000
ANSWERS = {None: "", True: "yes", False: "no"}


@click.command(
    epilog=examples(
        "tieout bench",
        "tieout bench append ingest --rows 50000",
        "tieout bench --json               for a program that keeps the figures",
    )
)
@click.argument("names", nargs=-1, type=click.Choice(list(MEASURES)))
@click.option(
    "--rows",
    type=click.IntRange(100),
    default=ROWS,
    show_default=True,
    help="How many rows, facts or lines a path takes.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=ROUNDS,
    show_default=True,
    help="How often each path and its floor are measured, in turns.",
)
@as_json
def bench(*, names: tuple[str, ...], rows: int, rounds: int, as_json: bool) -> None:
    """Measure each path beside its floor, and say which bars are met.

    Medians of interleaved rounds, with the lowest and the highest; `--rows` is the size of one
    round. A private server is started for it and removed; no ledger is touched.
    docs/reference/bench.md says what each floor is.
    """
    with progress_console().status("starting a server") as shown:
        report = measured(names or tuple(MEASURES), rows=rows, rounds=rounds, told=shown.update)
    if as_json:
        print_json(report)
        return
    click.echo(", ".join(f"{name} {value}" for name, value in report.settings.items()))
    print_table(COLUMNS, [_row(figure) for figure in report.figures], title=_title(report))
    print_table(FLOORS, [_shape(figure, figure.shape) for figure in report.figures if figure.shape])


COLUMNS = (
    *("", "median", "low", "high", "unit", "floor", "of the floor", "low", "high", "bar", "met"),
    "peak MiB",
)
FLOORS = ("floor of", "of the ceiling", "published", "is the shape of", "alike", "what differs")


def _row(figure: Figure) -> list[str]:
    return [
        figure.name,
        *(_amount(amount) for amount in (figure.value, figure.low, figure.high)),
        figure.unit,
        _amount(figure.floor),
        *(_share(share) for share in (figure.ratio, figure.ratio_low, figure.ratio_high)),
        _bar(figure.bar),
        ANSWERS[figure.met],
        f"{figure.peak_mib:.0f}",
    ]


def _shape(figure: Figure, shape: Compared) -> list[str]:
    return [
        figure.name,
        _share(shape.found),
        _share(shape.published),
        shape.like,
        ANSWERS[shape.alike],
        shape.differs,
    ]


def _amount(amount: float | None) -> str:
    """Whole where there is much of it, else three places."""
    if amount is None:
        return ""
    return f"{amount:.0f}" if amount >= LARGE else f"{amount:.3f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def _bar(bar: Bar | None) -> str:
    if bar is None:
        return ""
    value = None if bar.value is None else f"{bar.value:.6g}"
    ratio = None if bar.ratio is None else f"{bar.ratio} of the floor"
    joined = (" or " if bar.either else ", ").join(filter(None, (value, ratio)))
    return f"{bar.sense} {joined}"


def _title(report: Report) -> str:
    return (
        f"{report.rows} rows, medians of {report.rounds} rounds, "
        f"client {report.peak_mib:.0f} MiB at most, ceiling {report.ceiling:.0f} rows/s"
    )
