"""What may not be asked of a contract: one table, told alike over HTTP and by the command line."""

from typing import Any, NamedTuple

WHEN = {"effective": "2024-01-15"}
YEAR = {"service_from": "2024-01-01", "service_to": "2025-01-01"}
SERVICE = {"obligation": "service", "ssp_minor": 12000, **YEAR}
LICENCE = {"obligation": "licence", "ssp_minor": 6000, "pattern": "point-in-time"}
SEATS = {"obligation": "seats", "pattern": "units", "quantity": "10", "unit_price": "5"}
WORK = {
    "obligation": "work",
    "pattern": "percent-complete",
    "expected_cost_minor": 1000,
    "ssp_minor": 1,
}
POINTS = {"obligation": "points", "pattern": "as-exercised", "quantity": "100", "ssp_minor": 1}
OPEN = {
    "type": "open-contract",
    "when": {"effective": "2024-01-01"},
    "customer": "c1",
    "currency": "USD",
    "price_minor": 18000,
    "obligations": [SERVICE, LICENCE, SEATS, WORK, POINTS],
}


class Bad(NamedTuple):
    """What was done before, what is asked then, and the code and field of the answer."""

    asked: dict[str, Any]
    code: str
    field: str
    before: tuple[dict[str, Any], ...] = (OPEN,)


def opens(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**OPEN, "obligations": [*rows], **more}


def act(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "when": WHEN, **fields}


def changes(**fields: Any) -> dict[str, Any]:
    return act("modify-contract", **{"price_change_minor": 0, **fields})


def _no_worth(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "ssp_minor": 0}


