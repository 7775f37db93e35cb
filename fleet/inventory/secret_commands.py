"""Secrets printed by a command, such as a password manager's.

The command gets no shell, no terminal, no input and no variable that holds another secret, runs
in the inventory's folder, and is ended with all its children when it takes or prints too much.
"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

from fleet.errors import InputError
from fleet.inventory.secret_files import MAX_SECRET_BYTES

__all__ = ["run_secret_command"]


async def run_secret_command(
    target: str, folder: Path, environ: Mapping[str, str], timeout: float
) -> bytes:
    """Return what the command `target` prints.

    Args:
        target: The command line, split as a shell would, but not run by one.
        folder: The folder it runs in.
        environ: All the variables it gets.
        timeout: Seconds it may take.

    Raises:
        InputError: It cannot be started, fails, or takes or prints too much.
    """
    try:
        process = await anyio.open_process(
            shlex.split(target),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=folder,
            env=environ,
            start_new_session=True,
        )
    except (OSError, ValueError):
        raise InputError("the command cannot be started: is it installed?") from None
    async with process:
        try:
            with anyio.fail_after(timeout):
                output = await _output(process)
                status = await process.wait()
        except BaseException as error:
            # The session's leader has the number of its group, so its children end with it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, TimeoutError):
                raise InputError(f"the command did not end within {timeout:g}s") from None
            raise
    if status:
        raise InputError(f"the command ended with status {status}: run it by hand to see why")
    return output


async def _output(process: Process) -> bytes:
    output = bytearray()
    if process.stdout:
        async for chunk in process.stdout:
            output += chunk
            if len(output) > MAX_SECRET_BYTES:
                raise InputError("the command prints more than a secret can be (64 KiB)")
    return bytes(output)
