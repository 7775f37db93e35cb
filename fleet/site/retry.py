"""Asks a read again when the trouble may pass. A narrow, bounded face over tenacity.

Only errors whose kind says so are asked again, bounded in attempts and in time, with jitter.
Nothing here ever wraps a write or a login.

A server that takes no connection in time is not asked again before it has answered once: whoever
runs many sites tries it again at the end. A pause that a site asks for is made here, within the
bounds; the visit gives its place to another site meanwhile (`fleet.engine.places`). A longer one
ends the visit as ``throttle.limited``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.stop import stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from fleet.config import Retries
from fleet.errors import SiteError

__all__ = ["Retrier"]

T = TypeVar("T")


class Retrier:
    """Runs reads of one site with a bounded number of attempts.

    Args:
        retries: The bounds.
        sleep: Waits the given number of seconds.
    """

    def __init__(
        self, retries: Retries, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> None:
        self._retries = retries
        self._sleep = sleep
        self._reached = False
        self._jittered = wait_random_exponential(
            multiplier=retries.first_pause, max=retries.longest_pause
        )

    async def read(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what `call` returns, asking again after a retryable `SiteError`.

        Raises:
            SiteError: The last one, or the first that cannot pass by itself.
        """
        began = time.monotonic()
        try:
            found = await call()
        except SiteError as error:
            if not self._worth_it(error):
                raise
            found = await self._again(call, error, time.monotonic() - began)
        self._reached = True
        return found

    async def _again(self, call: Callable[[], Awaitable[T]], first: SiteError, seconds: float) -> T:
        """Return what `call` returns after its first attempt has failed in `seconds`.

        Most reads need one attempt, so only now the library is given anything to do.
        """
        failed = [first]

        async def attempt() -> T:
            if failed:
                raise failed.pop()
            return await call()

        attempts = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._retries.attempts)
            | stop_before_delay(self._retries.within - seconds),
            wait=self._pause,
            retry=retry_if_exception(self._worth_it),
            reraise=True,
        )
        found: T = await attempts(attempt)
        return found

    def _worth_it(self, error: BaseException) -> bool:
        if not isinstance(error, SiteError) or not error.retryable:
            return False
        if error.kind == "net.timeout" and not error.sent and not self._reached:
            return False
        return (error.retry_after or 0) <= self._retries.longest_pause

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, SiteError) else None
        return max(asked or 0.0, self._jittered(state))
