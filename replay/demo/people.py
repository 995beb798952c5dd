"""Who is on Tideway's documents: names and addresses in four languages, all of them invented.

Every name says so in its language, streets and towns are called after examples, and numbers are
noughts. What customers are taxed as belongs to where they are.
"""

from __future__ import annotations

from msgspec import Struct

from domain.tax.status import TaxStatus

Contact = dict[str, str]


class Region(Struct, frozen=True, kw_only=True):
    """Where some customers are: the language they read, how they are taxed, what names and
    addresses look like there, and what somebody writes who pays. `{word}`, `{trade}` and `{number}`
    stand for a customer's own, or the invoice's.
    """

    locale: str
    tax: TaxStatus
    name: str
    words: tuple[str, ...]
    trades: tuple[str, ...]
    address: str
    tax_id: str = ""
    pays: str = "Invoice {number}"


def _business(jurisdiction: str) -> TaxStatus:
    return TaxStatus(jurisdiction=jurisdiction, is_business=True, tax_id_valid=True)


_ENGLISH = ("Fernbrook", "Larkmoor", "Quillhaven", "Juniper Falls", "Otterbridge")
_ENGLISH_TRADES = ("Coffee", "Outfitters", "Robotics", "Clinics")
_GERMAN = ("Mustertal", "Musterberg", "Musterhafen", "Musterfeld", "Musterbach")
_GERMAN_TRADES = ("Logistik", "Verlag", "Technik", "Bäckerei")
_FRENCH = ("du Modèle", "de l'Exemple", "des Essais", "du Spécimen")
_FRENCH_TRADES = ("Librairie", "Brasserie", "Ateliers", "Clinique", "Menuiserie")
_JAPANESE = ("見本川", "見本山", "見本浜", "見本原", "見本島")
_JAPANESE_TRADES = ("商事", "製作所", "運輸", "出版")


def _american(place: str, town: str) -> Region:
    return Region(
        locale="en-US",
        tax=TaxStatus(jurisdiction=place, is_business=True),
        name="Sample {word} {trade} Inc.",
        words=_ENGLISH,
        trades=_ENGLISH_TRADES,
        address="{number} Example Street\n" + town,
    )


def _german(place: str, locale: str, form: str, town: str, tax_id: str) -> Region:
    return Region(
        locale=locale,
        tax=_business(place),
        name="{word} {trade} " + form,
        words=_GERMAN,
        trades=_GERMAN_TRADES,
        address="Musterstraße {number}\n" + town,
        tax_id=tax_id,
        pays="Rechnung {number}",
    )


def _gulf(place: str, town: str) -> Region:
    return Region(
        locale="en",
        tax=_business(place),
        name="Sample {word} {trade} WLL",
        words=_ENGLISH,
        trades=_ENGLISH_TRADES,
        address="Example Street {number}\n" + town,
    )


# By the legal entity that serves them.
REGIONS: dict[str, tuple[Region, ...]] = {
    "tideway-us": (
        _american("US-CA", "Sampleville, CA 00000"),
        _american("US-NY-NYC", "New Sample, NY 00000"),
        _american("US-OR", "Sampleton, OR 00000"),
    ),
    "tideway-eu": (
        _german("DE", "de-DE", "GmbH", "00000 Musterstadt", "DE000000000"),
        Region(
            locale="fr-FR",
            tax=_business("FR"),
            name="{trade} {word} SARL",
            words=_FRENCH,
            trades=_FRENCH_TRADES,
            address="{number} rue de l'Exemple\n00000 Exempleville",
            tax_id="FR00000000000",
            pays="Facture n° {number}",
        ),
        _german("CH", "de-CH", "AG", "0000 Musterwil", "CHE-000.000.000"),
    ),
    "tideway-jp": (
        Region(
            locale="ja-JP",
            tax=_business("JP"),
            name="{word}{trade}株式会社",
            words=_JAPANESE,
            trades=_JAPANESE_TRADES,
            address="〒000-0000\n見本県例示市例町1-2-{number}",
            tax_id="T0000000000000",
            pays="請求書 {number}",
        ),
    ),
    "tideway-kw": (_gulf("KW", "Sample Area, Kuwait"), _gulf("BH", "Sample Area, Bahrain")),
}

SELLERS: dict[str, Contact] = {
    "tideway-us": {
        "name": "Tideway Inc. (sample)",
        "address": "1 Example Quay\nSampleville, CA 00000",
        "tax_id": "00-0000000",
        "email": "billing@tideway.example",
        "bank": "Sample Bank\nAccount 000000000",
    },
    "tideway-eu": {
        "name": "Tideway GmbH (Muster)",
        "address": "Musterkai 1\n00000 Musterstadt",
        "tax_id": "DE000000000",
        "registration": "Amtsgericht Musterstadt HRB 00000",
        "email": "rechnung@tideway.example",
        "bank": "Musterbank\nDE00 0000 0000 0000 0000 00",
    },
    "tideway-jp": {
        "name": "見本潮路株式会社",
        "address": "〒000-0000\n見本県例示市港町1-1-1",
        "tax_id": "T0000000000000",
        "email": "seikyu@tideway.example",
        "bank": "見本銀行 例示支店\n普通 0000000",
    },
    "tideway-kw": {
        "name": "Tideway WLL (sample)",
        "address": "Example Street 1\nSample Area, Kuwait",
        "email": "billing@tideway-kw.example",
        "bank": "Sample Bank\nKW00 0000 0000 0000 0000 0000 0000 00",
    },
}
# Documents for customers that state no language of their own.
LANGUAGE = {"tideway-us": "en-US", "tideway-eu": "de-DE", "tideway-jp": "ja-JP", "tideway-kw": "en"}


def region(entity: str, number: int) -> Region:
    """Customers are dealt out over the places that a legal entity serves."""
    own = REGIONS[entity]
    return own[number % len(own)]


def holding(entity: str) -> Contact:
    """The parent that is billed for some."""
    at = REGIONS[entity][0]
    name = at.name.format(word=at.words[-1], trade="Holding")
    return contact(at, 0) | {"name": name}


def contact(at: Region, number: int) -> Contact:
    """A name of its own for each number; numbers far apart may share one."""
    own = at.words[number % len(at.words)], at.trades[number % len(at.trades)]
    said = {
        "name": at.name.format(word=own[0], trade=own[1]),
        "address": at.address.format(number=number + 1),
    }
    return said | ({"tax_id": at.tax_id} if at.tax_id else {})
