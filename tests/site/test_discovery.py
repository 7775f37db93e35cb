"""Where a site's REST root and admin address are found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from fleet.errors import SiteError
from fleet.site.discovery import Discovery, Endpoints, same_host
from fleet.site.transport import Reply, Request
from fleet.site.wire import read_answer
from tests.shim import FixedResponses
from tests.site.canned import (
    NOT_FOUND,
    Canned,
    Row,
    Table,
    discovery_of,
    index,
    linked,
    moved,
)
from tests.site.replies import reply
from tests.site.servers import transport_to, web_server

PAGE: Row = (200, {"Content-Type": "text/html"}, "<h1>Welcome</h1>")
FORBIDDEN: Row = (403, {"Content-Type": "text/html"}, "<h1>403</h1>")
CLOSED: Row = (401, {"Content-Type": "application/json"}, '{"code":"rest_login_required"}')

FOUND = [
    pytest.param({"/wp-json/": index()}, "/", "/wp-json/", "/", id="pretty"),
    pytest.param(
        {"/": linked("ORIGIN/api/"), "/api/": index()}, "/", "/api/", "/", id="renamed, by Link"
    ),
    pytest.param(
        {"/": linked("/api/"), "/api/": index()}, "/", "/api/", "/", id="renamed, relative"
    ),
    pytest.param(
        {"/": linked("ORIGIN/index.php?rest_route=/"), "/index.php?rest_route=/": index()},
        "/",
        "/index.php?rest_route=/",
        "/",
        id="plain, by Link",
    ),
    pytest.param({"/?rest_route=/": index()}, "/", "/?rest_route=/", "/", id="plain, unsaid"),
    pytest.param(
        {"/wp-json/": PAGE, "/": PAGE, "/?rest_route=/": index()},
        "/",
        "/?rest_route=/",
        "/",
        id="a page for every path",
    ),
    pytest.param(
        {"/wp-json/": FORBIDDEN, "/": PAGE, "/?rest_route=/": index()},
        "/",
        "/?rest_route=/",
        "/",
        id="path closed by the server",
    ),
    pytest.param(
        {"/wp-json/": index("ORIGIN/wp")}, "/", "/wp-json/", "/wp/", id="siteurl in a folder"
    ),
    pytest.param(
        {"/wp/": linked("ORIGIN/wp-json/"), "/wp-json/": index("ORIGIN/wp/")},
        "/wp/",
        "/wp-json/",
        "/wp/",
        id="siteurl given for home",
    ),
    pytest.param(
        {"/blog/wp-json/": index("ORIGIN/blog")},
        "/blog/",
        "/blog/wp-json/",
        "/blog/",
        id="in a folder",
    ),
    pytest.param(
        {"/wp-json/": moved("/wp-json", 302), "/wp-json": index()}, "/", "/wp-json", "/", id="moved"
    ),
    pytest.param({"/wp-json/": index("")}, "/", "/wp-json/", "/", id="siteurl unsaid"),
    pytest.param({"/wp-json/": index("http://[::1")}, "/", "/wp-json/", "/", id="siteurl broken"),
    pytest.param({"/wp-json/": index(7)}, "/", "/wp-json/", "/", id="siteurl a number"),
    pytest.param(
        {"/wp-json/": index("ORIGIN/?a=b")}, "/", "/wp-json/", "/", id="siteurl with query"
    ),
]


@pytest.mark.parametrize(("rows", "path", "root", "siteurl"), FOUND)
async def test_the_roots_are_found(
    rows: dict[str, Row], path: str, root: str, siteurl: str
) -> None:
    async with discovery_of(Table(rows), path) as (discovery, url):
        endpoints = await discovery.find()
    assert endpoints.rest_root == url.join(URL(root))
    assert endpoints.siteurl == url.join(URL(siteurl))
    assert endpoints.namespaces == frozenset({"wp/v2", "jetpack/v4"})
    assert endpoints.name == "Harbour"
    assert endpoints.origin == url.origin()


ARTICLE = "<p>Error establishing a database connection</p>"
DEAD: Row = (500, {"Content-Type": "text/html"}, ARTICLE)
SOLD: Row = (200, {"Content-Type": "text/html"}, "<script>window.park='x'</script>")


@pytest.mark.parametrize("page", [DEAD, SOLD, (404, {}, "<b>Fatal error</b>: x")])
@pytest.mark.parametrize("by_link", [True, False])
async def test_a_page_that_tells_of_trouble_is_not_the_last_word(page: Row, by_link: bool) -> None:
    plain = {"/wp-json/": page, "/": PAGE, "/?rest_route=/": index()}
    named = {"/wp-json/": page, "/": linked("/api/"), "/api/": index()}
    async with discovery_of(Table(named if by_link else plain)) as (discovery, url):
        endpoints = await discovery.find()
    assert endpoints.rest_root == url.join(URL("/api/" if by_link else "/?rest_route=/"))


@pytest.mark.parametrize("later", [SOLD, NOT_FOUND, (502, {}, ""), moved("//else.example/")])
async def test_where_no_root_answers_the_first_trouble_is_told(later: Row) -> None:
    rows = {"/wp-json/": DEAD, "/": later, "/?rest_route=/": later}
    async with discovery_of(Table(rows)) as (discovery, _):
        with pytest.raises(SiteError) as caught:
            await discovery.find()
    assert caught.value.kind == "site.database_down"


async def test_the_front_page_is_seen_as_a_visitor() -> None:
    kept = (200, {**index()[1], "Set-Cookie": "wordpress_logged_in_0f=x; path=/"}, index()[2])
    cookies: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return await Table({"/wp-json/": kept, "/": PAGE}).answer(request)

    async with web_server(answer) as url, transport_to(url) as transport:
        discovery = Discovery(transport, url, 5)
        await discovery.find()
        await discovery.find()
        assert await discovery.front_page() == "<h1>Welcome</h1>"
        await discovery.find()
    assert cookies == [None, "wordpress_logged_in_0f=x", None, "wordpress_logged_in_0f=x"]


@pytest.mark.parametrize("home", [NOT_FOUND, (500, {}, "x"), moved("https://else.example/")])
async def test_where_the_front_page_is_not_to_be_had_there_is_none(home: Row) -> None:
    async with discovery_of(Table({"/": home})) as (discovery, _):
        assert await discovery.front_page() is None


async def test_a_found_root_costs_one_small_request() -> None:
    table = Table({"/wp-json/": index()})
    async with discovery_of(table) as (discovery, _):
        await discovery.find()
    assert table.seen == {"GET /wp-json/": 1}
    assert discovery.index_query() == {"_fields": "name,url,home,namespaces,authentication"}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_closed_index_is_found_and_read_again_later(status: int) -> None:
    closed = (status, *CLOSED[1:])
    async with discovery_of(Table({"/blog/wp-json/": closed}), "/blog/") as (discovery, url):
        endpoints = await discovery.find()
        assert endpoints == Endpoints(url / "blog/wp-json/", url / "blog/", None)
        answer = read_answer(reply(index(str(url / "wp"))[2]))
        complete = await discovery.reread(endpoints, answer)
    assert complete.siteurl == url / "wp/"
    assert complete.namespaces == frozenset({"wp/v2", "jetpack/v4"})


NO_ROOT = [
    pytest.param({}, "site.rest_unavailable", id="404 everywhere"),
    pytest.param(
        dict.fromkeys(["/", "/wp-json/", "/?rest_route=/"], PAGE),
        "site.rest_unavailable",
        id="HTML everywhere",
    ),
    pytest.param(
        dict.fromkeys(["/", "/wp-json/", "/?rest_route=/"], FORBIDDEN),
        "block.waf",
        id="403 everywhere",
    ),
    pytest.param(
        {"/wp-json/": (200, {}, '{"namespaces":"x"}')}, "site.rest_unavailable", id="odd index"
    ),
    pytest.param({"/wp-json/": (200, {}, "[]")}, "site.rest_unavailable", id="empty list"),
    pytest.param(
        {"/wp-json/": (404, {}, '{"code":"rest_disabled"}')},
        "site.rest_unavailable",
        id="switched off",
    ),
    pytest.param(
        {"/wp-json/": (401, {}, '{"message":"no"}')}, "site.rest_unavailable", id="401 without code"
    ),
    pytest.param({"/": linked("/nowhere/")}, "site.rest_unavailable", id="Link to nothing"),
    pytest.param({"/": linked("mailto:a@b.example")}, "site.rest_unavailable", id="Link to mail"),
    pytest.param({"/": linked("http://[::1")}, "site.rest_unavailable", id="broken Link"),
    pytest.param(
        {"/": (200, {"Link": "<x>; rel=shortlink"}, "")}, "site.rest_unavailable", id="other Link"
    ),
    pytest.param({"/wp-json/": (429, {}, "")}, "throttle.limited", id="429"),
    pytest.param({"/wp-json/": (500, {}, "")}, "site.server_error", id="500"),
    pytest.param({"/wp-json/": (503, {"Retry-After": "60"}, "")}, "site.maintenance", id="503"),
    pytest.param(
        {"/wp-json/": (403, {"cf-mitigated": "challenge"}, "")}, "block.captcha", id="challenge"
    ),
    pytest.param(
        {"/wp-json/": index("https://ORIGIN.evil.example")},
        "redirect.cross_origin",
        id="siteurl elsewhere",
    ),
    pytest.param(
        {"/wp-json/": index("https://www.harbour.example")},
        "redirect.cross_origin",
        id="siteurl on another host",
    ),
    pytest.param(
        {"/": linked("https://harbour.example/wp-json/")},
        "redirect.cross_origin",
        id="Link elsewhere",
    ),
    pytest.param(
        {"/wp-json/": moved("https://harbour.example/wp-json/")},
        "redirect.cross_origin",
        id="moved elsewhere",
    ),
    pytest.param(
        {"/wp-json/": moved("//127.0.0.1:1/wp-json/")},
        "redirect.cross_origin",
        id="moved to another port",
    ),
    pytest.param({"/wp-json/": moved("/wp-json/")}, "redirect.loop", id="moved to itself"),
    pytest.param(
        {"/wp-json/": moved("/a"), "/a": moved("/b"), "/b": moved("/a")},
        "redirect.loop",
        id="circle",
    ),
]


@pytest.mark.parametrize(("rows", "kind"), NO_ROOT)
async def test_a_site_without_a_root_of_its_own_is_named(rows: dict[str, Row], kind: str) -> None:
    async with discovery_of(Table(rows)) as (discovery, _):
        with pytest.raises(SiteError) as caught:
            await discovery.find()
    assert caught.value.kind == kind


async def test_only_so_many_redirects_are_followed() -> None:
    rows = {f"/{number}": moved(f"/{number + 1}") for number in range(9)}
    table = Table({"/wp-json/": moved("/0"), **rows})
    async with discovery_of(table, redirects=3) as (discovery, _):
        with pytest.raises(SiteError) as caught:
            await discovery.find()
    assert caught.value.kind == "redirect.loop"
    assert table.seen.total() == 4


async def find_at(url: str, answers: dict[str, tuple[int, dict[str, str], str]]) -> Endpoints:
    """Return what is found among whole addresses, on the default ports."""
    with FixedResponses() as network:
        for address, (status, headers, body) in answers.items():
            network.get(address, status=status, headers=headers, body=body)
        async with transport_to(URL(url)) as transport:
            return await Discovery(transport, URL(url), 5).find()


FIELDS = "?_fields=name,url,home,namespaces,authentication"
PLAIN = f"http://harbour.example/wp-json/{FIELDS}"
SECURE = f"https://harbour.example/wp-json/{FIELDS}"


async def test_a_site_that_moved_to_https_is_read_there() -> None:
    found = await find_at(
        "http://harbour.example/",
        {PLAIN: moved(SECURE), SECURE: index("http://harbour.example")},
    )
    assert found.rest_root == URL("https://harbour.example/wp-json/")
    assert found.siteurl == URL("https://harbour.example/")


async def test_after_the_move_the_front_page_is_asked_on_https() -> None:
    home, api = URL("http://harbour.example/"), f"https://harbour.example/api/{FIELDS}"
    with FixedResponses() as network:
        network.get(PLAIN, status=301, headers={"Location": SECURE})
        network.get(SECURE, status=404, body="<h1>Not Found</h1>")
        plain = f"https://harbour.example/{FIELDS}&rest_route=/"
        network.get(plain, status=404, body="<h1>Not Found</h1>")
        network.head("https://harbour.example/", headers=linked("/api/")[1])
        network.get(api, body=index("https://harbour.example")[2])
        async with transport_to(home) as transport:
            found = await Discovery(transport, home, 5).find()
    assert found.rest_root == URL("https://harbour.example/api/")


async def test_a_closed_index_on_https_moves_the_login_there_too() -> None:
    found = await find_at("http://harbour.example/", {PLAIN: moved(SECURE), SECURE: CLOSED})
    assert found.siteurl == URL("https://harbour.example/")


@pytest.mark.parametrize(
    ("url", "answers", "kind"),
    [
        pytest.param(
            "https://harbour.example/", {SECURE: moved(PLAIN)}, "redirect.downgrade", id="downgrade"
        ),
        pytest.param(
            "http://harbour.example/",
            {PLAIN: moved(SECURE), SECURE: moved(PLAIN)},
            "redirect.downgrade",
            id="there and back",
        ),
        pytest.param(
            "http://harbour.example/",
            {PLAIN: index("https://harbour.example")},
            "redirect.cross_origin",
            id="login on https, API on http",
        ),
        pytest.param(
            "https://harbour.example/",
            {SECURE: moved(SECURE.replace("harbour", "www.harbour"))},
            "redirect.cross_origin",
            id="www",
        ),
    ],
)
async def test_a_site_that_leads_away_is_refused(
    url: str, answers: dict[str, Row], kind: str
) -> None:
    with pytest.raises(SiteError) as caught:
        await find_at(url, answers)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://a.example/y", True),
        ("http://a.example/", "https://a.example/", True),
        ("https://a.example/", "//a.example/", True),
        ("http://a.example:8080/", "https://a.example:8080/", True),
        ("http://a.example:8080/", "http://a.example/", False),
        ("https://a.example/", "https://b.example/", False),
        ("https://a.example/", "https://a.example.:443/", False),
    ],
)
def test_a_host_is_the_same_on_both_default_ports(one: str, other: str, *, same: bool) -> None:
    assert same_host(URL(one), URL(other)) is same


@pytest.mark.parametrize(
    ("root", "address"),
    [
        ("https://a.example/wp-json/", "https://a.example/wp-json/jetpack/v4?x=1"),
        ("https://a.example/wp-json", "https://a.example/wp-json/jetpack/v4?x=1"),
        ("https://a.example/api/?lang=en", "https://a.example/api/jetpack/v4?lang=en&x=1"),
        ("https://a.example/?rest_route=/", "https://a.example/?rest_route=/jetpack/v4&x=1"),
        ("https://a.example/?rest_route=", "https://a.example/?rest_route=/jetpack/v4&x=1"),
    ],
)
def test_a_route_is_appended_to_the_root(root: str, address: str) -> None:
    endpoints = Endpoints(URL(root), URL("https://a.example/wp/"), None)
    assert endpoints.rest("jetpack/v4", {"x": "1"}) == URL(address)


def test_admin_pages_and_the_login_are_below_siteurl() -> None:
    endpoints = Endpoints(URL("https://a.example/wp-json/"), URL("https://a.example/wp/"), None)
    assert str(endpoints.admin("admin.php")) == "https://a.example/wp/wp-admin/admin.php"
    page = endpoints.admin("admin.php", {"page": "jetpack"})
    assert str(page) == "https://a.example/wp/wp-admin/admin.php?page=jetpack"
    assert str(endpoints.login("/hidden/door")) == "https://a.example/wp/hidden/door"


def hostile(link: str, location: str, siteurl: str) -> Callable[[Request], Reply]:
    """Return answers with hostile addresses in every place that may hold one."""
    body = json.dumps({"url": siteurl, "namespaces": ["wp/v2"]})

    def answer(request: Request) -> Reply:
        if request.method == "HEAD":
            return reply("", 200, [("Link", link)], request.url)
        if request.url.path == "/wp-json/" and location:
            return reply("", 302, [("Location", location)], request.url)
        if request.url.path == "/wp-json/":
            return reply(NOT_FOUND[2], 404, url=request.url)
        return reply(body, 200, url=request.url)

    return answer


def forge(text: str) -> str:
    return f'<{text}>; rel="https://api.w.org/"'


addresses = st.text(st.characters(max_codepoint=255), max_size=30) | st.lists(
    st.sampled_from(
        [
            *("http", "https", ":", "/", "//", "@", "harbour.example", "evil.example", "?", "#"),
            *("[::1]", "%", "..", "\\", "user:pw@", ":443", ":99999", "rest_route=", "ftp:", " "),
        ]
    ),
    max_size=9,
).map("".join)


@given(addresses.map(forge) | addresses, addresses, addresses)
@example(forge("https://u:p@harbour.example/api/"), "", "https://u:p@harbour.example/")
@example(forge("mailto:a@b.example"), "mailto:a@b.example", "data:,x")
@example(forge("//[]@"), "//[]@", "//[]@")
@example("<" * 9000, "https://u:p@harbour.example/api/", "")
@example("<a>;" * 4000, "", "")
def test_no_address_leads_anywhere_else(link: str, location: str, siteurl: str) -> None:
    home = URL("https://harbour.example/")
    discovery = Discovery(Canned(hostile(link, location, siteurl)), home, 5)
    try:
        found = asyncio.run(discovery.find())
    except SiteError:
        return
    assert found.rest_root.origin() == found.siteurl.origin() == home.origin()
    assert (found.rest_root.user, found.siteurl.user) == (None, None)
