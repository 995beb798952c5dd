"""The translator is blind, does no arithmetic, and refuses by name what its tables do not hold."""

from __future__ import annotations

import ast
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.contract_commands import (
    EstimatePrice,
    ModifyContract,
    OpenContract,
    TerminateContract,
)
from domain.contract_facts import Fee, Obligation
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import InvoiceLine
from domain.policy import Options
from replay import accounting_cases
from replay.accounting_cases.format import document
from replay.accounting_cases.plan import plan
from replay.accounting_cases.steps import Ingest, Step, Submit, Translation, UsageTerms
from replay.accounting_cases.translation import translate
from replay.case_format import CaseError, read_document

CASES = sorted((Path(__file__).parent / "accounting").glob("*.json"))
HARNESS = Path(accounting_cases.__file__).parent
# All that stands between the facts of a case and the commands, but what reads values by their kind.
BLIND = (
    "billing", "changes", "contracts", "currency", "deals", "documents", "fields", "fixed", "money",
    "phrases", "plans", "policy", "progress", "recurring", "sold", "survey", "terms", "translation",
    "uncertain",
)  # fmt: skip
UPGRADE = Path(__file__).parent / "accounting" / "bt-backdated-upgrade-closed.json"
NOISE = {
    "id": "noise-1",
    "title": "Another story altogether",
    "kind": "noise",
    "tags": ["by month", "backdated"],
    "source": {"publication": "nobody", "url": "nowhere"},
    "confidence": "none",
    "arithmetic_checks": ["1==2"],
    "notes": "Ratable by month; void as if never; close March.",
    "expected": {"revenue_by_period": {"1999-12": "1.00"}},
}


def translated(raw: dict[str, Any]) -> Translation:
    return translate(document(raw, "case").given)


def outcome(raw: dict[str, Any]) -> Translation | tuple[str, ...]:
    """A translation, or why there is none."""
    try:
        return translated(raw)
    except CaseError as no:
        return no.reasons


def a_case(*facts: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"currency": "USD", "facts": list(facts), "policy": {}, "expected": {}, **parts}


def invoice(**fields: Any) -> dict[str, Any]:
    return {"event": "invoice_issued", "effective": "2024-01-10", "amount": "12.00", **fields}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_translator_sees_only_facts_and_policy(path: Path) -> None:
    raw = read_document(path)

    assert outcome({**raw, **NOISE}) == outcome(raw)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_expected_moves_nothing_on_the_time_line_but_its_last_month(path: Path) -> None:
    raw = read_document(path)
    noisy = outcome({**raw, **NOISE})

    if isinstance(noisy, Translation):
        assert plan(noisy, "2024-12") == plan(translated(raw), "2024-12")


@pytest.mark.parametrize("module", BLIND)
def test_the_translator_does_no_arithmetic(module: str) -> None:
    tree = ast.parse((HARNESS / f"{module}.py").read_text(encoding="utf-8"))
    signs = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub)
    used = [node for node in ast.walk(tree) if isinstance(node, signs)]
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]

    assert used == []
    assert not {"sum", "min", "max", "abs", "round", "divmod", "pow"} & {*names}


def test_no_code_names_a_case() -> None:
    files = [*sorted(HARNESS.glob("*.py")), *sorted(HARNESS.parent.glob("case*.py"))]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)

    assert [path.stem for path in CASES if path.stem in code] == []


def test_a_backdated_upgrade_is_a_contract_its_change_and_the_invoices_that_bill_them() -> None:
    steps = translated(read_document(UPGRADE)).steps
    first, change = date(2024, 1, 1), date(2024, 2, 1)
    contract, added = "contract_signed-1", "contract_modified-4"

    assert steps[0] == Step(
        fact=1,
        recorded=datetime(2024, 1, 1, tzinfo=UTC),
        order=1,
        does=Submit(
            stream=f"contract:{contract}",
            command=OpenContract(
                when=When(effective=first),
                customer="customer",
                currency="USD",
                price_minor=1200000,
                obligations=(
                    Obligation(
                        obligation="service",
                        ssp_minor=1200000,
                        service_from=first,
                        service_to=date(2025, 1, 1),
                    ),
                ),
            ),
        ),
    )
    assert steps[3].recorded == datetime(2024, 4, 10, tzinfo=UTC)
    assert steps[3].does == Submit(
        stream=f"contract:{contract}",
        command=ModifyContract(
            when=When(effective=change),
            price_change_minor=550000,
            added=(
                Obligation(
                    obligation=added,
                    ssp_minor=550000,
                    service_from=change,
                    service_to=date(2025, 1, 1),
                ),
            ),
            price_reflects_ssp=True,
        ),
    )
    assert [
        (line.contract, line.obligation, line.amount_minor)
        for step in steps
        if isinstance(step.does, Submit) and isinstance(step.does.command, IssueInvoice)
        for line in step.does.command.lines
    ] == [(contract, "service", 1200000), (contract, added, 550000)]


