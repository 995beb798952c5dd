"""What a run made of earlier and has not issued: measured again, issued in time, or thrown away.

A draft stands for what was due on its own day. The lines it comes to now count as billed, so a
charge is never on two drafts, nor on a draft and an invoice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import count

from msgspec import Struct, structs

from domain.accounting.documents import BilledLine
from domain.adjusting import line_of
from domain.draft import DiscardDraft, Drafting, digest_of, drafting
from domain.facts import Fact, When
from domain.invoice import DraftInvoice, IssueInvoice
from domain.invoice_facts import (
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
)
from domain.invoicing import InvoicingOptions
from domain.statement.documents import Act, Bill, Carried, Document, total_of

# Lines of a draft rest on no fact that issued them.
NO_FACT = 0
# Whatever their days: what is said of a draft may be dated before it.
_OF_A_DRAFT = (InvoiceDrafted, DraftAdjusted, DraftApproved, DraftDiscarded)

Adjustments = tuple[DraftAdjusted, ...]


class OpenDraft(Struct, frozen=True, kw_only=True):
    """A draft of a billing run that nobody has issued or thrown away, with what people altered."""

    stream: str
    version: int
    last: InvoiceDrafted
    adjustments: Adjustments
    approved: frozenset[str]

    @property
    def account(self) -> tuple[str, str]:
        return self.last.customer, self.last.currency

    @property
    def day(self) -> date:
        return self.last.when.effective

    @property
    def subscriptions(self) -> frozenset[str]:
        return frozenset(line.subscription for line in self.last.lines if line.subscription)

    def may_be_measured(self, names: frozenset[str], since: date) -> bool:
        """Whether a run looks at all that the draft bills."""
        ends = (line.service_to for line in self.last.lines)
        return (
            self.last.is_measured
            and self.subscriptions <= names
            and all(end is None or end > since for end in ends)
        )


def open_drafts(known: Iterable[Fact], versions: Mapping[str, int]) -> tuple[OpenDraft, ...]:
    """Of facts in effective order those of billing runs, by day and stream. `versions`: the last of
    each stream.
    """
    found: dict[str, Drafting] = {}
    issued: set[str] = set()
    for fact in known:
        if isinstance(fact.event, InvoiceIssued):
            issued.add(fact.stream)
        elif isinstance(fact.event, _OF_A_DRAFT):
            found[fact.stream] = drafting(found.get(fact.stream, Drafting()), fact)
    drafts = [
        OpenDraft(
            stream=stream,
            version=versions[stream],
            last=draft,
            adjustments=state.adjustments,
            approved=state.approved,
        )
        for stream, state in found.items()
        if stream not in issued
        and (draft := state.draft) is not None
        and draft.issue_on is not None
    ]
    return tuple(sorted(drafts, key=_in_order))


def lost(draft: OpenDraft, lines: Sequence[InvoiceLine]) -> Iterator[Carried]:
    """Adjustments of what none of the lines bills any more."""
    customer, currency = draft.account
    for one in draft.adjustments:
        if line_of(one, lines) is None:
            yield Carried(
                customer=customer,
                currency=currency,
                minor=0,
                reason="adjustment-without-line",
                document=draft.stream,
                detail=one.reason,
            )


def lines_of(draft: OpenDraft, lines: Sequence[InvoiceLine]) -> Iterator[BilledLine]:
    """What a draft comes to, as if it were issued."""
    name = draft.stream.partition(":")[2]
    for line in lines:
        yield BilledLine(
            invoice=name,
            number=name,
            customer=draft.last.customer,
            currency=draft.last.currency,
            issued_on=draft.day,
            due_on=draft.day,
            line=line,
            cause=NO_FACT,
            cuts=(),
        )


def settled(
    bill: Bill,
    drafts: Collection[OpenDraft],
    elected: Callable[[date], InvoicingOptions],
    through: date,
    *,
    interim: bool,
) -> Bill:
    """The documents of a run as they go out: what earlier drafts became, then what is new.

    `elected`: how documents of a day are issued. What waits, as for its tax, stays as it was.
    """
    options = elected(through)
    known = {draft.stream for draft in drafts}
    fresh = {one.stream: one for one in bill.documents if one.stream in known}
    waiting = {row.document for row in bill.carried}
    told: list[Document] = []
    for draft in drafts:
        if draft.day <= through and draft.stream not in waiting:
            is_gone = draft.stream in bill.measured and draft.stream not in fresh
            now = None if is_gone else fresh.get(draft.stream, draft)
            told += _settled(draft, now, options, through)
    new = [one for one in bill.documents if one.stream not in known]
    if options.grace_days or options.approval == "required":
        issue_on = through + timedelta(days=options.grace_days)
        ahead = {one.subscription for one in bill.reached}
        new = [_as_draft(one, issue_on, ahead, interim=interim) for one in new]
    return structs.replace(bill, documents=(*told, *new))


def _settled(
    draft: OpenDraft, now: Document | OpenDraft | None, options: InvoicingOptions, through: date
) -> Iterator[Document]:
    """What becomes of a draft: drafted anew, issued, thrown away, or left alone.

    `now` is what it comes to, the draft itself where nobody measured it again.
    """
    if now is None:
        yield _document(draft, 1, DiscardDraft(when=When(effective=through)), "discarded")
        return
    again, places = draft.last, count(1)
    if isinstance(now, Document):
        again = _drafted_anew(draft.last, now.command)
    if digest_of(again) != digest_of(draft.last):
        command = DraftInvoice(**{name: getattr(again, name) for name in _DRAFTED})
        yield _document(draft, next(places), command, "drafted anew", again.lines)
    if _is_ready(draft, again, options, through):
        replaces = getattr(now.command, "replaces", None) if isinstance(now, Document) else None
        issue = IssueInvoice(
            when=When(effective=through), customer=draft.last.customer, replaces=replaces
        )
        yield _document(draft, next(places), issue, "issued", again.lines)


_DRAFTED = DraftInvoice.__struct_fields__


def _drafted_anew(last: InvoiceDrafted, command: object) -> InvoiceDrafted:
    assert isinstance(command, IssueInvoice), command
    return structs.replace(
        last,
        when=When(effective=last.when.effective),
        lines=command.lines,
        taxed_by=command.taxed_by,
    )


def _is_ready(
    draft: OpenDraft, again: InvoiceDrafted, options: InvoicingOptions, through: date
) -> bool:
    """Its grace is over, and somebody approved it as it stands."""
    assert again.issue_on is not None, draft
    if through < again.issue_on:
        return False
    return options.approval == "none" or digest_of(again) in draft.approved


def _as_draft(
    document: Document, issue_on: date, ahead: Collection[str], *, interim: bool
) -> Document:
    """An invoice as the draft that a later run issues. What is billed `ahead` of the end of its
    period is not measured again.
    """
    command = document.command
    if not isinstance(command, IssueInvoice):
        return document
    in_part = interim or any(line.subscription in ahead for line in document.lines)
    draft = DraftInvoice(
        when=command.when,
        customer=document.customer,
        currency=document.currency,
        lines=command.lines,
        issue_on=issue_on,
        is_measured=not in_part,
        taxed_by=command.taxed_by,
    )
    return structs.replace(document, command=draft, act="drafted")


def _document(
    draft: OpenDraft,
    place: int,
    command: DraftInvoice | IssueInvoice | DiscardDraft,
    act: Act,
    lines: tuple[InvoiceLine, ...] = (),
) -> Document:
    """Under a key that no act on this draft had before, and the same if the run is cut off."""
    name = draft.stream.partition(":")[2]
    return Document(
        stream=draft.stream,
        key=f"bill:{name}:{draft.version + place}",
        command=command,
        customer=draft.last.customer,
        currency=draft.last.currency,
        total_minor=total_of(lines),
        act=act,
        as_drafted=lines,
    )


def _in_order(draft: OpenDraft) -> tuple[date, bool, str]:
    return draft.day, draft.last.is_measured, draft.stream
