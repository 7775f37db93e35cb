"""Sites printed by a command that an inventory names.

Reading an inventory then runs code of whoever can write to it, also for a command that only
reads. So the file has to be the user's, and nobody else may write to it or exchange it; ssh asks
the same of its own files. The command gets no shell, no terminal, no input and no variable of
ours, and is ended with all its children when it takes or prints too much.
"""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

from fleet.errors import InputError
from fleet.inventory.includes import SourceSpec

__all__ = ["MAX_OUTPUT", "run_source_command"]

MAX_OUTPUT = 64 * 1024 * 1024
"""Bytes that a source may give."""
_WRITERS = stat.S_IWGRP | stat.S_IWOTH
_PRIVATE = ("PGPASSWORD",)
_CHUNK = 256 * 1024


def run_source_command(spec: SourceSpec, environ: Mapping[str, str]) -> bytes:
    """Return what the command of `spec` prints.

    Args:
        spec: The source.
        environ: This process's variables; those of this tool are not passed on.

    Raises:
        InputError: The inventory file is not the user's alone, or the command cannot be started,
            fails, or takes or prints too much. Nothing it printed is repeated.
    """
    _check_owner(spec.file)
    passed_on = {
        name: value
        for name, value in environ.items()
        if name not in _PRIVATE and not name.startswith("FLEET_")
    }
    folder = spec.file.parent.absolute()
    try:
        process = Popen(  # noqa: S603 - the user's own file says so; see above
            _located(spec.run, folder),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=folder,
            env=passed_on,
            start_new_session=True,
        )
    except (OSError, ValueError):
        raise InputError("the command cannot be started: is it there, and executable?") from None
    try:
        output = _output(process, time.monotonic() + spec.timeout)
    except TimeoutError:
        raise InputError(f"the command did not end within {spec.timeout:g}s") from None
    finally:
        _end(process)
    if process.returncode:
        status = process.returncode
        raise InputError(f"the command ended with status {status}: run it by hand to see why")
    return output


def _located(run: tuple[str, ...], folder: Path) -> list[str]:
    """Return the command, a path in it as one from the inventory's folder."""
    program = str(folder / run[0]) if "/" in run[0] else run[0]
    return [program, *run[1:]]


def _output(process: Popen[bytes], end: float) -> bytes:
    """Return all that a process prints until it has ended.

    Raises:
        TimeoutError: It goes on after `end`, by the monotonic clock.
        InputError: It prints too much.
    """
    output = bytearray()
    stream = process.stdout
    if stream is None:
        return b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            chunk = os.read(stream.fileno(), _CHUNK)
            if not chunk:
                break
            output += chunk
            if len(output) > MAX_OUTPUT:
                limit = MAX_OUTPUT // (1024 * 1024)
                raise InputError(f"the command prints more than {limit} MiB")
    _wait(process, end)
    return bytes(output)


def _wait(process: Popen[bytes], end: float) -> None:
    """Wait for a process that has closed its output, without taking its number away yet."""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.005)


def _end(process: Popen[bytes]) -> None:
    """End whatever a command left running; its number is still that of its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def _check_owner(file: Path) -> None:
    for path, what in ((file, "file"), (file.parent, "folder")):
        try:
            status = path.stat()
        except OSError:
            raise InputError(f"the {what} {path} cannot be looked at") from None
        sticky = what == "folder" and status.st_mode & stat.S_ISVTX
        if status.st_uid not in (os.geteuid(), 0):
            raise InputError(
                f"no command is run for the {what} {path}, which belongs to another user"
            )
        if status.st_mode & _WRITERS and not sticky:
            raise InputError(
                f"no command is run for the {what} {path}, which other users can write to: "
                f"chmod go-w {shlex.quote(str(path))}"
            )
