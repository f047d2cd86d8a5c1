"""How commands speak: JSON or tables on stdout, everything else on stderr, errors as exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from importers import RefusedFile
from tracker.cli.context import close_databases
from tracker.identity.errors import TrackerError
from tracker.settings import SettingsError
from tracker.startup import SchemaBehindError, SchemaUnknownError

P = ParamSpec("P")
R = TypeVar("R")
REFUSED, FAILED = 2, 1
_errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(message: str) -> None:
    """A line for the person at the keyboard (stderr)."""
    _errors.print(message)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; null shows as a dash."""
    table = Table(*headers, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    Console(highlight=False, markup=False).print(table)


def stop(code: str, message: str, *, as_json: bool, exit_code: int) -> NoReturn:
    """End the command with an error."""
    if as_json:
        print_json({"error": {"code": code, "message": message}})
    else:
        say(f"error ({code}): {message}")
    raise typer.Exit(exit_code)


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """The command with every known error turned into its message and exit code (1 failed, 2 refused input)."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json"))
        try:
            return command(*args, **kwargs)
        except (TrackerError, RefusedFile) as error:
            stop(error.code, str(error), as_json=as_json, exit_code=REFUSED)
        except SettingsError as error:
            stop("settings", str(error), as_json=as_json, exit_code=REFUSED)
        except SchemaBehindError as error:
            stop("schema_behind", str(error), as_json=as_json, exit_code=FAILED)
        except SchemaUnknownError as error:
            stop("schema_unknown", str(error), as_json=as_json, exit_code=FAILED)
        except OperationalError as error:
            stop("database", str(error.orig), as_json=as_json, exit_code=FAILED)
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(FAILED) from None
        finally:
            close_databases()

    return run


@contextmanager
def json_lines() -> Iterator[Callable[[Any], None]]:
    """A writer of one JSON document a line on stdout."""
    write = sys.stdout.write

    def put(document: Any) -> None:
        write(json.dumps(document, ensure_ascii=False, default=str) + "\n")

    yield put
    sys.stdout.flush()