def test_an_instant_is_the_date_of_the_policys_time_zone() -> None:
    late = invoice(
        effective="2024-06-30T23:30:00Z",
        service_from="2024-06-30T23:30:00Z",
        service_to="2024-07-31T23:30:00Z",
    )
    tokyo = translated(a_case(late, policy={"timezone": "Asia/Tokyo"})).steps[0]

    assert isinstance(tokyo.does, Submit)
    assert tokyo.recorded == datetime(2024, 6, 30, 23, 30, tzinfo=UTC)
    assert tokyo.does.command == IssueInvoice(
        when=When(effective=date(2024, 7, 1)),
        customer="customer",
        currency="USD",
        lines=(
            InvoiceLine(
                line="1",
                amount_minor=1200,
                service_from=date(2024, 7, 1),
                service_to=date(2024, 8, 1),
                service_from_at=datetime(2024, 6, 30, 23, 30, tzinfo=UTC),
                service_to_at=datetime(2024, 7, 31, 23, 30, tzinfo=UTC),
            ),
        ),
    )


def test_an_event_delivered_twice_is_one_stream_and_one_source_id() -> None:
    first, second = (
        step.does
        for step in translated(
            a_case(invoice(event_id="evt_9"), invoice(event_id="evt_9", recorded="2024-01-11"))
        ).steps
    )

    assert isinstance(first, Submit)
    assert first == second
    assert (first.stream, first.source) == ("invoice:evt_9", ("invoice_issued", "evt_9"))


def test_an_invoice_without_a_service_period_bills_the_usage_of_its_case() -> None:
    usage = {
        "event": "usage_reported",
        "effective": "2024-03-20",
        "units": 100,
        "unit_price": "2.00",
    }
    translation = translated(a_case(usage, invoice(effective="2024-03-31")))
    used, billed = (step.does for step in translation.steps)

    assert translation.usage == UsageTerms(prices=(Decimal("2.00"),))
    assert used == Ingest(
        event_id="usage_reported-1",
        meter="units-at-2",
        quantity=Decimal(100),
        occurred_at=datetime(2024, 3, 20, tzinfo=UTC),
    )
    assert isinstance(billed, Submit)
    assert isinstance(billed.command, IssueInvoice)
    assert billed.command.lines == (
        InvoiceLine(line="1", amount_minor=1200, kind="usage", subscription="usage"),
    )


def test_a_void_says_nothing_itself_so_that_the_policy_says_what_it_means() -> None:
    voided = {"event": "invoice_voided", "effective": "2024-02-01"}
    policy = {"void_with_replacement": "net effect, no contra-revenue"}
    translation = translated(a_case(invoice(), voided, policy=policy))

    assert translation.options == Options(void_default="as-if-never")
    assert translation.steps[1].does == Submit(
        stream="invoice:invoice_issued-1",
        command=VoidInvoice(when=When(effective=date(2024, 2, 1))),
    )


