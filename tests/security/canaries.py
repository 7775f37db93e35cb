"""Secrets that can be recognised in any disguise, and the search for them."""

from __future__ import annotations

import base64
import html
import json
import random
import shlex
import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

__all__ = ["Canaries", "disguises", "files_below", "found_in", "new_canaries"]

AWKWARD = '"%&<é'
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Canaries:
    """One secret for each channel.

    Args:
        seed: What they were drawn from.
        words: Secret by channel.
    """

    seed: int
    words: Mapping[str, str]

    def __getitem__(self, channel: str) -> str:
        return self.words[channel]


def new_canaries(seed: int, channels: Iterable[str], plain: Iterable[str] = ()) -> Canaries:
    """Return a secret for each channel.

    Args:
        seed: Of the randomness.
        channels: Whose secrets hold awkward signs.
        plain: Channels that take letters and digits only.
    """
    chance = random.Random(seed)  # noqa: S311 - made-up secrets, the same for a seed

    def word(signs: str) -> str:
        half = ["".join(chance.choices(_LETTERS, k=12)) for _ in range(2)]
        return half[0] + signs + half[1]

    awkward = {channel: word(AWKWARD) for channel in channels}
    return Canaries(seed, awkward | {channel: word("") for channel in plain})


def disguises(secret: str) -> dict[str, bytes]:
    """Return the bytes by which a secret is known in each encoding, by its name."""
    data = secret.encode()
    found = {
        "raw": data,
        "percent": quote(secret, safe="").encode(),
        "form": quote_plus(secret).encode(),
        "every byte percent": "".join(f"%{byte:02X}" for byte in data).encode(),
        "hex": data.hex().encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "JSON with letters": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "HTML": html.escape(secret).encode(),
        "shell": shlex.quote(secret).strip("'").encode(),
        "Latin 1": secret.encode("latin-1", "replace"),
    }
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data)
        first = -(-8 * shift // 6)
        found[f"base64, {shift}"] = encoded[first : (8 * (shift + len(data))) // 6]
    return found


def found_in(
    data: bytes, canaries: Mapping[str, str], ways: Collection[str] | None = None
) -> list[str]:
    """Return which secrets are in `data`, and how each is disguised.

    Args:
        data: What is searched.
        canaries: The secrets by a name for each.
        ways: Only these disguises; all if None.
    """
    low = data.lower()
    return [
        f"{channel} ({disguise})"
        for channel, secret in canaries.items()
        for disguise, needle in disguises(secret).items()
        if (ways is None or disguise in ways) and needle.lower() in low
    ]


def files_below(folder: Path, but: Iterable[Path] = ()) -> Iterator[tuple[Path, bytes]]:
    """Yield every file below `folder` with its bytes, but for some."""
    passed_over = set(but)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path not in passed_over:
            yield path, path.read_bytes()
