"""What a revenue contract may not say: each refusal by its code, with the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from domain.contract_commands import (
    ExerciseRights,
    MeasureProgress,
    ModifyContract,
    OpenContract,
    PromiseCustomerPayment,
)
from domain.contract_facts import (
    ContractOpened,
    Fee,
    Financing,
    NonCash,
    Obligation,
    ObligationPattern,
    Renewal,
    Restated,
    VariableAmount,
)
from domain.contract_ways import (
    require_of_pattern,
    require_one_way_estimated,
    require_one_way_expected,
    require_one_way_restated,
)
from domain.days import require_day, require_days, require_notice
from domain.errors import Rejected, require_name
from domain.money import require_size

HUNDRED = Decimal(100)
# A century of months.
INSTALMENTS_MAX = 1_200
# Patterns that are counted: what is promised must say how many.
COUNTED: frozenset[ObligationPattern] = frozenset({"units", "as-exercised"})


def require_amount(minor: int | None, field: str) -> None:
    """An amount that may be left out, and be nothing, never less."""
    if minor is None:
        return
    if minor < 0:
        raise Rejected("negative-price", field=field, amount=minor)
    require_size(minor, field)


def require_percent(percent: Decimal | None, field: str) -> None:
    if percent is not None and not 0 <= percent <= HUNDRED:
        raise Rejected("percent-out-of-range", field=field, percent=str(percent))


def require_above_nothing(number: Decimal | None, field: str) -> None:
    if number is not None and number <= 0:
        raise Rejected("quantity-not-positive", field=field)


def require_not_negative(number: Decimal | None, field: str) -> None:
    if number is not None and number < 0:
        raise Rejected("quantity-not-positive", field=field)


def require_open(command: OpenContract) -> None:
    """The deal as a whole: each promise is checked by `require_obligations`."""
    _require_ssp(command)
    names = {row.obligation for row in command.obligations}
    require_variable(command.variable, names)
    require_non_cash(command.non_cash)
    require_financing(command.financing)
    for bundle in command.bundles:
        require_amount(bundle.price_minor, "bundles.price_minor")
        _require_named(bundle.obligations, names, "bundles.obligations")
    if command.right_after is not None:
        _require_named((command.right_after,), names, "right_after")
    require_notice(command.cancellable_days, "cancellable_days")
    if command.refundable and command.cancellable_days is None:
        raise Rejected("refundable-without-notice", field="refundable")


def _require_ssp(command: OpenContract) -> None:
    """Each of the promises that share a price says what it sells for: nothing is guessed to be for
    free. A variable amount that is wholly for a promise says it, too.
    """
    sharing = [row for row in command.obligations if not row.is_priced_by_itself]
    _require_one_residual(command.obligations, "obligations.ssp_range_minor")
    silent = [row for row in sharing if not row.says_its_price]
    unsaid = _unsaid(silent, command.variable)
    lump = command.price_minor or command.variable or command.non_cash
    is_for_nothing = not lump and len(silent) == len(sharing)
    if len(sharing) <= 1 or is_for_nothing:
        return
    if unsaid or (lump and not any(row.sells_for_something for row in sharing)):
        raise Rejected("ssp-missing", field="obligations", obligations=unsaid)


def _require_one_residual(rows: Iterable[Obligation], field: str) -> None:
    """What is left of a price is one promise's: of two that say a range none can be worked out."""
    sharing = [row for row in rows if not row.is_priced_by_itself]
    names = [row.obligation for row in sharing if row.ssp_range_minor is not None]
    if len(names) > 1:
        raise Rejected("residual-out-of-range", field=field, obligations=names)


def require_added(command: ModifyContract) -> None:
    """What is added says what it sells for, as at inception; alone it may take all of the price of
    a contract of its own. A range says what a promise may get of what is left at inception only.
    """
    sharing = [row for row in command.added if not row.is_priced_by_itself]
    is_apart = command.price_reflects_ssp or command.treatment == "separate"
    silent = [row for row in sharing if not row.says_its_price or row.ssp_range_minor is not None]
    unsaid = _unsaid(silent, command.variable)
    if unsaid and not (is_apart and len(sharing) == 1):
        raise Rejected("ssp-missing", field="added", obligations=unsaid)


