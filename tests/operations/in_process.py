"""Operations on a simulated site without any socket, for tests that run them by the thousand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fleet.errors import SiteError
from fleet.operations.base import Operation, WriteLog
from fleet.results import Change, KeyResult
from fleet.simulator.site import SimSite, SiteSpec
from fleet.simulator.wire import SimResponse
from fleet.simulator.world import World
from fleet.site.client import JetpackClient
from fleet.site.transport import Reply
from fleet.site.wire import Answer, read_answer
from tests.simulator.browser import Browser

__all__ = ["Ended", "InProcess"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended on the site.

    Args:
        keys: Outcome by the name of the setting.
        notes: Notes of the decision.
        writes: Requests that could change something.
    """

    keys: Mapping[str, KeyResult]
    notes: tuple[str, ...]
    writes: int

    @property
    def verdicts(self) -> dict[str, str]:
        """Return the verdict of each key."""
        return {name: str(result.verdict) for name, result in self.keys.items()}


class InProcess:
    """A simulated site with an administrator signed in, with the face of a session.

    Args:
        spec: How the site is made.
    """

    def __init__(self, spec: SiteSpec) -> None:
        self._world = World()
        self.site: SimSite = self._world.add(spec)
        self._browser = Browser(self._world, spec.name)
        self._browser.log_in()
        self.nested = True
        self.bodies: list[dict[str, object]] = []
        self.intents: list[tuple[int, tuple[str, ...]]] = []
        """What was put on record: writes sent before it, and the keys."""
        self.client = JetpackClient(self)  # type: ignore[arg-type] # a session without transport

    async def get(self, route: str, query: Mapping[str, str] | None = None) -> Answer:
        tail = f"?{urlencode(query)}" if query else ""
        return self._read(self._browser.get(_below(route) + tail))

    async def post(self, route: str, body: Mapping[str, object]) -> Answer:
        self.bodies.append(dict(body))
        return self._read(self._browser.post(_below(route), dict(body)))

    async def page(self, name: str, query: Mapping[str, str] | None = None) -> str:
        raise AssertionError("settings need no page")

    async def ajax(self, fields: Mapping[str, str]) -> Answer:
        raise AssertionError("settings need no form")

    async def run(self, operation: Operation[Any]) -> Ended:
        """Return how `operation` ends, as a visit would run it."""
        sent = len(self.bodies)
        before = await operation.observe(self.client)
        decision = operation.decide(before)
        log, trouble, after = WriteLog(self._intend), None, None
        if decision.changes:
            try:
                await operation.enact(self.client, before, decision.changes, log)
            except SiteError as error:
                trouble = error
            after = await operation.reread(self.client, before, decision.changes)
        judged = operation.judge(before, after, decision.changes, log, trouble)
        keys = {key.key.removeprefix("settings."): key for key in (*decision.settled, *judged)}
        return Ended(keys, decision.notes, len(self.bodies) - sent)

    async def _intend(self, changes: tuple[Change, ...]) -> None:
        self.intents.append((len(self.bodies), tuple(change.key for change in changes)))

    def _read(self, response: SimResponse) -> Answer:
        if response.drop:
            raise SiteError("net.reset", "the connection broke off")
        headers = CIMultiDictProxy(CIMultiDict(response.headers))
        return read_answer(Reply(response.status, URL("http://site/"), headers, response.body))


def _below(route: str) -> str:
    return route.removeprefix("jetpack/v4").removeprefix("/")
