"""A draft: prepared by one person or the billing run, approved by another, issued or thrown away.

An approval names what was approved by its digest: a draft that came to other lines since is not
approved any more, and is again when it comes back to those. A draft moves nothing in the books.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, structs

from domain.adjusting import AdjustDraft, adjusted, draft_adjusted, service_of, unadjusted
from domain.decimals import plain
from domain.errors import Rejected
from domain.facts import Context, Fact, When
from domain.invoice_facts import (
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
)


class ApproveDraft(
    Struct, frozen=True, kw_only=True, tag="approve-draft", forbid_unknown_fields=True
):
    """Approve a draft as it stands, by somebody else than who prepared it."""

    when: When


class DiscardDraft(
    Struct, frozen=True, kw_only=True, tag="discard-draft", forbid_unknown_fields=True
):
    """Throw a draft away; what it billed is due as before. Retract the fact to have it back."""

    when: When


class Drafting(Struct, frozen=True, kw_only=True):
    """The last draft of a stream, how its lines were adjusted, who prepared it, which contents were
    approved, and whether it was thrown away.
    """

    last: InvoiceDrafted | None = None
    adjustments: tuple[DraftAdjusted, ...] = ()
    prepared_by: str = ""
    approved: frozenset[str] = frozenset()
    is_discarded: bool = False

    @property
    def draft(self) -> InvoiceDrafted | None:
        """What there is to issue."""
        last = self.last
        if last is None or self.is_discarded:
            return None
        # Whoever states a draft may state adjustments; a run has none but those that were made.
        lines = unadjusted(last.lines, self.adjustments) if last.is_measured else last.lines
        return structs.replace(last, lines=adjusted(lines, self.adjustments))

    @property
    def is_approved(self) -> bool:
        return self.draft is not None and digest_of(self.draft) in self.approved


def drafting(state: Drafting, fact: Fact) -> Drafting:
    """Of drafts the last counts."""
    match fact.event:
        case InvoiceDrafted() as event:
            return structs.replace(state, last=event, prepared_by=fact.actor)
        case DraftAdjusted() as event:
            others = (
                one for one in state.adjustments if service_of(one.line) != service_of(event.line)
            )
            return structs.replace(state, adjustments=(*others, event))
        case DraftApproved() as event:
            return structs.replace(state, approved=state.approved | {event.digest})
        case DraftDiscarded():
            return structs.replace(state, is_discarded=True)
        case _:
            return state


def digest_of(draft: InvoiceDrafted) -> str:
    """SHA-256 over what a customer would get: account and lines."""
    told = _plain(msgspec.to_builtins(draft.lines, builtin_types=(Decimal,)))
    content = [draft.customer, draft.currency, told]
    return sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def _plain(value: Any) -> Any:
    """One text for each number, however many zeros it was sent with."""
    match value:
        case Decimal():
            return plain(value)
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case _:
            return value


def approved(command: ApproveDraft, state: Drafting, context: Context) -> DraftApproved:
    """The database says once more that these are two people (SPEC 10)."""
    draft = _require_draft(state)
    if state.prepared_by == context.actor:
        raise Rejected("own-approval", field="actor", actor=context.actor)
    if state.is_approved:
        raise Rejected("already-approved", field="stream")
    return DraftApproved(
        when=command.when,
        digest=digest_of(draft),
        prepared_by=state.prepared_by,
        approved_by=context.actor,
    )


def altered(command: AdjustDraft, state: Drafting) -> DraftAdjusted:
    """What was approved was another document: it needs to be approved again."""
    return draft_adjusted(command, _require_draft(state))


def discarded(command: DiscardDraft, state: Drafting) -> DraftDiscarded:
    """Not before the day of the draft, or it would be thrown away before it was made."""
    day = max(command.when.effective, _require_draft(state).when.effective)
    return DraftDiscarded(when=structs.replace(command.when, effective=day))


def require_undiscarded(state: Drafting) -> None:
    """Whoever drafts again names another stream, so that it is plain which was thrown away."""
    if state.is_discarded:
        raise Rejected("draft-discarded", field="stream")


def require_approved(state: Drafting, *, as_drafted: bool) -> None:
    """What is issued is what somebody else approved."""
    if not as_drafted or not state.is_approved:
        raise Rejected("not-approved", field="stream")


def _require_draft(state: Drafting) -> InvoiceDrafted:
    if state.draft is None:
        raise Rejected("no-draft", field="stream")
    return state.draft
