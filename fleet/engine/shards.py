"""Which part of a fleet one process works on, where several share the work.

A part is told by the site alone, so that every process finds the same parts without asking, and
a site that joins the fleet moves no other. Sites of one server stay together: how many of them
are worked on at once is counted in one process.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from fleet.engine.addresses import host_of
from fleet.errors import InputError
from fleet.inventory.model import Site

__all__ = ["Shard"]

_WRITTEN = re.compile(r"(\d{1,6})/(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of a fleet.

    Args:
        number: Which one, from 1.
        count: How many there are.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the part that is written ``2/8``.

        Raises:
            InputError: It is written in another way, or there is no such part.
        """
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise InputError(f"--shard {text}: write which part of how many, such as 2/8")
        number, count = int(match[1]), int(match[2])
        if not 1 <= number <= count:
            raise InputError(f"--shard {text}: the first number is from 1 to {max(count, 1)}")
        return cls(number, count)

    def holds(self, site: Site) -> bool:
        """Return whether `site` is in this part.

        Sites with the same label ``host``, or else the same host name, are in the same part.
        """
        digest = hashlib.sha256(host_of(site).lower().encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.number}/{self.count}"
