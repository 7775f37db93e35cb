"""Which reads are asked again, how often and how soon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fleet.config import Retries
from fleet.errors import KINDS, SiteError
from fleet.site.retry import Retrier

RETRIES = Retries(attempts=3, within=600, first_pause=1, longest_pause=10)


class Pauses:
    """A clock's other half: remembers what was asked for and waits for nothing."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


def failing(*errors: BaseException) -> tuple[Callable[[], Awaitable[str]], list[int]]:
    """Return a call that raises `errors` in turn and then works, and the list of its attempts."""
    attempts: list[int] = []

    async def call() -> str:
        attempts.append(len(attempts))
        if len(attempts) <= len(errors):
            raise errors[len(attempts) - 1]
        return "done"

    return call, attempts


async def test_a_call_that_works_is_made_once() -> None:
    pauses = Pauses()
    call, attempts = failing()
    assert await Retrier(RETRIES, pauses).read(call) == "done"
    assert (attempts, pauses.asked) == ([0], [])


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_only_what_may_pass_is_asked_again(kind: str) -> None:
    call, attempts = failing(*(SiteError(kind, "x") for _ in range(3)))
    with pytest.raises(SiteError) as caught:
        await Retrier(RETRIES, Pauses()).read(call)
    assert caught.value.kind == kind
    assert len(attempts) == (3 if KINDS[kind].retryable else 1)


async def test_the_last_error_is_the_one_raised() -> None:
    errors = [SiteError("net.timeout", str(number)) for number in range(3)]
    call, attempts = failing(*errors)
    with pytest.raises(SiteError, match="2"):
        await Retrier(RETRIES, Pauses()).read(call)
    assert len(attempts) == 3


async def test_pauses_stay_within_their_bounds() -> None:
    pauses = Pauses()
    call, _ = failing(*(SiteError("net.reset", "x") for _ in range(9)))
    many = Retries(attempts=10, within=600, first_pause=1, longest_pause=4)
    await Retrier(many, pauses).read(call)
    assert len(pauses.asked) == 9
    assert all(0 <= pause <= 4 for pause in pauses.asked)
    assert pauses.asked[0] <= 1
    assert len(set(pauses.asked)) > 1


async def test_no_attempt_starts_after_the_time() -> None:
    """The pause asked for would end too late."""
    pauses = Pauses()
    call, attempts = failing(SiteError("throttle.limited", "x", retry_after=9))
    with pytest.raises(SiteError):
        await Retrier(Retries(within=5, longest_pause=10), pauses).read(call)
    assert (len(attempts), pauses.asked) == (1, [])


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        pytest.param(7.0, 2, id="short"),
        pytest.param(10.0, 2, id="as long as allowed"),
        pytest.param(10.5, 1, id="too long"),
        pytest.param(86400.0, 1, id="a day"),
    ],
)
async def test_the_pause_a_site_asks_for_is_kept_or_nothing_is_asked(
    asked: float, calls: int
) -> None:
    pauses = Pauses()
    limited = SiteError("throttle.limited", "x", retry_after=asked)
    call, attempts = failing(limited, limited)
    with pytest.raises(SiteError, match="x"):
        await Retrier(Retries(attempts=2, within=600), pauses).read(call)
    assert len(attempts) == calls
    assert all(asked <= pause <= 10 for pause in pauses.asked)


@pytest.mark.parametrize("error", [ValueError("x"), OSError("x"), asyncio.CancelledError()])
async def test_other_errors_pass_through(error: BaseException) -> None:
    call, attempts = failing(error)
    with pytest.raises(type(error)):
        await Retrier(RETRIES, Pauses()).read(call)
    assert len(attempts) == 1


async def test_a_pause_can_be_cancelled() -> None:
    begun = asyncio.Event()

    async def forever(seconds: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    call, attempts = failing(SiteError("net.reset", "x"))
    task = asyncio.create_task(Retrier(RETRIES, forever).read(call))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(attempts) == 1