def _unsaid(silent: Iterable[Obligation], variable: Iterable[VariableAmount]) -> list[str]:
    named = {name for amount in variable for name in amount.obligations}
    return [row.obligation for row in silent if row.obligation not in named]


def require_alike(one: ContractOpened, other: ContractOpened) -> None:
    """What is accounted for as one is with one customer in one currency, says of every price that
    is shared what it is for, may be left alike, and nothing of it is due by what else is delivered.
    """
    if one.currency != other.currency:
        raise Rejected("currency-mismatch", field="contract", currency=other.currency)
    if one.customer != other.customer:
        raise Rejected("combined-customers-differ", field="contract", customer=other.customer)
    if not (one.says_what_it_sells_for and other.says_what_it_sells_for):
        raise Rejected("ssp-missing", field="contract")
    _require_one_residual((*one.obligations, *other.obligations), "contract")
    if any(
        getattr(one, field) != getattr(other, field) for field in ("cancellable_days", "refundable")
    ):
        raise Rejected("combined-terms-differ", field="contract")
    if one.right_after is not None or other.right_after is not None:
        raise Rejected("combined-terms-differ", field="contract")


def require_purchases(
    command: PromiseCustomerPayment, known: Mapping[str, Obligation], *, is_outside: bool
) -> None:
    """What is for purchases needs some that are priced by themselves; a source may be early."""
    if command.purchases_minor is None:
        return
    require_amount(command.purchases_minor, "purchases_minor")
    if not command.purchases_minor:
        raise Rejected("quantity-not-positive", field="purchases_minor")
    if not (is_outside or any(row.is_priced_by_itself for row in known.values())):
        raise Rejected("nothing-to-buy", field="purchases_minor")


def require_obligations(
    rows: Sequence[Obligation], known: dict[str, Obligation], field: str
) -> None:
    """Promises that are new to a contract."""
    names = set(known)
    for row in rows:
        require_name(row.obligation, f"{field}.obligation")
        if row.obligation in names:
            raise Rejected("duplicate-obligation", field=field, obligation=row.obligation)
        names.add(row.obligation)
        if row.ssp_minor < 0:
            raise Rejected("negative-ssp", field=f"{field}.ssp_minor", obligation=row.obligation)
        require_size(row.ssp_minor, f"{field}.ssp_minor")
        _require_service(row, field)
        _require_priced(row, field)
        _require_transfer(row, field)


def _require_service(row: Obligation, field: str) -> None:
    require_days(row, "service_from", "service_to", "available_from", within=field)
    start, end = row.service_from, row.service_to
    if row.pattern == "ratable" and not row.renewals and (start is None or end is None):
        raise Rejected(
            "ratable-without-term", field=f"{field}.service_from", obligation=row.obligation
        )
    if start is not None and end is not None and end <= start:
        raise Rejected(
            "service-ends-before-it-begins",
            field=f"{field}.service_to",
            obligation=row.obligation,
        )
    if end is not None and row.available_from is not None and row.available_from >= end:
        raise Rejected(
            "service-ends-before-it-begins",
            field=f"{field}.available_from",
            obligation=row.obligation,
        )
    _require_renewals(row.renewals, field)


def _require_renewals(rows: Sequence[Renewal], field: str) -> None:
    before: date | None = None
    for row in rows:
        require_amount(row.price_minor, f"{field}.renewals.price_minor")
        require_amount(row.expected_cost_minor, f"{field}.renewals.expected_cost_minor")
        _require_chance(row.probability, f"{field}.renewals.probability")
        require_days(row, "service_from", "service_to", within=f"{field}.renewals")
        if row.service_to <= row.service_from or (before or row.service_from) != row.service_from:
            raise Rejected("service-ends-before-it-begins", field=f"{field}.renewals.service_to")
        before = row.service_to


def _require_chance(probability: Decimal, field: str) -> None:
    if not 0 <= probability <= 1:
        raise Rejected("probability-out-of-range", field=field, probability=str(probability))


