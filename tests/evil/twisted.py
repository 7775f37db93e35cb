"""Good answers with something wrong in them, so that a fuzz gets past the first check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from urllib.parse import urlencode

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fleet.errors import SiteError
from fleet.simulator.site import SiteSpec
from fleet.simulator.wire import SimResponse
from fleet.simulator.world import World
from fleet.site.exchange import Reply
from fleet.site.wire import Answer, read_answer
from tests.simulator.browser import Browser

__all__ = ["ODD", "Twisted", "twist", "twist_text"]

ODD: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1e300,
    -0.0,
    "",
    "0",
    "1",
    "false",
    "x" * 5000,
    "\x00\x1b[2J\u202e\ufffe",
    "9" * 5000,
    "٣",
    [],
    {},
    [[]],
    [None, 1, "a", {}],
    {"": None},
    {"code": [], "message": {}, "data": "x"},
    {"a": {"b": {"c": [1, {"d": None}]}}},
)
"""Values that turn up where others belong."""


def twist(value: object, chance: Random) -> object:
    """Return a JSON value with one of its parts, or the whole, replaced by an odd one."""
    if chance.random() < 0.2:
        return chance.choice(ODD)
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            return {name: inner for name, inner in value.items() if name != key}
        name = chance.choice([key, key, key, "", "9" * 50, "\x00"])
        return {**value, name: twist(value[key], chance)}
    if isinstance(value, list) and value:
        place = chance.randrange(len(value))
        return [*value[:place], twist(value[place], chance), *value[place + 1 :]]
    return chance.choice(ODD)


def twist_text(text: str, chance: Random) -> str:
    """Return a text with a piece of it cut out, doubled or replaced."""
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice((1, 5, 50, 5000)))
    piece = chance.choice(("", text[start:end] * 2, '"', "<", "}", "\\u", "\x00", "é", "&#" * 99))
    return text[:start] + piece + text[end:]


class Twisted:
    """A session with a simulated site whose answers are twisted, with the face of a session.

    Args:
        era: Release of Jetpack.
        chance: What is twisted, and how.
    """

    def __init__(self, era: str, chance: Random) -> None:
        world = World()
        world.add(SiteSpec("site", era=era))
        self._browser = Browser(world, "site")
        self._browser.log_in()
        self.nested = True
        self._chance = chance

    async def get(self, route: str, query: Mapping[str, str] | None = None) -> Answer:
        """Read a REST route."""
        tail = f"?{urlencode(query)}" if query else ""
        return self._read(self._browser.ask("GET", f"/wp-json/{route}{tail}", b"", self._signed()))

    async def post(self, route: str, body: Mapping[str, object], method: str = "POST") -> Answer:
        """Send a write."""
        headers = {**self._signed(), "Content-Type": "application/json"}
        sent = json.dumps(dict(body)).encode()
        return self._read(self._browser.ask(method, f"/wp-json/{route}", sent, headers))

    async def page(self, name: str, query: Mapping[str, str] | None = None) -> str:
        """Read a page below wp-admin."""
        tail = f"?{urlencode(query)}" if query else ""
        return twist_text(self._browser.ask("GET", f"/wp-admin/{name}{tail}").text, self._chance)

    async def ajax(self, fields: Mapping[str, str]) -> Answer:
        """Send a form."""
        return self._read(self._browser.form("/wp-admin/admin-ajax.php", **fields))

    def _signed(self) -> dict[str, str]:
        return {"X-WP-Nonce": self._browser.nonce}

    def _read(self, response: SimResponse) -> Answer:
        if response.drop:
            raise SiteError("net.reset", "the connection broke off")
        return read_answer(self._twisted(response))

    def _twisted(self, response: SimResponse) -> Reply:
        """Return an answer that is left alone, twisted in its JSON, or in its text or status."""
        body, status, chance = response.body, response.status, self._chance
        way = chance.random()
        if way < 0.5:
            body = _twisted_json(body, chance)
        elif way < 0.6:
            body = twist_text(response.text, chance).encode("utf-8", "surrogatepass")
        elif way < 0.7:
            status = chance.choice((200, 204, 301, 400, 401, 403, 404, 424, 429, 500, 503))
        headers = CIMultiDictProxy(CIMultiDict(response.headers))
        return Reply(status, URL("http://127.0.0.1:8080/site/"), headers, body)


def _twisted_json(body: bytes, chance: Random) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    for _ in range(chance.randrange(1, 4)):
        value = twist(value, chance)
    return json.dumps(value).encode()
