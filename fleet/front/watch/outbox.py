"""Messages that are to be sent, kept until somebody took them.

They are on record in the journal before they are sent, together with what the routes have told, so
that a restart neither forgets one nor tells anything twice. A message that fails is tried again
with growing pauses for a day.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import anyio

from fleet.errors import FleetError
from fleet.front.guard import where_it_struck
from fleet.front.watch.channels import Post
from fleet.front.watch.kept import moment, number, record, records, text
from fleet.front.watch.messages import Item, Message, merged
from fleet.front.watch.nouns import Channel
from fleet.journal.marks import Mark, Marks
from fleet.report.inert import inert

__all__ = ["OUTBOX", "Outbox", "Waiting", "pause"]

OUTBOX = "watch.outbox"
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 900.0
_PATIENCE = timedelta(days=1)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits to be sent.

    Args:
        id: Its id.
        channel: Name of the channel.
        items: What it tells.
        created: When it was made.
        due: When it is sent next.
        attempts: How often it was tried.
    """

    id: str
    channel: str
    items: tuple[Item, ...]
    created: datetime
    due: datetime
    attempts: int = 0

    def into(self) -> dict[str, object]:
        """Return it as a JSON value."""
        return {
            "channel": self.channel,
            "items": [item.into() for item in self.items],
            "created": self.created.isoformat(),
            "due": self.due.isoformat(),
            "attempts": self.attempts,
        }

    @classmethod
    def from_value(cls, name: str, value: object) -> Waiting:
        """Return what `into` made a JSON value of.

        Raises:
            KeyError, TypeError, ValueError: It is damaged.
        """
        found = record(value)
        return cls(
            name,
            text(found["channel"]),
            tuple(Item.from_value(item) for item in records(found["items"])),
            moment(found["created"]),
            moment(found["due"]),
            number(found["attempts"]),
        )


def pause(attempts: int) -> timedelta:
    """Return how long to wait after a number of failed attempts."""
    return timedelta(seconds=min(_FIRST_PAUSE * 4 ** (attempts - 1), _LONGEST_PAUSE))


class Outbox:
    """The messages that wait.

    Args:
        marks: Where they are kept.
        channels: Where they go, by name.
        post: Hands them over.
        tell: Tells people what failed.
        turn: Held while a message that gathers is added to.
    """

    def __init__(
        self,
        marks: Marks,
        channels: Mapping[str, Channel],
        post: Post,
        tell: Tell,
        turn: anyio.Lock,
    ) -> None:
        self._marks = marks
        self._channels = channels
        self._post = post
        self._tell = tell
        self._turn = turn

    async def put(
        self,
        items: Mapping[str, Iterable[Item]],
        now: datetime,
        beside: Mapping[Mark, object],
    ) -> None:
        """Let items wait for their channels, and keep other marks in the same transaction.

        Items for a channel that gathers join the message that is being gathered.

        Args:
            items: What is to be told, by name of the channel.
            now: The time.
            beside: Other marks.
        """
        async with self._turn:
            await self._marks.write({**beside, **await self._changes(items, now)})

    async def _changes(
        self, items: Mapping[str, Iterable[Item]], now: datetime
    ) -> dict[Mark, object]:
        waiting = await self._waiting()
        changes: dict[Mark, object] = {}
        for name, found in items.items():
            digest = self._channels[name].digest
            entry = next(
                (
                    each
                    for each in waiting
                    if digest and each.channel == name and not each.attempts and each.due > now
                ),
                None,
            ) or Waiting(secrets.token_hex(12), name, (), now, now + timedelta(seconds=digest))
            entry = replace(entry, items=merged((*entry.items, *found)))
            changes[OUTBOX, entry.id] = entry.into()
        return changes

    async def next_due(self) -> datetime | None:
        """Return when the next message is to be sent, or None where none waits."""
        return min((each.due for each in await self._waiting()), default=None)

    async def deliver(self, now: datetime) -> int:
        """Send what is due and return how many messages were taken; the others wait again."""
        await self._drop_damaged()
        taken: list[Waiting] = []

        async def attempt(entry: Waiting) -> None:
            if await self._tried(entry, now):
                taken.append(entry)

        async with anyio.create_task_group() as tasks:
            for each in await self._waiting():
                if each.due <= now:
                    tasks.start_soon(attempt, each)
        return len(taken)

    async def _tried(self, entry: Waiting, now: datetime) -> bool:
        channel = self._channels.get(entry.channel)
        if channel is None:
            self._tell(f"the channel {entry.channel} is gone: a message for it is dropped")
            await self._marks.write({(OUTBOX, entry.id): None})
            return False
        try:
            await self._post.send(channel, Message(entry.id, entry.items))
        except FleetError as error:
            await self._failed(entry, now, str(error))
            return False
        except Exception as error:  # noqa: BLE001 - one channel's trouble is its own
            await self._failed(entry, now, "; ".join(where_it_struck(error)))
            return False
        await self._taken(entry)
        return True

    async def _taken(self, entry: Waiting) -> None:
        """Forget a message, but for what joined it while it was sent: that goes by its own."""
        async with self._turn:
            changes: dict[Mark, object] = {(OUTBOX, entry.id): None}
            late = tuple(item for item in await self._items(entry) if item not in entry.items)
            if late:
                rest = replace(entry, id=secrets.token_hex(12), items=late, attempts=0)
                changes[OUTBOX, rest.id] = rest.into()
            await self._marks.write(changes)

    async def _items(self, entry: Waiting) -> tuple[Item, ...]:
        """Return what a message tells by now."""
        return next((each.items for each in await self._waiting() if each.id == entry.id), ())

    async def _failed(self, entry: Waiting, now: datetime, why: str) -> None:
        attempts = entry.attempts + 1
        if now - entry.created > _PATIENCE:
            self._tell(f"alert to {entry.channel} given up after {attempts} attempts: {why}")
            await self._marks.write({(OUTBOX, entry.id): None})
            return
        if attempts == 1:
            self._tell(f"alert to {entry.channel} failed, it is tried again: {why}")
        async with self._turn:
            items = await self._items(entry) or entry.items
            again = replace(entry, items=items, attempts=attempts, due=now + pause(attempts))
            await self._marks.write({(OUTBOX, entry.id): again.into()})

    async def _waiting(self) -> list[Waiting]:
        found, _ = await self._marks.read_each(OUTBOX, Waiting.from_value)
        return list(found.values())

    async def _drop_damaged(self) -> None:
        """Forget what nobody can read, and so nobody can send; told once, for then it is gone."""
        _, damaged = await self._marks.read_each(OUTBOX, Waiting.from_value)
        for name in damaged:
            self._tell(
                f"a message that waited is damaged in the journal, and dropped: {inert(name, 40)}"
            )
        await self._marks.write({(OUTBOX, name): None for name in damaged})