@pytest.mark.parametrize(
    ("policy", "options"),
    [
        ({}, Options(ratable_by="day")),
        ({"ratable": "by day"}, Options(ratable_by="day")),
        ({"ratable": "by month"}, Options(ratable_by="month")),
        (
            {"ratable": "by month evenly, last month cut off"},
            Options(ratable_by="month", month_ends="last-month-cut-off"),
        ),
        ({"amortization": "to the second"}, Options(ratable_by="instant")),
        ({"breakage": "as points are redeemed"}, Options(ratable_by="day")),
        ({"breakage": "no breakage"}, Options(ratable_by="day", breakage="remote")),
        ({"financing": "imputed at 7%"}, Options(ratable_by="day", financing="adjusted")),
        ({"receivable": "when billed"}, Options(ratable_by="day", receivable_at="issue")),
        (
            {"percent_rounding": "nearest 0.1 %"},
            Options(ratable_by="day", progress_percent="tenths"),
        ),
    ],
)
def test_a_phrase_of_the_policy_elects_options(policy: dict[str, str], options: Options) -> None:
    assert translated(a_case(invoice(), policy=policy)).options == options


def test_a_case_may_carry_options_instead_of_prose() -> None:
    stated = {"ratable_by": "month", "month_ends": "last-month-cut-off"}
    raw = a_case(invoice(), options=stated)
    del raw["policy"]

    assert translated(raw).options == Options(ratable_by="month", month_ends="last-month-cut-off")


def test_facts_are_taken_in_the_order_they_were_recorded() -> None:
    facts = (
        invoice(seq=3, effective="2024-01-01", recorded="2024-02-10"),
        invoice(seq=2, effective="2024-01-31"),
        invoice(seq=1, effective="2024-01-31"),
    )

    assert [step.fact for step in translated(a_case(*facts)).steps] == [3, 2, 1]


def signed(**fields: Any) -> dict[str, Any]:
    return {"event": "contract_signed", "effective": "2024-01-01", **fields}


def the_deal(*facts: dict[str, Any], **parts: Any) -> OpenContract:
    does = [step.does for step in translated(a_case(*facts, **parts)).steps]
    (deal,) = (
        one.command
        for one in does
        if isinstance(one, Submit) and isinstance(one.command, OpenContract)
    )
    return deal


def test_fees_are_stated_never_multiplied() -> None:
    start, end = date(2024, 1, 1), date(2026, 1, 1)
    (monthly,) = the_deal(signed(monthly="100.00", months=24)).obligations
    (yearly,) = the_deal(signed(annual_fee="900.00", years=2, series=True)).obligations
    free = signed(monthly_bill="100.00", months=24, free_months=3, non_cancellable=True)
    (later,) = the_deal(free).obligations

    assert monthly.fees == (
        Fee(amount_minor=10000, service_from=start, service_to=end, per="month"),
    )
    assert yearly.fees == (Fee(amount_minor=90000, service_from=start, service_to=end, per="year"),)
    assert later.fees == (
        Fee(amount_minor=10000, service_from=date(2024, 4, 1), service_to=end, per="month"),
    )


def test_a_term_in_months_is_measured_in_months_unless_a_phrase_says_otherwise() -> None:
    in_months = a_case(signed(amount="12.00", months=12))
    by_day = a_case(signed(amount="12.00", months=12), policy={"ratable": "by day"})
    dated = a_case(signed(amount="12.00", service_to="2025-01-01"))

    assert [translated(raw).options.ratable_by for raw in (in_months, by_day, dated)] == [
        "month",
        "day",
        "day",
    ]


def test_the_term_of_one_promise_is_measured_in_months_too() -> None:
    shared = signed(transaction_price="12.00", ssp={"device": "6.00", "plan": "6.00"})
    own = {"transaction_price": "12.00", "obligations": {"plan": {"months": 12, "ssp": "6.00"}}}
    cases = (a_case({**shared, "plan_years": 2}), a_case(signed(**own)), a_case(shared))

    assert [translated(raw).options.ratable_by for raw in cases] == ["month", "month", "day"]


def test_each_part_of_a_fact_with_an_id_has_an_id_of_its_own() -> None:
    sold = {"event": "sale_recorded", "effective": "2024-01-20", "amount": "9.00", "event_id": "s"}
    does = [step.does for step in translated(a_case(sold)).steps]

    assert [one.source for one in does if isinstance(one, Submit)] == [
        ("sale_recorded", "s"),
        ("sale_recorded-2", "s"),
        ("sale_recorded-3", "s"),
    ]


