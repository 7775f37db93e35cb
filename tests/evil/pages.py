"""Answers made by hand, as they go over the wire."""

from __future__ import annotations

from http import HTTPStatus

__all__ = ["HEAD", "page", "plain"]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
"""The beginning of an answer, without the end of its headers."""


def page(
    status: int,
    body: str | bytes = b"",
    kind: str = "text/html; charset=UTF-8",
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return a whole answer."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


def plain(body: str | bytes, *headers: tuple[str, str], status: int = 200) -> bytes:
    """Return an answer that claims to be JSON."""
    return page(status, body, "application/json; charset=UTF-8", headers)
