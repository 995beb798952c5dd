"""Whether an answer can be one: engines are asked across a network, and some answer nonsense.

An answer must tell every line, name a tax that can be read back, and come to what its own rates
come to, to a minor unit for each line. What does not is refused, never mended.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from domain.errors import Malformed, Rejected
from domain.tax.question import LineTax, Taxable, TaxAnswer, TaxQuestion
from domain.tax.status import require_jurisdiction
from domain.tax.table import PERCENT_MAX
from domain.tax.taxed import WITHOUT_TAX

CODE = "tax-engine-nonsense"


def sound(question: TaxQuestion, answer: TaxAnswer) -> TaxAnswer:
    """The answer, if it is one to this question. Raises Rejected."""
    asked = {line.line: line for line in question.lines}
    told: dict[str, list[LineTax]] = {}
    for tax in answer.taxes:
        if tax.line not in asked:
            raise _nonsense("a line that was not asked", tax.line)
        _require_readable(tax)
        told.setdefault(tax.line, []).append(tax)
    for name, line in asked.items():
        if name not in told:
            raise _nonsense("a line without an answer", name)
        _require_base(line, told[name])
    return answer


def _nonsense(what: str, line: str) -> Rejected:
    return Rejected(CODE, field="answer", detail=what, line=line)


def _require_readable(tax: LineTax) -> None:
    try:
        require_jurisdiction(tax.jurisdiction, "jurisdiction")
    except Malformed:
        raise _nonsense("a jurisdiction nobody can read", tax.line) from None
    if not tax.name.strip():
        raise _nonsense("a tax without a name", tax.line)
    if not (tax.percent.is_finite() and 0 <= tax.percent <= PERCENT_MAX):
        raise _nonsense("a rate that is none", tax.line)
    if tax.category in WITHOUT_TAX and (tax.percent or tax.tax_minor):
        raise _nonsense("tax where none is due", tax.line)
    exact = tax.exact_minor * Fraction(tax.percent) / 100
    if abs(exact - tax.tax_minor) > 1:
        raise _nonsense("a tax that is not its rate of the amount", tax.line)


def _require_base(line: Taxable, taxes: Iterable[LineTax]) -> None:
    """Taxed is the amount of the line, or of one that includes its tax what is left without it."""
    own = list(taxes)
    included = sum(tax.tax_minor for tax in own) if line.includes_tax else 0
    if any(abs(tax.exact_minor - (line.exact_minor - included)) > 1 for tax in own):
        raise _nonsense("an amount that was not asked", line.line)
