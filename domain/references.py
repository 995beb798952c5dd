"""References as payers write them: in any case, with blanks and dashes, with a bank's check digits.

What may be meant is listed; whether anything of that name is there is for the ledger to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

# A shorter word stands in too many texts by chance.
LETTERS_MIN = 4
# No reference of a payment is longer, by any bank's rules.
LETTERS_MAX = 35
# Words that one reference may have been broken into.
WORDS_MAX = 7
WORDS = re.compile(r"[^\W\d_]+|\d+")
BELGIAN = 12
_RF = re.compile(r"RF\d\d[0-9A-Z]{1,21}")
_DAYS = (
    re.compile(r"(?P<d>\d\d)[./-](?P<m>\d\d)[./-](?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})[./-](?P<m>\d\d)[./-](?P<d>\d\d)"),
)


def normal(reference: str) -> str:
    """Letters and digits alone, in capitals; of digits alone without what fills up in front."""
    return _filled("".join(WORDS.findall(reference.upper())))


def _filled(word: str) -> str:
    return word.lstrip("0") if word.isdecimal() else word


def candidates(*texts: str) -> tuple[str, ...]:
    """Everything in the texts that may be a reference, in its normal form, each once."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _joined(_without_days(text)):
            found |= dict.fromkeys(_meant(word))
    return tuple(name for name in found if len(name) >= LETTERS_MIN)


def _without_days(text: str) -> str:
    """A day of the calendar is no reference, though it is digits with dots between."""
    for pattern in _DAYS:
        text = pattern.sub(lambda found: " " if _is_day(found) else found[0], text)
    return text


def _is_day(found: re.Match[str]) -> bool:
    try:
        date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return False
    return True


def _joined(text: str) -> Iterator[str]:
    """Words as they stand, and up to seven neighbours read as one."""
    words = WORDS.findall(text.upper())
    for first in range(len(words)):
        word = ""
        for part in words[first : first + WORDS_MAX]:
            word += part
            if len(word) > LETTERS_MAX:
                break
            yield word


def _meant(word: str) -> Iterator[str]:
    """The word itself, and what is left of it without the check digits that it may have."""
    yield _filled(word)
    if _RF.fullmatch(word) and _is_rf(word):
        yield _filled(word[4:])
    if word.isdecimal():
        for length, holds in _CHECKS:
            if len(word) >= LETTERS_MIN + length and holds(word):
                yield _filled(word[:-length])


def _is_rf(word: str) -> bool:
    """ISO 11649: letters count from ten, and the whole comes to one by 97."""
    turned = word[4:] + word[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def _luhn(digits: str) -> bool:
    """Ten by weights one and two from the end, as in Norway and Sweden."""
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _carried(digits: str) -> bool:
    """Ten with a carry from digit to digit, as on a Swiss QR-bill."""
    carry = 0
    for digit in digits:
        carry = _CARRIES[(carry + int(digit)) % 10]
    return carry == 0


_CARRIES = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)


def _seven_three_one(digits: str) -> bool:
    """Ten by weights seven, three and one from the end, as in Finland."""
    weights = (7, 3, 1)
    told = sum(int(d) * weights[place % 3] for place, d in enumerate(reversed(digits[:-1])))
    return (told + int(digits[-1])) % 10 == 0


def _by_97(digits: str) -> bool:
    """The rest by 97, or 97 for none, as in Belgium."""
    return len(digits) == BELGIAN and (int(digits[:-2]) % 97 or 97) == int(digits[-2:])


_CHECKS: tuple[tuple[int, Callable[[str], bool]], ...] = (
    (1, _luhn),
    (1, _carried),
    (1, _seven_three_one),
    (2, _by_97),
)