def _require_priced(row: Obligation, field: str) -> None:
    """What is stated for a promise, and what it would sell for alone, each in one way."""
    require_amount(row.price_minor, f"{field}.price_minor")
    require_fees(row.fees, f"{field}.fees")
    require_worth(row.unit_price, f"{field}.unit_price")
    said = (row.price_minor is not None, row.unit_price is not None, row.fees, row.renewals)
    if sum(map(bool, said)) > 1:
        raise Rejected("priced-twice", field=field, obligation=row.obligation)
    per_unit = row.unit_price is not None or row.unit_ssp is not None
    if per_unit and row.quantity is None and not _is_as_many_as_there_will_be(row):
        raise Rejected("missing-quantity", field=f"{field}.quantity", obligation=row.obligation)
    if row.unit_ssp is not None and row.unit_ssp < 0:
        raise Rejected("negative-ssp", field=f"{field}.unit_ssp", obligation=row.obligation)
    _require_ssp_source(row, field)


def _is_as_many_as_there_will_be(row: Obligation) -> bool:
    """Units at a price that are not counted beforehand: each is priced as it is transferred."""
    return row.pattern == "units" and row.unit_price is not None and row.unit_ssp is None


def _require_ssp_source(row: Obligation, field: str) -> None:
    require_amount(row.list_minor, f"{field}.list_minor")
    require_percent(row.ssp_percent, f"{field}.ssp_percent")
    if (row.list_minor is None) != (row.ssp_percent is None):
        raise Rejected("ssp-said-in-part", field=f"{field}.list_minor", obligation=row.obligation)
    if row.ssp_range_minor is not None:
        low, high = row.ssp_range_minor
        require_amount(low, f"{field}.ssp_range_minor")
        require_amount(high, f"{field}.ssp_range_minor")
        if high < low:
            raise Rejected("empty-range", field=f"{field}.ssp_range_minor")
    if row.option is not None:
        require_amount(row.option.average_purchase_minor, f"{field}.option.average_purchase_minor")
        require_percent(row.option.percent, f"{field}.option.percent")
        require_percent(row.option.percent_for_anybody, f"{field}.option.percent_for_anybody")
        _require_chance(row.option.probability, f"{field}.option.probability")
    said = (
        row.ssp_minor > 0,
        row.unit_ssp is not None,
        row.list_minor is not None,
        row.ssp_range_minor is not None,
        row.option is not None,
    )
    if sum(said) > 1:
        raise Rejected("ssp-said-twice", field=field, obligation=row.obligation)


def require_fees(fees: Iterable[Fee], field: str) -> None:
    for fee in fees:
        require_amount(fee.amount_minor, f"{field}.amount_minor")
        require_above_nothing(fee.quantity, f"{field}.quantity")
        require_days(fee, "service_from", "service_to", within=field)
        if fee.service_to <= fee.service_from:
            raise Rejected("service-ends-before-it-begins", field=f"{field}.service_to")


def _require_transfer(row: Obligation, field: str) -> None:
    """How it is transferred must be said as its pattern needs it."""
    require_above_nothing(row.quantity, f"{field}.quantity")
    require_above_nothing(row.expected_exercised, f"{field}.expected_exercised")
    require_percent(row.breakage_percent, f"{field}.breakage_percent")
    require_percent(row.percent_of_base, f"{field}.percent_of_base")
    require_of_pattern(row, field)
    require_one_way_expected(row, field)
    _require_costs(row, field)
    require_amount(row.others_share_minor, f"{field}.others_share_minor")
    is_open = row.option is not None or _is_as_many_as_there_will_be(row)
    if row.pattern in COUNTED and row.quantity is None and not is_open:
        raise Rejected("missing-quantity", field=f"{field}.quantity", obligation=row.obligation)
    if row.pattern == "milestones" and not row.milestones:
        raise Rejected("no-milestones", field=f"{field}.milestones", obligation=row.obligation)
    if row.pattern == "percent-of-base" and row.percent_of_base is None:
        raise Rejected(
            "missing-percent", field=f"{field}.percent_of_base", obligation=row.obligation
        )
    if row.portfolio < 1:
        raise Rejected("quantity-not-positive", field=f"{field}.portfolio")
    names = [one.milestone for one in row.milestones]
    if len(set(names)) != len(names):
        raise Rejected("duplicate-milestone", field=f"{field}.milestones")
    for one in row.milestones:
        require_above_nothing(one.weight, f"{field}.milestones.weight")


