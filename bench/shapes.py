"""What the same shape of work cost elsewhere, so that a floor cannot be a slow one unnoticed.

The published figures were taken on two cores with durable settings and stand beside a ceiling: one
pre-encoded binary COPY of rows of 336 bytes into a table without an index. The same ceiling is
measured here in every round, and a floor is compared by its share of it: a share stays when the
machine changes.
"""

from __future__ import annotations

from msgspec import Struct

# A share of the ceiling within this factor of the published one is the same shape.
ALIKE = 2.0


class Shape(Struct, frozen=True, kw_only=True):
    """`published`: the share of the ceiling that was measured elsewhere, none if nobody did.

    `differs` says in words why this floor's share may be another.
    """

    like: str
    published: float | None
    differs: str = ""


class Compared(Struct, frozen=True, kw_only=True):
    """A floor's share of the ceiling of its own rounds beside the published one."""

    like: str
    published: float | None
    found: float
    alike: bool | None
    differs: str


def compared(shape: Shape, floor: float, ceiling: float) -> Compared:
    found = floor / ceiling
    return Compared(
        like=shape.like,
        published=shape.published,
        found=found,
        alike=_alike(shape.published, found),
        differs=shape.differs,
    )


def _alike(published: float | None, found: float) -> bool | None:
    if published is None:
        return None
    return published / ALIKE <= found <= published * ALIKE


PRE_ENCODED = "binary COPY, pre-encoded, 10,000 rows a transaction"
SET_BASED = "one INSERT ... SELECT from typed columns, a key visited by every row"

SHAPES: dict[str, Shape] = {
    "append": Shape(
        like=f"{PRE_ENCODED}, two indexes",
        published=0.4734,
        differs="three unique indexes and a second table with the keys",
    ),
    "append-heap": Shape(
        like=f"{PRE_ENCODED}, no index",
        published=0.9376,
        differs="24 columns, a leaf and a payload where the published row had 6 columns",
    ),
    "ingest": Shape(
        like="COPY into a staging table and ON CONFLICT into one table, 10,000 rows a transaction",
        published=0.6217,
        differs="two tables and the totals by the hour are written instead of one table",
    ),
    "ingest-one-table": Shape(
        like="COPY into a staging table and ON CONFLICT into one table, 10,000 rows a transaction",
        published=0.6217,
    ),
    "command": Shape(
        like="one row, one commit",
        published=0.0225,
        differs="a commit costs 0.1 or 3 ms from minute to minute: only the ratio says anything",
    ),
    "commands-64": Shape(
        like="unnest behind a head row, 100 rows a transaction",
        published=0.2753,
        differs="64 rows a transaction, keys written too",
    ),
    "view-catch-up": Shape(like=SET_BASED, published=0.4107, differs="many rows share a key"),
    "rebuild-view": Shape(like=SET_BASED, published=0.4107, differs="many rows share a key"),
    "measure": Shape(like="slots built in Python", published=None),
}
