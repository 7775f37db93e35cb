"""What is damaged in the journal is told once, and ends nothing but itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from fleet.front.watch.channels import Post
from fleet.front.watch.checking import check
from fleet.front.watch.conditions import missed
from fleet.front.watch.messages import Item, Message
from fleet.front.watch.nouns import Channel
from fleet.front.watch.outbox import OUTBOX, Outbox, Waiting
from fleet.journal.journal import open_journal
from tests.watch.support import until, utc, watching
from tests.watch.test_nightly import PLAN, nights

AT = datetime(2026, 11, 25, tzinfo=UTC)
TWO = PLAN.replace("alerts:", '  - {name: weekly, run: audit, cron: "0 4 * * 1"}\nalerts:')
GOOD: Any = Waiting(
    "good", "mail", (Item("new", missed("x", "x did not run"), AT.isoformat(), "x", ""),), AT, AT
).into()
ITEM: Any = GOOD["items"][0]


class Sends:
    """Takes messages, but for those of one channel."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, channel: Channel, message: Message) -> None:
        if channel == cast("Channel", "broken"):
            raise RuntimeError("nobody thought of this")
        self.sent.append(message.id)


def damage(store: Path, space: str, text: str) -> None:
    """Let every mark of a space be `text`."""
    with closing(sqlite3.connect(store)) as connection, connection:
        changed = connection.execute(
            "UPDATE journal_marks SET value = ? WHERE space = ?", (text, space)
        ).rowcount
    assert changed


@pytest.mark.parametrize(
    "value",
    [
        "a text",
        {},
        {**GOOD, "channel": ["mail"]},
        {**GOOD, "items": {"what": "new"}},
        {**GOOD, "items": [7]},
        {**GOOD, "items": [{**ITEM, "kind": "comet"}]},
        {**GOOD, "items": [{**ITEM, "what": "old"}]},
        {**GOOD, "items": [{**ITEM, "severity": None}]},
        {**GOOD, "items": [{**ITEM, "site": 5}]},
        {**GOOD, "created": "yesterday"},
        {**GOOD, "due": "2026-11-25T00:00:00"},
        {**GOOD, "attempts": "2"},
    ],
)
async def test_a_damaged_message_is_dropped_and_the_others_are_sent(
    tmp_path: Path, value: object
) -> None:
    post, said = Sends(), list[str]()
    channels = {"mail": cast("Channel", "mail")}
    async with open_journal(str(tmp_path / "journal.db")) as journal:
        outbox = Outbox(journal.marks, channels, cast("Post", post), said.append, anyio.Lock())
        await journal.marks.write({(OUTBOX, "good"): GOOD, (OUTBOX, "\x1b[2Jbad"): value})
        assert await outbox.deliver(AT) == 1
        assert await outbox.deliver(AT) == 0
        assert await outbox.next_due() is None
        assert not await journal.marks.read(OUTBOX)
    assert post.sent == ["good"]
    (line,) = said
    assert "a message that waited is damaged in the journal, and dropped" in line
    assert "\x1b" not in line


async def test_a_channel_that_fails_as_nobody_expected_waits_alone(tmp_path: Path) -> None:
    post, said = Sends(), list[str]()
    channels = {name: cast("Channel", name) for name in ("broken", "mail")}
    async with open_journal(str(tmp_path / "journal.db")) as journal:
        outbox = Outbox(journal.marks, channels, cast("Post", post), said.append, anyio.Lock())
        bad = {**GOOD, "channel": "broken"}
        await journal.marks.write({(OUTBOX, "bad"): bad, (OUTBOX, "good"): GOOD})
        assert await outbox.deliver(AT) == 1
        assert list(await journal.marks.read(OUTBOX)) == ["bad"]
    assert post.sent == ["good"]
    (line,) = said
    assert "alert to broken failed, it is tried again: an error of this tool itself" in line
    assert "nobody thought of this" not in line


async def test_the_watch_goes_on_over_a_damaged_message(tmp_path: Path) -> None:
    async with nights(tmp_path) as here:
        here.set_module("b", active=False)
        here.hook.answers = [500]
        async with watching(here.watch()) as watched:
            await watched.tick()
            await watched.idle(outbox=True)
        damage(here.store, OUTBOX, "{")
        async with watching(here.watch()) as watched:
            await until(lambda: any("dropped" in line for line in watched.lines))
            here.set_module("c", active=False)
            assert "1 new, told to hook" in await watched.tick()
            assert "New drift (1)\n  c  " in await here.told(2)


@pytest.mark.parametrize(
    "mark", ["{", "7", '{"due": 5}', '{"due": "2026-11-24"}', '{"due": "9999-12-31T00:00:00Z"}']
)
async def test_a_damaged_schedule_is_told_once_and_runs_when_it_is_due(
    tmp_path: Path, mark: str
) -> None:
    async with nights(tmp_path, TWO) as here:
        async with watching(here.watch(), 2) as watched:
            await watched.tick(2)
            plan = watched.plan
        damage(here.store, "watch.schedules", mark)
        async with open_journal(str(here.store)) as journal:
            lines, good = await check(plan, journal, utc("2026-11-24", "12:00"))
        assert not good
        assert lines[0] == "nightly: when it ran last is damaged in the journal"
        async with watching(here.watch(), 2) as watched:
            lost = [line for line in watched.lines if "is damaged in the journal" in line]
            assert [line.split()[3] for line in lost] == ["nightly:", "weekly:"]
            assert "3 unchanged" in await watched.tick(2)
        async with watching(here.watch(), 2) as watched:
            assert not any("damaged" in line for line in watched.lines)


@pytest.mark.parametrize("mark", ["{", "[]", '{"drift|b|modules.sitemaps": {"kind": "drift"}}'])
async def test_a_damaged_memory_of_alerts_is_told_once_and_begun_anew(
    tmp_path: Path, mark: str
) -> None:
    async with nights(tmp_path) as here:
        here.set_module("b", active=False)
        async with watching(here.watch()) as watched:
            await watched.tick()
            await here.told(1)
            damage(here.store, "watch.alerts", mark)
            assert "1 new, told to hook" in await watched.tick()
            assert "New drift (1)\n  b  " in await here.told(2)
            lost = [line for line in watched.lines if "is damaged in the journal" in line]
            assert len(lost) == 1
            assert "what the alert ops has told" in lost[0]
            assert "nothing to tell" in await watched.tick()
