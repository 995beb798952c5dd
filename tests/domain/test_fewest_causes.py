"""The fewest facts that flows rest on, where only trying says which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import structs

from domain.accounting.causes import fewest
from domain.accounting.revenue import at_once
from domain.accounting.schedule import Flow
from domain.contract_facts import CriteriaMet
from domain.facts import Fact
from tests.domain.contracting import on
from tests.domain.given import fact

FACTS = [
    fact(at, stream="contract:k1", event=CriteriaMet(when=on(f"2024-01-0{at}"))) for at in (1, 2, 3)
]


def _built(facts: Sequence[Fact]) -> tuple[Flow, ...]:
    """One amount by either of two facts, and one by the later of them, beside the first."""
    known = {fact.position for fact in facts}
    every = tuple(sorted(known))
    either = at_once("either", date(2024, 1, 1), 5, every, ())
    later = at_once("later", date(2024, 1, 1), 7, every, ())
    return (
        *((either,) if 1 in known and {2, 3} & known else ()),
        *((later,) if {1, 3} <= known else ()),
    )


def test_where_either_of_two_facts_would_do_it_is_the_one_that_others_need() -> None:
    found = fewest(_built(FACTS), FACTS, _built).flows

    assert [flow.causes for flow in found] == [(1, 3), (1, 3)]


def test_it_is_that_one_too_where_flows_name_some_facts_of_which_more_are_needed() -> None:
    some = [structs.replace(flow, causes=(1,)) for flow in _built(FACTS)]

    found = fewest(some, FACTS, _built).flows

    assert [flow.causes for flow in found] == [(1, 3), (1, 3)]


def test_what_a_fact_decides_of_others_is_among_what_they_rest_on_together() -> None:
    """The first amount is there by the first fact alone, and where the second is known by the third
    too; the other by the second alone.
    """

    def built(facts: Sequence[Fact]) -> tuple[Flow, ...]:
        known = {fact.position for fact in facts}
        every = (1, 2, 3)
        first = at_once("first", date(2024, 1, 1), 5, every, ())
        second = at_once("second", date(2024, 1, 1), 7, every, ())
        is_first = known == {1} or {1, 3} <= known
        return (*((first,) if is_first else ()), *((second,) if 2 in known else ()))

    flows, together = fewest(built(FACTS), FACTS, built)
    beside = at_once("of a document", date(2024, 1, 1), 9, (2, 8), ())

    assert [flow.causes for flow in flows] == [(1,), (2,)]
    assert together(flows) == (1, 2, 3)
    assert together(flows[:1]) == (1,)
    # What is not measured here keeps what it rests on.
    assert together((flows[0], beside)) == (1, 2, 3, 8)
    assert together((beside,)) == (2, 8)


def test_each_flow_rests_on_its_own_facts_alone() -> None:
    def built(facts: Sequence[Fact]) -> tuple[Flow, ...]:
        known = sorted(fact.position for fact in facts)
        return tuple(at_once(f"of {at}", date(2024, 1, at), at, (1, 2, 3)) for at in known)

    assert [flow.causes for flow in fewest(built(FACTS), FACTS, built).flows] == [(1,), (2,), (3,)]


def _either(facts: Sequence[Fact]) -> tuple[Flow, ...]:
    return (at_once("either", date(2024, 1, 1), 5, (1, 2, 3)),) if facts else ()


def test_where_any_would_do_it_is_the_one_that_was_known_first() -> None:
    assert [flow.causes for flow in fewest(_either(FACTS), FACTS, _either).flows] == [(1,)]


def test_what_was_agreed_late_was_not_known_first() -> None:
    late = fact(1, stream="contract:k1", event=CriteriaMet(when=on("2024-01-01", "2024-02-01")))
    known = [late, *FACTS[1:]]

    assert [flow.causes for flow in fewest(_either(known), known, _either).flows] == [(2,)]


def test_what_is_posted_nowhere_goes_by_what_else_is_posted_nowhere() -> None:
    """Posted is what the first fact says; of the other two the third is needed, and either would
    do for a memo.
    """

    def built(facts: Sequence[Fact]) -> tuple[Flow, ...]:
        known = {fact.position for fact in facts}
        every = (1, 2, 3)
        said = (
            (at_once("posted", date(2024, 1, 1), 5, every), 1 in known),
            (
                structs.replace(at_once("either", date(2024, 1, 1), 5, every), legs=()),
                known & {2, 3},
            ),
            (structs.replace(at_once("third", date(2024, 1, 1), 7, every), legs=()), 3 in known),
        )
        return tuple(flow for flow, is_known in said if is_known)

    assert [flow.causes for flow in fewest(built(FACTS), FACTS, built).flows] == [(1,), (3,), (3,)]