def _require_costs(row: Obligation, field: str) -> None:
    require_amount(row.expected_cost_minor, f"{field}.expected_cost_minor")
    require_amount(row.materials_minor, f"{field}.materials_minor")
    if row.materials_minor and row.pattern != "percent-complete":
        raise Rejected(
            "transferred-otherwise", field=f"{field}.materials_minor", pattern=row.pattern
        )
    require_among(row.materials_minor, row.expected_cost_minor or 0, f"{field}.materials_minor")


def require_measure(command: MeasureProgress) -> None:
    if (command.percent is None) == (command.incurred_minor is None):
        raise Rejected("percent-or-costs", field="percent")
    require_percent(command.percent, "percent")
    require_amount(command.incurred_minor, "incurred_minor")
    require_amount(command.expected_minor, "expected_minor")
    require_amount(command.excluded_minor, "excluded_minor")
    require_amount(command.materials_minor, "materials_minor")
    require_among(command.materials_minor, command.incurred_minor, "materials_minor")
    if (
        command.expected_minor is not None
        and (command.incurred_minor or 0) > command.expected_minor
    ):
        raise Rejected("percent-out-of-range", field="incurred_minor")


def require_served(command: ExerciseRights) -> None:
    """A service that rights are used for has a first day and one after its last."""
    start, end = command.service_from, command.service_to
    require_day(start, "service_from")
    require_day(end, "service_to")
    if (start is None) != (end is None):
        field = "service_from" if start is None else "service_to"
        raise Rejected("ratable-without-term", field=field, obligation=command.obligation)
    if start is not None and end is not None and end <= start:
        raise Rejected("service-ends-before-it-begins", field="service_to")


def require_among(materials: int | None, costs: int | None, field: str) -> None:
    """What materials cost is part of the costs it is said with."""
    if materials is not None and costs is not None and materials > costs:
        raise Rejected("materials-above-costs", field=field, costs=costs)


def require_variable(rows: Sequence[VariableAmount], names: set[str] | None) -> None:
    """Each is expected in one way, the chances of outcomes add up to one. `names`: the promises it
    may relate to, where they are known.
    """
    require_one_way_estimated(rows)
    for row in rows:
        require_name(row.name, "variable.name")
        require_size(row.stated_minor, "variable.stated_minor")
        require_size(row.estimate_minor, "variable.estimate_minor")
        require_size(row.included_minor, "variable.included_minor")
        for outcome in row.outcomes:
            require_size(outcome.amount_minor, "variable.outcomes.amount_minor")
        require_percent(row.conceded_percent, "variable.conceded_percent")
        require_percent(row.included_conceded_percent, "variable.included_conceded_percent")
        require_not_negative(row.conceded_quantity, "variable.conceded_quantity")
        require_worth(row.unit_price, "variable.unit_price")
        chances = [outcome.probability for outcome in row.outcomes]
        for chance in chances:
            _require_chance(chance, "variable.outcomes.probability")
        if chances and sum(chances) != 1:
            raise Rejected("outcomes-do-not-add-up", field="variable.outcomes", variable=row.name)
        if names is not None:
            _require_named(row.obligations, names, "variable.obligations")
        if row.non_cash is not None:
            require_worth(row.non_cash.unit_value, "variable.non_cash.unit_value")
            require_not_negative(row.non_cash.quantity, "variable.non_cash.quantity")
    if len({row.name for row in rows}) != len(rows):
        raise Rejected("duplicate-variable", field="variable.name")


def require_non_cash(rows: Sequence[NonCash], known: Iterable[str] = ()) -> None:
    """Each is promised once: what comes of it is known by its name."""
    names = {*known}
    for row in rows:
        require_name(row.name, "non_cash.name")
        require_above_nothing(row.quantity, "non_cash.quantity")
        require_worth(row.unit_value, "non_cash.unit_value")
        if row.name in names:
            raise Rejected("duplicate-non-cash", field="non_cash.name", name=row.name)
        names.add(row.name)


def require_worth(unit_value: Decimal | None, field: str) -> None:
    if unit_value is not None and unit_value < 0:
        raise Rejected("negative-price", field=field, amount=str(unit_value))


