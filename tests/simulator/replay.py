"""Replays the rows of the conformance tables against a simulated site.

A row says what a real install answered: status, error code or shape, headers. The tables in
`conformance/` were distilled from recordings by hand-written rules: names and codes, no texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from fleet.simulator import SimResponse, SimUser, SiteSpec, World
from tests.simulator.browser import Browser, Clock, basic

FOLDER = Path(__file__).parent / "conformance"
Row = dict[str, object]
_USERS = (
    SimUser("admin", "first-pass", "administrator", application_passwords=("abcd efgh ijkl",)),
    SimUser("ed", "other-pass", "editor", application_passwords=("mnop qrst uvwx",)),
)
_MARKS = (
    'id="login_error"',
    "shake",
    'value="admin"',
    "Initial_State = {",
    "Initial_State=JSON.parse",
    "Initial_State={",
    "createNonceMiddleware",
    "wpApiSettings",
    "WP_API_nonce",
)


def load_brief() -> list[dict[str, dict[str, object]]]:
    """Return sites of which only the status and a word of each answer are known."""
    tables = json.loads((FOLDER / "brief.json").read_text())
    assert isinstance(tables, list)
    return tables


def load(era: str) -> tuple[dict[str, object], list[Row]]:
    """Return how the site of a table is made, and its rows in their order."""
    table = json.loads((FOLDER / f"jetpack-{era}.json").read_text())
    return table["site"], table["rows"]


class Replay:
    """One site and the browsers of those who ask it."""

    def __init__(self, made: Mapping[str, object]) -> None:
        self.world = World(clock=Clock())
        spec = SiteSpec("site", users=_USERS, modules=(), **made)  # type: ignore[arg-type] # a table
        self.plain = spec.permalinks == "plain"
        self.world.add(spec)
        self.admin, self.editor = self._browser(_USERS[0]), self._browser(_USERS[1])

    def _browser(self, user: SimUser) -> Browser:
        browser = Browser(self.world, "site")
        browser.log_in(user)
        return browser

    def send(self, row: Row) -> SimResponse:
        """Return the answer to a row's request."""
        browser, headers = self._who(str(row["auth"]))
        sent = self._filled(str(row["sent"]))
        if sent.startswith("{"):
            headers["Content-Type"] = "application/json"
        elif sent:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        path = str(row["path"]).replace("{nonce}", self.admin.nonce)
        if self.plain and path.startswith("/wp-json"):
            route, _, query = path.removeprefix("/wp-json").partition("?")
            path = f"/?rest_route={route}" + (f"&{query}" if query else "")
        return browser.ask(str(row["method"]), path, sent.encode(), headers)

    def _filled(self, sent: str) -> str:
        filled = sent.replace("{password}", _USERS[0].password)
        filled = filled.replace("{editor-password}", _USERS[1].password)
        return filled.replace("{home}", "http://127.0.0.1:8080/site")

    def _who(self, auth: str) -> tuple[Browser, dict[str, str]]:
        """Return the browser of a row and the headers that stand for its credentials."""
        fresh = Browser(self.world, "site")
        admin, secret = _USERS[0], _USERS[0].application_passwords[0]
        nonce = {"X-WP-Nonce": self.admin.nonce}
        if auth == "testcookie":
            fresh.jar["wordpress_test_cookie"] = "yes"
        known: dict[str, tuple[Browser, dict[str, str]]] = {
            "nobody": (fresh, {}),
            "fresh": (fresh, {}),
            "testcookie": (fresh, {}),
            "nobody+admin-nonce": (fresh, nonce),
            "admin": (self.admin, {}),
            "admin+nonce": (self.admin, nonce),
            "admin+bad-nonce": (self.admin, {"X-WP-Nonce": "0123456789"}),
            "admin+editor-nonce": (self.admin, {"X-WP-Nonce": self.editor.nonce}),
            "editor": (self.editor, {}),
            "editor+nonce": (self.editor, {"X-WP-Nonce": self.editor.nonce}),
            "basic:admin": (fresh, basic(admin.name, secret)),
            "basic:admin-nospaces": (fresh, basic(admin.name, secret.replace(" ", ""))),
            "basic:admin-password": (fresh, basic(admin.name, admin.password)),
            "basic:wrong": (fresh, basic(admin.name, "wxyz wxyz")),
            "basic:admin+bad-nonce": (
                fresh,
                basic(admin.name, secret) | {"X-WP-Nonce": "0123456789"},
            ),
            "basic:editor": (fresh, basic("ed", _USERS[1].application_passwords[0])),
        }
        return known[auth]

    def seen(self, row: Row, response: SimResponse) -> Row:
        """Return the answer in the words of a row."""
        found: Row = {"status": response.status, **_shape(row, response)}
        found["headers"] = self._headers(response)
        cookies = [
            shown
            for name, value in response.headers
            if name == "Set-Cookie" and (shown := _cookie(value))
        ]
        if cookies:
            found["cookies"] = cookies
        return found

    def _headers(self, response: SimResponse) -> dict[str, str]:
        home = "http://127.0.0.1:8080/site"
        found: dict[str, str] = {}
        for name, value in response.headers:
            key = name.lower()
            if key == "allow":
                found[key] = value
            elif key == "content-type":
                found[key] = value.split(";")[0]
            elif key == "location":
                shown = value.replace(home, "{home}")
                found[key] = shown.replace(quote(home, safe=""), "{home-quoted}")
            elif key in ("x-wp-nonce", "cache-control", "link", "x-robots-tag", "x-redirect-by"):
                found[key] = "present"
        return found


