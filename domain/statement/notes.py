"""What credit notes take of which lines: the newest first, and of no invoice more than it comes to.

What was taken off an item is given back by the note that credits it. Where an invoice comes to less
than its lines by what stands beside them, a note takes the rest of an older one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, product

from msgspec import Struct, field

from domain.accounting.documents import BilledLine
from domain.credit_note import with_companions
from domain.invoice_facts import CreditLine
from domain.invoicing import InvoicingOptions
from domain.statement.spans import Difference

Taken = tuple[BilledLine, int]
TAXES = frozenset({"tax", "included-tax"})


class Papers(Struct, frozen=True, kw_only=True):
    """The invoices there are: the last version of each stream, its lines, and whether a name is in
    use.

    A credit note counts a version on and adds what it takes, so that another account's on the same
    invoice has a number of its own, and takes what is left. `invoicing`: how documents of the run's
    day are issued.
    """

    versions: dict[str, int]
    in_use: Callable[[str], bool]
    invoicing: InvoicingOptions = InvoicingOptions()
    lines: dict[str, list[BilledLine]] = {}
    taken: dict[tuple[str, str], int] = field(default_factory=dict)

    def credit(self, invoice: str, rows: Sequence[CreditLine]) -> tuple[CreditLine, ...]:
        """What a credit takes of an invoice, with what stands beside its lines."""
        found = self._with_companions(invoice, rows)
        for row in found:
            place = invoice, row.line
            self.taken[place] = self.taken.get(place, 0) + row.amount_minor
        return found

    def worth(self, invoice: str, rows: Sequence[CreditLine]) -> int:
        """What a credit would come to without tax."""
        taxes = {row.line.line for row in self.lines.get(invoice, ()) if row.line.kind in TAXES}
        found = self._with_companions(invoice, rows)
        return sum(row.amount_minor for row in found if row.line not in taxes)

    def left(self, invoice: str) -> int:
        """What is left of an invoice without tax."""
        rows = [row for row in self.lines.get(invoice, ()) if row.line.kind not in TAXES]
        gone = sum(self.taken.get((invoice, row.line.line), 0) for row in rows)
        return sum(row.left_minor for row in rows) - gone

    def _with_companions(self, invoice: str, rows: Sequence[CreditLine]) -> tuple[CreditLine, ...]:
        own = self.lines.get(invoice, [])
        credited = {
            row.line.line: row.line.amount_minor
            - row.left_minor
            + self.taken.get((invoice, row.line.line), 0)
            for row in own
        }
        return with_companions([row.line for row in own], credited, rows)


def taken_for(owed: Sequence[Difference], papers: Papers) -> list[list[Taken]]:
    """Of each difference what is taken off which of its lines."""
    notes = [_credits(one) for one in owed]
    back = _Back(owed, notes, papers)
    for place, one in enumerate(owed):
        notes[place] += back.given(one)
    for invoice, rows in sorted(by_invoice(chain.from_iterable(notes)).items()):
        if papers.worth(invoice, rows) > papers.left(invoice):
            notes = _within(invoice, owed, notes, papers)
    return notes


def _within(
    invoice: str, owed: Sequence[Difference], notes: Sequence[list[Taken]], papers: Papers
) -> list[list[Taken]]:
    """The notes, where one takes more of an invoice than is left of it with the rest taken of other
    invoices that bill the same, as far as these come to it. What prepaid credits paid is taken back
    by itself.
    """
    if any(row.line.drawn_from for row in papers.lines.get(invoice, ())):
        return [*notes]
    room = _room(invoice, notes, papers)
    found = [Counter({row.subject: minor for row, minor in taken}) for taken in notes]
    for one, own in zip(owed, found, strict=True):
        newest = [*reversed(one.lines)]
        here = [row for row in newest if row.invoice == invoice and own[row.subject] > 0]
        others = [row for row in newest if row.is_issued and row.invoice != invoice]
        for row, other in product(here, others):
            free = other.left_minor - own[other.subject]
            more = min(-room, own[row.subject], free)
            if more > 0 and (more := min(more, _room(other.invoice, notes, papers))) > 0:
                own[row.subject] -= more
                own[other.subject] += more
                notes = [_of(taken, lines) for taken, lines in zip(found, owed, strict=True)]
                room = _room(invoice, notes, papers)
    return [*notes]


def _of(taken: Counter[str], one: Difference) -> list[Taken]:
    return [(row, taken[row.subject]) for row in reversed(one.lines) if taken[row.subject]]


def _room(invoice: str, notes: Iterable[Iterable[Taken]], papers: Papers) -> int:
    """What is left of an invoice after these notes."""
    rows = by_invoice(chain.from_iterable(notes)).get(invoice, ())
    return papers.left(invoice) - papers.worth(invoice, rows)


def by_invoice(taken: Iterable[Taken]) -> dict[str, list[CreditLine]]:
    found: dict[str, list[CreditLine]] = {}
    for row, minor in taken:
        found.setdefault(row.invoice, []).append(CreditLine(line=row.line.line, amount_minor=minor))
    return found


def is_made_anew(one: Difference) -> bool:
    return one.kind == "usage" and bool(one.lines) and one.options.late_usage == "rebill"


class _Back:
    """What credits of an item leave to give back with them of what is taken off it, and no more
    than that comes to less in all: what one discount gives back another may take.
    """

    def __init__(
        self, owed: Sequence[Difference], notes: Sequence[Sequence[Taken]], papers: Papers
    ) -> None:
        self._room: Counter[tuple[object, ...]] = Counter()
        self._less: Counter[tuple[object, ...]] = Counter()
        for one, taken in zip(owed, notes, strict=True):
            if one.is_taken_off:
                self._less[one.place] += one.minor
            for invoice, rows in by_invoice(taken).items():
                self._room[*one.place, invoice] += papers.worth(invoice, rows)

    def given(self, one: Difference) -> Iterator[Taken]:
        """Of the lines of a discount or drawdown: the newest first."""
        if not one.is_taken_off or one.options.credits != "credit-note":
            return
        wanted = min(one.minor, self._less[one.place])
        for row in reversed(one.lines):
            where = (*one.place, row.invoice)
            minor = min(wanted, -row.left_minor, self._room[where])
            if minor > 0:
                wanted -= minor
                self._less[one.place] -= minor
                self._room[where] -= minor
                yield row, -minor


def _credits(one: Difference) -> list[Taken]:
    """What to take off which line: the newest first, none below zero."""
    if one.options.credits == "next-invoice":
        return []
    wanted = one.invoiced_minor if is_made_anew(one) else -one.minor
    if wanted <= 0:
        return []
    left = {row.subject: max(0, row.left_minor) for row in one.lines if row.is_issued}
    newest = [row for row in reversed(one.lines) if left.get(row.subject)]
    taken: Counter[str] = Counter()
    # First no more of each invoice than what discounts leave of it there.
    for room in (_net_by_invoice(one), Counter({row.invoice: wanted for row in newest})):
        for row in newest:
            more = min(wanted, left[row.subject] - taken[row.subject], room[row.invoice])
            if more > 0:
                taken[row.subject] += more
                room[row.invoice] -= more
                wanted -= more
    return [(row, taken[row.subject]) for row in newest if taken[row.subject]]


def _net_by_invoice(one: Difference) -> Counter[str]:
    """Nothing where prepaid credits pay: what they paid is taken back by itself."""
    net: Counter[str] = Counter()
    if not any(row.line.drawn_from for row in one.lines):
        for row in one.lines:
            net[row.invoice] += row.left_minor
    return net
