"""Where each contract stands: what is owed, claimed and to go back of it, side by side and net.

Accounts stay gross, promise by promise; a contract has one net position, never across contracts
(ASC 606-10-45-1, IFRS 15.105). What is to go back is apart from it (IFRS 15.55).
"""

from __future__ import annotations

from msgspec import Struct

from domain.errors import Malformed
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class ContractPosition(Struct, frozen=True, kw_only=True):
    """Of one contract. `advanced_minor` of the liability is money that names it, without an
    invoice; it stands in the account of the customer.

    Net, what is owed takes what is only unbilled first, then what is conditional: one side is
    nothing. `reclass_minor` is what that takes off either side: the pair of lines that presents it.
    """

    unit: str
    customer: str
    currency: str
    liability_minor: int
    advanced_minor: int
    asset_minor: int
    unbilled_minor: int
    refund_liability_minor: int
    reclass_minor: int
    net_liability_minor: int
    net_asset_minor: int
    net_unbilled_minor: int


def positions(
    connection: Connection,
    question: Question,
    *,
    customer: str | None = None,
    unit: str | None = None,
    amounts: str = "transaction",
) -> Answer[ContractPosition]:
    """Those that are not nothing, in the currency of the contract or in functional currency. All
    rows of an account are the account. Raises Malformed for other `amounts`.
    """
    if amounts not in {"transaction", "functional"}:
        raise Malformed("wrong-type", field="amounts", expected="transaction or functional")
    with looking(connection, question) as seen:
        names = seen.parameters(customer=customer, unit=unit, amounts=amounts)
        return seen.answer(
            tuple(_position(*row) for row in connection.execute(SQL.positions, names))
        )


def _position(
    unit: str,
    customer: str,
    currency: str,
    liability: int,
    advanced: int,
    asset: int,
    unbilled: int,
    refund: int,
) -> ContractPosition:
    net = unbilled + asset - liability
    net_asset = max(min(net, asset), 0)
    return ContractPosition(
        unit=unit,
        customer=customer,
        currency=currency,
        liability_minor=liability,
        advanced_minor=advanced,
        asset_minor=asset,
        unbilled_minor=unbilled,
        refund_liability_minor=refund,
        reclass_minor=max(min(liability, unbilled + asset), 0),
        net_liability_minor=max(-net, 0),
        net_asset_minor=net_asset,
        net_unbilled_minor=max(net, 0) - net_asset,
    )
