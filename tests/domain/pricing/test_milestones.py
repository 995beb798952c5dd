from decimal import Decimal

import pytest

from domain.pricing.by_reading import unpriced
from domain.pricing.milestones import Milestone, Milestones
from domain.pricing.readings import Reading
from tests.domain.pricing.priced import START, lines, refused, run


def milestones(*rows: tuple[str, str]) -> Milestones:
    return Milestones(
        milestones=tuple(Milestone(name=name, amount=Decimal(amount)) for name, amount in rows)
    )


def reached(name: str, quantity: int = 1) -> Reading:
    return Reading(START, Decimal(quantity), {"milestone": name})


PROJECT = milestones(("design", "2000"), ("go-live", "5000.50"))


def test_an_amount_falls_due_when_its_milestone_is_reached() -> None:
    assert run(PROJECT, ()).amount == 0
    assert run(PROJECT, [reached("design")]).amount == 2000
    assert lines(run(PROJECT, [reached("go-live"), reached("design")]).parts()) == [
        ("milestone design", 0, 2000),
        ("milestone go-live", 0, Decimal("5000.5")),
    ]


def test_it_is_due_once_however_often_it_is_said() -> None:
    assert run(PROJECT, [reached("design"), reached("design")]).amount == 2000


def test_the_word_can_be_taken_back() -> None:
    assert run(PROJECT, [reached("design"), reached("design", -1)]).amount == 0


def test_a_milestone_that_the_price_does_not_have_says_so() -> None:
    assert unpriced(PROJECT, {"milestone": "design"}) is None
    assert unpriced(PROJECT, {"milestone": "launch"}) == "no-price-for-dimensions"
    assert unpriced(PROJECT, {"stage": "design"}) == "missing-dimension"


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (milestones(), "no-milestones", "model.milestones"),
        (milestones(("", "1")), "empty-text", "model.milestones.name"),
        (milestones(("a", "-1")), "negative-price", "model.milestones.amount"),
        (milestones(("a", "1"), ("a", "2")), "duplicate-milestone", "model.milestones"),
        (
            Milestones(milestones=PROJECT.milestones, dimension=" "),
            "empty-text",
            "model.dimension",
        ),
    ],
)
def test_milestones_that_cannot_be_told_apart_are_refused(
    model: Milestones, code: str, field: str
) -> None:
    assert refused(model) == (code, field)
