"""A fleet of guarded secrets: where they are kept, who says them back, and who must never see them.

Commands run as processes in a folder of their own, so that everything they write is found again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fleet.simulator.auth import SimUser
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from tests.security.canaries import Canaries, files_below, found_in, new_canaries
from tests.security.reflecting import Reflecting, wal_pages

__all__ = ["Rig", "rigged"]

CHANNELS = (
    "cookie",
    "printed",
    "inline",
    "rejected",
    "moved",
    "akismet",
    "protect",
    "sent key",
    "hook key",
)
PLAIN = ("application", "mail")
_OWNERS = {
    "echo": "cookie",
    "tokens": "application",
    "printed": "printed",
    "inline": "inline",
    "wrong": "rejected",
    "mover": "moved",
}
"""The channel of each site's password."""

_PRINTER = """\
env > child-environ
tr '\\0' ' ' < /proc/$PPID/cmdline > parent-cmdline
cat secrets/printed
"""
_SCHEDULES = """\
version: 1
inventory: [inventory.yaml]
schedules:
  - {name: nightly, run: audit, policy: [policy.yaml], cron: "30 2 * * *"}
alerts:
  - {name: all, channels: [hook], kinds: [drift, failing, missed, recovered]}
channels:
  hook: {type: webhook, url: "env:CANARY_HOOK", secret: "env:CANARY_HOOK_KEY"}
"""
_POLICY = """\
version: 1
policies:
  - name: baseline
    modules: {active: [sitemaps], inactive: [likes]}
    settings: {sharing_label: "Tell a friend:"}
rollout: {guard: {max_sites: 100%}}
"""


@dataclass(slots=True)
class Rig:
    """A folder with an inventory, its sites, and all that commands gave away.

    Args:
        folder: Where commands run.
        canaries: The secrets.
        world: The sites.
        stolen: Bytes that came to the listener nobody sends anything to.
        beside: Bytes seen beside the running commands: their words, and unfinished WAL files.
    """

    folder: Path
    canaries: Canaries
    world: Reflecting
    stolen: bytearray = field(default_factory=bytearray)
    beside: set[bytes] = field(default_factory=set)
    running: set[int] = field(default_factory=set)
    told: dict[str, bytes] = field(default_factory=dict)

    async def fleet(self, *words: str, environ: Mapping[str, str] | None = None) -> int:
        """Run a ``fleet`` command to its end, keep what it said, and return its exit code."""
        return await self.python("-m", "fleet", *words, environ=environ)

    async def python(self, *words: str, environ: Mapping[str, str] | None = None) -> int:
        """Run Python, for what no command can be asked for; as `fleet`."""
        process = await self.start(*words, environ=environ)
        out, err = await process.communicate()
        self.running.discard(process.pid)
        self.told[f"{len(self.told)}: {' '.join(words)}"] = out + b"\n" + err
        return process.returncode or 0

    async def start(self, *words: str, environ: Mapping[str, str] | None = None) -> Process:
        """Return a Python process in the folder that is told the secrets a command needs."""
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONPATH": os.environ.get("PYTHONPATH") or os.pathsep.join(sys.path),
            "PYTHONFAULTHANDLER": "1",
            "CANARY_COOKIE": self.canaries["cookie"],
            "CANARY_WRONG": self.canaries["rejected"],
            "CANARY_MOVER": self.canaries["moved"],
            **(environ or {}),
        }
        process = await create_subprocess_exec(
            sys.executable,
            *words,
            cwd=self.folder,
            env=given,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        self.running.add(process.pid)
        return process

    def look(self) -> None:
        """Keep what everybody on this machine could see of the running commands just now."""
        for pid in self.running:
            self.beside.add(_cmdlines(pid))
        self.beside |= wal_pages(self.folder)

    def sessions(self) -> dict[str, str]:
        """Return the cookies, tokens and nonces of all sessions so far, by a name for each."""
        found = {}
        for number, (carrier, secret) in enumerate(sorted(self.world.ever)):
            found[f"{carrier}, {number}"] = secret
            if secret.count("|") == 3:
                found[f"{carrier}, {number}, token"] = secret.split("|")[2]
        return found

    def leaks(self) -> list[str]:
        """Return where a secret is that it must not be, of all that was said and written so far."""
        sessions, leaks = self.sessions(), []
        places = [
            *self.told.items(),
            ("beside the commands", b"\n".join(self.beside)),
            ("the other listener", bytes(self.stolen)),
            *((str(path), data) for path, data in files_below(self.folder, self.own_files())),
        ]
        for place, data in places:
            leaks += [f"{place}: {hit}" for hit in found_in(data, self.canaries.words)]
            if place not in self.session_files():
                hits = found_in(data, sessions, ("raw", "base64, 0", "hex"))
                leaks += [f"{place}: {hit}" for hit in hits]
        for site, received in self.world.received.items():
            foreign = {
                channel: secret
                for channel, secret in self.canaries.words.items()
                if channel in _OWNERS.values() and channel != _OWNERS.get(site)
            }
            leaks += [f"sent to {site}: {hit}" for hit in found_in(bytes(received), foreign)]
        return leaks

    def session_files(self) -> tuple[str, ...]:
        """Return the one place where sessions, and no passwords, are kept between runs."""
        path = self.folder / "home" / ".cache" / "jetfleet" / "sessions.db"
        return tuple(f"{path}{ending}" for ending in ("", "-wal", "-shm"))

    def own_files(self) -> tuple[Path, ...]:
        """Return the files in which this test itself has put secrets."""
        return (
            self.folder / "inventory.yaml",
            self.folder / "secrets" / "printed",
            self.folder / "secrets" / "tokens",
            self.folder / "secrets" / "body.json",
        )


def _cmdlines(pid: int) -> bytes:
    """Return the words of a process and its children, and the variables of the children."""
    found = bytearray()
    for each in (pid, *_children(pid)):
        try:
            found += Path(f"/proc/{each}/cmdline").read_bytes()
            found += b"" if each == pid else Path(f"/proc/{each}/environ").read_bytes()
        except OSError:
            # It has ended in the meantime.
            continue
    return bytes(found)


def _children(pid: int) -> Iterator[int]:
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())
    except OSError:
        return


