"""Which accounting units a fact belongs to: what is measured, and what replay is parallel by.

`subscription:ID` and `contract:ID` are contracts; `invoice:ID:LINE` is the contract opened by a
line that names none; `customer:ID:CURRENCY` the customer account (cash and its application);
`adjustment:ID` an approved adjustment. Master data and the books' own facts belong to no unit; a
customer's facts belong to the subscriptions it has. A contract that joined another is measured in
the unit of that one: whatever reaches the one's unit reaches the other's, too.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.balance_facts import (
    BalanceGranted,
)
from domain.carried import OpeningPositionChanged, OpeningPositionEnded
from domain.contract_facts import ContractJoined, ContractOpened, ContractTerminated, CriteriaMet
from domain.facts import Fact
from domain.invoice_facts import DocumentSent, InvoiceIssued, InvoiceLine
from domain.opening import OpeningProposed
from domain.payment_facts import (
    PaymentAttemptFailed,
    PaymentReceived,
)
from domain.subscription import SubscriptionStarted
from domain.usage import UsageBatchAccepted

# Units that earlier facts of a stream went to; later facts of the stream go there too.
Directory = Callable[[str], tuple[str, ...]]

_OWN_UNIT = frozenset({"subscription", "contract", "adjustment"})
# Kinds of streams that move what a customer owes or has.
DOCUMENTS = frozenset({"balance", "invoice", "payment"})
# Money and credit of a customer; of a contract in force it may be named for, the account knows too.
_OF_AN_ACCOUNT = (
    BalanceGranted,
    ContractOpened,
    PaymentAttemptFailed,
    PaymentReceived,
    SubscriptionStarted,
)
_FOLLOWED = DOCUMENTS | {"customer", "opening"}


def route(fact: Fact, directory: Directory) -> tuple[str, ...]:
    """The units a fact touches, in order, each once; none for master data and books."""
    category = fact.stream.partition(":")[0]
    own = (fact.stream,) if category in _OWN_UNIT else ()
    earlier = directory(fact.stream) if _follows(category, fact) else ()
    units = {*own, *named_units(fact), *earlier}
    joined = (other for unit in units if is_stated(unit) for other in directory(unit))
    return tuple(sorted({*units, *filter(is_stated, joined)}))


def named_units(fact: Fact) -> tuple[str, ...]:
    """Units the event itself names."""
    event = fact.event
    if isinstance(event, InvoiceIssued):
        invoice = fact.stream.partition(":")[2]
        lines = (unit_of_line(invoice, line) for line in event.lines)
        return (*lines, account(event.customer, event.currency))
    if isinstance(event, _OF_AN_ACCOUNT):
        return (account(event.customer, event.currency),)
    if isinstance(event, OpeningProposed):
        return tuple(position.unit for position in event.positions)
    if isinstance(event, OpeningPositionChanged | OpeningPositionEnded):
        return (event.unit,)
    if isinstance(event, UsageBatchAccepted):
        return tuple(f"subscription:{name}" for name in event.subscriptions)
    if isinstance(event, ContractJoined):
        return (f"contract:{event.contract}",)
    return ()


def _follows(category: str, fact: Fact) -> bool:
    """Later facts of a document touch what it touched, those of a customer what rests on it; any
    correction touches what it corrects touched. That a document was sent moves nothing; what is
    said of one position of an opening moves none of the others.
    """
    if isinstance(fact.event, DocumentSent | OpeningPositionChanged | OpeningPositionEnded):
        return fact.corrects is not None
    if isinstance(fact.event, ContractTerminated | CriteriaMet):
        return True
    return category in _FOLLOWED or fact.corrects is not None


def rests_on(fact: Fact) -> str | None:
    """The stream whose facts the fact's own unit is measured with: a subscription's customer.

    The unit takes those that are known, later ones reach it: usage waits for its customer, in
    whichever order they come.
    """
    event = fact.event
    return f"customer:{event.customer}" if isinstance(event, SubscriptionStarted) else None


def taken_over(fact: Fact) -> str | None:
    """The unit whose facts so far go to every other contract that the fact reaches: of a contract
    that joins another. They stay there if it is retracted: what is not joined is not measured.
    """
    return fact.stream if isinstance(fact.event, ContractJoined) else None


def is_stated(unit: str) -> bool:
    """Whether a unit is of a contract stated by itself; its facts are then in a stream so named."""
    return unit.startswith("contract:")


def brings_along(fact: Fact) -> bool:
    """Whether a unit this fact reaches first takes the earlier facts of its stream as well.

    A credit may be known before a correction moves its invoice to another contract; had it come
    after, it would have followed, and the order of arrival must not matter (law 2).
    """
    return fact.stream.partition(":")[0] in DOCUMENTS | {"contract", "opening"}


def unit_of_line(invoice: str, line: InvoiceLine) -> str:
    """The contract a line bills; one that names none opens its own, for those beside it too."""
    if line.contract is not None:
        return f"contract:{line.contract}"
    if line.subscription is not None:
        return f"subscription:{line.subscription}"
    return f"invoice:{invoice}:{line.of_line or line.line}"


def account(customer: str, currency: str) -> str:
    return f"customer:{customer}:{currency}"


def account_of(unit: str) -> tuple[str, str]:
    """Customer and currency of a customer account's unit."""
    customer, _, currency = unit.partition(":")[2].rpartition(":")
    return customer, currency
