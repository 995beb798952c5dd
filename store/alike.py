"""A second session that sees what a first one does: same database, role and search path."""

from __future__ import annotations

from typing import NamedTuple

from psycopg.conninfo import make_conninfo

from store.db import Connection, connect, queries

SQL = queries(__file__)


class Session(NamedTuple):
    """What a session is opened with. `dsn` holds the password, so it is never shown."""

    dsn: str
    role: str
    path: str


def session_of(connection: Connection) -> Session:
    info = connection.info
    dsn = make_conninfo(info.dsn, password=info.password) if info.password else info.dsn
    row = connection.execute(SQL.settings).fetchone()
    assert row is not None, "a session has settings"
    return Session(dsn, *row)


def connect_like(session: Session) -> Connection:
    connection = connect(session.dsn)
    connection.execute(SQL.set_settings, {"role": session.role, "path": session.path})
    return connection
