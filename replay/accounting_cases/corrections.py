"""Facts that correct others: one takes the place of an earlier one, or says that it never was.

Each part of what the earlier fact became is replaced by the same part of the later one; two that do
not become the same things are no correction of one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import structs

from replay.accounting_cases.steps import Done, Ingest, Submit
from replay.accounting_cases.survey import Survey
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

# Facts that say of an earlier one that it never was, and the field beside `corrects` that names it.
TAKES_BACK: dict[str, tuple[str, ...]] = {
    "modification_deleted": ("modification", "amendment"),
    "amendment_deleted": ("amendment", "modification"),
    "fact_retracted": (),
}


def stands_for(fact: Words, known: Survey) -> Words | None:
    """The earlier fact that a fact takes the place of or takes back, if it does either.

    Raises CaseError if there is none such, or, of a deletion that names none, no change before it.
    """
    fields = ("corrects", *TAKES_BACK.get(fact.event, ()))
    field = next((one for one in fields if fact.has(one)), None)
    if field is not None:
        return _named(fact, fact.text(field), field, known)
    if fact.event not in TAKES_BACK:
        return None
    *_, last = (None, *_changes_before(fact, known))
    if last is None:
        raise CaseError(f"{fact.event}: none of {', '.join(fields)} says which, and none is left")
    return last


def _named(fact: Words, text: str, field: str, known: Survey) -> Words:
    """By its id, else by its number in the file."""
    earlier = [one for one in known.facts if one.place < fact.place]
    by_id = [one for one in earlier if one.has("event_id") and one.text("event_id") == text]
    found = by_id or [one for one in earlier if str(one.seq()) == text]
    if len(found) != 1:
        raise CaseError(f"{fact.event}.{field}: {len(found)} facts before it are {text}")
    return found[0]


def _changes_before(fact: Words, known: Survey) -> Iterator[Words]:
    """Changes of the contract that nothing has taken back so far, in the order of the file."""
    earlier = [one for one in known.facts if one.place < fact.place]
    gone = [stands_for(one, known) for one in earlier if one.event in TAKES_BACK]
    for one in earlier:
        same = fact.raw.get("contract") in (None, one.raw.get("contract"))
        if one.event == "contract_modified" and same and one not in gone:
            yield one


def in_place_of(fact: Words, was: Words, does: Sequence[Done], did: Sequence[Done]) -> list[Done]:
    """What a fact does, each part in the place of the same part of what it corrects."""
    if [_kept_in(one) for one in does] != [_kept_in(one) for one in did]:
        raise CaseError(f"{fact.event}.corrects: it does not become what {was.event} became")
    pairs = zip(does, did, strict=True)
    return [_instead(one, old, was, part) for part, (one, old) in enumerate(pairs, start=1)]


def _kept_in(one: Done) -> tuple[type, str]:
    return type(one), one.stream if isinstance(one, Submit) else ""


def _instead(one: Done, old: Done, was: Words, part: int) -> Done:
    if isinstance(one, Submit):
        return structs.replace(one, corrects=(was.place, part))
    if isinstance(one, Ingest) and isinstance(old, Ingest):
        return structs.replace(one, event_id=old.event_id, kind="correction")
    return one


def never_was(fact: Words, was: Words, did: Iterable[Done]) -> Iterator[Done]:
    """Takes back each part of what a fact did, the last first."""
    for part, one in reversed([*enumerate(did, 1)]):
        if isinstance(one, Submit):
            yield Submit(stream=one.stream, command=None, corrects=(was.place, part))
        elif isinstance(one, Ingest):
            yield structs.replace(one, kind="retraction")
        else:
            raise CaseError(f"{fact.event}: {was.event} cannot be taken back")
