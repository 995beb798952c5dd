"""What stands in another currency at what it cost: first in first out, and taken back as it was."""

from __future__ import annotations

from domain.accounting.pools import Layers


def two_bills() -> Layers:
    """100.00 at 1.10, then 100.00 at 1.20."""
    layers = Layers()
    assert layers.put(100_00, 110_00, "a") == 0
    assert layers.put(100_00, 120_00, "b") == 0
    return layers


def test_a_credit_takes_of_its_own_document_first() -> None:
    layers = two_bills()

    # 50.00 of the second cost 60.00, and are given back at 57.00.
    assert layers.put(-50_00, -57_00, "b") == 3_00
    assert (layers.minor, layers.worth) == (150_00, 170_00)
    # All that is left of the second, then of the first.
    assert layers.put(-60_00, -72_00, "b") == -1_00
    assert (layers.minor, layers.worth) == (90_00, 99_00)


def test_without_a_document_what_was_billed_first_is_earned_first() -> None:
    layers = two_bills()

    assert layers.earn("revenue", 80_00, 0) == 88_00
    assert layers.earn("revenue", 40_00, 0) == 22_00 + 24_00
    assert (layers.minor, layers.worth) == (80_00, 96_00)


def test_beyond_what_was_billed_it_is_worth_what_the_day_says() -> None:
    layers = two_bills()

    assert [layers.covered(minor) for minor in (150_00, 250_00, -5_00)] == [150_00, 200_00, 0]
    assert layers.earn("revenue", 230_00, 40_00) == 230_00 + 40_00
    assert (layers.minor, layers.worth) == (-30_00, -40_00)
    assert [layers.covered(minor) for minor in (10_00, -10_00)] == [0, -10_00]
    # 30.00 that cost 40.00 are billed at 33.00 of 55.00: 7.00 are lost, 20.00 lie there at 22.00.
    assert layers.put(50_00, 55_00, "c") == -7_00
    assert (layers.minor, layers.worth) == (20_00, 22_00)


def test_nothing_covers_what_is_earned_of_nothing() -> None:
    layers = Layers()

    assert layers.covered(10_00) == layers.covered(-10_00) == 0
    assert layers.earn("revenue", 10_00, 11_00) == 11_00
    assert layers.earn("revenue", -10_00, 0) == -11_00
    assert (layers.minor, layers.worth) == (0, 0)


def test_what_is_taken_back_had_cost_what_was_earned_last() -> None:
    layers = two_bills()
    layers.earn("revenue", 80_00, 0)
    layers.earn("revenue", 100_00, 0)

    # The last 100.00 cost 22.00 and 96.00: 40.00 of them 47.20.
    assert layers.last_earned("revenue", 40_00) == (40_00, 47_20)
    # The other 60.00, and half of the 80.00 that cost 88.00.
    assert layers.last_earned("revenue", 100_00) == (100_00, 70_80 + 44_00)
    assert layers.last_earned("revenue", 100_00) == (40_00, 44_00)
    assert layers.last_earned("revenue", 1_00) == (0, 0)
    assert layers.last_earned("other", 1_00) == (0, 0)


def test_a_loss_that_is_taken_back_is_of_losses_only() -> None:
    layers = Layers()
    layers.earn("revenue", -30_00, -33_00)

    assert layers.last_earned("revenue", 10_00) == (0, 0)
    assert layers.last_earned("revenue", -10_00) == (-10_00, -11_00)
    assert layers.last_earned("revenue", -30_00) == (-20_00, -22_00)


def test_a_cent_lies_in_a_layer_as_any_amount_does() -> None:
    layers = Layers()

    assert layers.put(1, 2, "a") == 0
    assert layers.covered(1) == 1
    assert layers.covered(2) == 1
    assert layers.put(-1, -1, "b") == 1
    assert (layers.rows, layers.minor, layers.worth) == ([], 0, 0)


def test_a_cent_that_was_earned_is_taken_back_as_any_amount_is() -> None:
    layers = two_bills()
    layers.earn("revenue", 50_00, 0)
    layers.earn("revenue", 1, 0)

    # The cent, and then one of what was earned before it.
    assert layers.last_earned("revenue", 2) == (2, 2)
    assert layers.last_earned("revenue", 1) == (1, 1)


def test_a_cent_that_is_owed_is_billed_as_any_amount_is() -> None:
    layers = Layers()

    assert layers.earn("revenue", 1, 2) == 2
    assert layers.covered(-1) == -1
    assert layers.put(1, 3, "a") == 1
    assert (layers.rows, layers.worth) == ([], 0)
