"""What tells one site from another, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from fleet.site.discovery import Endpoints
from fleet.site.identity import Face, blog_in_page

JETPACK = frozenset({"wp/v2", "jetpack/v4"})
KNOWN = Face("harbour.example", "harbour.example", "harbour.example", "Harbour", "42", jetpack=True)


def face(root: str, home: str = "https://harbour.example", name: str = "Harbour") -> Face:
    files = URL(root).origin() / ""
    return Face.of(Endpoints(URL(root), files, JETPACK, name, URL(home)), "42")


@pytest.mark.parametrize(
    ("root", "home"),
    [
        pytest.param("https://harbour.example/wp-json/", "https://harbour.example", id="as it was"),
        pytest.param(
            "http://harbour.example/wp-json/", "http://harbour.example", id="other scheme"
        ),
        pytest.param("https://harbour.example/wp-json/", "https://harbour.example/", id="slash"),
        pytest.param("https://HARBOUR.example/wp-json/", "https://Harbour.Example", id="case"),
        pytest.param(
            "https://harbour.example/?rest_route=/", "https://harbour.example", id="permalinks"
        ),
        pytest.param(
            "https://harbour.example:443/wp-json/", "https://harbour.example:443", id="usual port"
        ),
    ],
)
def test_these_are_the_same_site(root: str, home: str) -> None:
    found = KNOWN.differences(face(root, home))
    assert (found.grave, found.slight, found.another) == ((), (), False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"home": "casino.example"}, "its home was harbour.example", id="home"),
        pytest.param({"home": "harbour.example/shop"}, "its home was", id="home in a folder"),
        pytest.param({"root": "harbour.example:8443"}, "the REST API was", id="port"),
        pytest.param({"blog": "43"}, "Jetpack's number of the site was 42 and is 43", id="number"),
        pytest.param({"name": "Casino", "jetpack": False}, "Jetpack is gone", id="two slight"),
        pytest.param({"name": "Casino", "files": "harbour.example/wp"}, "its title", id="moved"),
    ],
)
def test_these_are_another_site(change: dict[str, object], words: str) -> None:
    found = KNOWN.differences(replace(KNOWN, **change))  # type: ignore[arg-type]
    assert found.another
    assert words in str(found)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "New Harbour"}, id="renamed"),
        pytest.param({"files": "harbour.example/wp"}, id="files moved"),
        pytest.param({"jetpack": False}, id="Jetpack switched off"),
        pytest.param({"home": "", "files": "", "name": "", "jetpack": None}, id="index closed"),
        pytest.param({"blog": ""}, id="number unknown"),
    ],
)
def test_one_slight_sign_is_the_same_site(change: dict[str, object]) -> None:
    found = KNOWN.differences(replace(KNOWN, **change))  # type: ignore[arg-type]
    assert not found.another


@pytest.mark.parametrize(
    "change", [{}, {"name": "New Harbour"}, {"jetpack": False}], ids=["alone", "renamed", "Jetpack"]
)
def test_a_number_that_is_told_no_more_says_little(change: dict[str, object]) -> None:
    """Whoever switches Jetpack's statistics off, or Jetpack itself, takes the number away."""
    seen = replace(KNOWN, blog="", **change)  # type: ignore[arg-type]
    assert not KNOWN.without_number(seen).another


def test_files_that_moved_where_the_number_is_gone_are_of_another_site() -> None:
    seen = replace(KNOWN, files="harbour.example/wp", blog="")
    assert not KNOWN.differences(seen).another
    assert KNOWN.without_number(seen).another
    assert "(42) is told no more" in str(KNOWN.without_number(seen))


def test_what_was_known_is_kept_where_it_is_not_told_again() -> None:
    closed = Face("harbour.example")
    assert KNOWN.completed(closed) == KNOWN
    assert KNOWN.completed(replace(KNOWN, name="New")).name == "New"


@pytest.mark.parametrize(
    ("page", "number"),
    [
        (r'_stq.push([ "view", JSON.parse("{\"v\":\"ext\",\"blog\":\"123\"}") ]);', "123"),
        ("_stq.push([ 'view', {v:'ext',blog:'99',post:'0'} ]);", "99"),
        ('_stq = []; _stq.push(["view", {"blog": 7}]);', "7"),
        ('<div data-blog="5"></div>', ""),
        ("", ""),
        ("_stq " * 400_000, ""),
        ('_stq.push([]);</script><script>var x = {"blog": 9}</script>', ""),
    ],
)
def test_jetpacks_number_stands_in_public_pages(page: str, number: str) -> None:
    assert blog_in_page(page) == number


texts = st.text(st.characters(max_codepoint=0xFFFF), max_size=20)


@given(texts, texts, texts, st.none() | st.booleans())
def test_a_face_survives_its_record(home: str, name: str, blog: str, jetpack: bool | None) -> None:
    found = Face("harbour.example", home, "", name, blog, jetpack)
    assert Face.read(found.document()) == found


@given(st.dictionaries(st.sampled_from(["root", "home", "name", "jetpack"]), st.integers() | texts))
def test_a_strange_record_says_nothing_that_is_no_text(document: dict[str, object]) -> None:
    found = Face.read(document)
    assert isinstance(found.home, str)
    assert found.jetpack is None
