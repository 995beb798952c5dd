"""Money that came in: a bank's statement taken, what waits for a person, and what a person says."""

from collections import Counter
from pathlib import Path
from typing import get_args

import click

from api.cli.output import (
    actor_option,
    as_json,
    entity_option,
    examples,
    money,
    print_json,
    print_table,
    progress_console,
)
from api.cli.session import open_ledger
from domain.errors import Malformed
from domain.left_entry import Settles, What
from domain.money import minor_exactly
from domain.payment_facts import (
    Application,
)
from replay.bank.importing import Imported, Taken, import_payments
from replay.bank.left_over import (
    is_left_over,
    left_over,
    let_wait,
    match_left,
    set_aside,
    settle,
)
from replay.bank.mapping import read_bank_mapping
from replay.bank.resolving import (
    currency_of_payment,
    match_again,
    resolve,
    undo,
    waiting,
)
from store.request import Receipt

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN = 20


@click.group()
def payments() -> None:
    """Take in money from a bank's statement, and say whose it is."""


@payments.command(
    "import",
    epilog=examples(
        "tieout payments import statement.csv --mapping bank.toml --entity acme",
        "tieout payments import statement.xml --mapping bank.toml -e acme --preview",
        "tieout payments import statement.xml --mapping bank.toml -e acme --json",
    ),
)
@click.argument("file", type=FILE)
@click.option("--mapping", type=FILE, required=True, help="How the file is read.")
@click.option("--preview", is_flag=True, help="Say what would be matched; write nothing.")
@entity_option
@as_json
def import_statement(
    *, file: Path, mapping: Path, preview: bool, entity: str, as_json: bool
) -> None:
    """Take a statement (CSV, or camt.053 as .xml): each entry that came in becomes a payment.

    Matched by what the payer wrote, by amount, by who paid before; what is unclear waits. The same
    file again, or one that overlaps it, changes nothing. Leaves with 1 if a row could not be read.
    """
    read = read_bank_mapping(mapping)
    say = progress_console()
    with open_ledger() as ledger:
        done = import_payments(
            ledger,
            entity,
            file,
            read,
            preview=preview,
            told=lambda what, count: say.print(f"{count} {what}"),
        )
    if as_json:
        print_json(done)
    else:
        _tell(done)
    if done.unread:
        raise SystemExit(1)


@payments.command("waiting", epilog=examples("tieout payments waiting --entity acme"))
@entity_option
@as_json
def list_waiting(*, entity: str, as_json: bool) -> None:
    """List money of nobody known: what its payer wrote, and the candidates as things stand."""
    with open_ledger() as ledger:
        found = waiting(ledger, entity)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            row.payment,
            row.day,
            money(row.amount_minor, row.currency),
            row.currency,
            row.wrote.get("name", ""),
            row.wrote.get("text", ""),
            row.match.because,
            ", ".join(one.invoice or one.customer for one in row.match.candidates),
        )
        for row in found
    ]
    columns = ["payment", "day", "amount", "currency", "name", "text", "because", "candidates"]
    print_table(columns, rows)


@payments.command("match", epilog=examples("tieout payments match --entity acme"))
@entity_option
@actor_option
@as_json
def match_waiting(*, entity: str, actor: str, as_json: bool) -> None:
    """Judge all that waits again, and take what is clear by now."""
    with open_ledger() as ledger:
        done = match_again(ledger, entity, actor=actor)
        done += match_left(ledger, entity, actor=actor)
    _answer(done, as_json=as_json)


@payments.command(
    "resolve",
    epilog=examples(
        "tieout payments resolve main/e4 --customer c1 -e acme",
        "tieout payments resolve main/e4 --customer c1 --invoice inv-1=25.00 -e acme --actor ann",
    ),
)
@click.argument("payment")
@click.option("--customer", required=True, help="Whose the money is.")
@click.option(
    "--invoice", "invoices", multiple=True, help="INVOICE=AMOUNT that it pays; may be repeated."
)
@entity_option
@actor_option
@as_json
def resolve_payment(
    *,
    payment: str,
    customer: str,
    invoices: tuple[str, ...],
    entity: str,
    actor: str,
    as_json: bool,
) -> None:
    """Say whose a PAYMENT is and, if known, what it pays; what is not said is measured."""
    with open_ledger() as ledger:
        currency = currency_of_payment(ledger, entity, payment)
        rows = tuple(_application(told, currency) for told in invoices)
        done = resolve(ledger, entity, payment, customer, rows, actor=actor)
    _answer(done, as_json=as_json)


