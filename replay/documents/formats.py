"""How numbers, money and dates are written in a locale. Digits are never rounded here.

How many decimals a currency has is ours to say (ISO 4217), not the locale's: both must agree with
the ledger's minor units.
"""

from __future__ import annotations

from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_interval
from babel.numbers import NumberPattern, format_decimal, format_percent, get_currency_name

from domain.currency import exponent
from domain.decimals import EXACT
from domain.errors import Malformed

PERCENT = Decimal(100)


class Formats:
    """One locale, currency and zone."""

    def __init__(self, locale: str, currency: str, zone: str) -> None:
        self.locale = _locale(locale)
        self.currency = currency
        self.zone = ZoneInfo(zone)
        self._digits = exponent(currency)
        self._plain = self._fixed(self.locale.decimal_formats[None], self._digits)
        self._named = self._fixed(self.locale.currency_formats["standard"], self._digits)

    @property
    def direction(self) -> str:
        """How lines run: ltr or rtl."""
        return self.locale.text_direction

    def amount(self, minor: int) -> str:
        """Money without its currency, as in a column: 1,234.50."""
        return str(self._plain.apply(self._major(minor), self.locale))

    def money(self, minor: int) -> str:
        """Money with its currency: $1,234.50."""
        major = self._major(minor)
        told = self._named.apply(major, self.locale, currency=self.currency, currency_digits=False)
        return str(told)

    def number(self, value: Decimal) -> str:
        """A quantity with every digit it has."""
        return format_decimal(value, locale=self.locale, decimal_quantization=False)

    def price(self, value: Decimal) -> str:
        """An amount a unit with every digit it has, and no fewer than its currency has."""
        exponent = value.normalize(EXACT).as_tuple().exponent
        assert isinstance(exponent, int), value
        places = max(self._digits, -exponent)
        pattern = self._fixed(self.locale.decimal_formats[None], places)
        return str(pattern.apply(value, self.locale))

    def percent(self, value: Decimal) -> str:
        share = EXACT.divide(value, PERCENT)
        return format_percent(share, locale=self.locale, decimal_quantization=False)

    def currency_name(self) -> str:
        """As of several: US dollars."""
        return get_currency_name(self.currency, count=2, locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, format="medium", locale=self.locale)

    def period(self, first: date, end: date) -> str:
        """Half-open in facts, told by its first and last day."""
        return _interval(first, end - timedelta(days=1), str(self.locale))

    def instant(self, moment: datetime) -> str:
        """With the zone by its own name: what locales call it is not always known to them."""
        told = format_datetime(moment, format="medium", tzinfo=self.zone, locale=self.locale)
        return f"{told} ({self.zone.key})"

    def _major(self, minor: int) -> Decimal:
        return EXACT.scaleb(Decimal(minor), -self._digits)

    def _fixed(self, pattern: NumberPattern, places: int) -> NumberPattern:
        """The locale's pattern with so many decimals, whatever it would have itself."""
        fixed = copy(pattern)
        fixed.frac_prec = (places, places)
        return fixed


@lru_cache(maxsize=1_024)
def formats_of(locale: str, currency: str, zone: str) -> Formats:
    """Made once: many documents are written alike."""
    return Formats(locale, currency, zone)


@lru_cache(maxsize=1_024)
def _interval(first: date, last: date, locale: str) -> str:
    return format_interval(first, last, skeleton="yMMMd", locale=locale)


@lru_cache
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError):
        raise Malformed("unknown-locale", field="locale", locale=name) from None
