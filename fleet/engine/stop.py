"""Stopping a run: the first signal lets running sites finish, the second ends it at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

__all__ = ["Stop", "stop_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """The wish to end a run, and how urgent it is."""

    def __init__(self) -> None:
        self.draining = anyio.Event()
        self.aborting = anyio.Event()
        self.signal: str | None = None

    def request(self, name: str) -> None:
        """Drain at the first call, abort at the second.

        Args:
            name: Name of the signal, such as ``SIGINT``.
        """
        self.signal = self.signal or name
        if self.draining.is_set():
            self.aborting.set()
        self.draining.set()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Yield a `Stop` that SIGINT and SIGTERM ask for while the block runs in an event loop."""
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.request, number.name)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