DELIVERED = {**act("satisfy-obligation", obligation="licence"), "when": {"effective": "2024-01-05"}}
HALF_DONE = act("measure-progress", obligation="work", incurred_minor=500)
USED = act("exercise-rights", obligation="points", quantity="60")
EXPIRED = act("expire-rights", obligation="points", quantity="30")
SIX_SEATS = act("satisfy-obligation", obligation="seats", quantity="6")
BAD = (
    Bad(opens(_no_worth(SERVICE), _no_worth(LICENCE)), "ssp-missing", "obligations", ()),
    Bad(opens(SERVICE, _no_worth(LICENCE)), "ssp-missing", "obligations", ()),
    Bad(
        opens(
            {"obligation": "a", "pattern": "point-in-time", "ssp_range_minor": [1, 9]},
            {"obligation": "b", "pattern": "point-in-time", "ssp_range_minor": [1, 9]},
        ),
        "residual-out-of-range",
        "obligations.ssp_range_minor",
        (),
    ),
    Bad(
        changes(added=[{"obligation": "new", "pattern": "point-in-time"}], price_change_minor=5),
        "ssp-missing",
        "added",
    ),
    Bad(
        {
            **changes(restated=[{"obligation": "service", "service_to": "2026-01-01"}]),
            "when": {"effective": "2025-01-02"},
        },
        "obligation-finished",
        "restated.obligation",
    ),
    Bad(
        changes(restated=[{"obligation": "seats", "quantity": "5"}]),
        "beyond-the-promise",
        "restated.quantity",
        (OPEN, SIX_SEATS),
    ),
    Bad(
        act("exercise-rights", obligation="points", quantity="11"),
        "beyond-the-promise",
        "quantity",
        (OPEN, USED, EXPIRED),
    ),
    Bad(
        act("exercise-rights", obligation="points", service_from="2024-02-01"),
        "ratable-without-term",
        "service_to",
    ),
    Bad(
        act(
            "exercise-rights",
            obligation="points",
            service_from="2024-02-01",
            service_to="2024-02-01",
        ),
        "service-ends-before-it-begins",
        "service_to",
    ),
    Bad(
        act("expire-rights", obligation="points", quantity="11"),
        "beyond-the-promise",
        "quantity",
        (OPEN, USED, EXPIRED),
    ),
    Bad(
        act("revise-expectation", obligation="points", breakage_percent="41"),
        "estimate-under-certain",
        "breakage_percent",
        (OPEN, USED),
    ),
    Bad(
        changes(restated=[{"obligation": "licence", "quantity": "2"}]),
        "obligation-finished",
        "restated.obligation",
        (OPEN, DELIVERED),
    ),
    Bad(
        act("satisfy-obligation", obligation="seats", quantity="11"),
        "beyond-the-promise",
        "quantity",
    ),
    Bad(
        act("exercise-rights", obligation="points", quantity="41"),
        "beyond-the-promise",
        "quantity",
        (OPEN, USED),
    ),
    Bad(
        act("revise-expectation", obligation="points", expected_exercised="59"),
        "estimate-under-certain",
        "expected_exercised",
        (OPEN, USED),
    ),
    Bad(
        act("revise-expectation", obligation="work", expected_cost_minor=499),
        "estimate-under-certain",
        "expected_cost_minor",
        (OPEN, HALF_DONE),
    ),
    Bad(
        act("measure-progress", obligation="work", incurred_minor=500, materials_minor=501),
        "materials-above-costs",
        "materials_minor",
    ),
    Bad(
        act("exercise-rights", obligation="points", quantity="6", cumulative="6"),
        "said-in-two-ways",
        "cumulative",
    ),
    Bad(
        act("exercise-rights", obligation="points", quantity="1"),
        "beyond-the-promise",
        "quantity",
        (OPEN, act("exercise-rights", obligation="points")),
    ),
    Bad(
        changes(restated=[{"obligation": "seats", "unit_price": "4", "price_minor": 40}]),
        "said-in-two-ways",
        "restated.unit_price",
    ),
    Bad(
        changes(restated=[{"obligation": "service", "unit_price": "4"}]),
        "missing-quantity",
        "restated.quantity",
    ),
    Bad(
        opens(SERVICE, variable=[{"name": "penalty", "estimate_minor": -18001}]),
        "negative-price",
        "variable",
        (),
    ),
    Bad(
        act("estimate-price", variable=[{"name": "penalty", "estimate_minor": -23001}]),
        "negative-price",
        "variable",
    ),
    Bad(
        act("concede-price", obligation="service", amount_minor=23001),
        "refund-above-price",
        "amount_minor",
    ),
    Bad(
        changes(
            restated=[
                {"obligation": one["obligation"], "ssp_minor": 0} for one in OPEN["obligations"]
            ]
        ),
        "ssp-missing",
        "restated.ssp_minor",
    ),
    Bad(
        changes(added=[{**LICENCE, "obligation": "new"}]),
        "already-terminated",
        "added",
        (OPEN, act("terminate-contract")),
    ),
    Bad(
        opens({**SERVICE, "breakage_percent": "10"}),
        "transferred-otherwise",
        "obligations.breakage_percent",
        (),
    ),
    Bad(
        act("revise-expectation", obligation="work", breakage_percent="10"),
        "transferred-otherwise",
        "breakage_percent",
    ),
    Bad(opens(SERVICE, price_minor=-1), "negative-price", "price_minor", ()),
    Bad(opens({**SEATS, "unit_price": "-5"}), "negative-price", "obligations.unit_price", ()),
    Bad(changes(price_change_minor=-23001), "negative-price", "price_change_minor"),
    Bad(
        changes(restated=[{"obligation": "seats", "unit_price": "-1"}]),
        "negative-price",
        "restated.unit_price",
    ),
    Bad(opens({**LICENCE, "ssp_minor": -1}), "negative-ssp", "obligations.ssp_minor", ()),
    Bad(
        opens({**SERVICE, "service_to": "2023-12-31"}),
        "service-ends-before-it-begins",
        "obligations.service_to",
        (),
    ),
    Bad(
        changes(restated=[{"obligation": "service", "service_to": "2023-12-31"}]),
        "service-ends-before-it-begins",
        "restated.service_to",
    ),
    Bad(
        act("measure-progress", obligation="work", percent="101"), "percent-out-of-range", "percent"
    ),
    Bad(
        opens({**POINTS, "breakage_percent": "100.1"}),
        "percent-out-of-range",
        "obligations.breakage_percent",
        (),
    ),
    Bad(
        act("estimate-price", variable=[{"name": "returns", "conceded_percent": "120"}]),
        "percent-out-of-range",
        "variable.conceded_percent",
    ),
    Bad(
        act("estimate-price", variable=[{"name": "returns", "conceded_quantity": "-1"}]),
        "quantity-not-positive",
        "variable.conceded_quantity",
    ),
    Bad(
        opens(LICENCE, financing={"kind": "arrears", "rate_percent": "6"}),
        "no-instalments",
        "financing.instalments",
        (),
    ),
    Bad(
        opens(
            LICENCE,
            financing={
                "kind": "arrears",
                "rate_percent": "6",
                "instalments": 12,
                "until": "2025-01-01",
            },
        ),
        "paid-in-two-ways",
        "financing.until",
        (),
    ),
)
