"""The laws over drawn contracts that end, of which no more is owed than what was billed.

Each history is one that is drawn for stated contracts or for those that joined others, with every
end told so, and one put in where there is none. TIEOUT_LAW_OWED says how many: 6 by default.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from random import Random

import pytest
from msgspec import structs

from domain.contract_facts import (
    ContractOpened,
    ContractTerminated,
    CustomerPaymentPromised,
    NonCashReceived,
    PriceEstimated,
)
from domain.due import due
from domain.facts import When
from tests.laws import count
from tests.laws.combined import combined
from tests.laws.contract_laws import END, measured, stated_units
from tests.laws.contracts import ENTITY, contracts, is_by_itself
from tests.laws.memory import Arrival, History
from tests.laws.test_combined import EVERY as OF_COMBINED
from tests.laws.test_contracts import EVERY as OF_CONTRACTS
from tests.laws.time_laws import Ledger, played, same

HISTORIES = int(os.environ.get("TIEOUT_LAW_OWED", "4"))
BLOCK = 6
BLOCKS = range(0, HISTORIES, BLOCK)
# The prices that these laws work out again know no interest, nothing held and nothing given.
OF_PRICES = {
    "11-the-price-is-shared",
    "11-the-price-is-the-same, combined",
    "12-all-is-earned",
    "17-price-is-earned-or-remains",
}
ORDER = 10**6
# What bore what is not owed rested on prices that others had by then; a refund that goes along what
# is billed was owed back again as beyond the notice.
FOUND = (21_047, 21_090)


def owed_as_billed(told: History) -> History:
    """Each contract ends, and is owed as it was billed: as it was drawn, or half a year in."""
    log = [_as_billed(one) for one in told.logs[ENTITY]]
    if told.seed % 2:
        log = [*_plain(log)]
    ended = {one.stream for one in log if isinstance(one.event, ContractTerminated)}
    random = Random(told.seed)
    for at, one in enumerate([*log]):
        if isinstance(one.event, ContractOpened) and one.stream not in ended:
            ended.add(one.stream)
            day = one.event.when.effective + timedelta(days=random.choice((31, 130, 300)))
            end = ContractTerminated(when=When(effective=day, order=ORDER + at), owed="billed")
            arrival = Arrival(key=f"ended{at}", stream=one.stream, event=end)
            log.insert(random.randint(log.index(one) + 1, len(log)), arrival)
    return History(told.seed, {ENTITY: tuple(log)})


def _as_billed(one: Arrival) -> Arrival:
    if not isinstance(one.event, ContractTerminated):
        return one
    return structs.replace(one, event=structs.replace(one.event, refund_minor=0, owed="billed"))


def _plain(log: list[Arrival]) -> Iterator[Arrival]:
    """The same deals at fixed prices, in money, of one who keeps them."""
    gone = {one.key for one in log if isinstance(one.event, PriceEstimated | NonCashReceived)}
    for one in log:
        if one.key in gone or one.corrects in gone:
            gone.add(one.key)
        elif isinstance(one.event, ContractOpened):
            rows = tuple(
                structs.replace(own, presented="gross", others_share_minor=0)
                for own in one.event.obligations
            )
            event = structs.replace(
                one.event, obligations=rows, variable=(), financing=None, non_cash=()
            )
            yield structs.replace(one, event=event)
        else:
            yield one


def nothing_is_left_to_bill(_history: History, ledger: Ledger) -> int:
    """Of what is priced as a whole nothing stands as an asset, once all has ended."""
    compared = 0
    for books in ledger.values():
        for settlement, unit, facts in stated_units(books):
            rows = [own for fact in facts for own in _promises(fact.event)]
            pays = any(isinstance(fact.event, CustomerPaymentPromised) for fact in facts)
            ended = {f.stream for f in facts if isinstance(f.event, ContractTerminated)}
            opened = {f.stream for f in facts if isinstance(f.event, ContractOpened)}
            if not opened or opened - ended or any(map(is_by_itself, rows)) or pays:
                continue
            balances = due(measured(settlement, unit, facts), END, settlement.run.master.calendar)
            for name in ("contract-asset", "unbilled-receivable"):
                stands = sum(row.minor for slot, row in balances.items() if slot.account == name)
                compared += same(stands, 0, unit, name)
    return compared


def _promises(event: object) -> tuple[object, ...]:
    return (*getattr(event, "obligations", ()), *getattr(event, "added", ()))


@lru_cache(maxsize=BLOCK)
def drawn(number: int) -> tuple[History, Ledger]:
    """Every third one is of contracts that joined."""
    if number % 3 == 2:
        found = combined(4 * number + 12)
    else:
        found = contracts(number, Random(number).randint(20, 60))
    told = owed_as_billed(found)
    return told, played(told)


def _is_plain(told: History) -> bool:
    opened = [one.event for one in told.logs[ENTITY] if isinstance(one.event, ContractOpened)]
    others = any(own.others_share_minor for event in opened for own in event.obligations)
    return not any(one.financing or one.variable or one.non_cash for one in opened) and not others


LAWS = {
    **OF_CONTRACTS,
    **{f"{law}, combined": OF_COMBINED[law] for law in OF_COMBINED},
    "nothing-is-left-to-bill": nothing_is_left_to_bill,
}


def _asked_of(number: int, told: History) -> list[str]:
    """The laws of one contract, or of several."""
    unasked = {law for law in OF_CONTRACTS if number % 3 == 2}
    unasked |= {law for law in LAWS if law.endswith(", combined") and number % 3 != 2}
    unasked |= set() if _is_plain(told) else OF_PRICES
    return [law for law in LAWS if law not in unasked]


@pytest.mark.parametrize("number", FOUND)
def test_a_contract_owed_as_billed_in_which_a_law_once_failed_keeps_all(number: int) -> None:
    told, ledger = drawn(number)

    assert all(LAWS[law](told, ledger) >= 0 for law in _asked_of(number, told))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("first", BLOCKS)
def test_every_contract_that_is_owed_as_billed_keeps(first: int, law: str) -> None:
    compared = 0
    for number in range(first, min(first + BLOCK, HISTORIES)):
        told, ledger = drawn(number)
        if law not in _asked_of(number, told):
            continue
        compared += count.compared(f"{law}, owed as billed", LAWS[law](told, ledger))

    assert compared > 0
