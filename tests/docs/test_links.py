"""Links between pages lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, prose, text_of

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    for target in _LINK.findall(prose(page)):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert file.exists(), f"{page}: {target}"
        if anchor:
            found = anchors(str(file.relative_to(ROOT)))
            assert anchor in found, f"{page}: {target}: there are {sorted(found)}"


def test_the_index_names_every_page() -> None:
    index = text_of("docs/README.md")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\w[\w-]*\.md)\)", index)) == pages


def test_the_readme_is_a_page_of_five_minutes() -> None:
    assert len(text_of("README.md").splitlines()) <= 160