@payments.command("undo", epilog=examples("tieout payments undo main/e4 -e acme --actor ann"))
@click.argument("payment")
@entity_option
@actor_option
@as_json
def undo_match(*, payment: str, entity: str, actor: str, as_json: bool) -> None:
    """Take back whose a PAYMENT is and what it was said to pay, or what an entry was: it waits
    again.
    """
    with open_ledger() as ledger:
        take_back = let_wait if is_left_over(ledger, entity, payment) else undo
        done = take_back(ledger, entity, payment, actor=actor)
    _answer(done, as_json=as_json)


@payments.command("left", epilog=examples("tieout payments left --entity acme"))
@entity_option
@as_json
def list_left(*, entity: str, as_json: bool) -> None:
    """List what is no payment and waits: what went out or came back, and rows nobody could read."""
    with open_ledger() as ledger:
        found = left_over(ledger, entity)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            row.entry,
            row.day,
            money(row.amount_minor, row.currency) if row.currency else "",
            row.currency,
            " ".join(row.wrote.values()),
            row.because,
        )
        for row in found
    ]
    print_table(["entry", "day", "amount", "currency", "wrote", "because"], rows)


@payments.command(
    "settle",
    epilog=examples(
        "tieout payments settle main/e7 --as refund --of payment:main/e1 -e acme --actor ann",
        "tieout payments settle main/e8 --as chargeback --of payment:p1 --chargeback cb-1 -e acme",
    ),
)
@click.argument("entry")
@click.option("--as", "what", type=click.Choice(get_args(What)), required=True, help="What it is.")
@click.option("--of", required=True, help="The stream of the payment, or of the credit paid out.")
@click.option("--chargeback", help="The id of the chargeback.")
@entity_option
@actor_option
@as_json
def settle_entry(
    *,
    entry: str,
    what: What,
    of: str,
    chargeback: str | None,
    entity: str,
    actor: str,
    as_json: bool,
) -> None:
    """Say which refund, failure or chargeback an ENTRY of the bank is; it must be a fact."""
    settles = Settles(what=what, of=of, chargeback=chargeback)
    with open_ledger() as ledger:
        done = settle(ledger, entity, entry, settles, actor=actor)
    _answer(done, as_json=as_json)


@payments.command(
    "aside",
    epilog=examples(
        'tieout payments aside main/e5 --reason "fees of the bank" -e acme --actor ann'
    ),
)
@click.argument("entry")
@click.option("--reason", required=True, help="Why nothing is to be done.")
@entity_option
@actor_option
@as_json
def set_entry_aside(*, entry: str, reason: str, entity: str, actor: str, as_json: bool) -> None:
    """Say that nothing is to be done about an ENTRY or a row that could not be read."""
    with open_ledger() as ledger:
        done = set_aside(ledger, entity, entry, reason, actor=actor)
    _answer(done, as_json=as_json)


def _application(told: str, currency: str) -> Application:
    invoice, _, amount = told.rpartition("=")
    if not invoice:
        raise Malformed("wrong-type", field="invoice", expected="INVOICE=AMOUNT")
    return Application(invoice=invoice, amount_minor=minor_exactly(amount, currency, "invoice"))


def _answer(done: tuple[Receipt, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    for row in done:
        click.echo(f"{row.stream} at {', '.join(map(str, row.positions))}")
    if not done:
        click.echo("nothing to do")


def _tell(done: Imported) -> None:
    click.echo(
        f"{done.entries} entries = {done.repeated} known before + {done.taken} taken + "
        f"{sum(done.settled.values())} given back + {len(done.left)} left + "
        f"{len(done.unread)} unread"
    )
    rules = ", ".join(f"{count} by {rule}" for rule, count in sorted(done.rules.items()))
    click.echo(f"matched: {rules or 'nothing'}" + (f"; {done.failed} failed" * bool(done.failed)))
    if done.matches:
        _matches(done.matches, "would be matched")
    elif done.waiting:
        _matches(done.waiting, "wait for a person")
    if done.settled:
        print_table(["given back", "entries"], sorted(done.settled.items()))
    if done.left:
        counted = Counter(row.code for row in done.left)
        print_table(["left", "entries"], sorted(counted.items()))
    if done.unread:
        rows = [(row.row, row.code, row.field, row.value) for row in done.unread[:SHOWN]]
        print_table(["row", "code", "field", "value"], rows, title="unread")


def _matches(found: tuple[Taken, ...], title: str) -> None:
    rows = [
        (
            row.row,
            money(row.amount_minor, row.currency),
            row.currency,
            row.match.rule,
            row.match.customer,
            ", ".join(one.invoice for one in row.match.applications),
            row.match.because,
        )
        for row in found[:SHOWN]
    ]
    columns = ["row", "amount", "currency", "rule", "customer", "invoices", "because"]
    print_table(columns, rows, title)
    if len(found) > SHOWN:
        click.echo(f"and {len(found) - SHOWN} more; --json lists all")
