"""Deals told by what was done: goods and points sold, control passed at a price, cash sales."""

from __future__ import annotations

from decimal import Decimal

from domain.cash import ReceivePayment
from domain.contract_commands import OpenContract, SatisfyObligation
from domain.contract_facts import DiscountOption, Financing, Obligation, VariableAmount
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.payment_facts import Application
from replay.accounting_cases.currency import rates_of_transfer, stated_rate
from replay.accounting_cases.deals import Deal, opened, read_deal, shape
from replay.accounting_cases.fixed import CONSIDERATION
from replay.accounting_cases.steps import CUSTOMER, Does, Submit
from replay.accounting_cases.survey import Survey, name, only, opens, submit, the_contract, when
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

# Facts that say that something passed to the customer.
PASSES = ("control_transferred", "obligation_satisfied", "units_transferred")
GOODS = "goods"
POINTS = "points"
CREDITS = "credits"
VOUCHER = "voucher"
CONCESSION = "concession"


def obligation_satisfied(fact: Words, known: Survey) -> Does:
    """Of a contract there is; one that states a price is a deal that is kept when it is made."""
    if any(fact.has(field) for field in ("stated_price", "unit_price", "price")):
        yield from opened(fact, read_deal(fact, known, SHAPES))
        if fact.has("price"):
            yield from paid(fact, known, "price")
        else:
            yield from owed(fact, known)
        return
    promise = fact.text("obligation") if fact.has("obligation") else known.promise
    rows = known.promises.get(the_contract(fact, known), ())
    pattern = next((row.pattern for row in rows if row.obligation == promise), None)
    if pattern == "percent-of-base":
        # What is earned by a share of sales is earned as these are reported.
        return
    command = SatisfyObligation(when=when(fact), obligation=promise)
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)
    yield from owed(fact, known)


def _estimated(fact: Words, known: Survey) -> Deal:
    """A stated price of which less is expected."""
    one = Obligation(obligation=known.promise, pattern="point-in-time")
    uncertain = VariableAmount(name=CONSIDERATION, stated_minor=fact.money("stated_price"))
    return Deal(obligations=(one,), variable=(uncertain,), at_once=(one.obligation,))


def _in_units(fact: Words, known: Survey) -> Deal:
    """Units handed over at a price each, of which some may be conceded."""
    one = Obligation(
        obligation=known.promise,
        pattern="point-in-time",
        quantity=fact.units("units"),
        unit_price=fact.price("unit_price"),
    )
    return Deal(obligations=(one,), at_once=(one.obligation,))


def _with_voucher(fact: Words, known: Survey) -> Deal:
    """A good, and a discount on the next purchase above that which anybody gets."""
    price = fact.money("price")
    good = Obligation(
        obligation=known.promise, ssp_minor=price, price_minor=price, pattern="point-in-time"
    )
    voucher = Obligation(
        obligation=VOUCHER,
        pattern="as-exercised",
        option=DiscountOption(
            average_purchase_minor=fact.money("average_additional_purchase"),
            percent=fact.number("voucher_percent"),
            percent_for_anybody=fact.number("general_promo_percent"),
            probability=fact.number("redemption_probability"),
        ),
    )
    return Deal(obligations=(good, voucher), at_once=(good.obligation,))


def control_transferred(fact: Words, known: Survey) -> Does:
    """Of the only contract; one with terms of payment is a deal that is kept when it is made."""
    if fact.has("stated_price"):
        yield from opened(fact, read_deal(fact, known, SHAPES))
        return
    promise = fact.text("obligation") if fact.has("obligation") else known.promise
    command = SatisfyObligation(when=when(fact), obligation=promise)
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)
    yield from owed(fact, known)


def owed(fact: Words, known: Survey) -> Does:
    """Invoices for what was due when control passed, in a case that bills nothing; the rate that
    the fact states is one of its day.
    """
    rows, rate = _owed(fact, known), stated_rate(fact)
    for money in rows:
        yield Submit(
            stream=f"invoice:{name(money, 'payment')}",
            command=_bill(money, known, when(fact), rate),
        )
    if rate is not None:
        yield from rates_of_transfer(fact, known, rate)


def _owed(fact: Words, known: Survey) -> tuple[Words, ...]:
    """Money that came when all that a case tells of had passed was due when the last of it passed.

    Of service that goes on nothing says when it is due.
    """
    promises = (row for rows in known.promises.values() for row in rows)
    if known.invoices or len(known.contracts) != 1 or any(row.service_to for row in promises):
        return ()
    *_, last = sorted(known.of(*PASSES), key=lambda one: one.instant("effective"))
    passed = fact.instant("effective")
    return tuple(
        money
        for money in known.of("payment_received")
        if fact == last and money.instant("effective") > passed
    )


def _in_instalments(fact: Words, known: Survey) -> Deal:
    """Paid month by month at a rate that is not the market's; the instalment follows from these."""
    one = Obligation(obligation=known.promise, pattern="point-in-time")
    financing = Financing(
        kind="arrears",
        rate_percent=fact.percent_of_share("market_rate_annual"),
        stated_rate_percent=fact.percent_of_share("contract_rate_annual"),
        instalments=fact.count("months"),
    )
    return Deal(
        obligations=(one,),
        price_minor=fact.money("stated_price"),
        financing=financing,
        at_once=(one.obligation,),
    )


