"""Servers that never outlive the tests, however the tests end.

Each server runs in a session of its own below a shell that waits on a pipe. When the pipe
closes, because we close it or because pytest was killed, the shell kills the whole group:
PHP's workers would otherwise stay behind when only their master is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["HOST", "StartError", "reserved_port", "run", "server", "temporary_folder", "wait_until"]

HOST = "127.0.0.1"

_GUARD = '"$@" & read -r _; kill -KILL 0'
_JANITOR = 'read -r _; rm -rf "$1" || { sleep 1; rm -rf "$1"; }'


class StartError(Exception):
    """A server or a step of the set-up failed; the message holds what it printed."""


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a free port of the loopback address that nobody else gets meanwhile.

    The socket stays bound but never listens: with SO_REUSEADDR, which PHP sets too, a server
    can listen on the port while the kernel gives it to no one else.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder that is removed at the end, even when this process is killed."""
    folder = tempfile.mkdtemp(prefix="fleet-wp-")
    process = subprocess.Popen(
        ["/bin/sh", "-c", _JANITOR, "sh", folder], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield Path(folder)
    finally:
        process.communicate()


@contextlib.contextmanager
def server(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    is_ready: Callable[[], bool],
) -> Iterator[None]:
    """Run `command` while the context is open, entered as soon as it is ready.

    Raises:
        StartError: It was not ready within 30 seconds.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    try:
        if not wait_until(is_ready, seconds=30):
            raise StartError(f"{command[0]} is not ready:\n{_tail(log)}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def run(command: Sequence[str], environment: Mapping[str, str], given: bytes = b"") -> bytes:
    """Return what `command` prints when `given` is its standard input.

    Raises:
        StartError: It failed, or took longer than a minute.
    """
    try:
        done = subprocess.run(
            list(command),
            input=given,
            env=dict(environment),
            capture_output=True,
            timeout=60,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).decode(errors="replace")
        raise StartError(f"{command[0]} ended with {error.returncode}:\n{said[-4000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise StartError(f"{command[0]} took too long") from error
    return done.stdout


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Return whether `is_so` became true within `seconds`, asking every 10 milliseconds."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]
