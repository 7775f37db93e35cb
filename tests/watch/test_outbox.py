"""Messages that wait: none is forgotten while another is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import anyio
import pytest

from fleet.errors import FleetError
from fleet.front.watch.channels import Post
from fleet.front.watch.conditions import missed
from fleet.front.watch.messages import Item, Message
from fleet.front.watch.nouns import Channel
from fleet.front.watch.outbox import OUTBOX, Outbox
from fleet.journal.journal import open_journal

AT = datetime(2026, 11, 25, tzinfo=UTC)


class Gathering:
    """A channel that gathers for a minute."""

    digest = 60


class Slow:
    """Takes a message when a test lets it."""

    def __init__(self, trouble: FleetError | None) -> None:
        self.sending, self.go = anyio.Event(), anyio.Event()
        self.sent: list[str] = []
        self._trouble = trouble

    async def send(self, _channel: Channel, message: Message) -> None:
        self.sending.set()
        await self.go.wait()
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        self.sent += [item.schedule for item in message.items]


def item(name: str) -> Item:
    return Item("new", missed(name, f"{name} did not run"), AT.isoformat(), name, "")


@pytest.mark.parametrize("trouble", [None, FleetError("nobody there")])
async def test_news_that_comes_while_a_message_is_sent_is_told(
    tmp_path: Path, trouble: FleetError | None
) -> None:
    post, said = Slow(trouble), list[str]()
    channels = {"mail": cast("Channel", Gathering())}
    async with open_journal(str(tmp_path / "journal.db")) as journal:
        outbox = Outbox(journal.marks, channels, cast("Post", post), said.append, anyio.Lock())
        await outbox.put({"mail": [item("first")]}, AT, {})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outbox.deliver, AT + timedelta(seconds=60))
            await post.sending.wait()
            # Concluded a moment before the message was due, and written a moment after.
            await outbox.put({"mail": [item("second")]}, AT + timedelta(seconds=59), {})
            post.go.set()
        await outbox.deliver(AT + timedelta(seconds=90))
        assert sorted(post.sent) == ["first", "second"]
        assert not await journal.marks.read(OUTBOX)