def test_a_credit_note_of_the_day_on_which_the_price_falls_is_its_document() -> None:
    def changes(effective: str, change: str) -> int:
        cut = {"event": "contract_modified", "effective": "2024-02-01", "price_change": change}
        note = {"event": "credit_note_issued", "effective": effective, "amount": "2.00"}
        note |= {"reason": "order_change"}
        raw = a_case(signed(amount="12.00", months=12), cut, note)
        commands = [getattr(step.does, "command", None) for step in translated(raw).steps]
        return len([one for one in commands if isinstance(one, ModifyContract)])

    assert changes("2024-02-01", "-2.00") == 1
    assert changes("2024-02-02", "-2.00") == 2
    assert changes("2024-02-01", "2.00") == 2


def test_whether_an_estimate_is_in_the_price_is_an_amount_or_a_claim() -> None:
    def included(said: object) -> list[int | None]:
        raw = signed(amount="12.00", months=12, variable_estimate="2.00", variable_included=said)
        opened = [getattr(step.does, "command", None) for step in translated(a_case(raw)).steps]
        deals = [one for one in opened if isinstance(one, OpenContract)]
        return [amount.included_minor for deal in deals for amount in deal.variable]

    assert (included("1.50"), included(True), included(False)) == ([150], [None], [0])


def test_what_of_a_price_is_for_a_right_is_named_by_what_ends_it() -> None:
    deal = signed(transaction_price="12.00", ssp={"service": "10.00", "option": "5.00"}, months=12)
    ends = {"event": "option_expired", "effective": "2024-06-30"}

    def patterns(*facts: dict[str, Any]) -> list[str]:
        opened = [getattr(step.does, "command", None) for step in translated(a_case(*facts)).steps]
        deals = [one for one in opened if isinstance(one, OpenContract)]
        return [row.pattern for one in deals for row in one.obligations]

    assert patterns(deal, ends) == ["ratable", "as-exercised"]
    assert patterns(deal, {**ends, "obligation": "service"}) == ["as-exercised", "ratable"]
    assert patterns(deal) == ["ratable", "ratable"]


def test_what_passes_at_once_has_not_the_term_of_the_deal() -> None:
    deal = signed(transaction_price="12.00", ssp={"device": "6.00", "plan": "6.00"}, months=12)
    passed = {"event": "obligation_satisfied", "effective": "2024-01-01", "obligation": "device"}
    opened = [
        getattr(step.does, "command", None) for step in translated(a_case(deal, passed)).steps
    ]
    (one,) = [command for command in opened if isinstance(command, OpenContract)]

    assert [row.pattern for row in one.obligations] == ["point-in-time", "ratable"]


def test_a_fee_by_the_month_for_several_is_due_with_the_one_that_runs_on() -> None:
    several = {"monthly_fee": "35.00", "ssp": {"device": "3.00", "plan": "6.00"}}
    plan_alone = signed(**several, plan_months=24)
    opened = [getattr(step.does, "command", None) for step in translated(a_case(plan_alone)).steps]
    (one,) = [command for command in opened if isinstance(command, OpenContract)]
    device, served = one.obligations

    assert (device.price_minor, device.fees) == (0, ())
    assert [(fee.amount_minor, fee.per) for fee in served.fees] == [(3500, "month")]
    with pytest.raises(CaseError, match=r"contract_signed\.ssp must be promises of which one"):
        translated(a_case(signed(**several)))


def test_units_at_a_price_that_reflects_what_they_sell_for_are_a_promise_of_their_own() -> None:
    change = {"event": "contract_modified", "effective": "2024-04-01", "added_units": 30}
    alone = {**change, "added_unit_price": "95.00", "price_reflects_ssp": True}
    steps = translated(a_case(signed(units=120, unit_price="100.00"), alone)).steps

    assert isinstance(steps[1].does, Submit)
    assert steps[1].does.command == ModifyContract(
        when=When(effective=date(2024, 4, 1)),
        price_change_minor=0,
        added=(
            Obligation(
                obligation="additional",
                pattern="units",
                quantity=Decimal(30),
                unit_price=Decimal("95.00"),
            ),
        ),
        price_reflects_ssp=True,
    )


