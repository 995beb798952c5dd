"""ISO 4217: which codes exist and how many minor digits each has (tested against a library)."""

from __future__ import annotations

from domain.errors import Malformed, Rejected

# fmt: off
_NO_MINOR_UNIT = frozenset(
    (
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
        "VND", "VUV", "XAF", "XOF", "XPF",
    )
)
_THREE_DIGITS = frozenset(
    (
        "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
    )
)
_FOUR_DIGITS = frozenset(
    (
        "CLF", "UYW",
    )
)
_TWO_DIGITS = frozenset(
    (
        "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
        "BGN", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF",
        "CHF", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN",
        "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD",
        "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW",
        "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK",
        "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO",
        "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD",
        "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP",
        "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS",
        "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER",
        "ZAR", "ZMW", "ZWG",
    )
)
# fmt: on
_DIGITS = (
    dict.fromkeys(_TWO_DIGITS, 2)
    | dict.fromkeys(_NO_MINOR_UNIT, 0)
    | dict.fromkeys(_THREE_DIGITS, 3)
    | dict.fromkeys(_FOUR_DIGITS, 4)
)


def currency_of(state: object) -> str | None:
    """The currency of another stream's state, a price, a deal or a document, once it is known."""
    # By its name: a check against a protocol costs more than all else that a command is decided by.
    currency: str | None = getattr(state, "currency", None)
    return currency


def require_kept(currency: str, replaced: object) -> None:
    """What is posted of a deal, a document or money stands in one currency, so a correction may
    change everything of it but that: retract it, and state it anew.
    """
    before = currency_of(replaced)
    if before not in (None, currency):
        raise Rejected("currency-changed", field="currency", was=before)


def is_currency(code: str) -> bool:
    """Whether there is such a currency."""
    return code in _DIGITS


def exponent(currency: str) -> int:
    """Digits after the point in the currency's minor unit."""
    digits = _DIGITS.get(currency)
    if digits is None:
        raise Malformed("unknown-currency", field="currency", currency=currency)
    return digits
