"""What Tideway's banks send: a file a month with all that passed an account, CSV or camt.053.

Texts only. Payers write the invoice's number, most of the time; what is booked at the bank is known
to nobody here until the file is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

from msgspec import Struct

from domain.money import decimal_text
from replay.demo.company import Country

COLUMNS = ("Booked", "Amount", "Name", "Account", "Text", "Id")
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


class BankRow(Struct, frozen=True, kw_only=True):
    """One entry: who paid from which account on a day, and what they wrote; below zero it went
    out.
    """

    name: str
    on: date
    amount_minor: int
    payer: str
    account: str
    text: str


def account_of(country: Country) -> str:
    """Ours at the bank, by a name that no bank would give."""
    return f"TIDEWAY-{country.currency}"


def mapping_text(country: Country) -> str:
    """How the files of the country's bank are read."""
    source = f'source = "{country.entity}-bank"\n'
    if country.file == "xml":
        return source
    names = ("booked_on", "amount", "payer_name", "payer_account", "text", "entry_id")
    said = dict(zip(names, COLUMNS, strict=True))
    rows = (f'{n} = ["{c}"]' if n == "text" else f'{n} = "{c}"' for n, c in said.items())
    head = f'account = "{account_of(country)}"\ncurrency = "{country.currency}"\ndelimiter = ";"\n'
    return source + head + "\n[columns]\n" + "".join(f"{row}\n" for row in rows)


def statement_text(country: Country, opening_minor: int, rows: Sequence[BankRow]) -> str:
    if country.file == "csv":
        return _csv(country, rows)
    return _camt(country, opening_minor, rows)


def _csv(country: Country, rows: Iterable[BankRow]) -> str:
    lines = [";".join(COLUMNS)]
    for row in rows:
        amount = decimal_text(row.amount_minor, country.currency)
        cells = (row.on.isoformat(), amount, row.payer, row.account, row.text, row.name)
        lines.append(";".join(cells))
    return "".join(f"{line}\n" for line in lines)


def _camt(country: Country, opening_minor: int, rows: Sequence[BankRow]) -> str:
    """It says how many entries there are, and what stood before and after them."""
    closing = opening_minor + sum(row.amount_minor for row in rows)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{CAMT}"><BkToCstmrStmt><Stmt>\n'
        f"<Acct><Id><Othr><Id>{account_of(country)}</Id></Othr></Id>"
        f"<Ccy>{country.currency}</Ccy></Acct>\n"
        f"{_balance('OPBD', opening_minor, country)}{_balance('CLBD', closing, country)}"
        f"<TxsSummry><TtlNtries><NbOfNtries>{len(rows)}</NbOfNtries></TtlNtries></TxsSummry>\n"
        f"{''.join(_entry(row, country) for row in rows)}</Stmt></BkToCstmrStmt></Document>\n"
    )


def _balance(code: str, minor: int, country: Country) -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f"<Bal>{kind}{_amount(minor, country)}</Bal>\n"


def _amount(minor: int, country: Country) -> str:
    side = "DBIT" if minor < 0 else "CRDT"
    text = decimal_text(abs(minor), country.currency)
    return f'<Amt Ccy="{country.currency}">{text}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _entry(row: BankRow, country: Country) -> str:
    side = "Cdtr" if row.amount_minor < 0 else "Dbtr"
    who = (
        f"<RltdPties><{side}><Nm>{escape(row.payer)}</Nm></{side}>"
        f"<{side}Acct><Id><Othr><Id>{row.account}</Id></Othr></Id></{side}Acct></RltdPties>"
    )
    wrote = f"<RmtInf><Ustrd>{escape(row.text)}</Ustrd></RmtInf>" if row.text else ""
    return (
        f"<Ntry>{_amount(row.amount_minor, country)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{row.on}</Dt></BookgDt><AcctSvcrRef>{row.name}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls>{who}{wrote}</TxDtls></NtryDtls></Ntry>\n"
    )