def test_a_phrase_bills_what_the_deal_states_on_its_day() -> None:
    fees = signed(fees={"2024": "10.00", "2025": "15.00"}, fees_match_value=False)
    steps = translated(a_case(fees, policy={"billing": "1 January each year"})).steps
    invoices = [
        (step.recorded.date(), step.does.command.lines[0].amount_minor)
        for step in steps
        if isinstance(step.does, Submit) and isinstance(step.does.command, IssueInvoice)
    ]

    assert invoices == [(date(2024, 1, 1), 1000), (date(2025, 1, 1), 1500)]


def test_an_election_that_rounds_has_a_book_beside_it_that_does_not() -> None:
    rounded = translated(a_case(invoice(), options={"progress_percent": "tenths"}))

    assert rounded.options.progress_percent == "tenths"
    assert rounded.beside == {"exact-percent": Options()}
    assert translated(a_case(invoice())).beside == {}


UNKNOWN = [
    (a_case({"event": "loan_granted", "effective": "2024-01-01"}), "unknown event loan_granted"),
    (a_case(invoice(fee="1.2")), "unknown field invoice_issued.fee"),
    (
        a_case(invoice(amount=None, lines=[{"amount": "1.00", "fee": "0.10"}])),
        "unknown field invoice_issued.lines.fee",
    ),
    (a_case(invoice(), policy={"weather": "fair"}), "unknown policy key weather"),
    (
        a_case(invoice(), policy={"ratable": "by moon"}),
        "unknown phrase for policy ratable: by moon",
    ),
    (
        a_case(invoice(), policy={"aggregate": "best"}),
        "unknown phrase for policy aggregate: best",
    ),
    (
        a_case(invoice(), policy={"timezone": "Mars/Olympus"}),
        "unknown phrase for policy timezone: Mars/Olympus",
    ),
    (
        a_case(invoice(), options={"ratable_by": "moon"}),
        "unknown option: Invalid enum value 'moon' - at `$.ratable_by`",
    ),
    (
        a_case(invoice(), options={"ratible_by": "day"}),
        "unknown option: Object contains unknown field `ratible_by`",
    ),
    (a_case(invoice(amount=None)), "missing field invoice_issued.amount"),
    (
        a_case(invoice(amount="12.345")),
        "invoice_issued.amount: wrong-scale (amount=12.345, currency=USD)",
    ),
    (a_case(invoice(currency="WON")), "unknown currency WON"),
    (
        a_case({"event": "invoice_voided", "effective": "2024-01-01"}),
        "invoice_voided: 0 it could mean, and no number says which",
    ),
    (
        a_case(
            {
                "event": "plan_changed",
                "effective": "2024-01-01",
                "from_price": "1.00",
                "to_price": "2.00",
            }
        ),
        "plan_changed: no invoice of its date carries it",
    ),
    (
        a_case(
            {"event": "contract_signed", "effective": "2024-01-01", "amount": "9.00", "months": 1.5}
        ),
        "contract_signed.months must be a whole number of months, not 1.5",
    ),
    (
        a_case(signed(amount="9.00", monthly_bill="1.00")),
        "contract_signed.monthly_bill: not with the fields beside it",
    ),
    (a_case(signed(months=12)), "contract_signed: no price that is known by these fields"),
    (
        a_case(signed(annual_fee="1.00", years=2, series=False)),
        "contract_signed.series must be true: else each year is a promise of its own, not False",
    ),
    (
        a_case(signed(lines=[{"id": "1", "colour": "red"}])),
        "unknown field contract_signed.lines.colour",
    ),
    (
        a_case(signed(amount="9.00"), {"event": "contract_modified", "effective": "2024-02-01"}),
        "contract_modified: no change that is known by these fields",
    ),
    (
        a_case(signed(fixed="9.00", months=3, bonus="1.00", bonus_probability="1.5")),
        "contract_signed.bonus_probability must be from 0 to 1, not '1.5'",
    ),
    (
        a_case(signed(amount="9.00", months=3, non_cancellable="yes")),
        "contract_signed.non_cancellable must be true or false, not 'yes'",
    ),
    (
        a_case(invoice(fx_rate="0", currency="EUR")),
        "invoice_issued.fx_rate must be a number above nothing, not '0'",
    ),
    (
        a_case(invoice(amount="3.00", lines=[{"amount": "1.00"}, {"amount": "1.50"}])),
        "invoice_issued.amount: it is not what the lines come to",
    ),
    (
        a_case(invoice(amount=None, service_to="2024-02-01", lines=[{"amount": "1.00"}])),
        "invoice_issued.service_to: each of the lines says its own",
    ),
    (
        a_case(signed(amount="9.00", presentation="sideways", others_share="1.00")),
        "contract_signed.presentation must be net or agent or gross or principal, not 'sideways'",
    ),
    (
        a_case(invoice(), {**invoice(), "corrects": "9"}),
        "invoice_issued.corrects: 0 facts before it are 9",
    ),
    (
        a_case(invoice(), {**invoice(), "corrects": "1"}),
        "invoice_issued.corrects: it does not become what invoice_issued became",
    ),
    (
        a_case(signed(amount="9.00"), {"event": "amendment_deleted", "effective": "2024-02-01"}),
        "amendment_deleted: none of corrects, amendment, modification says which, and none is left",
    ),
    (
        a_case(
            {"event": "period_closed", "effective": "2024-01-31", "period": "2024-01"},
            {"event": "fact_retracted", "effective": "2024-02-01", "corrects": "1"},
        ),
        "fact_retracted: period_closed cannot be taken back",
    ),
]


