"""What a change of closed periods is: late information, a change in estimate or policy, an error.

By itself a fact says it: what takes a fact back or the place of one corrects an error in our
record; estimates and measures of progress are estimates; all else was only known late (ASC
250-10-45-5, 45-17, 45-23; IAS 8.19, 8.36, 8.41-42). Two people may judge otherwise. The books are
the same whatever it is called; a material error is restated in reports, beside what was posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from domain.contract_facts import ExpectationRevised, PriceEstimated, ProgressMeasured
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When

Nature = Literal["late-information", "change-in-estimate", "change-in-policy", "error"]
ESTIMATES = (PriceEstimated, ExpectationRevised, ProgressMeasured)


class NatureJudged(Event, frozen=True, kw_only=True, tag="nature-judged"):
    """Two people say what the facts at some positions are. `is_material`: an error that restates
    the periods it belongs to.
    """

    facts: tuple[int, ...]
    nature: Nature
    reason: str
    judged_by: str
    approved_by: str
    is_material: bool = False


class JudgeNature(
    Struct, frozen=True, kw_only=True, tag="judge-nature", forbid_unknown_fields=True
):
    """Say what facts that changed closed periods are; `approved_by` is the other person."""

    when: When
    facts: tuple[int, ...]
    nature: Nature
    reason: str
    approved_by: str
    is_material: bool = False


def judgements(facts: Iterable[Fact]) -> dict[int, Fact]:
    """The judgement in force on each fact that has one; facts are known and in effective order."""
    return {
        position: fact
        for fact in facts
        if isinstance(fact.event, NatureJudged)
        for position in fact.event.facts
    }


def nature_of(tag: str, category: str, *, corrects: bool) -> Nature:
    """What a fact is while nobody judges otherwise."""
    if category == "policy":
        return "change-in-policy"
    if tag in _ESTIMATED:
        return "change-in-estimate"
    return "error" if corrects else "late-information"


_ESTIMATED = frozenset(str(event.__struct_config__.tag) for event in ESTIMATES)


def evolve(state: None, fact: Fact) -> None:
    """Judgements stand each for themselves; of two on one fact the last counts."""
    del state
    assert isinstance(fact.event, NatureJudged), fact


def decide(command: JudgeNature, state: None, context: Context) -> tuple[Event, ...]:
    """Two people judge facts that there are; only an error is material."""
    del state
    if not command.facts or min(command.facts) < 1:
        raise Rejected("judges-no-fact", field="facts")
    require_name(command.reason, "reason")
    require_name(command.approved_by, "approved_by")
    if command.approved_by == context.actor:
        raise Rejected("same-person", field="approved_by", actor=context.actor)
    if command.is_material and command.nature != "error":
        raise Rejected("material-no-error", field="is_material", nature=command.nature)
    return (
        NatureJudged(
            when=command.when,
            facts=tuple(sorted(set(command.facts))),
            nature=command.nature,
            reason=command.reason,
            judged_by=context.actor,
            approved_by=command.approved_by,
            is_material=command.is_material,
        ),
    )


DECIDER: Decider[None, JudgeNature] = Decider(
    category="judgement",
    initial=None,
    evolve=evolve,
    decide=decide,
    commands=(JudgeNature,),
    events=(NatureJudged, Retracted),
)