@asynccontextmanager
async def rigged(folder: Path, seed: int) -> AsyncIterator[Rig]:
    """Yield a fleet in `folder` whose secrets are drawn from `seed`."""
    rig = Rig(folder, new_canaries(seed, CHANNELS, PLAIN), Reflecting())
    rig.world.spring = rig.look
    for name, channel in _OWNERS.items():
        rig.world.add(_spec(name, rig.canaries, channel))

    async def steal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rig.stolen.extend(await reader.read(65536))
        writer.close()

    thief = await asyncio.start_server(steal, "127.0.0.1", 0)
    rig.world.thief = f"http://127.0.0.1:{thief.sockets[0].getsockname()[1]}"
    async with thief, SimulatorServer(rig.world) as server:
        _write_files(folder, rig.canaries, server.base_url)
        yield rig


def _spec(name: str, canaries: Canaries, channel: str) -> SiteSpec:
    secret = canaries[channel]
    user = SimUser(
        "fleet-bot",
        "another-password" if name == "wrong" else secret,
        application_passwords=(secret,) if channel == "application" else (),
    )
    options = {
        "wordpress_api_key": canaries["akismet"],
        "jetpack_protect_key": canaries["protect"],
        "post_by_email_address": f"{canaries['mail']}@post.example",
        "sharing_label": "Share",
    }
    return SiteSpec(name, users=(user,), modules=("likes", "sharedaddy"), options=options)


def _write_files(folder: Path, canaries: Canaries, base_url: str) -> None:
    for name in ("home", "tmp", "secrets"):
        (folder / name).mkdir(mode=0o700)
    for name, text in (
        ("printed", canaries["printed"]),
        ("tokens", canaries["application"]),
        ("body.json", f'{{"wordpress_api_key": "{canaries["sent key"].replace(chr(34), "")}"}}'),
    ):
        (folder / "secrets" / name).write_text(text)
        (folder / "secrets" / name).chmod(0o600)
    (folder / "print-secret.sh").write_text(_PRINTER)
    (folder / "policy.yaml").write_text(_POLICY)
    (folder / "fleet.yaml").write_text(_SCHEDULES)
    inline = canaries["inline"].replace("'", "''")
    ways = {
        "echo": "{username: fleet-bot, password: 'env:CANARY_COOKIE'}",
        "tokens": (
            "{method: application-password, username: fleet-bot, password: 'file:secrets/tokens'}"
        ),
        "printed": "{username: fleet-bot, password: 'exec:sh print-secret.sh'}",
        "inline": f"{{username: fleet-bot, password: '{inline}'}}",
        "wrong": "{username: fleet-bot, password: 'env:CANARY_WRONG'}",
        "mover": "{username: fleet-bot, password: 'env:CANARY_MOVER'}",
    }
    lines = ["version: 1", "allow_inline_secrets: true", "sites:"]
    lines += [
        f"  {name}: {{url: {base_url}/{name}/, auth: {way}, labels: {{client: acme}}}}"
        for name, way in ways.items()
    ]
    (folder / "inventory.yaml").write_text("\n".join(lines) + "\n")
    (folder / "inventory.yaml").chmod(0o600)