@pytest.mark.parametrize(("raw", "reason"), UNKNOWN, ids=[reason for _, reason in UNKNOWN])
def test_what_a_table_does_not_name_fails_the_case_by_name(
    raw: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CaseError) as refused:
        translated(raw)

    assert refused.value.reasons == (reason,)


def test_all_that_is_unknown_is_named_at_once() -> None:
    strange = {"event": "loan_granted", "effective": "2024-01-01"}
    raw = a_case(strange, invoice(fees="1.00"), policy={"weather": "fair", "ratable": "by moon"})

    with pytest.raises(CaseError) as refused:
        translated(raw)

    assert refused.value.reasons == (
        "unknown event loan_granted",
        "unknown field invoice_issued.fees",
        "unknown policy key weather",
        "unknown phrase for policy ratable: by moon",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "not a case: the file must hold one JSON object"),
        ('{"facts": {}, "expected": {}}', "not a case: `facts` must be a list of objects"),
        ('{"facts": [{}]}', "not a case: `expected` must be an object"),
        ('{"facts": [], "expected": {}}', "not a case: `facts` holds none"),
        ('{"facts": [{"amount": NaN}], "expected": {}}', "not a case: NaN is not an amount"),
    ],
)
def test_a_file_that_is_no_case_says_why(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(CaseError) as refused:
        document(read_document(path), "case")

    assert refused.value.reasons == (reason,)


def a_year(**signed: Any) -> dict[str, Any]:
    """A case of one deal."""
    fact = {"effective": "2024-01-01", "event": "contract_signed", **signed}
    return {"currency": "USD", "facts": [fact], "expected": {}}


def test_other_names_are_those_of_the_schema() -> None:
    case = a_year(contract_value="12.00", duration_months=12)
    case["facts"][0]["event"] = "order_signed"
    delivered = {"effective": "2024-02-01", "units": 2}
    shipped = {**a_year(unit_price="5.00", units=2), "options": {}}

    assert outcome(case) == outcome(a_year(amount="12.00", months=12))
    assert outcome(
        {**shipped, "facts": [*shipped["facts"], {**delivered, "event": "goods_delivered"}]}
    ) == outcome(
        {**shipped, "facts": [*shipped["facts"], {**delivered, "event": "units_transferred"}]}
    )


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (
            {"amount": "12.00", "contract_value": "12.00"},
            "contract_signed.contract_value: said twice, as amount too",
        ),
        (
            {"contract_value": "12.00", "fixed_price": "12.00"},
            "contract_signed.fixed_price: said twice, as amount too",
        ),
        ({"amount": "12.00", "moon": "full"}, "unknown field contract_signed.moon"),
    ],
)
def test_a_name_that_is_said_twice_or_means_nothing_is_refused(
    signed: dict[str, Any], reason: str
) -> None:
    assert outcome(a_year(**signed)) == (reason,)


