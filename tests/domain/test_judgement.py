"""What changes closed periods: told by the fact itself, or by two people."""

import pytest

from domain.errors import Malformed, Rejected
from domain.facts import Context
from domain.judgement import JudgeNature, NatureJudged, decide, judgements, nature_of
from tests.domain.given import fact, on

JUDGE = JudgeNature(
    when=on(4, 30),
    facts=(7, 5, 7),
    nature="error",
    reason="the meter was off",
    approved_by="ben",
    is_material=True,
)
HERE = Context(stream="judgement:j1", actor="ann")


def code(**how: object) -> str:
    fields = {name: getattr(JUDGE, name) for name in JUDGE.__struct_fields__} | how
    with pytest.raises((Malformed, Rejected)) as refused:
        decide(JudgeNature(**fields), None, HERE)
    assert isinstance(refused.value, Malformed | Rejected)
    return refused.value.code


def test_two_people_judge_facts_by_their_positions() -> None:
    assert decide(JUDGE, None, HERE) == (
        NatureJudged(
            when=on(4, 30),
            facts=(5, 7),
            nature="error",
            reason="the meter was off",
            judged_by="ann",
            approved_by="ben",
            is_material=True,
        ),
    )


def test_a_judgement_is_on_facts_by_two_people_with_a_reason() -> None:
    assert code(facts=()) == "judges-no-fact"
    assert code(facts=(0,)) == "judges-no-fact"
    assert code(approved_by="ann") == "same-person"
    assert code(reason=" ") == "empty-text"


def test_only_an_error_is_material() -> None:
    assert code(nature="change-in-estimate") == "material-no-error"


@pytest.mark.parametrize(
    ("tag", "category", "corrects", "nature"),
    [
        ("usage-batch-accepted", "usage", False, "late-information"),
        ("subscription-amended", "subscription", False, "late-information"),
        ("subscription-amended", "subscription", True, "error"),
        ("retracted", "invoice", True, "error"),
        ("price-estimated", "contract", False, "change-in-estimate"),
        ("progress-measured", "contract", True, "change-in-estimate"),
        ("policy-adopted", "policy", False, "change-in-policy"),
        ("time", "", False, "late-information"),
    ],
)
def test_a_fact_says_by_itself_what_it_is(
    tag: str, category: str, corrects: bool, nature: str
) -> None:
    assert nature_of(tag, category, corrects=corrects) == nature


def test_of_two_judgements_on_one_fact_the_last_counts() -> None:
    (first,) = decide(JUDGE, None, HERE)
    later = JudgeNature(
        when=on(5, 1), facts=(5,), nature="late-information", reason="it was not", approved_by="ben"
    )
    (second,) = decide(later, None, HERE)
    rows = [
        fact(place, stream="judgement:j1", event=event)
        for place, event in enumerate((first, second), start=20)
    ]

    assert {at: row.position for at, row in judgements(rows).items()} == {
        5: rows[1].position,
        7: rows[0].position,
    }
