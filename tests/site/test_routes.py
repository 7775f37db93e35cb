"""Which routes and settings a capabilities document lists."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.errors import SiteError
from fleet.site.routes import RouteTable, SettingSpec


def table(routes: object) -> RouteTable:
    return RouteTable.from_document({"namespace": "jetpack/v4", "routes": routes})


def settings_of(*endpoints: object) -> dict[str, SettingSpec]:
    route = {"methods": ["GET", "POST"], "endpoints": list(endpoints)}
    return dict(table({"/jetpack/v4/settings": route}).settings)


@pytest.mark.parametrize(
    ("pattern", "template"),
    [
        pytest.param("/jetpack/v4", "", id="the index"),
        pytest.param("/jetpack/v4/module/all", "/module/all", id="plain"),
        pytest.param(r"/jetpack/v4/module/(?P<slug>[a-z\-]+)", "/module/{slug}", id="one group"),
        pytest.param(
            r"/jetpack/v4/module/(?P<slug>[a-z\-]+)/active", "/module/{slug}/active", id="middle"
        ),
        pytest.param(
            r"/jetpack/v4/module/(?P<service>[a-z\-]+)/key/(?P<id>\d+)",
            "/module/{service}/key/{id}",
            id="two groups",
        ),
        pytest.param("/jetpack/v4/a/(?P<b>(x|y(z)))/c", "/a/{b}/c", id="nested groups"),
        pytest.param("/jetpack/v4/a/(?P<b>(?P<c>x)+)/d", "/a/{b}/d", id="nested named groups"),
        pytest.param("/jetpack/v4/a/(?P<b>[0-9]{1,3}", "/a/{b}", id="group without an end"),
        pytest.param("/jetpack/v4/a)/(?P<b>x)", "/a)/{b}", id="end without a group"),
        pytest.param("/jetpack/v4/(x|y)/b", "/(x|y)/b", id="group without a name"),
    ],
)
def test_a_php_pattern_becomes_a_template(pattern: str, template: str) -> None:
    assert table({pattern: {"methods": ["GET"]}}).has("GET", template)


def test_a_route_is_asked_for_by_method() -> None:
    routes = table({"/jetpack/v4/settings": {"methods": ["GET", "POST"]}})
    assert routes.has("POST", "/settings")
    assert not routes.has("DELETE", "/settings")
    assert not routes.has("GET", "/nothing")


@pytest.mark.parametrize(
    ("route", "methods"),
    [
        pytest.param({}, frozenset(), id="no methods"),
        pytest.param({"methods": "GET"}, frozenset(), id="text"),
        pytest.param({"methods": {"GET": True}}, frozenset(), id="object"),
        pytest.param({"methods": ["GET", 3, None]}, frozenset({"GET"}), id="mixed"),
    ],
)
def test_strange_methods_are_left_out(route: object, methods: frozenset[str]) -> None:
    assert table({"/jetpack/v4/x": route}).routes == {"/x": methods}


def test_a_pattern_longer_than_any_route_is_left_out() -> None:
    routes = table({"/jetpack/v4/" + "(" * 5000: {}, "/jetpack/v4/site": {}}).routes
    assert set(routes) == {"/site"}


def test_other_routes_and_shapes_are_left_out() -> None:
    found = table({"/wp/v2/posts": {"methods": ["GET"]}, "/jetpack/v4/x": [], "": {}})
    assert found.routes == {}


@pytest.mark.parametrize("document", [{}, {"routes": []}, {"routes": None}, {"routes": "x"}])
def test_a_document_without_routes_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(SiteError) as caught:
        RouteTable.from_document(document)
    assert caught.value.kind == "proto.not_json"


def test_settings_are_told_by_the_arguments_of_the_write() -> None:
    read = {"methods": ["GET"], "args": {"never": {"type": "string"}}}
    write = {
        "methods": ["POST", "PUT", "PATCH"],
        "args": {
            "carousel_background_color": {"type": "string", "enum": ["black", "white"]},
            "carousel_display_exif": {"type": "boolean", "default": 0},
            "odd": {"type": ["string", "null"], "enum": {"1": "a"}},
            "none": [],
        },
    }
    assert settings_of(read, write) == {
        "carousel_background_color": SettingSpec("string", ("black", "white")),
        "carousel_display_exif": SettingSpec("boolean", (), 0),
        "odd": SettingSpec(),
    }


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param({"methods": ["POST"]}, id="no arguments"),
        pytest.param({"methods": ["POST"], "args": []}, id="empty PHP array"),
        pytest.param({"methods": "POST", "args": {"a": {}}}, id="methods as text"),
    ],
)
def test_endpoints_without_arguments_tell_no_settings(endpoint: object) -> None:
    assert settings_of(endpoint) == {}


@pytest.mark.parametrize("endpoints", [None, {}, "x", 1])
def test_endpoints_of_another_shape_tell_no_settings(endpoints: object) -> None:
    route = {"methods": ["POST"], "endpoints": endpoints}
    assert table({"/jetpack/v4/settings": route}).settings == {}


names = st.sampled_from(["routes", "methods", "endpoints", "args", "type", "enum", "POST"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | names,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(names | st.text(max_size=3), below),
    max_leaves=6,
)
patterns = st.lists(
    st.sampled_from(["/jetpack/v4", "/settings", "(?P<a>", ")", "(", "[^/]+", "/"]), max_size=8
).map("".join)


@settings(max_examples=50)
@given(st.dictionaries(patterns, values, max_size=4))
def test_no_document_makes_it_fail(routes: dict[str, Any]) -> None:
    found = table(json.loads(json.dumps(routes)))
    assert not found.has("GET", "/no/such/route")


@settings(max_examples=50)
@given(st.dictionaries(patterns, values, max_size=3), values)
def test_no_settings_route_makes_it_fail(args: dict[str, Any], methods: Any) -> None:
    found = settings_of({"methods": ["POST", methods], "args": args})
    assert set(found) <= set(args)