def test_a_case_has_one_customer() -> None:
    case = a_year(amount="12.00", customer="b")
    case["facts"].append({"effective": "2024-02-01", "event": "period_closed", "customer": "a"})
    case["facts"][1]["period"] = "2024-01"

    assert outcome(case) == ("customer: a case has one, not a, b",)


def test_a_fee_for_leaving_takes_the_place_of_fees_that_have_not_begun() -> None:
    left = {"effective": "2024-03-01", "event": "contract_terminated", "termination_fee": "5.00"}
    binding = a_year(monthly="2.00", months=12, non_cancellable=True)
    binding["facts"].append(left)
    whole = a_year(amount="24.00", months=12)
    whole["facts"].append(left)
    paid = outcome(binding)

    assert isinstance(paid, Translation)
    cut, end, fee = (step.does.command for step in paid.steps[1:] if isinstance(step.does, Submit))
    assert isinstance(cut, ModifyContract)
    assert cut.restated[0].service_to == date(2024, 3, 1)
    assert isinstance(end, TerminateContract)
    assert isinstance(fee, ModifyContract)
    assert fee.price_change_minor == 500
    why = outcome(whole)
    assert isinstance(why, tuple)
    assert why[0].startswith("contract_terminated.termination_fee must be beside fees by the month")


def test_a_change_of_term_and_price_is_of_the_promise_it_names() -> None:
    case = a_year(obligations={name: {"price": "24.00", "months": 12} for name in ("a", "b")})
    change = {"effective": "2024-07-01", "event": "contract_modified", "price_change": "-3.00"}
    case["facts"].append({**change, "service_to": "2024-08-01"})
    named = {**case, "facts": [case["facts"][0], {**case["facts"][1], "obligation": "b"}]}
    other = {**case, "facts": [case["facts"][0], {**case["facts"][1], "obligation": "moon"}]}
    ended = [
        step.does.command.restated[0].obligation
        for told in (translated(case), translated(named))
        for step in told.steps
        if isinstance(step.does, Submit) and isinstance(step.does.command, ModifyContract)
    ]

    assert ended == ["a", "b"]
    assert outcome(other) == (
        "contract_modified.obligation must be a promise of the contract, not 'moon'",
    )


REBATED = {"effective": "2024-03-01", "event": "credit_note_issued", "amount": "4.00"}


@pytest.mark.parametrize(
    ("reason", "units", "purpose", "settled"),
    [
        ("volume_rebate", [10], "correction", -400),
        ("price protection, as estimated", [10], "correction", -400),
        # More is to come of what is priced by the unit.
        ("volume_rebate", [6], "correction", None),
        ("goodwill", [10], "concession", None),
        ("sla breach", [10], "concession", None),
    ],
)
def test_a_credit_note_for_what_was_expected_to_go_back_is_its_document(
    reason: str, units: list[int], purpose: str, settled: int | None
) -> None:
    case = a_year(unit_price="10.00", units=10)
    case["facts"] += [
        {"effective": "2024-01-01", "event": "estimate_made", "expected_concession_percent": "5"},
        *({"effective": "2024-02-01", "event": "units_transferred", "units": n} for n in units),
        {"effective": "2024-02-01", "event": "invoice_issued", "amount": "100.00"},
        {**REBATED, "reason": reason},
    ]
    told = outcome(case)

    assert isinstance(told, Translation)
    last = [step.does.command for step in told.steps if isinstance(step.does, Submit)]
    assert [one.purpose for one in last if isinstance(one, IssueCredit)] == [purpose]
    estimates = [one for one in last if isinstance(one, EstimatePrice)][1:]
    assert [one.variable[0].estimate_minor for one in estimates] == (
        [] if settled is None else [settled]
    )


def test_a_reason_that_says_nothing_known_is_refused() -> None:
    case = a_year(amount="12.00", months=12)
    case["facts"].append({**REBATED, "reason": "full moon"})

    assert outcome(case) == ("unknown phrase for credit_note_issued.reason: full moon",)


def test_numbers_of_a_file_are_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"facts": [{"units": 1}]}).replace("1", "0.1"), encoding="utf-8")

    assert read_document(path) == {"facts": [{"units": Decimal("0.1")}]}
