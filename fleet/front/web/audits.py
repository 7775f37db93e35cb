"""Starts audits for a dashboard: the same command that a person would type, and only that."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fleet.errors import InputError

__all__ = ["Audits"]

_PATIENCE = 15.0
"""Seconds that an audit gets to end when the dashboard does."""


@dataclass(slots=True)
class Audits:
    """Starts one audit at a time.

    Args:
        arguments: Flags of ``fleet audit``, fixed when the dashboard starts; a page adds none.
        store: The journal, or None for the user's own.
        hidden: Environment variables that an audit does not get.
    """

    arguments: Sequence[str]
    store: str | None = field(default=None, repr=False)
    hidden: Sequence[str] = ()
    _process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Return whether an audit is on."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start an audit.

        Raises:
            InputError: One is on already.
        """
        if self.running:
            raise InputError("an audit that was started here is still running")
        environ = {name: text for name, text in os.environ.items() if name not in self.hidden}
        if self.store is not None:
            # Not as a flag: other users of this machine see those, and it may hold a password.
            environ["FLEET_STORE"] = self.store
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "fleet", "audit", "--quiet", *self.arguments),
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def close(self) -> None:
        """Let an audit that is on end, and wait for it."""
        if self._process is None or not self.running:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
