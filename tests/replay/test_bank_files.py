"""A bank's file as entries: CSV by a mapping, camt.053 of several versions, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from domain.errors import Malformed
from replay.bank.camt import read_camt
from replay.bank.csv_file import read_csv
from replay.bank.entry import Entry, Statement, identified
from replay.bank.mapping import read_bank_mapping

GERMAN = """
source = "sparkasse"
account = "main"
encoding = "cp1252"
delimiter = ";"
decimal = ","
thousands = "."
dates = "%d.%m.%Y"
skip_lines = 1

[columns]
booked_on = "Buchung"
valued_on = "Valuta"
amount = "Betrag"
currency = "Währung"
payer_name = "Name"
payer_account = "IBAN"
text = ["Zweck 1", "Zweck 2"]
end_to_end = "EREF"
charges = "Gebühr"
"""

GERMAN_ROWS = """Umsätze von Konto 1
Buchung;Valuta;Betrag;Währung;Name;IBAN;Zweck 1;Zweck 2;EREF;Gebühr
02.02.2024;03.02.2024;1.234,56;EUR;Müller KG;DE02 1203;RE 17;danke;NOTPROVIDED;
05.02.2024;;-12,00;EUR;Bank;;Gebühren;;;
06.02.2024;;99,9;EUR;Jörg;;"Rest; wie ""hier"" gesagt";;E-9;0,10
07.02.2024;;12.34,00;EUR;X;;;;;
08.02.2024;;1,005;EUR;X;;;;;
09.02.2024;;1,00;ABC;X;;;;;
31.02.2024;;1,00;EUR;X;;;;;
10.02.2024;;0,00;EUR;X;;;;;
11.02.2024;;1,00
"""


def camt(entries: str, *, version: str = "08", closing: str = "150.00", count: int = 1) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>
<GrpHdr><MsgId>m1</MsgId></GrpHdr><Stmt><Id>s1</Id>
<Acct><Id><IBAN>CH9300762011623852957</IBAN></Id><Ccy>CHF</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="CHF">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="CHF">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries></TtlNtries></TxsSummry>
{entries}</Stmt></BkToCstmrStmt></Document>"""


def entry(minor: str, details: str, *, mark: str = "CRDT", more: str = "", ref: str = "B-1") -> str:
    return f"""<Ntry><NtryRef>n</NtryRef><Amt Ccy="CHF">{minor}</Amt><CdtDbtInd>{mark}</CdtDbtInd>
{more}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-02-02</Dt></BookgDt>
<ValDt><DtTm>2024-02-03T00:00:00</DtTm></ValDt>
<AcctSvcrRef>{ref}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"""


ONE = """<TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs><Amt Ccy="CHF">50.00</Amt>
<RltdPties><Dbtr><Pty><Nm>Muster AG</Nm></Pty></Dbtr>
<DbtrAcct><Id><IBAN>CH56</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>invoice 17</Ustrd><Ustrd>thanks</Ustrd>
<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>
</RmtInf></TxDtls>"""


def part(name: str, minor: str) -> str:
    return f"""<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="CHF">{minor}</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>{name}</Nm></Dbtr></RltdPties></TxDtls>"""


