"""A password that a site has rejected is not sent to it again, whoever asks."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from fleet.engine.keeping import site_key
from fleet.errors import JournalError
from fleet.front.app import run_command_line
from fleet.journal.journal import open_journal
from fleet.journal.keys import fingerprint, read_key
from fleet.results import Status
from fleet.simulator.auth import SimUser
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.identity.runs import ADMIN, WRONG, Machine, machine, only


def wrong(found: Machine) -> None:
    found.password = WRONG


async def test_the_second_run_says_when_it_was_rejected_and_sends_nothing(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop"), change=wrong) as found:
        first = only(await found.run())
        second = only(await found.run())
        assert (first.kind, second.kind) == ("auth.bad_credentials", "auth.bad_credentials")
        assert second.status is Status.BLOCKED
        assert second.message.startswith("not sent again, because the site rejected it on 20")
        assert (first.usage.logins, second.usage.logins) == (1, 0)
        assert found.site("shop").login_attempts == 1
        assert found.site("shop").count("POST") == 1


@pytest.mark.parametrize("changed", ["password", "username"])
async def test_another_credential_is_sent(changed: str, tmp_path: Path) -> None:
    users = (ADMIN, SimUser("keeper", WRONG))
    async with machine(tmp_path, SiteSpec("shop", users=users), change=wrong) as found:
        assert only(await found.run()).kind == "auth.bad_credentials"
        if changed == "password":
            found.password = ADMIN.password
        else:
            found.username = "keeper"
        assert only(await found.run()).status is Status.UNCHANGED
        assert found.site("shop").login_attempts == 2


async def test_the_old_password_stays_rejected_after_a_detour(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop"), change=wrong) as found:
        await found.run()
        found.password = ADMIN.password
        await found.run()
        found.password = WRONG
        assert only(await found.run()).message.startswith("not sent again")
        assert found.site("shop").login_attempts == 2


async def test_accepting_the_site_lets_it_be_sent_once_more(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop"), change=wrong) as found:
        await found.run()
        await found.accept("shop")
        assert found.site("shop").login_attempts == 1
        assert only(await found.run()).usage.logins == 1
        assert only(await found.run()).usage.logins == 0
        assert found.site("shop").login_attempts == 2


async def test_without_a_record_nothing_is_remembered(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop"), change=wrong) as found:
        for _ in range(2):
            assert only(await found.run(recorded=False)).usage.logins == 1


async def test_a_lockout_is_no_rejected_password(tmp_path: Path) -> None:
    """While a limiter is on, the right password is refused, too."""
    spec = SiteSpec("shop", faults=(Fault("lockout", times=1),))
    async with machine(tmp_path, spec) as found:
        assert only(await found.run()).kind == "auth.locked_out"
        assert only(await found.run()).status is Status.UNCHANGED


async def test_a_rejected_application_password_is_remembered_where_the_site_tells(
    tmp_path: Path,
) -> None:
    async with machine(tmp_path, SiteSpec("shop")) as found:
        found.method, found.password = "application-password", WRONG
        first = only(await found.run())
        # The simulated site ignores a wrong one, as WordPress does, so nothing is known.
        assert first.kind == "auth.anonymous"
        async with open_journal(found.store, key_file=found.key) as journal:
            site = found.inventory().sites["shop"]
            key = site_key(site)
            mark = journal.fingerprint(key, "application-password", ADMIN.name, WRONG)
            await journal.reject(key, mark)
        second = only(await found.run())
        assert second.kind == "auth.bad_credentials"
        assert second.message.startswith("not sent again")
        assert found.site("shop").count("GET", "/wp/v2/users/me") == 1


async def test_the_journal_alone_says_nothing_about_a_password(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop"), change=wrong) as found:
        await found.run()
        with closing(sqlite3.connect(found.store)) as connection:
            rows = connection.execute("SELECT site, fingerprint FROM journal_rejections").fetchall()
        key = site_key(found.inventory().sites["shop"])
        ((site, mark),) = rows
        assert site == key
        guessed = (key, "cookie", ADMIN.name, WRONG)
        assert mark == fingerprint(found.key.read_bytes(), *guessed)
        assert mark != fingerprint(b"", *guessed)
        assert found.key.read_bytes() not in found.journal_bytes()


async def test_another_key_knows_nothing_and_sends_it_once_more(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop"), change=wrong) as found:
        await found.run()
        found.key.unlink()
        assert only(await found.run()).usage.logins == 1
        assert only(await found.run()).usage.logins == 0


def test_the_key_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "credentials.key"
    key = read_key(path)
    assert len(key) == 32
    assert key == read_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert key != read_key(tmp_path / "other" / "credentials.key")


@pytest.mark.parametrize("harm", ["open", "short", "link"])
def test_a_key_that_is_not_safe_is_refused(harm: str, tmp_path: Path) -> None:
    path = tmp_path / "state" / "credentials.key"
    read_key(path)
    if harm == "open":
        path.chmod(0o644)
    elif harm == "short":
        path.write_bytes(b"abc")
    else:
        path.rename(tmp_path / "state" / "elsewhere")
        path.symlink_to(tmp_path / "state" / "elsewhere")
    with pytest.raises(JournalError):
        read_key(path)


async def test_a_key_that_cannot_be_read_sends_nothing(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop")) as found:
        read_key(found.key)
        found.key.chmod(0o644)
        result = only(await found.run())
        assert (result.status, result.kind) == (Status.SKIPPED, "run.halted")
        assert "chmod 600" in result.message
        assert found.logins() == 0


def test_different_credentials_never_share_a_fingerprint() -> None:
    key = b"k" * 32
    assert fingerprint(key, "a", "bc") != fingerprint(key, "ab", "c")
    assert fingerprint(key, "a", "\ud800") != fingerprint(key, "a", "\udfff")


def test_the_command_accepts_a_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory.yaml").write_text(
        "version: 1\nsites:\n  shop:\n    url: http://127.0.0.1:9/shop/\n"
        "    auth: {username: a, password: 'env:PW'}\n"
    )
    monkeypatch.chdir(tmp_path)
    store = str(tmp_path / "state" / "journal.db")
    code = run_command_line(["sites", "accept", "shop", "--store", store], {})
    said = capsys.readouterr()
    assert code == 3
    assert "net.refused" in said.err
    assert "nothing was accepted" in said.err


async def test_the_command_shows_what_it_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=2, title="New\x1b[31m shop"))
        found.inventory()
        words = ["sites", "accept", "shop", "-i", str(tmp_path / "inventory.yaml")]
        code = await asyncio.to_thread(run_command_line, [*words, "--store", found.store], {})
        place = f"127.0.0.1:{found.server.port}/shop"
        was, now, accepted = capsys.readouterr().out.splitlines()
        assert code == 0
        assert was == f'shop was "Shop" at {place}, number 1 at WordPress.com'
        assert now.endswith(f"at {place}, number 2 at WordPress.com")
        assert "\x1b" not in now
        assert "may be sent once more" in accepted
        assert found.logins() == 0
        assert only(await found.run()).status is Status.UNCHANGED