def goods_sold(fact: Words, known: Survey) -> Does:
    """Goods for money, and points beside them, worth what is estimated when they are granted."""
    price = fact.money("amount")
    goods = Obligation(
        obligation=GOODS, ssp_minor=price, price_minor=price, pattern="point-in-time"
    )
    obligations: tuple[Obligation, ...] = (goods,)
    if fact.has("points"):
        obligations = (goods, _points(fact, known))
    yield from opened(fact, Deal(obligations=obligations, at_once=(GOODS,)))
    yield from paid(fact, known)


def _points(fact: Words, known: Survey) -> Obligation:
    expected = known.first("estimate_made", "ssp_per_point")
    if expected is None:
        raise CaseError("missing field estimate_made.ssp_per_point")
    return Obligation(
        obligation=POINTS,
        pattern="as-exercised",
        quantity=fact.units("points"),
        unit_ssp=expected.price("ssp_per_point"),
        expected_exercised=expected.units("points_to_be_redeemed"),
    )


def credits_sold(fact: Words, known: Survey) -> Does:
    """Rights to service, paid for; the payment follows from the same fact."""
    del known
    price = fact.money("amount")
    one = Obligation(
        obligation=CREDITS,
        pattern="as-exercised",
        ssp_minor=price,
        price_minor=price,
        quantity=fact.units("credits"),
    )
    yield from opened(fact, Deal(obligations=(one,)))


def sale_recorded(fact: Words, known: Survey) -> Does:
    """Sold, delivered and paid at once; in a vendor's report what was billed and paid that day, so
    that what goes back of it stands apart.
    """
    if known.elected.options.given_back == "contra-revenue" and not known.of("sale_corrected"):
        yield from _billed_and_paid(fact)
        return
    yield from opened(fact, _sale(fact, known))
    yield submit(fact, f"payment:{name(fact, 'payment')}", _paid(fact, name(fact, "contract")))


def _billed_and_paid(fact: Words) -> Does:
    number, minor = name(fact, "payment"), fact.money("amount")
    bill = IssueInvoice(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        lines=(InvoiceLine(line="1", amount_minor=minor, kind="one-off"),),
        rate=stated_rate(fact),
    )
    yield submit(fact, f"invoice:{number}", bill)
    yield submit(fact, f"payment:{number}", _money_for(fact, number, minor))


def _money_for(fact: Words, number: str, minor: int) -> ReceivePayment:
    """All that an invoice asks for."""
    return ReceivePayment(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        amount_minor=minor,
        applications=(Application(invoice=number, amount_minor=minor),),
        rate=stated_rate(fact),
    )


def sale_corrected(fact: Words, known: Survey) -> Does:
    """What was recorded of the sale, stated anew as of its own day: the price and the money."""
    names = tuple(name(sold, "event_id") for sold in known.of("sale_recorded"))
    recorded = only(fact, names, "sale")
    (sold,) = known.of("sale_recorded")
    deal = _sale(fact, known)
    again = OpenContract(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        price_minor=deal.price_minor,
        obligations=deal.obligations,
    )
    stream = f"contract:{name(sold, 'contract')}"
    yield Submit(stream=stream, command=again, corrects=(sold.place, SALE))
    paid = _paid(fact, name(sold, "contract"))
    yield Submit(stream=f"payment:{recorded}", command=paid, corrects=(sold.place, MONEY))


# The parts of a recorded sale: the deal, its delivery, the money.
SALE, MONEY = 1, 3


def _sale(fact: Words, known: Survey) -> Deal:
    one = Obligation(obligation=known.promise, pattern="point-in-time")
    return Deal(obligations=(one,), price_minor=fact.money("amount"), at_once=(one.obligation,))


def paid(fact: Words, known: Survey, field: str = "amount") -> Does:
    """Money for a deal nobody billed: an invoice of its day, unless it was due when control passed,
    and the money for it.
    """
    number, minor = name(fact, "payment"), fact.money(field)
    if not any(fact in _owed(earlier, known) for earlier in known.of(*PASSES)):
        bill = _bill(fact, known, when(fact), stated_rate(fact), field)
        yield Submit(stream=f"invoice:{number}", command=bill)
    yield submit(fact, f"payment:{number}", _money_for(fact, number, minor))


def _bill(
    fact: Words, known: Survey, day: When, rate: Decimal | None, field: str = "amount"
) -> IssueInvoice:
    makes_it = opens(fact) or fact.has("contract")
    contract = name(fact, "contract") if makes_it else only(fact, known.contracts, "contract")
    promises = known.promises.get(contract, ())
    line = InvoiceLine(
        line="1",
        amount_minor=fact.money(field),
        kind="one-off",
        contract=contract,
        obligation=promises[0].obligation if len(promises) == 1 else None,
    )
    return IssueInvoice(
        when=day, customer=CUSTOMER, currency=fact.currency, lines=(line,), rate=rate
    )


def _paid(fact: Words, contract: str) -> ReceivePayment:
    return ReceivePayment(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        amount_minor=fact.money("amount"),
        contract=contract,
    )


SHAPES = (
    shape(
        "stated_price contract_rate_annual market_rate_annual months",
        "monthly_payment",
        _in_instalments,
    ),
    shape("stated_price", "obligation", _estimated),
    shape("unit_price units", "obligation", _in_units),
    shape(
        "price voucher_percent general_promo_percent redemption_probability "
        "average_additional_purchase",
        "obligation",
        _with_voucher,
    ),
)
