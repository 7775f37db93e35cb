"""Comments of GitHub and GitLab, as far as one comment that is kept up to date needs them.

Only comments of our own are changed: anybody may write our mark into one of theirs, and could
edit it afterwards.
Sources: docs.github.com/rest/issues/comments, docs.gitlab.com/api/notes.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr
from yarl import URL

from fleet.config import HttpLimits
from fleet.errors import FleetError, InputError, SiteError
from fleet.site.exchange import Meter, Request
from fleet.site.transport import Connections, Transport

__all__ = ["Comment", "Comments", "GitHub", "GitLab", "api_at"]

_SECONDS = 20.0
_LIMITS = HttpLimits(body=16 * 1024 * 1024)
_PAGE = 50
_PAGES = 60
"""Pages that are looked through for our comment: 3,000 comments."""

_GITHUB_BOT = "github-actions[bot]"
"""Who a job's own token writes as; such a token may not ask for it."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment.

    Args:
        id: Its number.
        body: Its text.
        author: Who wrote it.
    """

    id: int
    body: str
    author: str


class Api:
    """An API of JSON at one address.

    Args:
        base: Its address.
        transport: Exchanges with its origin.
        headers: Sent with each request, the token among them.
        name: What it is called.
    """

    def __init__(
        self, base: URL, transport: Transport, headers: Mapping[str, str], name: str
    ) -> None:
        self._base = base
        self._transport = transport
        self._headers = headers
        self._name = name

    async def call(
        self, method: str, path: str, query: Mapping[str, str | int] | None = None, **body: str
    ) -> tuple[int, object]:
        """Return the status and the JSON value of an answer.

        Raises:
            FleetError: It was not reached, or answers something else.
        """
        url = (self._base / path).with_query(query or {})
        request = Request(method, url, self._headers, json=body or None, fresh=method != "GET")
        try:
            reply = await self._transport.send(request)
        except SiteError as error:
            raise FleetError(f"{self._name} was not reached ({error.kind})") from error
        try:
            return reply.status, json.loads(reply.body) if reply.body else None
        except (ValueError, RecursionError):
            return reply.status, None

    async def asked(
        self, method: str, path: str, query: Mapping[str, str | int] | None = None, **body: str
    ) -> object:
        """Return the JSON value of an answer that is a success.

        Raises:
            FleetError: It is none.
        """
        status, value = await self.call(method, path, query, **body)
        if not 200 <= status < 300:
            raise FleetError(f"{self._name} answered {status} to {method} {path}{_hint(status)}")
        return value


@asynccontextmanager
async def api_at(base: str, headers: Mapping[str, str], name: str) -> AsyncIterator[Api]:
    """Yield the API at an address.

    Raises:
        InputError: The address is none, or not encrypted and not on this machine.
    """
    try:
        url = URL(base)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError(f"the address of {name}'s API is none")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise InputError(f"the address of {name}'s API has to begin with https://")
    async with (
        Connections(1, _LIMITS) as connections,
        connections.open(url, timeout=_SECONDS, meter=Meter(), cookies=False) as transport,
    ):
        yield Api(url, transport, headers, name)


class Comments(Protocol):
    """The comments of one pull or merge request."""

    async def me(self) -> str:
        """Return who our comments are by."""

    def all(self) -> AsyncIterator[Comment]:
        """Yield each comment, the oldest first."""

    async def create(self, body: str) -> None:
        """Write a comment."""

    async def update(self, comment: Comment, body: str) -> None:
        """Give a comment another text."""


@dataclass(frozen=True, slots=True)
class GitHub:
    """The comments of a pull request on GitHub.

    Args:
        api: GitHub's API.
        repository: ``OWNER/NAME``.
        number: The pull request's number.
    """

    api: Api = field(repr=False)
    repository: str
    number: int

    @staticmethod
    def headers(token: SecretStr) -> Mapping[str, str]:
        """Return what a request has to carry."""
        return {
            "Authorization": f"Bearer {token.get_secret_value()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    async def me(self) -> str:
        """Return who our comments are by: the token's user, or the jobs' own robot."""
        status, value = await self.api.call("GET", "user")
        login = _text(value, "login")
        return login if status == 200 and login else _GITHUB_BOT

    async def all(self) -> AsyncIterator[Comment]:
        """Yield each comment, the oldest first."""
        path = f"repos/{self.repository}/issues/{self.number}/comments"
        async for row in _rows(self.api, path, {}):
            yield Comment(_number(row), _text(row, "body"), _text(row.get("user"), "login"))

    async def create(self, body: str) -> None:
        """Write a comment."""
        path = f"repos/{self.repository}/issues/{self.number}/comments"
        await self.api.asked("POST", path, body=body)

    async def update(self, comment: Comment, body: str) -> None:
        """Give a comment another text."""
        path = f"repos/{self.repository}/issues/comments/{comment.id}"
        await self.api.asked("PATCH", path, body=body)


@dataclass(frozen=True, slots=True)
class GitLab:
    """The notes of a merge request on GitLab.

    Args:
        api: GitLab's API.
        project: The project's number.
        number: The merge request's number in it.
    """

    api: Api = field(repr=False)
    project: int
    number: int

    @staticmethod
    def headers(token: SecretStr) -> Mapping[str, str]:
        """Return what a request has to carry."""
        return {"PRIVATE-TOKEN": token.get_secret_value()}

    async def me(self) -> str:
        """Return who our notes are by."""
        return _text(await self.api.asked("GET", "user"), "username")

    async def all(self) -> AsyncIterator[Comment]:
        """Yield each note, the oldest first."""
        order = {"sort": "asc", "order_by": "created_at"}
        async for row in _rows(self.api, self._path, order):
            yield Comment(_number(row), _text(row, "body"), _text(row.get("author"), "username"))

    async def create(self, body: str) -> None:
        """Write a note."""
        await self.api.asked("POST", self._path, body=body)

    async def update(self, comment: Comment, body: str) -> None:
        """Give a note another text."""
        await self.api.asked("PUT", f"{self._path}/{comment.id}", body=body)

    @property
    def _path(self) -> str:
        return f"projects/{self.project}/merge_requests/{self.number}/notes"


async def _rows(
    api: Api, path: str, query: Mapping[str, str | int]
) -> AsyncIterator[dict[str, object]]:
    for page in range(1, _PAGES + 1):
        found = await api.asked("GET", path, {**query, "per_page": _PAGE, "page": page})
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return


def _text(value: object, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _number(row: Mapping[str, object]) -> int:
    found = row.get("id")
    return found if isinstance(found, int) else 0


def _hint(status: int) -> str:
    return ": the token may not do that" if status in (401, 403, 404) else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
