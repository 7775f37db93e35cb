"""Name servers that say what a test wants, in place of the system's."""

from __future__ import annotations

import socket
from collections import Counter
from typing import Any

import pytest

__all__ = ["NameServers"]


class NameServers:
    """Answers for the names that a test has made up, and leaves all others to the system.

    Args:
        patch: Puts it in the system's place until the test is over.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rows: dict[str, list[str] | int] = {}
        self.asked: Counter[str] = Counter()
        self._system = socket.getaddrinfo
        patch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, *more: Any, **named: Any) -> list[Any]:
        if host not in self.rows:
            return list(self._system(host, *more, **named))
        self.asked[host] += 1
        row = self.rows[host]
        if isinstance(row, int):
            raise socket.gaierror(row, "as the test wants it")
        return [_found(address) for address in row]


def _found(address: str) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    where = (address, 0, 0, 0) if ":" in address else (address, 0)
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where
