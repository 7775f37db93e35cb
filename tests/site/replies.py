"""Answers made by hand for the pure parts of the room."""

from __future__ import annotations

from collections.abc import Sequence

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fleet.site.transport import Reply

HOME = URL("https://harbour.example/")


def reply(
    body: str | bytes = b"",
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (),
    url: URL = HOME,
) -> Reply:
    content = body.encode() if isinstance(body, str) else body
    return Reply(status, url, CIMultiDictProxy(CIMultiDict(headers)), content)
