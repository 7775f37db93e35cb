"""A tiny browser that asks a world without any network."""

from __future__ import annotations

import base64
import json as jsonlib
from urllib.parse import urlencode

from fleet.simulator import DEFAULT_USERS, SimRequest, SimResponse, SimSite, SimUser, World

ADMIN, EDITOR = DEFAULT_USERS
ROOT = "/wp-json/jetpack/v4/"


class Clock:
    """Unix time that only moves when told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Browser:
    """Keeps cookies by name and sends a nonce once it has one."""

    def __init__(self, world: World, name: str, host: str = "127.0.0.1:8080") -> None:
        self.world = world
        self.name = name
        self.host = host
        self.jar: dict[str, str] = {}
        self.nonce = ""
        self.is_https = False

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> SimResponse:
        target, _, query = path.partition("?")
        sent = {"Host": self.host, **(headers or {})}
        if self.jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        request = SimRequest(
            method=method,
            path=f"/{self.name}{target}",
            query=query,
            headers=tuple(sent.items()),
            body=body,
            is_https=self.is_https,
        )
        response = self.world.handle(request)
        for name, value in response.headers:
            if name == "Set-Cookie":
                self._keep(value)
        return response

    def _keep(self, line: str) -> None:
        name, _, rest = line.partition("=")
        value = rest.split(";")[0]
        if "Max-Age=0" in line:
            self.jar.pop(name, None)
        else:
            self.jar[name] = value

    def get(self, route: str) -> SimResponse:
        return self.ask("GET", ROOT + route, headers=self._nonce())

    def post(self, route: str, body: object = None, method: str = "POST") -> SimResponse:
        headers = {"Content-Type": "application/json", **self._nonce()}
        data = b"" if body is None else jsonlib.dumps(body).encode()
        return self.ask(method, ROOT + route, data, headers)

    def form(self, path: str, **fields: str) -> SimResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._nonce()}
        return self.ask("POST", path, urlencode(fields).encode(), headers)

    def _nonce(self) -> dict[str, str]:
        return {"X-WP-Nonce": self.nonce} if self.nonce else {}

    def log_in(self, user: SimUser = ADMIN, **more: str) -> SimResponse:
        core = self.world.site(self.name).spec.core_folder
        folder = f"/{core}" if core else ""
        path = f"{folder}/wp-login.php"
        response = self.form(path, log=user.name, pwd=user.password, **more)
        answer = self.ask("GET", f"{folder}/wp-admin/admin-ajax.php?action=rest-nonce")
        self.nonce = answer.text if answer.status == 200 else self._page_nonce(folder)
        return response

    def _page_nonce(self, folder: str) -> str:
        page = self.ask("GET", f"{folder}/wp-admin/index.php").text
        _, _, rest = page.partition('"nonce":"')
        return rest[:10]


def basic(login: str, password: str) -> dict[str, str]:
    """Return the header of Basic authentication."""
    pair = base64.b64encode(f"{login}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def administrator(site: SimSite, world: World) -> Browser:
    """Return a browser with the administrator logged in."""
    browser = Browser(world, site.spec.name)
    browser.log_in()
    return browser
