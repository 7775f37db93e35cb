"""Stopping a run: the first signal lets running sites finish, the second ends it at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio

from fleet.results import Halted

__all__ = ["Stop", "stop_on_signals"]

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """The wish to end a run, how urgent it is, and whose it is: a person's or the run's own."""

    def __init__(self) -> None:
        self.draining = anyio.Event()
        self.aborting = anyio.Event()
        self.signal: str | None = None
        self.halted: Halted | None = None

    def request(self, name: str) -> None:
        """Drain at the first call, abort at the second.

        Args:
            name: Name of the signal, such as ``SIGINT``.
        """
        if self.signal is not None:
            self.aborting.set()
        self.signal = self.signal or name
        self.draining.set()

    def halt(self, halted: Halted) -> None:
        """Drain because of something in the run itself; the first reason counts."""
        self.halted = self.halted or halted
        self.draining.set()

    async def unless(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Return what `call` returns, or None where the run is to end before it does.

        Raises:
            Exception: What `call` raises.
        """
        done: list[T] = []
        failed: list[Exception] = []

        async def work() -> None:
            try:
                done.append(await call())
            except Exception as error:  # noqa: BLE001 - raised again below, out of the group
                failed.append(error)
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            await self.draining.wait()
            tasks.cancel_scope.cancel()
        if failed:
            raise failed[0]
        return done[0] if done else None

    async def sleep(self, seconds: float) -> bool:
        """Wait; return False where the run is to end before the time is over."""
        with anyio.move_on_after(max(seconds, 0.0)):
            await self.draining.wait()
        return not self.draining.is_set()


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