def kept(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def test_a_csv_file_is_read_as_its_bank_writes_it_and_each_bad_row_is_told(tmp_path: Path) -> None:
    mapping = read_bank_mapping(kept(tmp_path, "map.toml", GERMAN))
    found = read_csv(kept(tmp_path, "bank.csv", GERMAN_ROWS, "cp1252"), mapping)

    assert found.entries == (
        Entry(
            row=1,
            account="main",
            currency="EUR",
            amount_minor=1234_56,
            booked_on=date(2024, 2, 2),
            valued_on=date(2024, 2, 3),
            payer_name="Müller KG",
            payer_account="DE02 1203",
            text="RE 17 danke",
        ),
        Entry(
            row=2,
            account="main",
            currency="EUR",
            amount_minor=-12_00,
            booked_on=date(2024, 2, 5),
            payer_name="Bank",
            text="Gebühren",
        ),
        Entry(
            row=3,
            account="main",
            currency="EUR",
            amount_minor=99_90,
            booked_on=date(2024, 2, 6),
            payer_name="Jörg",
            text='Rest; wie "hier" gesagt',
            end_to_end="E-9",
            charges_minor=10,
        ),
    )
    assert [(row.row, row.code, row.field) for row in found.unread] == [
        (4, "not-a-decimal", "amount"),
        (5, "wrong-scale", "amount"),
        (6, "unknown-currency", "currency"),
        (7, "bad-date", "booked_on"),
        (8, "zero-amount", "amount"),
        (9, "not-a-row", None),
    ]


@pytest.mark.parametrize(
    ("columns", "row", "minor"),
    [
        ('amount = "A"\nsign = "S"', "1.00,D,,", -100),
        ('amount = "A"\nsign = "S"', "1.00,C,,", 100),
        ('amount = "A"', "1.00-,,,", -100),
        ('amount = "A"', "+1,,,", 100),
        ('amount = "A"', "\N{MINUS SIGN}1.5,,,", -150),
        ('amount_in = "I"\namount_out = "O"', ",,2.00,", 200),
        ('amount_in = "I"\namount_out = "O"', ",,,2.00", -200),
    ],
)
def test_an_amount_has_its_sign_in_any_of_three_ways(
    tmp_path: Path, columns: str, row: str, minor: int
) -> None:
    text = f'source = "b"\naccount = "a"\ncurrency = "USD"\n[columns]\nbooked_on = "D"\n{columns}\n'
    mapping = read_bank_mapping(kept(tmp_path, "m.toml", text))
    found = read_csv(kept(tmp_path, "b.csv", f"D,A,S,I,O\n2024-01-01,{row}\n"), mapping)

    assert [one.amount_minor for one in found.entries] == [minor]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('D,A\n2024-01-01,"1.00', "malformed-csv"),
        ("D,B\n2024-01-01,1.00\n", "missing-column"),
        ("", "missing-column"),
    ],
)
def test_a_csv_file_that_is_not_what_its_mapping_says_is_refused_whole(
    tmp_path: Path, text: str, code: str
) -> None:
    said = 'source = "b"\naccount = "a"\ncurrency = "USD"\n[columns]\nbooked_on = "D"\namount = "A"'
    mapping = read_bank_mapping(kept(tmp_path, "m.toml", said))

    with pytest.raises(Malformed, match=code):
        read_csv(kept(tmp_path, "b.csv", text), mapping)


def test_a_file_in_another_encoding_is_refused_whole(tmp_path: Path) -> None:
    text = GERMAN.replace("cp1252", "utf-8")
    mapping = read_bank_mapping(kept(tmp_path, "map.toml", text))

    with pytest.raises(Malformed, match="wrong-encoding"):
        read_csv(kept(tmp_path, "bank.csv", GERMAN_ROWS, "cp1252"), mapping)


@pytest.mark.parametrize(
    "text",
    [
        "source = 'b'\nfloat = 1",
        "source = ' '",
        "source = 'b'\nthousands = '.'",
        "source = 'b'\n[columns]\nbooked_on = 'D'",
        "source = 'b'\naccount = 'a'\n[columns]\nbooked_on = 'D'\namount = 'A'",
        "source = 'b'\ncurrency = 'USD'\n[columns]\nbooked_on = 'D'\namount = 'A'",
        "source = 'b'\ncurrency = 'USD'\n[columns]\nbooked_on = 'D'\namount_in = 'A'",
    ],
)
def test_a_mapping_that_leaves_something_open_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Malformed, match="bad-mapping"):
        read_bank_mapping(kept(tmp_path, "m.toml", text))


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_camt_file_tells_who_paid_what_and_for_what(tmp_path: Path, version: str) -> None:
    details = ONE if version == "08" else ONE.replace("<Pty>", "").replace("</Pty>", "")
    text = camt(entry("50.00", details), version=version)
    if version == "02":
        text = text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")
    (found,) = read_camt(kept(tmp_path, "s.xml", text), "bank").entries

    assert found == Entry(
        row=1,
        account="CH9300762011623852957",
        currency="CHF",
        amount_minor=50_00,
        booked_on=date(2024, 2, 2),
        valued_on=date(2024, 2, 3),
        payer_name="Muster AG",
        payer_account="CH56",
        text="invoice 17 thanks",
        structured="RF18539007547034",
        end_to_end="E2E-1",
        bank_reference="B-1",
        entry_id="B-1",
    )


