"""Where a customer is taxed, and as what: a place, a business or not, exempt or not."""

from __future__ import annotations

from itertools import accumulate

from msgspec import Struct

from domain.errors import Malformed, require_name


class TaxStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`jurisdiction` is a place within places, such as FR or US-CA-LA. `exemption` says by what the
    customer is exempt, such as resale; the tax id itself is person data and stays in the vault.
    """

    jurisdiction: str
    is_business: bool = False
    tax_id_valid: bool = False
    exemption: str | None = None


def require_status(status: TaxStatus | None) -> None:
    """A status that says where and by what."""
    if status is None:
        return
    require_jurisdiction(status.jurisdiction, "tax.jurisdiction")
    if status.exemption is not None:
        require_name(status.exemption, "tax.exemption")


def require_jurisdiction(name: str, field: str) -> None:
    """Capital letters and digits, level by level: another spelling would be another place."""
    for part in name.split("-"):
        if not (part.isascii() and part.isalnum() and part == part.upper()):
            raise Malformed("unreadable-jurisdiction", field=field, jurisdiction=name)


def levels(jurisdiction: str) -> tuple[str, ...]:
    """The places a place lies in, the widest first, and itself."""
    return tuple(accumulate(jurisdiction.split("-"), "{}-{}".format))
