"""A simulated world whose sites say every credential back that they are sent, in many ways."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from fleet.simulator.wire import SimRequest, SimResponse, parse_query, php_json
from fleet.simulator.world import World

__all__ = ["Reflecting", "sent_secrets"]

_SPOKEN = ("name", "title", "message", "description")
_HEAD, _FRAME = 32, 24 + 4096
"""Bytes of the head of a WAL file, and of each page in it with a head of its own."""

_LABEL = "sharing_label"


class Reflecting(World):
    """A world that repeats credentials, and keeps what each site was sent.

    Args:
        spring: Called at each request, while the command that sent it waits for the answer.
        thief: Where the site called ``mover`` sends its visitors.
    """

    def __init__(self, spring: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.received: dict[str, bytearray] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.ever: set[tuple[str, str]] = set()
        self.thief = ""
        self.spring = spring

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the answer of the world with all that the site knows of its visitor in it."""
        name = request.path.split("/")[1]
        self.received.setdefault(name, bytearray()).extend(_wire(request))
        known = self.secrets.setdefault(name, {})
        known.update(sent_secrets(request))
        self.spring()
        if name == "mover" and "/jetpack/v4/" in request.path:
            target = f"{self.thief}{request.path}"
            return SimResponse(307, (("Location", target), ("Content-Type", "text/html")))
        response = super().handle(request)
        for header, value in response.headers:
            if header == "Set-Cookie" and "%7C" in value:
                known[f"cookie {value.partition('=')[0]}"] = value.split(";")[0].split("=", 1)[1]
        self.ever.update((f"{carrier} of {name}", secret) for carrier, secret in known.items())
        return _reflecting(request, response, list(known.values()))


def sent_secrets(request: SimRequest) -> dict[str, str]:
    """Return the credentials in a request by what carries them."""
    found: dict[str, str] = {}
    form = parse_query(request.body.decode("utf-8", "replace")) if request.body else {}
    if isinstance(form.get("pwd"), str):
        found["password"] = str(form["pwd"])
    for name, value in request.headers:
        if name.lower() == "x-wp-nonce":
            found["nonce"] = value
        elif name.lower() == "authorization":
            token = value.rpartition(" ")[2]
            found["token"] = token
            found["password"] = base64.b64decode(token).decode().partition(":")[2]
    for name, value in request.cookies().items():
        if value.count("|") == 3:
            found[f"meant {name}"] = value
    return found


def _wire(request: SimRequest) -> bytes:
    head = [f"{request.method} {request.path}?{request.query}"]
    head += [f"{name}: {value}" for name, value in request.headers]
    return "\n".join(head).encode("utf-8", "surrogateescape") + b"\n\n" + request.body + b"\n"


def _reflecting(request: SimRequest, response: SimResponse, known: list[str]) -> SimResponse:
    if not known:
        return response
    headers = (*response.headers, ("X-Echo", quote(" ".join(known))))
    kind = response.header("content-type") or ""
    if "json" in kind:
        try:
            value = response.json()
        except ValueError:
            return response
        told = _told(value, known, settings=request.path.endswith("/settings"))
        return replace(response, headers=headers, body=php_json(told))
    if "html" in kind and response.body.startswith(b"<"):
        page = response.body.decode().replace("Wrong.", f"Wrong: {' '.join(_said(known))}")
        page = page.replace("<title>", f"<title>{html.escape(' '.join(known))} ")
        return replace(response, headers=headers, body=page.encode())
    return replace(response, headers=headers)


def _told(value: object, known: list[str], *, settings: bool) -> object:
    """Return a JSON value with the secrets behind every text that is only for people."""
    if isinstance(value, list):
        return [_told(item, known, settings=False) for item in value]
    if not isinstance(value, dict):
        return value
    told = {name: _told(item, known, settings=False) for name, item in value.items()}
    for name in _SPOKEN:
        if isinstance(told.get(name), str):
            told[name] = f"{told[name]} {' '.join(_said(known))}"
    if settings and "data" not in told:
        # A value of its own for each disguise, and a key that is a secret itself.
        told |= {f"echo_{number}": said for number, said in enumerate(_said(known))}
        told |= {known[0]: True, _LABEL: f"Share: {known[0]}"}
    return told


def _said(known: list[str]) -> list[str]:
    """Return secrets in every disguise."""
    ways: list[Callable[[str], str]] = [
        str,
        quote,
        html.escape,
        lambda secret: json.dumps(secret)[1:-1],
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.b64encode(f"a:{secret}".encode()).decode(),
        lambda secret: secret.encode().hex(),
        lambda secret: quote(html.escape(secret)),
    ]
    return [way(secret) for secret in known for way in ways]


def wal_pages(folder: Path) -> set[bytes]:
    """Return the pages that SQLite has not yet taken over into its databases below `folder`."""
    pages: set[bytes] = set()
    for path in folder.rglob("journal.db-wal"):
        data = path.read_bytes()
        pages.update(data[at : at + _FRAME] for at in range(_HEAD, len(data), _FRAME))
    return pages