def require_financing(terms: Financing | None) -> None:
    if terms is None:
        return
    require_percent(terms.rate_percent, "financing.rate_percent")
    require_percent(terms.stated_rate_percent, "financing.stated_rate_percent")
    require_amount(terms.later_minor, "financing.later_minor")
    require_day(terms.until, "financing.until")
    if terms.kind == "arrears" and terms.until is None and terms.instalments < 1:
        raise Rejected("no-instalments", field="financing.instalments")
    if terms.instalments > INSTALMENTS_MAX:
        field = "financing.instalments"
        raise Rejected("term-too-long", field=field, months_max=INSTALMENTS_MAX)
    if terms.kind == "arrears" and terms.until is not None and terms.instalments:
        raise Rejected("paid-in-two-ways", field="financing.until")
    if terms.kind == "advance" and terms.until is None:
        raise Rejected("missing-until", field="financing.until")


def require_looked_through(rows: Iterable[Obligation], field: str) -> None:
    """Renewals are looked through once, at inception: a change neither adds nor moves stretches."""
    for row in rows:
        if row.renewals:
            raise Rejected("renewals-at-inception", field=field, obligation=row.obligation)


def require_restated(rows: Sequence[Restated]) -> None:
    """What a change states anew, whatever of: a promise only once, and each thing in one way."""
    if len({row.obligation for row in rows}) != len(rows):
        raise Rejected("duplicate-obligation", field="restated.obligation")
    require_one_way_restated(rows)
    for row in rows:
        require_fees(row.fees, "restated.fees")
        require_day(row.service_to, "restated.service_to")
        require_amount(row.price_minor, "restated.price_minor")
        require_amount(row.ssp_minor, "restated.ssp_minor")
        require_size(row.added_cost_minor, "restated.added_cost_minor")
        require_above_nothing(row.quantity, "restated.quantity")
        require_above_nothing(row.added_quantity, "restated.added_quantity")
        require_worth(row.unit_price, "restated.unit_price")
        require_worth(row.added_unit_price, "restated.added_unit_price")
        if (row.added_quantity is None) != (row.added_unit_price is None):
            raise Rejected("missing-quantity", field="restated.added_quantity")


def require_restatable(rows: Sequence[Restated], known: dict[str, Obligation]) -> None:
    """What a change states anew fits the promises it is of."""
    _require_named([row.obligation for row in rows], set(known), "restated.obligation")
    require_looked_through((known[row.obligation] for row in rows), "restated.obligation")
    _require_some_worth(rows, known)
    for row in rows:
        own = known[row.obligation]
        _require_shared(row, own)
        start = own.service_from
        if row.service_to is not None and start is not None and row.service_to <= start:
            raise Rejected("service-ends-before-it-begins", field="restated.service_to")
        _require_restatable_price(row, own)


def _require_some_worth(rows: Sequence[Restated], known: Mapping[str, Obligation]) -> None:
    """Promises that share what is left sell for something: else it would be shared by a guess."""
    sharing = {name for name, own in known.items() if not own.is_priced_by_itself}
    free = {row.obligation for row in rows if row.ssp_minor == 0}
    if len(sharing) > 1 and sharing <= free:
        raise Rejected("ssp-missing", field="restated.ssp_minor", obligations=sorted(free))


def _require_restatable_price(row: Restated, own: Obligation) -> None:
    """A price by the unit needs units; fees from a change on take the place of fees alone."""
    is_counted = row.quantity is not None or own.quantity is not None or own.is_open_ended
    if row.unit_price is not None and not is_counted:
        field = "restated.quantity"
        raise Rejected("missing-quantity", field=field, obligation=own.obligation)
    if row.fees and (own.price_minor is not None or own.unit_price is not None):
        raise Rejected("priced-twice", field="restated.fees", obligation=own.obligation)


def _require_shared(row: Restated, own: Obligation) -> None:
    """What is priced by itself shares no price: of units as many as there will be each costs more
    or less from a change on, and nothing else is stated of them anew.
    """
    if not own.is_priced_by_itself:
        return
    said = {
        "quantity": row.quantity,
        "price_minor": row.price_minor,
        "added_quantity": row.added_quantity,
        "fees": row.fees or None,
        "unit_price": None if own.is_open_ended else row.unit_price,
    }
    for name, value in said.items():
        if value is not None:
            raise Rejected("priced-by-itself", field=f"restated.{name}", obligation=own.obligation)


def _require_named(wanted: Iterable[str], names: set[str], field: str) -> None:
    for name in wanted:
        if name not in names:
            raise Rejected("unknown-obligation", field=field, obligation=name)
