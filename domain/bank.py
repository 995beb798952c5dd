"""What a bank's statement says of money that came in, and by which rule it found its customer."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

# reference: the payer named an invoice or customer; amount: it is what one open item, or the
# customer's oldest, come to; payer: paid before; stated: a person says so; none: nobody known.
Rule = Literal["reference", "amount", "payer", "stated", "none"]
# Money of nobody known is held under the opaque id of who paid it, beside the names of customers.
PAYER = "payer:"
# Whoever paid for a customer like this is known to pay for it: the payer or a person said so.
SAID: tuple[Rule, ...] = ("reference", "stated")


class BankEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a statement: our `account` by name, and why it is whose it is.

    `payer` is an opaque id, the same whenever the same account or name pays; what they wrote lies
    in the party vault under `party`. `charges_minor` is what the bank kept of what was sent.
    """

    account: str
    rule: Rule
    because: str
    payer: str | None = None
    party: str | None = None
    party_digest: str | None = None
    valued_on: date | None = None
    bank_reference: str | None = None
    charges_minor: int = 0


def is_nobody(customer: str) -> bool:
    """Whether money is held under its payer's id, for want of a customer."""
    return customer.startswith(PAYER)
