"""The process that nobody watches: it starts each schedule when it is due, and goes on.

Each schedule has a task of its own, so two runs of one never overlap. What a run needs is made anew
for it, the journal too, so that a disk that was full once does not end the watch. A run that could
not be made is told as a missed one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anyio

from fleet.engine.stop import Stop
from fleet.errors import FleetError
from fleet.front.guard import where_it_struck
from fleet.front.watch.alerting import Alerting
from fleet.front.watch.channels import Post
from fleet.front.watch.clock import Clock
from fleet.front.watch.cron import next_due, passed
from fleet.front.watch.executing import Executor, Ran
from fleet.front.watch.kept import moment, record
from fleet.front.watch.lines import at, miss_line, next_line, run_line
from fleet.front.watch.nouns import Misfire, Plan, Schedule
from fleet.front.watch.outbox import Outbox
from fleet.journal.journal import Journal
from fleet.journal.marks import Mark

__all__ = ["SCHEDULES", "Watcher", "jitter_of", "last_due"]

SCHEDULES = "watch.schedules"
"""Where it is kept when each schedule ran last."""

_ON_TIME = timedelta(seconds=60)
"""How late a start is that is on time."""
_AGAIN = timedelta(seconds=60)
"""When the outbox is looked at again after the journal failed."""
_AHEAD = timedelta(days=1)
"""How far ahead a clock may have been that was put right since."""
_FORGOTTEN = (
    "when it ran last is damaged in the journal: what was due before now is not made up for"
)

Opens = Callable[[], AbstractAsyncContextManager[Journal]]


def jitter_of(schedule: Schedule, due: datetime) -> timedelta:
    """Return how much later than `due` a run starts: the same for the same run, in any process."""
    digest = hashlib.sha256(f"{schedule.name} {due.timestamp():.0f}".encode()).digest()
    return timedelta(seconds=schedule.jitter * int.from_bytes(digest[:4]) / 2**32)


def last_due(mark: object, now: datetime) -> datetime:
    """Return up to when a schedule has been seen to.

    Raises:
        KeyError, TypeError, ValueError: The mark is damaged, or of a clock that was far ahead.
    """
    found = moment(record(mark)["due"])
    if found > now + _AHEAD:
        raise ValueError("it was seen to in days to come")
    return found


class Watcher:
    """Runs schedules and sends alerts.

    Args:
        plan: What ``fleet.yaml`` says.
        opens: Opens the journal.
        executor: Makes runs.
        post: Hands messages over.
        clock: Tells the time and waits for it.
        stop: Ends the watch; the runs that are on then end as every run does.
        tell: Takes one line for people.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - everything that a process is made of
        self,
        plan: Plan,
        opens: Opens,
        executor: Executor,
        post: Post,
        clock: Clock,
        stop: Stop,
        tell: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._opens = opens
        self._executor = executor
        self._post = post
        self._clock = clock
        self._stop = stop
        self._tell = tell
        self._posted = anyio.Event()
        self._turn = anyio.Lock()
        self._waits_for = ""

    async def watch(self) -> None:
        """Run every schedule whenever it is due, until the stop is asked for."""
        await self._post.check(self._plan.secrets)
        async with anyio.create_task_group() as tasks:
            for schedule in self._plan.schedules.values():
                seen_to = await self._begin(schedule)
                tasks.start_soon(self._keep, schedule, seen_to)
            tasks.start_soon(self._deliver)

    async def once(self, schedule: Schedule) -> int:
        """Run a schedule now and send its alerts; return the run's exit code.

        Raises:
            FleetError: The run could not be made; that is told as a missed run first.
        """
        ran = await self._run(schedule, self._clock.now())
        await self._send()
        return ran.report.exit_code

    async def _begin(self, schedule: Schedule) -> datetime:
        """Return up to when a schedule has been seen to, and tell when it comes next."""
        now = self._clock.now()
        async with self._opens() as journal:
            found, damaged = await journal.marks.read_each(
                SCHEDULES, lambda _, each: last_due(each, now)
            )
            if schedule.name in damaged:
                self._say(f"{schedule.name}: {_FORGOTTEN}")
            if schedule.name not in found:
                await journal.marks.write({_mark(schedule): {"due": now.isoformat()}})
        self._tell(next_line(schedule, next_due(schedule.cron, schedule.tz, now)))
        return found.get(schedule.name, now)

    async def _keep(self, schedule: Schedule, seen_to: datetime) -> None:
        while not self._stop.draining.is_set():
            now = self._clock.now()
            dues = list(passed(schedule.cron, schedule.tz, seen_to, now))
            if not dues:
                due = next_due(schedule.cron, schedule.tz, max(seen_to, now))
                await self._until(due + jitter_of(schedule, due))
                continue
            begins = self._begins(schedule, dues[-1], now)
            lost = dues[:-1] if begins else dues
            if lost:
                self._tell(miss_line(schedule, lost, now))
                await self._guarded(schedule, partial(self._miss, schedule, lost))
            if begins:
                await self._guarded(schedule, partial(self._run, schedule, dues[-1]))
            seen_to = dues[-1]

    def _begins(self, schedule: Schedule, due: datetime, now: datetime) -> bool:
        """Return whether a run that was due is started now."""
        late = now - due
        on_time = timedelta(seconds=schedule.jitter) + _ON_TIME
        grace = timedelta(seconds=schedule.grace)
        return late <= on_time or (schedule.misfire is Misfire.RUN_ONCE and late <= grace)

    async def _guarded(self, schedule: Schedule, call: Callable[[], Awaitable[object]]) -> None:
        """Make a call whose failure must not end the watch; it is told."""
        try:
            await call()
        except Exception as error:  # noqa: BLE001 - one bad run must not end all later ones
            self._say(f"{schedule.name}: {_why(error)}")

    async def _run(self, schedule: Schedule, due: datetime) -> Ran:
        try:
            async with self._opens() as journal:
                ran = await self._executor.run(schedule, journal, self._stop)
                if not ran.report.interrupted:
                    await self._conclude(schedule, due, ran, journal)
        except Exception as error:
            reason = str(error) if isinstance(error, FleetError) else "an unexpected failure"
            first = reason.partition("\n")[0]
            await self._miss(schedule, [due], f"it could not be made: {first}")
            raise
        return ran

    async def _conclude(
        self, schedule: Schedule, due: datetime, ran: Ran, journal: Journal
    ) -> None:
        now = self._clock.now()
        report = ran.report
        mark = {
            "due": due.isoformat(),
            "ended": now.isoformat(),
            "run": report.run_id,
            "code": report.exit_code,
        }
        told = await self._alerting(journal).after_run(
            schedule, ran.seen, ran.inventory, report.run_id, now, {_mark(schedule): mark}
        )
        self._tell(run_line(schedule, ran, told, now))
        self._post_it()
        if schedule.heartbeat is not None and report.halted is None:
            try:
                await self._post.ping(schedule.heartbeat)
            except Exception as error:  # noqa: BLE001 - the run itself went well, and is on record
                self._say(f"{schedule.name}: the heartbeat failed: {_why(error)}")

    async def _miss(self, schedule: Schedule, dues: list[datetime], why: str = "") -> None:
        now = self._clock.now()
        last = at(dues[-1], schedule.tz)
        runs = (
            f"{len(dues)} runs, the last one due at {last}" if len(dues) > 1 else f"due at {last}"
        )
        text = f"{schedule.name}: {runs}" + (f": {why}" if why else "")
        mark: Any = {"due": dues[-1].isoformat(), "missed": now.isoformat()}
        async with self._opens() as journal:
            await self._alerting(journal).after_miss(schedule, text, now, {_mark(schedule): mark})
        self._post_it()

    async def _deliver(self) -> None:
        while not self._stop.draining.is_set():
            self._posted = anyio.Event()
            try:
                async with self._opens() as journal:
                    outbox = self._outbox(journal)
                    await outbox.deliver(self._clock.now())
                    due = await outbox.next_due()
                self._waits_for = ""
            except Exception as error:  # noqa: BLE001 - alerts that wait must not end the runs
                self._wait(error)
                due = self._clock.now() + _AGAIN
            await self._until(due, self._posted)

    def _wait(self, error: Exception) -> None:
        """Tell why alerts wait, once for as long as it is the same."""
        why = _why(error)
        if why != self._waits_for:
            self._say(f"alerts wait: {why}")
        self._waits_for = why

    async def _send(self, attempts: int = 3) -> None:
        """Send what waits, and again what fails; what is left is sent by whoever comes next."""
        async with self._opens() as journal:
            outbox = self._outbox(journal)
            for _ in range(attempts):
                await outbox.deliver(self._clock.now())
                due = await outbox.next_due()
                if due is None or (due - self._clock.now()) > _AGAIN:
                    return
                await self._until(due)

    async def _until(self, moment: datetime | None, event: anyio.Event | None = None) -> None:
        """Return at a moment, at an event, or when the watch is to end."""

        async def first(call: Callable[[], Awaitable[object]]) -> None:
            await call()
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first, self._stop.draining.wait)
            if event is not None:
                tasks.start_soon(first, event.wait)
            if moment is not None:
                tasks.start_soon(first, lambda: self._clock.sleep_until(moment))

    def _alerting(self, journal: Journal) -> Alerting:
        return Alerting(self._plan, journal.marks, self._outbox(journal), self._say)

    def _outbox(self, journal: Journal) -> Outbox:
        return Outbox(journal.marks, self._plan.channels, self._post, self._say, self._turn)

    def _post_it(self) -> None:
        self._posted.set()

    def _say(self, text: str) -> None:
        self._tell(f"{self._clock.now():%Y-%m-%d %H:%M} UTC  {text}")


def _why(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):  # of things that were done side by side
        error = error.exceptions[0]
    return str(error) if isinstance(error, FleetError) else "; ".join(where_it_struck(error))


def _mark(schedule: Schedule) -> Mark:
    return SCHEDULES, schedule.name
