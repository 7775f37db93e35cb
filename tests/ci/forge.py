"""GitHub's and GitLab's comments on loopback: pages, owners, tokens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

__all__ = ["Forge", "forge"]

BOT = "github-actions[bot]"


@dataclass
class Forge:
    """The comments of one request.

    Args:
        base: Address of the API.
        comments: Rows of id, author and text.
        calls: Method and path of each call.
    """

    base: str = ""
    comments: list[tuple[int, str, str]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def add(self, author: str, body: str) -> None:
        """Let somebody write a comment."""
        self.comments.append((len(self.comments) + 1, author, body))

    def by(self, author: str) -> list[str]:
        """Return what somebody has written."""
        return [body for _, name, body in self.comments if name == author]

    def rewrite(self, number: int, body: str) -> None:
        """Give a comment another text."""
        self.comments = [
            (key, author, body if key == number else text) for key, author, text in self.comments
        ]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a call."""
        self.calls.append((request.method, request.path))
        github = request.headers.get("Authorization") == "Bearer ghs_token"
        gitlab = request.headers.get("PRIVATE-TOKEN") == "glpat-token"
        if not (github or gitlab):
            return web.json_response({"message": "Bad credentials"}, status=401)
        if request.path == "/user":
            if github:  # as for the token of a job
                return web.json_response({"message": "not accessible"}, status=403)
            return web.json_response({"username": "robot"})
        if request.method == "GET":
            size, page = int(request.query["per_page"]), int(request.query["page"])
            return web.json_response(
                [
                    {"id": key, "body": text, "user": {"login": who}, "author": {"username": who}}
                    for key, who, text in self.comments[(page - 1) * size : page * size]
                ]
            )
        body = json.loads(await request.read())["body"]
        if request.method == "POST":
            self.add(BOT if github else "robot", body)
            return web.json_response({}, status=201)
        assert request.method == ("PATCH" if github else "PUT")
        self.rewrite(int(request.path.rpartition("/")[2]), body)
        return web.json_response({})


@asynccontextmanager
async def forge() -> AsyncIterator[Forge]:
    """Yield a forge that listens."""
    made = Forge()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        made.base = f"http://{host}:{port}"
        yield made
    finally:
        await runner.cleanup()
