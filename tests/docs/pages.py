"""The pages as they are written: their code blocks, their inline code, their links and anchors."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "anchors", "blocks", "commands_of", "prose", "text_of"]

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CHANGELOG.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")),
)
_FENCE = re.compile(r"```(\w*)\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of code.

    Args:
        page: Path of the page.
        line: Line of its fence, from 1.
        language: The word behind the fence, or an empty text.
        text: What stands in it.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(language: str | None = None, page: str | None = None) -> list[Block]:
    """Return the blocks of all pages, or of one; in a language, or in any."""
    return [
        block
        for each in ([page] if page else PAGES)
        for block in _parsed(each)[0]
        if language in (None, block.language)
    ]


def prose(page: str) -> str:
    """Return a page without its blocks of code."""
    return _parsed(page)[1]


@cache
def _parsed(page: str) -> tuple[tuple[Block, ...], str]:
    found: list[Block] = []
    around: list[str] = []
    inside: list[str] | None = None
    start, language = 0, ""
    for number, line in enumerate(text_of(page).splitlines(), 1):
        fence = _FENCE.match(line)
        if fence is None:
            (around if inside is None else inside).append(line)
        elif inside is None:
            start, language, inside = number, fence[1], []
        else:
            found.append(Block(page, start, language, "\n".join(inside) + "\n"))
            inside = None
    assert inside is None, f"{page}:{start}: this block has no end"
    return tuple(found), "\n".join(around)


def anchors(page: str) -> set[str]:
    """Return what a link can lead to within a page, as GitHub names headings."""
    heads = re.findall(r"^#{1,6} (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def commands_of(block: Block) -> Iterator[tuple[int, list[str], str]]:
    """Yield line, words behind ``fleet`` and remark of each such command of a console block."""
    joined = re.sub(r"\\\n\s*", " ", block.text)
    for number, line in enumerate(joined.splitlines()):
        if not line.startswith("$ fleet"):
            continue
        command, _, remark = line.removeprefix("$ fleet").partition("  #")
        yield block.line + 1 + number, shlex.split(command), remark.strip()
