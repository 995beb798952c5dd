"""Acts on a period without a key of their own: what was refused may be asked again, once cured."""

from datetime import date

import pytest

from domain.errors import Rejected
from domain.facts import When
from domain.usage import DeclareUsageWindow
from replay import ledger as facade
from replay.ledger import Ledger
from tests.replay.conftest import Send

JANUARY = date(2024, 1, 31)


def test_a_close_that_was_refused_is_taken_once_its_cause_is_gone(company: Ledger) -> None:
    with pytest.raises(Rejected, match="close-unposted"):
        company.close_period("acme", "main", "2024-01")
    company.run("acme", JANUARY)

    assert company.close_period("acme", "main", "2024-01").seal.period == "2024-01"


def test_a_close_that_was_cut_off_before_its_seal_is_finished(
    company: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object, **__: object) -> None:
        raise ConnectionError

    company.run("acme", JANUARY)
    with monkeypatch.context() as broken:
        broken.setattr(facade, "period_seal", cut_off)
        with pytest.raises(ConnectionError):
            company.close_period("acme", "main", "2024-01")
    closed_at = company.head("acme")

    assert company.close_period("acme", "main", "2024-01").closed_at == closed_at


def test_a_reopened_period_is_soft_closed_again(company: Ledger) -> None:
    company.run("acme", JANUARY)
    first = company.soft_close("acme", "main", "2024-01")
    company.reopen("acme", "main", "2024-01", actor="ann", approved_by="bob")

    assert company.soft_close("acme", "main", "2024-01").positions > first.positions


def test_a_reopening_refused_for_one_approver_is_taken_from_another(company: Ledger) -> None:
    company.run("acme", JANUARY)
    company.close_period("acme", "main", "2024-01")
    with pytest.raises(Rejected, match="same-person"):
        company.reopen("acme", "main", "2024-01", actor="ann", approved_by="ann")

    assert not company.reopen("acme", "main", "2024-01", actor="bob", approved_by="ann").repeated


def test_a_gap_of_one_window_does_not_hold_up_the_period_after_it(
    company: Ledger, send: Send
) -> None:
    """A window is half-open, as every span of service is."""
    window = DeclareUsageWindow(
        when=When(effective=JANUARY),
        window_from=date(2024, 1, 1),
        window_to=date(2024, 2, 1),
        first_batch=1,
        last_batch=1,
    )
    send("usage:app", window)
    company.run("acme", date(2024, 2, 29))

    assert company.close_period("acme", "main", "2024-02").seal.period == "2024-02"
