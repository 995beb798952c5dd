"""Figures of documents: their tax, their coupons, credit notes as they are printed.

A credit note says what it gives back: its amounts are read with the sign turned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Literal

from domain.currency import exponent
from domain.money import rounded
from replay.billing_cases.amounts import ZERO, Sum, asked, last_runs
from replay.billing_cases.papers import Line, Paper
from replay.billing_cases.seen import Ran, Seen
from replay.case_format import CaseError

Part = Literal["net", "tax", "total", "gross", "coupon_share"]
# `first invoice net`, `last invoice gross`, `credit tax`, `credit note p1 gross`,
# `termination invoice`, `tax`.
NTH = ("first", "second", "third", "fourth", "fifth", "sixth")
LABEL = re.compile(
    r"(?P<part>tax)|(?P<all>termination invoice)"
    rf"|(?:(?P<nth>{'|'.join(NTH)}|last|final) )?(?P<invoice>invoice)"
    r" (?P<of_it>net|tax|gross|total)"
    r"|credit(?: note)?(?: (?P<plan>\w+))? (?P<of_note>net|tax|gross|total)"
)


def part_of(paper: Paper, part: str) -> Sum:
    """A part of a document, as it is printed on it; of coupons what they take off."""
    sign = -1 if (paper.kind == "credit-note") != (part == "coupon_share") else 1
    match part:
        case "net":
            rows = [line for line in paper.lines if line.kind != "tax"]
        case "tax":
            rows = [line for line in paper.lines if line.kind == "tax"]
        case "coupon_share":
            rows = [line for line in paper.lines if line.kind == "coupon"]
        case _:
            rows = [*paper.lines]
    return _sum(rows, sign)


def _sum(lines: Iterable[Line], sign: int = 1) -> Sum:
    own = [*lines]
    exact = sign * sum((line.amount for line in own), ZERO)
    return Sum(exact=exact, finest=exact, count=max(1, len(own)))


# --- which document -------------------------------------------------------------------------


def _papers(runs: Iterable[Ran], kind: str) -> list[Paper]:
    return [paper for ran in runs for paper in ran.papers if paper.kind == kind]


def last(seen: Seen, part: Part) -> Sum:
    """Of the invoice that went out last since the last event; of credit notes, if none did."""
    runs = last_runs(seen)
    found = _papers(runs, "invoice") or _papers(runs, "credit-note")
    if not found:
        raise CaseError("no document went out since the last event")
    return part_of(found[-1], part)


def of_document(part: Part) -> Callable[[Seen], Sum]:
    return lambda seen: last(seen, part)


def last_invoice(seen: Seen) -> Paper:
    return _last(seen, "invoice")


def last_note(seen: Seen) -> Paper:
    return _last(seen, "credit-note")


def _last(seen: Seen, kind: str) -> Paper:
    found = _papers(seen.runs, kind)
    if not found:
        raise CaseError(f"there is no {kind}")
    return found[-1]


def labelled(seen: Seen, label: str) -> Sum:
    """A document, or a part of it, by what a case calls it."""
    found = LABEL.fullmatch(label)
    assert found is not None, label
    if found["part"] or found["all"]:
        own = _papers(last_runs(seen), "invoice")
        return _together(own, found["part"] or "gross")
    if found["invoice"]:
        place = NTH.index(found["nth"]) if found["nth"] in NTH else -1 if found["nth"] else 0
        return _together(_nth(_papers(seen.runs, "invoice"), place), found["of_it"])
    notes = _papers(seen.runs, "credit-note")
    if found["plan"]:
        notes = [note for note in notes if _is_of(note, found["plan"], seen)]
    return _together(notes[-1:], found["of_note"])


def _nth(papers: list[Paper], place: int) -> list[Paper]:
    return papers[place:][:1]


def _is_of(note: Paper, plan: str, seen: Seen) -> bool:
    """Whether it credits what a plan of that name was sold for."""
    return any(seen.course.plans.get(line.price) == plan for line in note.lines)


def credit_asked_for(seen: Seen) -> Sum | None:
    """What the credit came to that the case asks for last; none where it asks for none."""
    asked_for = [ran for ran in seen.runs if ran.run.why == "credit"]
    return _together(_papers(asked_for[-1:], "credit-note"), "total") if asked_for else None


def _together(papers: Iterable[Paper], part: str) -> Sum:
    sums = [part_of(paper, part) for paper in papers]
    exact = sum((one.exact for one in sums), ZERO)
    return Sum(exact=exact, finest=exact, count=max(1, sum(one.count for one in sums)))


def drafted(seen: Seen) -> Sum:
    """What runs drafted."""
    return _together(_papers(seen.runs, "draft"), "total")


# --- lists and tables -----------------------------------------------------------------------


def invoices(seen: Seen) -> list[Sum]:
    """All that went out, in order."""
    return [part_of(paper, "total") for paper in _papers(seen.runs, "invoice")]


def credit_notes(seen: Seen) -> list[Sum]:
    """What every credit note gives back, in order."""
    return [part_of(paper, "total") for paper in _papers(seen.runs, "credit-note")]


def taxes(seen: Seen) -> list[Sum]:
    """The tax of each run the case asks for."""
    return [_together(_papers([ran], "invoice"), "tax") for ran in asked(seen)]


def tax_lines(seen: Seen) -> list[Sum]:
    """The tax of each line of the last invoice, rounded by itself, in the order of the prices."""
    places = [*seen.course.plans]
    paper, scale = last_invoice(seen), 10 ** exponent(seen.course.currency)
    found = []
    for line in sorted(_sold(paper), key=lambda line: places.index(line.price)):
        minor = sum((_taxable(tax, line) * _rate(tax) for tax in paper.lines), ZERO)
        amount = Fraction(rounded(minor), scale)
        found.append(Sum(exact=amount, finest=minor / scale))
    return found


def _rate(tax: Line) -> Fraction:
    return Fraction(tax.tax.percent) / 100 if tax.tax else ZERO


def _taxable(tax: Line, line: Line) -> Fraction:
    """What a tax line taxes of another, in minor units."""
    parts = tax.tax.parts if tax.tax else ()
    return sum((Fraction(part.taxable_minor) for part in parts if part.line == line.line), ZERO)


def _sold(paper: Paper) -> list[Line]:
    return [line for line in paper.lines if line.kind not in ("tax", "coupon", "credit")]


def coupons(seen: Seen) -> Sum:
    """What coupons took off the last invoice."""
    return part_of(last_invoice(seen), "coupon_share")


def coupons_by_item(seen: Seen) -> dict[str, Fraction]:
    """In minor units and exactly: what is left of each line to tax says what was taken off it."""
    paper, scale = last_invoice(seen), 10 ** exponent(seen.course.currency)
    return {
        line.item or "": line.amount * scale
        - sum((_taxable(tax, line) for tax in paper.lines), ZERO)
        for line in _sold(paper)
    }


# --- money ----------------------------------------------------------------------------------


def balance(seen: Seen) -> Sum:
    """What the customer owes in the end, less what it has: below zero it is in credit."""
    lines = [line for ran in seen.runs for line in ran.lines]
    credit = sum((line.amount for line in lines if line.kind == "credit"), ZERO)
    documents = sum((line.amount for line in lines), ZERO)
    exact = documents - credit + seen.settled.moved
    return Sum(exact=exact, finest=exact, count=max(1, len(lines)))


def left_of_credit(seen: Seen) -> Sum:
    """What is left of credit that was granted."""
    count = max(1, len(seen.settled.drawn))
    return Sum(exact=seen.settled.left, finest=seen.settled.left, count=count)


def draws(seen: Seen) -> list[Sum]:
    """What each invoice of a run the case asks for drew from credit that was granted."""
    papers = _papers(asked(seen), "invoice")
    drawn = [seen.settled.drawn.get(paper.invoice, ZERO) for paper in papers]
    return [Sum(exact=amount, finest=amount) for amount in drawn]


def repair(seen: Seen) -> Sum:
    """What lines that give something back come to, of all runs."""
    lines = (line for ran in seen.runs if ran.run.why != "credit" for line in ran.lines)
    return _sum(line for line in lines if line.amount < 0 and line.kind not in ("credit", "tax"))


def credit_gained(seen: Seen) -> Sum:
    """What went over into the customer's credit."""
    lines = (line for ran in seen.runs for line in ran.lines)
    return _sum(line for line in lines if line.kind == "credit" and line.amount > 0)
