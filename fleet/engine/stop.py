"""Stopping a run: the first signal lets running sites finish, the second ends it at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import anyio

from fleet.errors import Interrupted
from fleet.results import Halted

__all__ = ["Stop", "deferred_signals", "stop_on_signals"]

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

    def heed(self) -> None:
        """Go no further where a signal came so late in a run that the run ended by itself.

        Raises:
            Interrupted: One came.
        """
        if self.signal is not None:
            raise Interrupted(self.signal)

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
    before = signal.getsignal(signal.SIGTERM)
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.request, number.name)
    try:
        yield stop
    finally:
        # Held back meanwhile: for a moment the loop leaves SIGTERM to end the process.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        # The loop knows the default only. That of SIGINT is what is wanted: it raises, also
        # where a person is asked something and no loop turns.
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


@contextmanager
def deferred_signals() -> Iterator[list[str]]:
    """Yield a list into which the first SIGINT or SIGTERM goes while the block runs.

    A second one raises `Interrupted`, so that what never ends can be ended.
    """
    heard: list[str] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(signal.Signals(number).name)
        if len(heard) > 1:
            raise Interrupted(heard[0])

    if threading.current_thread() is not threading.main_thread():
        yield heard  # signals reach the main thread only
        return
    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
