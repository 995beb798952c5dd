"""What is paid long before or after transfer: interest is of what was agreed at inception."""

from decimal import Decimal

from domain.contract_facts import ContractModified, Financing, ObligationSatisfied, Restated
from tests.domain.contracting import balance, on, opened, point, revenue, scheduled


def test_a_change_moves_no_interest_on_what_was_agreed_before() -> None:
    terms = Financing(
        kind="arrears", rate_percent=Decimal(12), stated_rate_percent=Decimal(5), instalments=60
    )
    base = opened("2020-01-01", point("machine", price_minor=1_000_000_00), financing=terms)
    dearer = ContractModified(
        when=on("2021-01-01"),
        price_change_minor=0,
        restated=(Restated(obligation="machine", price_minor=1_100_000_00),),
        added=(point("training", 50_000_00, price_minor=50_000_00),),
    )
    done = ObligationSatisfied(when=on("2021-06-01"), obligation="machine")
    taught = ObligationSatisfied(when=on("2021-06-01"), obligation="training")
    before, after = scheduled(base, done), scheduled(base, dearer, done, taught)

    # Eleven months at one per cent of what is owed of 848,357.03, in instalments of 18,871.23.
    for day in ("2020-01-31", "2020-12-31", "2024-12-31"):
        assert balance(after, "interest-income", day) == balance(before, "interest-income", day)
    assert balance(after, "interest-income", "2020-12-31") == -87_431_19
    assert revenue(before, "2020-01-01", "2021-12-31") == 848_357_03
    assert revenue(after, "2020-01-01", "2021-12-31") == 998_357_03
