"""The term of a promise: months, years and last days of service as half-open service periods."""

from __future__ import annotations

from datetime import date

from domain.calendar import add_months
from domain.contract_facts import Fee, Obligation
from replay.accounting_cases.words import YEAR, Words
from replay.case_format import CaseError


def term(fact: Words) -> tuple[date | None, date | None]:
    """The service period; a term runs from `service_from` or the effective date."""
    start = fact.day("service_from" if fact.has("service_from") else "effective")
    if fact.has("service_to"):
        return start, fact.day("service_to")
    for field in ("months", "term_months"):
        if fact.has(field):
            return start, fact.months_after(start, field)
    if fact.has("years"):
        return start, fact.years_after(start, "years")
    if fact.has("through"):
        return start, fact.day_after("through")
    if fact.has("service_from"):
        raise CaseError(f"missing field {fact.event}.service_to")
    return None, None


def own_term(fact: Words, promise: str, *, passes: bool = False) -> tuple[date | None, date | None]:
    """The term of a promise by its own name, such as `support_months`, else that of the deal: what
    `passes` at once has none of these.
    """
    begins, ends = f"{promise}_from", f"{promise}_to"
    start = fact.day(begins if fact.has(begins) else "effective")
    if fact.has(ends):
        return start, fact.day(ends)
    if fact.has(f"{promise}_months"):
        return start, fact.months_after(start, f"{promise}_months")
    if fact.has(f"{promise}_years"):
        return start, fact.years_after(start, f"{promise}_years")
    return (None, None) if passes else term(fact)


def served(fact: Words) -> tuple[date, date]:
    """A service period that must be stated."""
    start, end = term(fact)
    if start is None or end is None:
        raise CaseError(f"missing field {fact.event}.months")
    return start, end


def promised(promise: str, ssp: int, start: date | None, end: date | None) -> Obligation:
    """A promise with a term is ratable over it; one without is satisfied at a point in time."""
    if start is None:
        return Obligation(obligation=promise, ssp_minor=ssp, pattern="point-in-time")
    return Obligation(obligation=promise, ssp_minor=ssp, service_from=start, service_to=end)


def first_of_month(fact: Words, field: str) -> date:
    return date.fromisoformat(f"{fact.period(field)}-01")


def yearly_fees(fact: Words, field: str) -> tuple[Fee, ...]:
    """A fee for each calendar year that is named."""
    return tuple(
        Fee(amount_minor=minor, service_from=new_year(fact, field, year), service_to=end)
        for year, minor in fact.by_name(field).items()
        for end in (a_year_after(new_year(fact, field, year)),)
    )


def new_year(fact: Words, field: str, year: str) -> date:
    if not YEAR.fullmatch(year):
        fact.refuse(field, "amounts by year")
    return date.fromisoformat(f"{year}-01-01")


def a_year_after(day: date) -> date:
    return add_months(day, 12)
