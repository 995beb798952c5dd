"""Every decider, listed by hand: which commands and events each kind of stream knows."""

from __future__ import annotations

from typing import Any

from domain import (
    balance,
    books,
    cash,
    catalogue,
    contract_commands,
    coupon,
    dunning,
    entity,
    invoice,
    invoicing,
    judgement,
    left_entry,
    opening,
    parking,
    party,
    policy,
    rates,
    revenue_contract,
    subscription,
    threshold,
    usage,
)
from domain.errors import Malformed
from domain.facts import Decider, Event
from domain.tax import table as tax_table

DECIDERS: tuple[Decider[Any, Any], ...] = (
    entity.DECIDER,
    party.DECIDER,
    catalogue.PRODUCT,
    catalogue.METER,
    catalogue.PRICE,
    subscription.DECIDER,
    usage.DECIDER,
    dunning.DECIDER,
    threshold.DECIDER,
    coupon.DECIDER,
    invoice.DECIDER,
    cash.DECIDER,
    left_entry.DECIDER,
    balance.DECIDER,
    revenue_contract.DECIDER,
    policy.DECIDER,
    invoicing.DECIDER,
    tax_table.DECIDER,
    rates.DECIDER,
    books.BOOK,
    books.RUN,
    books.ADJUSTMENT,
    opening.DECIDER,
    parking.DECIDER,
    judgement.DECIDER,
)

Command = (
    entity.OpenEntity
    | entity.IdentifyEntity
    | entity.DefineCalendar
    | party.RegisterCustomer
    | party.AmendCustomer
    | catalogue.CatalogueCommand
    | subscription.SubscriptionCommand
    | usage.DeclareUsageWindow
    | threshold.ReachThreshold
    | dunning.DunningCommand
    | usage.WaiveUsageGap
    | coupon.CouponCommand
    | invoice.InvoiceCommand
    | cash.CashCommand
    | left_entry.BankCommand
    | balance.BalanceCommand
    | contract_commands.ContractCommand
    | policy.AdoptPolicy
    | invoicing.AdoptInvoicing
    | tax_table.SetTaxRates
    | rates.PublishRates
    | books.BookCommand
    | books.RunPosting
    | books.AdjustmentCommand
    | opening.OpeningCommand
    | parking.ParkingCommand
    | judgement.JudgeNature
)

EVENTS: tuple[type[Event], ...] = tuple(
    dict.fromkeys(event for decider in DECIDERS for event in decider.events)
)
COMMANDS: tuple[type, ...] = tuple(
    dict.fromkeys(command for decider in DECIDERS for command in decider.commands)
)
# Of these an entity has one stream; another name would be read by nobody.
ONE_OF_A_KIND = frozenset({"entity", "invoicing", "run"})
_BY_CATEGORY = {decider.category: decider for decider in DECIDERS}


def decider_of(stream: str) -> Decider[Any, Any]:
    """The decider of a stream `category:name`."""
    category, colon, name = stream.partition(":")
    alone = category in ONE_OF_A_KIND and name != "self"
    if category not in _BY_CATEGORY or not colon or not name or alone:
        raise Malformed("unknown-stream", field="stream", stream=stream)
    return _BY_CATEGORY[category]
