"""No page, header or document costs more than in proportion to its length.

One site's answers are read on the loop of all sites: a search that begins again at each place
of a hostile text would hold up every visit, every deadline and the interrupt.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from fleet.errors import SiteError
from fleet.site.admin_state import initial_state, nonce_in_page, ssl_nonce_in_page
from fleet.site.login import classify_login, has_session_cookie
from fleet.site.routes import RouteTable
from fleet.site.strict_json import loads
from fleet.site.transport import web_address
from fleet.site.wire import excerpt, read_answer, recognise, visible
from tests.site.growth import growth, least
from tests.site.login_pages import ALIVE, BOX, USER, page
from tests.site.replies import HOME, reply

MOST = 5.0
"""In proportion is 1, each place anew is 16; half-way on the scale of doublings is 4."""


def login(text: str) -> None:
    classify_login(page(text), USER)


def cookie(text: str) -> None:
    has_session_cookie(page(cookies=[text]))


def answer(text: str) -> None:
    with suppress(SiteError):
        read_answer(reply(text))


def name(text: str) -> None:
    web_address("//" + text, HOME)


def table(text: str) -> None:
    patterns = (text[start : start + 900] for start in range(0, len(text), 900))
    routes: dict[str, object] = {
        f"/jetpack/v4/{n}/{pattern}": {} for n, pattern in enumerate(patterns)
    }
    RouteTable.from_document({"routes": routes})


WORK: list[tuple[str, Callable[[str], object], str, str]] = [
    # what is searched, by what, a beginning, a unit that is repeated
    ("ids in one tag", login, BOX + "<input", ' id="user_login"'),
    ("tags without an end", login, BOX, "<input id='user_login' "),
    ("values without an end", login, BOX + '<input id="user_login"', " value='"),
    ("names of a second factor", login, BOX, "name='llar_mfa"),
    ("one name of a second factor", login, "name='llar_mfa", "a"),
    ("boxes", login, "", BOX),
    ("a box full of scripts", login, '<div id="login_error">', "<script "),
    ("single sign-on", login, BOX, " jetpack-ss"),
    ("cookie attributes", cookie, ALIVE, "; max-age=0 x"),
    ("blanks in a cookie", cookie, ALIVE + ";", " "),
    ("an age of a cookie", cookie, ALIVE + ";max-age=", "0"),
    ("years of a cookie", cookie, ALIVE + ";expires=", " 1970x"),
    ("open lists", answer, "x", " [1,"),
    ("open objects", answer, "x", ' {"a":[1,2,3],"b":'),
    ("lists that are none", answer, "x", " [x"),
    ("a list that ends in nothing", answer, "x [", "1,"),
    ("lists, then no number", answer, "x NaN", " [0],"),
    ("challenges", lambda text: recognise(reply(text, 403)), "", "/cdn-cgi/challenge-platform/"),
    ("widgets", lambda text: recognise(reply(text, 403)), "", "g-recaptch"),
    ("databases", lambda text: recognise(reply(text)), "", "error establishing a redis "),
    ("deaths", lambda text: recognise(reply(text)), "", "<b>Notice</b>:\n"),
    ("lines and a death", lambda text: recognise(reply(text + "x<b>Fatal error</b>:")), "", "\n"),
    ("scripts of sellers", lambda text: recognise(reply(text)), "", "<script src=//a.a.a."),
    ("frames of sellers", lambda text: recognise(reply(text)), "<frame src=", "//sedo.com"),
    ("whole pages of sellers", lambda text: recognise(reply(text)), "", "<html "),
    ("tags", visible, "", "<"),
    ("scripts", visible, "", "<script "),
    ("styles that end", visible, "", "<style></style"),
    ("entities", visible, "", "&amp"),
    ("numbers of entities", visible, "&#", "9"),
    ("an excerpt", lambda text: excerpt(reply(text)), "", "<script "),
    ("states", nonce_in_page, "", "Initial_State = {"),
    ("states in each other", nonce_in_page, "Initial_State = ", '{"a":'),
    ("blanks of a state", initial_state, "Initial_State", " "),
    ("encoded states", initial_state, "", 'Initial_State = JSON.parse( decodeURIComponent( "'),
    ("an encoded state", initial_state, 'Initial_State=JSON.parse(decodeURIComponent("', "%7B"),
    ("middlewares", nonce_in_page, "", 'createNonceMiddleware( "'),
    ("nonces for SSL", ssl_nonce_in_page, "", "action: 'jetpack-recheck-ssl', "),
    ("a name of many characters", name, "", "".join(map(chr, range(0x4E00, 0x5A00)))),
    ("groups of a route", table, "", "(?P<a>b)"),
    ("open groups of a route", table, "", "(?P<a>"),
    ("names of groups", table, "(?P<", "a"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("work", "start", "unit"), [pytest.param(*row, id=name) for name, *row in WORK]
)
def test_work_grows_no_faster_than_the_text(
    work: Callable[[str], object], start: str, unit: str
) -> None:
    def text(size: int) -> str:
        return start + unit * (size // len(unit))

    assert growth(work, text, 12_000) < MOST


def test_looking_past_stray_output_reads_a_document_about_once() -> None:
    """Each of the lists goes on to the end of the text, where none of them ends."""
    lists = " [" * 19 + "1," * 200_000

    def once(text: str) -> None:
        with suppress(ValueError):
            loads(text)

    assert least(answer, "x" + lists) < 12 * least(once, lists)
