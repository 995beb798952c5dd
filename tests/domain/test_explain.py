from functools import partial

from domain.explain import Once, Step, Telling


def _telling(what: str) -> Telling:
    return partial(tuple, [Step(what=what, value="")])


def _told(once: Once) -> list[str]:
    return [step.what for step in once()]


def test_what_comes_by_two_ways_is_told_once_where_it_comes_first() -> None:
    price, added, cut = (_telling(what) for what in ("price", "added", "cut"))
    one, other = Once((price, added)), Once((cut, price))

    assert _told(Once((one, other, added))) == ["price", "added", "cut"]


def test_what_is_said_twice_in_the_same_words_is_told_twice() -> None:
    assert _told(Once((_telling("price"), _telling("price")))) == ["price", "price"]


def test_what_ten_thousand_changes_say_is_told() -> None:
    said = Once()
    for number in range(10_000):
        said = Once((said, _telling(str(number)), said))

    assert _told(said) == [str(number) for number in range(10_000)]