def _cookie(line: str) -> str:
    """Return name, path and life of a cookie; empty for those of the interface."""
    name = re.sub(r"_[0-9a-f]{32}", "_*", line.split("=", maxsplit=1)[0])
    if name.startswith("wp-settings"):
        return ""
    path = re.search(r"path=/site([^;]*)", line)
    life = "gone" if "Max-Age=0" in line else "lasting" if "Max-Age" in line else "session"
    only = " HttpOnly" if "HttpOnly" in line else ""
    return f"{name} {path.group(1) if path else ''} {life}{only}"


def _shape(row: Row, response: SimResponse) -> Row:
    if row["method"] == "HEAD":
        return {"type": "head"}
    if not (response.header("content-type") or "").startswith("application/json"):
        return _text_shape(response.text)
    if not response.body:
        return {"type": "empty"}
    data = response.json()
    if not isinstance(data, dict):
        names = {list: "list", str: "text", int: "number", bool: "bool", type(None): "null"}
        kept = {"value": data} if data in ("not_active", "") else {}
        return {"type": names[type(data)], **kept}
    found: Row = {"type": "object", "keys": sorted(data)}
    if isinstance(data.get("code"), str):
        found["code"] = data["code"]
    if "message" in data and data["message"] is None:
        found["message"] = None
    if isinstance(data.get("data"), dict):
        found["data"] = sorted(data["data"])
    return found


def _text_shape(text: str) -> Row:
    if text == "":
        return {"type": "empty"}
    if text == "0":
        return {"type": "zero"}
    if re.fullmatch(r"[0-9a-f]{10}", text):
        return {"type": "nonce"}
    return {"type": "html", "marks": [mark for mark in _MARKS if mark in text]}


def told(row: Row) -> Row:
    """Return the part of a row that tells of the answer."""
    asked = ("name", "method", "path", "auth", "sent")
    return {key: value for key, value in row.items() if key not in asked}


def brief(row: Row, response: SimResponse) -> str:
    """Return status and error code, or the number of members, or what else a body is."""
    shape = _shape(row, response)
    if row["method"] == "HEAD":
        return str(response.status)
    if response.status == 302:
        return "302 redir"
    if not response.body:
        return f"{response.status} (empty)"
    if shape["type"] == "object":
        keys = shape["keys"]
        assert isinstance(keys, list)
        return f"{response.status} {str(shape.get('code', f'{{{len(keys)}}}'))[:38]}"
    words = {"html": "html", "nonce": "nonce"}
    return f"{response.status} {words.get(str(shape['type']), response.text)}"
