"""Every table of the ledger: what kind it is, what it is spread by, what seals each of its columns.

A test walks the database's catalogue: a table that is not declared here fails, and so does a column
of a fact or of a sealed table that neither a leaf covers nor a reason excuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Kind = Literal["fact", "derived-sealed", "view", "operational"]


class Table(Struct, frozen=True, kw_only=True):
    """`sealed` are the columns its leaf covers, `unsealed` the others, each with the reason.

    fact: came from outside or from a person, cannot be made again. derived-sealed: made from facts,
    and every replay must make it byte for byte. view: made from facts at will. operational: says
    nothing about the books. `spread_by` none: small, and the same on every node.
    """

    name: str
    kind: Kind
    key: tuple[str, ...]
    spread_by: str | None = "entity"
    append_only: bool = False
    sealed: frozenset[str] = frozenset()
    unsealed: Mapping[str, str] = {}


IS_LEAF = {"leaf": "is the leaf"}

TABLES: tuple[Table, ...] = (
    Table(
        name="fact",
        kind="fact",
        key=("entity", "position"),
        append_only=True,
        sealed=frozenset(
            {"entity", "position", "stream", "version", "tag", "schema_version", "effective"}
            | {"effective_at", "agreed_on", "sort_order", "recorded_at", "command_id", "actor"}
            | {"reason", "correlation_id", "causation_id", "trace_id", "source_system"}
            | {"source_kind", "source_id", "source_version", "corrects", "payload"}
        ),
        unsealed=IS_LEAF,
    ),
    Table(
        name="refusal",
        kind="fact",
        key=("entity", "key"),
        append_only=True,
        sealed=frozenset(
            {"entity", "key", "stream", "command", "body", "code", "field", "context", "actor"}
            | {"reason", "recorded_at", "at_position"}
        ),
        unsealed=IS_LEAF,
    ),
    Table(
        name="approval",
        kind="fact",
        key=("entity", "position"),
        append_only=True,
        unsealed=dict.fromkeys(
            ("entity", "subject", "preparer", "approver", "position"),
            "repeats the sealed fact at this position, for the CHECK to compare",
        ),
    ),
    Table(
        name="usage_row",
        kind="fact",
        key=("bucket", "entity", "source", "event_id", "batch", "occurred_at"),
        spread_by="bucket",
        append_only=True,
        sealed=frozenset(
            {"entity", "source", "event_id", "subscription", "meter", "quantity", "unit"}
            | {"occurred_at", "dimensions"}
        ),
        unsealed={
            "bucket": "a hash of entity, source and event id",
            "batch": "the batch's fact holds the number and the root over the batch's rows",
            "stream_partition": "how the row travelled, not what it says",
            "stream_offset": "how the row travelled, not what it says",
        },
    ),
    Table(
        name="usage_reject",
        kind="fact",
        key=("entity", "batch", "row_no"),
        append_only=True,
        sealed=frozenset(
            {"entity", "source", "batch", "row_no", "event_id", "code", "field", "raw"}
        ),
        unsealed=IS_LEAF,
    ),
    Table(
        name="journal_entry",
        kind="derived-sealed",
        key=("entity", "entry"),
        append_only=True,
        sealed=frozenset(
            {"entity", "book", "unit", "known_at", "booked", "currency", "functional_currency"}
        ),
        unsealed={"entry": "a running number, not part of what was posted"} | IS_LEAF,
    ),
    Table(
        name="journal_line",
        kind="derived-sealed",
        key=("entity", "entry", "line"),
        append_only=True,
        sealed=frozenset(
            {"entity", "book", "unit", "known_at", "booked", "account", "kind", "subject"}
            | {"obligation", "document", "earned", "accounting_date", "currency", "minor"}
            | {"functional_currency", "functional_minor", "rule", "causes"}
        ),
        unsealed={
            "entry": "a running number, not part of what was posted",
            "line": "a running number, not part of what was posted",
            "customer": "a filter, looked up from the facts of the unit",
        },
    ),
    Table(name="charge", kind="view", key=("entity", "position", "unit"), append_only=True),
    Table(
        name="usage_hour",
        kind="view",
        key=("entity", "subscription", "meter", "hour", "batch", "unit"),
        append_only=True,
    ),
    Table(name="parked", kind="view", key=("entity", "unit", "from_run")),
    Table(
        name="usage_pending",
        kind="view",
        key=("entity", "unit", "meter", "day", "position", "reason", "from_run"),
    ),
    Table(name="fact_unit", kind="view", key=("entity", "unit", "position")),
    Table(name="unit_state", kind="view", key=("entity", "book", "unit")),
    # What a key stands for is a fact or a refusal; this finds it, and tells a repeat from a misuse.
    Table(name="command_key", kind="operational", key=("entity", "key"), append_only=True),
    Table(
        name="usage_key",
        kind="operational",
        key=("bucket", "entity", "source", "event_id"),
        spread_by="bucket",
        append_only=True,
    ),
    # By whom a row was replaced follows from the rows of the later batch, which its root seals.
    Table(
        name="usage_replaced",
        kind="operational",
        key=("bucket", "entity", "source", "event_id", "old_batch"),
        spread_by="bucket",
        append_only=True,
    ),
    Table(name="usage_batch", kind="operational", key=("entity", "batch"), append_only=True),
    # Repeats the facts at these positions, so that a number is looked up by itself.
    Table(
        name="document_number",
        kind="operational",
        key=("entity", "number", "taking"),
        append_only=True,
    ),
    Table(name="usage_month", kind="operational", key=("month",), spread_by=None),
    Table(name="entity_head", kind="operational", key=("entity",)),
    # The vault must be able to forget, so nothing seals it: facts hold the salted digest.
    Table(name="party", kind="operational", key=("entity", "id", "digest")),
    Table(name="checkpoint", kind="operational", key=("entity", "projection", "generation")),
    Table(name="worker_lease", kind="operational", key=("entity",)),
    Table(name="tax_hold", kind="operational", key=("entity", "subject")),
    Table(name="tax_message", kind="operational", key=("entity", "position")),
    Table(name="view_generation", kind="operational", key=("single",), spread_by=None),
    Table(name="generation_view", kind="operational", key=("generation", "view"), spread_by=None),
    Table(name="api_key", kind="operational", key=("name",), spread_by=None),
    Table(name="schema_migration", kind="operational", key=("name",), spread_by=None),
)