def test_a_batch_whose_parts_come_to_the_whole_is_as_many_payments(tmp_path: Path) -> None:
    text = camt(entry("50.00", part("a", "20.00") + part("b", "30.00")))
    found = read_camt(kept(tmp_path, "s.xml", text), "bank").entries

    assert [(one.entry_id, one.payer_name, one.amount_minor) for one in found] == [
        ("B-1/1", "a", 20_00),
        ("B-1/2", "b", 30_00),
    ]


def test_a_batch_whose_parts_do_not_come_to_the_whole_is_one_payment(tmp_path: Path) -> None:
    text = camt(entry("50.00", part("a", "20.00") + part("b", "30.01")))
    found = read_camt(kept(tmp_path, "s.xml", text), "bank").entries

    assert [(one.entry_id, one.amount_minor) for one in found] == [("B-1", 50_00)]


def test_returns_charges_and_what_is_not_booked_are_told_apart(tmp_path: Path) -> None:
    charged = "<Chrgs><Rcrd><Amt Ccy='CHF'>0.50</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>"
    returned = "<TxDtls><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>"
    text = camt(
        entry("60.00", ONE, more=charged)
        + entry("10.00", returned, mark="DBIT", ref="B-2")
        + entry("7.00", ONE, ref="B-3").replace("BOOK", "PDNG"),
        count=3,
    )
    found = read_camt(kept(tmp_path, "s.xml", text), "bank").entries

    assert [
        (one.amount_minor, one.charges_minor, one.is_reversal, one.reason) for one in found
    ] == [
        (60_00, 50, False, ""),
        (-10_00, 0, True, "AC04"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (camt(entry("50.00", ONE))[:-40], "malformed-xml"),
        (camt(entry("50.00", ONE), count=2), "statement-incomplete"),
        (camt(entry("50.00", ONE), closing="149.99"), "statement-does-not-add-up"),
        ("<Document/>", "not-a-statement"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><Document>&b;</Document>", "not-a-statement"),
        (camt("<Ntry><Amt Ccy='CHF'>1</Amt></Ntry>"), "not-a-statement"),
        (camt(entry("50.001", ONE)), "wrong-scale"),
        (camt(entry("NaN", ONE)), "not-finite"),
        (camt(entry("50.00", ONE).replace("2024-02-02", "yesterday")), "bad-date"),
    ],
)
def test_a_camt_file_that_is_cut_off_or_does_not_add_up_is_refused_whole(
    tmp_path: Path, text: str, code: str
) -> None:
    with pytest.raises(Malformed, match=code):
        read_camt(kept(tmp_path, "s.xml", text), "bank")


def one(**more: object) -> Entry:
    said = {"row": 1, "account": "a", "currency": "USD", "amount_minor": 1, "text": "t"}
    return Entry(booked_on=date(2024, 1, 1), **{**said, **more})  # type: ignore[arg-type]


def test_without_an_id_of_the_bank_two_alike_are_two_and_known_again_in_an_overlapping_file() -> (
    None
):
    first, _ = identified(Statement(entries=(one(row=1), one(row=2))))
    second, _ = identified(Statement(entries=(one(row=1, text="u"), one(row=2), one(row=3))))

    assert len(first) == 2
    assert first.keys() <= second.keys()
    assert len(second) == 3


def test_an_id_that_stands_for_two_entries_is_told() -> None:
    rows = (one(entry_id="x"), one(entry_id="x", row=2), one(entry_id="x", row=3, amount_minor=2))
    found, unread = identified(Statement(entries=rows))

    assert list(found) == ["a/x"]
    assert [(row.row, row.code) for row in unread] == [(3, "entry-id-reused")]
