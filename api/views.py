"""The views by the name they are asked for, on the command line and over HTTP alike."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from api.problems import Missing
from api.reading import read_as, read_date
from domain.books import ACCOUNTS
from domain.errors import Malformed
from projections import deferred_revenue, receivables, register, revenue, tax, trial_balance, usage
from projections.audit import audit_trail
from projections.cash_days import cash_by_day
from projections.collection import days_outstanding, forecast
from projections.credits import open_credits
from projections.customer_money import customer_money
from projections.disclosed import disclosed_revenue
from projections.disputes import disputes
from projections.drafts import drafts
from projections.dunning import to_remind
from projections.exceptions import exceptions
from projections.exchange import exchange_differences
from projections.giving_back import left_entries
from projections.invoices import invoices
from projections.not_receivable import not_receivable
from projections.openings import openings
from projections.positions import positions
from projections.question import Answer, Question
from projections.remaining import remaining_by_band, remaining_obligations
from projections.statement import statement
from projections.unidentified import unidentified
from replay.billing.outside import outside_invoices
from replay.changes import changes
from replay.journal import journal
from replay.price_models import price_models
from store import log
from store.db import Connection

# The book that is asked where none is named, opened or not.
MAIN = "main"
OF_ONE_CUSTOMER = ("customer",)
DAYS = frozenset({"ages"})
NUMBERS = frozenset({"after", "at_least", "days", "known_at", "limit"})
DATES = frozenset({"since", "through"})
ASKED = Question.__struct_fields__


class View(Struct, frozen=True, kw_only=True):
    """A view, what it answers, and by which names it can be narrowed."""

    ask: Callable[..., Answer[Any]]
    says: str
    filters: tuple[str, ...] = ()


VIEWS: dict[str, View] = {
    "ageing": View(
        ask=receivables.ageing,
        says="Open items by age, from the due date or that of the invoice.",
        filters=("customer", "by", "ages"),
    ),
    "audit": View(
        ask=audit_trail,
        says="Who did what, when and why; refusals too.",
        filters=("stream", "actor", "after", "limit"),
    ),
    "bank-left": View(
        ask=left_entries,
        says="Entries of a bank that are no payment and match nothing, and rows nobody could read.",
    ),
    "bridge": View(ask=revenue.bridge, says="From reported to earned revenue, by cause."),
    "cash-by-day": View(ask=cash_by_day, says="Cash by day and channel."),
    "changes": View(
        ask=changes, says="What happened to deals, by kind of change: ahead, in time, late, undone."
    ),
    "credits": View(
        ask=open_credits,
        says="Prepaid credits, purse by purse: granted, drawn, expired, open.",
        filters=("subscription",),
    ),
    "current": View(
        ask=deferred_revenue.current_and_non_current,
        says="Contract liability, current and non-current.",
        filters=OF_ONE_CUSTOMER,
    ),
    "customer-money": View(
        ask=customer_money,
        says="Held for customers: unapplied, deposits, credit, to refund; and disputed.",
        filters=OF_ONE_CUSTOMER,
    ),
    "deferred-revenue": View(
        ask=deferred_revenue.deferred,
        says="Contract liability by unit and obligation.",
        filters=OF_ONE_CUSTOMER,
    ),
    "disclosed-revenue": View(
        ask=disclosed_revenue,
        says="Revenue from the opening contract liability, and for earlier performance.",
        filters=("since", "customer", "unit"),
    ),
    "disputes": View(
        ask=disputes, says="What customers dispute, and how it ended.", filters=OF_ONE_CUSTOMER
    ),
    "drafts": View(ask=drafts, says="Invoices prepared and not issued.", filters=OF_ONE_CUSTOMER),
    "days-outstanding": View(
        ask=days_outstanding,
        says="How many days of billing are open (DSO).",
        filters=("customer", "days"),
    ),
    "dunning": View(
        ask=to_remind,
        says="Who is to be reminded: the last step of each open invoice.",
        filters=("after",),
    ),
    "exceptions": View(
        ask=exceptions,
        says="What a person must see: parked, pending, missing, overdue, implausible.",
    ),
    "exchange": View(
        ask=exchange_differences,
        says="Gains and losses of exchange by period: realised, and only told anew.",
        filters=OF_ONE_CUSTOMER,
    ),
    "forecast": View(
        ask=forecast,
        says="When open items are to be expected, as each customer usually pays.",
        filters=OF_ONE_CUSTOMER,
    ),
    "invoices": View(
        ask=invoices,
        says="Invoices that went out: what they came to, and what is open of each.",
        filters=("customer", "state", "since", "after", "limit"),
    ),
    "journal": View(
        ask=journal,
        says="The journal, line by line.",
        filters=("unit", "account", "customer", "document", "after", "limit"),
    ),
    "not-receivable": View(
        ask=not_receivable,
        says="Invoiced and not receivable yet: open items that stand in no account.",
        filters=OF_ONE_CUSTOMER,
    ),
    "outside-invoices": View(
        ask=outside_invoices,
        says="Where outside invoices bill something else than what was due.",
        filters=OF_ONE_CUSTOMER,
    ),
    "openings": View(
        ask=openings,
        says="What was taken over from other books, and what is left of it, period by period.",
    ),
    "positions": View(
        ask=positions,
        says="Contract by contract: liability, asset, unbilled, to go back, and the net side.",
        filters=("customer", "unit", "amounts"),
    ),
    "price-models": View(
        ask=price_models, says="What each price model is sold in, billed and earned."
    ),
    "receivables": View(
        ask=receivables.open_items, says="Invoices not yet paid.", filters=OF_ONE_CUSTOMER
    ),
    "register": View(
        ask=register.register,
        says="Invoices and credit notes by series and number.",
        filters=("series",),
    ),
    "register-gaps": View(
        ask=register.register_gaps, says="Numbers that a series left out or gave twice: none."
    ),
    "remaining": View(
        ask=remaining_obligations,
        says="Remaining obligations: price, earned, left, left out and why.",
        filters=("customer", "unit"),
    ),
    "remaining-by-band": View(
        ask=remaining_by_band,
        says="When remaining obligations will be earned, by year or period.",
        filters=("by", "customer", "unit"),
    ),
    "revenue": View(ask=revenue.revenue_by_period, says="Revenue, reported and earned."),
    "roll-forward": View(
        ask=deferred_revenue.roll_forward,
        says="Deferred revenue from period to period, or another account of contracts.",
        filters=("account",),
    ),
    "statement": View(
        ask=statement,
        says="A customer's account: opening, documents, payments, what stands.",
        filters=("customer", "since"),
    ),
    "tax": View(
        ask=tax.tax_by_period,
        says="Tax by period and place, with what was taxable.",
        filters=("jurisdiction",),
    ),
    "trial-balance": View(ask=trial_balance.trial_balance, says="What stands in each account."),
    "unapplied": View(ask=receivables.unapplied, says="Money that no invoice took."),
    "unidentified": View(ask=unidentified, says="Money of which nobody knows whose it is."),
    "usage": View(ask=usage.by_source, says="Usage rows by source: what became of them."),
    "usage-by-meter": View(ask=usage.by_meter, says="Usage in force by meter."),
    "usage-pending": View(ask=usage.pending, says="Usage without effect yet, and why."),
    "usage-rejected": View(ask=usage.rejected, says="Usage rows that were not taken, and why."),
    "waterfall": View(ask=deferred_revenue.waterfall, says="When deferred revenue is earned."),
}


def ask(connection: Connection, view: str, entity: str, said: Mapping[str, str]) -> Answer[Any]:
    """The view's answer to a question told in texts: both clocks, the basis, and filters.

    Raises `unknown-entity` of an entity without facts, and Missing of a view, account or book that
    is not there.
    """
    if view not in VIEWS:
        raise Missing("view", view)
    named = VIEWS[view]
    unknown = sorted(said.keys() - {*ASKED, *named.filters} | said.keys() & {"entity"})
    if unknown:
        raise Malformed("unknown-field", field=unknown[0])
    question = question_of(entity, {name: said[name] for name in said if name in ASKED})
    narrowed = {name: _typed(name, said[name]) for name in named.filters if name in said}
    if "account" in narrowed and narrowed["account"] not in ACCOUNTS:
        raise Missing("account", narrowed["account"])
    found = named.ask(connection, question, **narrowed)
    if not found.rows:
        log.known_head(connection, entity)
        require_book(connection, question)
    return found


def require_book(connection: Connection, question: Question) -> None:
    """Nothing in a book is an answer; nothing in a book that nobody opened is a slip of the pen."""
    if question.book == MAIN or log.read_stream(
        connection, question.entity, f"book:{question.book}"
    ):
        return
    raise Missing("book", question.book)


def question_of(entity: str, said: Mapping[str, str]) -> Question:
    """A question from its parameters, texts all of them."""
    wanted: dict[str, Any] = {"entity": entity, "book": MAIN}
    wanted |= {name: _typed(name, text) for name, text in said.items()}
    return read_as(wanted, Question)


def _typed(name: str, text: str) -> object:
    if name in DATES:
        return read_date(text, name)
    if name in DAYS:
        return tuple(_number(part.strip(), name) for part in text.split(","))
    if name not in NUMBERS:
        return text
    return _number(text, name)


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise Malformed("wrong-type", field=name, expected="a whole number")
    return int(text)
