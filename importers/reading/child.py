"""The reading child: caps itself, reads one file and writes messages to standard output.

Run as `python -m importers.reading.child TASK`, where TASK is JSON made by the parent.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import sys
import zlib
from pathlib import Path
from typing import BinaryIO

from importers.reading.messages import write_message
from importers.rows import Limits, RefusedFile


def main(arguments: list[str]) -> int:
    """Read the file named by the task; 0 when the parent was told everything, even a refusal."""
    task = json.loads(arguments[0])
    limits = Limits(**task["limits"])
    # Nothing that a library prints may land between two messages.
    output = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    _cap(limits)
    # Rows hold no cycles, and the process ends with its file.
    gc.disable()
    try:
        _read(Path(task["path"]), limits, bool(task["include_hidden"]), bool(task["ahead"]), output)
    except RefusedFile as error:
        write_message(output, ("refused", error.code, error.message))
    except BrokenPipeError:
        return 1
    except BaseException as error:
        write_message(output, ("refused", *_reason(error, limits)))
    with contextlib.suppress(BrokenPipeError):
        output.flush()
    return 0


def _reason(error: BaseException, limits: Limits) -> tuple[str, str]:
    """Code and message of an error that no reader foresaw."""
    # zlib says by number that it got no memory.
    if isinstance(error, MemoryError) or (isinstance(error, zlib.error) and "Error -4" in str(error)):
        return "memory_limit", f"Reading needs more than {limits.child_rss_mb} MB."
    return "bad_workbook", f"The file cannot be read ({type(error).__name__})."


def _cap(limits: Limits) -> None:
    """Bound memory, processor time and files, before the first byte of the file is looked at."""
    memory = limits.child_rss_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds + 1, limits.seconds + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _read(path: Path, limits: Limits, include_hidden: bool, ahead: bool, output: BinaryIO) -> None:
    """Tell the parent everything about one file."""
    # Imported after the caps, so that what the parsers do at import is capped too.
    from importers.reading.dispatch import read_file

    def send(*message: object) -> None:
        write_message(output, message)

    read_file(path, limits, include_hidden, send, ahead=ahead)
    send("done")


if __name__ == "__main__":
    # Not waiting for a thread that still parses a file that was refused.
    os._exit(main(sys.argv[1:]))
