"""The parent's side: a child process that may die of its file, and a stream of blocks out of it.

The child is capped in memory and processor time; the parent counts only the time it has waited, so that a
slow consumer does not make a good file late. Whatever the child does, the parent raises RefusedFile or
goes on, and leaves no process behind.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import importers
from importers.reading.blocks import Block, from_message
from importers.reading.messages import HEADER_BYTES, MAX_FRAME_BYTES, load_message, message_length
from importers.rows import Limits, Problem, RawSheet, RefusedFile

# A busy machine gives the child a part of a processor only; its processor time is what is held to `seconds`.
_WALL_FACTOR = 3.0
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
_READ_BYTES = 1 << 20
#: A second child for a smaller file would cost as much as it saves.
_AHEAD_BYTES = 2_000_000
_LATE = {-signal.SIGXCPU, -signal.SIGALRM}


class _EndedError(Exception):
    """The child ended without a last word."""


class RawFile:
    """A file being read in a child process. Use as a context manager; leaving it early kills the child.

    `format` is the kind of content found ('xlsx', 'xls', 'ods', 'csv', 'json', 'html'), `problems` what
    the reader noticed so far. RefusedFile may be raised while iterating; then nothing read may be used.
    """

    def __init__(self, path: Path, limits: Limits, *, include_hidden: bool = False) -> None:
        self.problems: list[Problem] = []
        self.format = ""
        self._limits = limits
        self._waited = 0.0
        self._finished = False
        self._begun = False
        self._path = path
        self._include_hidden = include_hidden
        #: Whether the child parses the file while it still checks it: worth it for large files only.
        self._ahead = path.is_file() and path.stat().st_size >= _AHEAD_BYTES
        self._process = _start(path, limits, include_hidden, self._ahead)
        try:
            self.format = self._expect("format")[1]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RawFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of the child, for supervision."""
        return self._process.pid

    def sheets(self) -> Iterator[tuple[RawSheet, Iterator[Block]]]:
        """Every sheet in order with its blocks. Blocks not consumed are passed over, but still checked."""
        while not self._finished:
            message = self._next()
            if message[0] == "sheet":
                blocks = self._blocks()
                yield message[1], blocks
                for _ in blocks:
                    pass
            elif message[0] == "done":
                self._finished = True

    def close(self) -> None:
        """End the child, if it is still there. Safe to call twice."""
        process = self._process
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _blocks(self) -> Iterator[Block]:
        while True:
            message = self._next()
            if message[0] == "block":
                yield self._block_of(message)
            elif message[0] == "end":
                return

    def _block_of(self, message: tuple[Any, ...]) -> Block:
        try:
            return from_message(*message[1:])
        except (ValueError, TypeError) as error:
            raise self._refuse("reader_failed", f"The reader sent no rows: {error}.") from None

    def _expect(self, kind: str) -> tuple[Any, ...]:
        message = self._next()
        if message[0] != kind:
            raise RefusedFile("reader_failed", "The reader stopped before it had looked at the file.")
        return message

    def _next(self) -> tuple[Any, ...]:
        """The next message; of a child that ended before its check of the file did, from another one."""
        while True:
            try:
                message = self._message()
            except _EndedError:
                if not self._ahead or self._begun or self._process.wait() in _LATE:
                    raise self._died() from None
                self._start_again()
                continue
            if message[0] == "format" and self.format:
                continue
            self._begun = self._begun or message[0] not in ("format", "refused")
            return message

    def _start_again(self) -> None:
        """Read the file by one step after the other, so that what the check says of it is heard."""
        self.close()
        self.problems.clear()
        self._ahead = False
        self._process = _start(self._path, self._limits, self._include_hidden, False)

    def _message(self) -> tuple[Any, ...]:
        """The next message that is not a problem, which is kept on the way."""
        while True:
            length = message_length(self._read(HEADER_BYTES))
            if length > MAX_FRAME_BYTES:
                raise self._refuse("reader_failed", f"The reader sent {length} bytes at once.")
            try:
                message = load_message(self._read(length))
            except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError) as error:
                raise self._refuse("reader_failed", f"The reader sent no sheet: {error}.") from None
            if message[0] == "problem":
                self.problems.append(message[1])
            elif message[0] == "refused":
                raise self._refuse(str(message[1]), str(message[2]))
            else:
                return message

    def _read(self, count: int) -> bytes:
        """Exactly `count` bytes from the child; RefusedFile when it ends or is late."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        parts = bytearray()
        while len(parts) < count:
            self._wait(handle)
            part = os.read(handle, min(count - len(parts), _READ_BYTES))
            if not part:
                raise _EndedError
            parts += part
        return bytes(parts)

    def _wait(self, handle: int) -> None:
        """Wait until the child has something to say, within the time that the file may cost."""
        started = time.monotonic()
        left = self._limits.seconds * _WALL_FACTOR - self._waited
        ready, _, _ = select.select([handle], [], [], max(left, 0))
        self._waited += time.monotonic() - started
        if not ready:
            raise self._refuse("time_limit", f"Reading took longer than {self._limits.seconds} seconds.")

    def _died(self) -> RefusedFile:
        """Why a child ended without a last word."""
        code = self._process.wait()
        if code in _LATE:
            return self._refuse("time_limit", f"Reading took longer than {self._limits.seconds} seconds.")
        if code in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS}:
            return self._refuse("memory_limit", f"Reading needs more than {self._limits.child_rss_mb} MB.")
        return self._refuse("reader_failed", f"The reader ended with status {code}.")

    def _refuse(self, code: str, message: str) -> RefusedFile:
        self._finished = True
        self.close()
        return RefusedFile(code, message)


def _start(path: Path, limits: Limits, include_hidden: bool, ahead: bool) -> subprocess.Popen[bytes]:
    """Start the child that reads `path`."""
    if not path.is_file():
        raise RefusedFile("no_file", f"There is no file named {path.name or path}.")
    task = json.dumps(
        {"path": str(path), "limits": asdict(limits), "include_hidden": include_hidden, "ahead": ahead}
    )
    root = str(Path(importers.__file__).parent.parent)
    # The child gets no secret that the service was started with.
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {
        "PYTHONPATH": root,
        "RUST_BACKTRACE": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "importers.reading.child", task],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        bufsize=0,
    )
