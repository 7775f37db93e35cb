"""What setting does with a site's answers, on a site made of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from fleet.errors import SiteError
from fleet.operations.base import WriteLog
from fleet.operations.caps import LONGEST
from fleet.operations.settings import SetSettings
from fleet.results import KeyResult, Verdict
from fleet.site.client import JetpackClient
from fleet.site.wire import Answer

Post = Callable[[dict[str, object], dict[str, object]], tuple[int, object]]


class Site:
    """Stores settings, answering writes as it is told."""

    def __init__(self, stored: Mapping[str, object], post: Post) -> None:
        self.stored = dict(stored)
        self.bodies: list[dict[str, object]] = []
        self._post = post
        self.nested = True

    async def get(self, route: str, query: Mapping[str, str] | None = None) -> Answer:
        if route == "jetpack/v4":
            args = {key: {"default": value} for key, value in self.stored.items()}
            endpoint = {"methods": ["POST"], "args": args}
            settings = {"methods": ["POST"], "endpoints": [endpoint]}
            return answer(200, {"routes": {"/jetpack/v4/settings": settings}})
        return answer(200, dict(self.stored))

    async def post(self, route: str, body: Mapping[str, object]) -> Answer:
        self.bodies.append(dict(body))
        return answer(*self._post(self.stored, dict(body)))

    async def page(self, name: str, query: Mapping[str, str] | None = None) -> str:
        raise AssertionError("settings need no page")

    async def ajax(self, fields: Mapping[str, str]) -> Answer:
        raise AssertionError("settings need no form")


def answer(status: int, value: object) -> Answer:
    return Answer(status, value, CIMultiDictProxy(CIMultiDict()))


def stores(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
    stored.update(body)
    return 200, {"code": "success"}


async def outcome(site: Site, **values: object) -> dict[str, KeyResult]:
    operation = SetSettings(values)  # type: ignore[arg-type]
    client = JetpackClient(site)  # type: ignore[arg-type]
    before = await operation.observe(client)
    decision = operation.decide(before)
    log = WriteLog()
    trouble = None
    try:
        await operation.enact(client, before, decision.changes, log)
    except SiteError as error:
        trouble = error
    after = await operation.reread(client, before, decision.changes)
    judged = operation.judge(before, after, decision.changes, log, trouble)
    return {key.key.removeprefix("settings."): key for key in judged}


async def test_late_keys_go_alone_and_last() -> None:
    site = Site({"lang_id": "en", "a": 1, "sharing_services": {}}, stores)
    await outcome(site, lang_id="de", sharing_services={"visible": ["x"], "hidden": []}, a=2)
    assert [list(body) for body in site.bodies] == [["a"], ["sharing_services"], ["lang_id"]]


async def test_an_error_of_the_site_spoils_only_its_own_request() -> None:
    def breaks_on_language(
        stored: dict[str, object], body: dict[str, object]
    ) -> tuple[int, object]:
        if "sharing_services" in body:
            raise SiteError("site.server_error", "the site answered 500", answered=True)
        return stores(stored, body)

    site = Site({"lang_id": "en", "a": 1, "sharing_services": {}}, breaks_on_language)
    ended = await outcome(
        site, a=2, sharing_services={"visible": ["x"], "hidden": []}, lang_id="de"
    )
    assert {key: (each.verdict, each.kind) for key, each in ended.items()} == {
        "a": (Verdict.CHANGED, None),
        "sharing_services": (Verdict.REJECTED, "site.server_error"),
        "lang_id": (Verdict.CHANGED, None),
    }


async def test_a_lost_answer_leaves_answered_keys_alone() -> None:
    def lost(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        if "lang_id" in body:
            raise SiteError("net.reset", "the connection broke off")
        return 200, {"code": "success"}

    ended = await outcome(Site({"lang_id": "en", "a": 1}, lost), a=2, lang_id="de")
    assert (ended["a"].verdict, ended["a"].kind) == (Verdict.REJECTED, "verify.mismatch")
    assert (ended["lang_id"].verdict, ended["lang_id"].kind) == (
        Verdict.UNKNOWN,
        "write.unconfirmed",
    )


async def test_false_is_stored_by_way_of_true_where_jetpack_is_deaf_to_it() -> None:
    """Jetpack before 12.3 takes false for an option that was never stored for no change."""
    never_stored = {"a": True}

    def deaf(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        for key, value in body.items():
            if value is True:
                never_stored.pop(key, None)
            elif key not in never_stored:
                stored[key] = value
        return 200, {"code": "success"}

    site = Site({"a": True, "b": "x"}, deaf)
    ended = await outcome(site, a=False, b="y")
    assert {each.verdict for each in ended.values()} == {Verdict.CHANGED}
    assert site.bodies[1:] == [{"a": True}, {"a": False}]


async def test_a_site_that_hears_false_is_told_once() -> None:
    site = Site({"a": True}, stores)
    await outcome(site, a=False)
    assert site.bodies == [{"a": False}]


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        pytest.param(
            " key_a: Please install Akismet.",
            ("Please install Akismet", "not stored, and the site did not say why"),
            id="one named",
        ),
        pytest.param("Invalid option: c. key_a: One. key-b: Two", ("One", "Two"), id="both named"),
        pytest.param("", ("not stored, and the site did not say why",) * 2, id="none named"),
    ],
)
async def test_a_reason_is_given_to_the_key_it_names(said: str, reasons: tuple[str, str]) -> None:
    def refuses(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        return 400, {"code": "some_updated", "message": said}

    ended = await outcome(Site({"key_a": 1, "key-b": 1}, refuses), **{"key_a": 2, "key-b": 2})
    assert (ended["key_a"].reason, ended["key-b"].reason) == reasons


async def test_text_that_is_stored_in_another_form_is_told_as_that() -> None:
    def strips(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        stored["a"] = "it"
        return 200, {"code": "success"}

    ended = await outcome(Site({"a": ""}, strips), a="<b>it</b>")
    assert "another form" in ended["a"].reason


async def test_the_order_of_sharing_buttons_matters() -> None:
    site = Site({"sharing_services": {"visible": {"x": {}, "y": {}}, "hidden": []}}, stores)
    ended = await outcome(site, sharing_services={"visible": ["y", "x"], "hidden": []})
    assert ended["sharing_services"].verdict is Verdict.CHANGED


async def test_a_key_that_needs_its_module_is_not_sent_without() -> None:
    site = Site({"monitor": False, "monitor_receive_notifications": False}, stores)
    assert await outcome(site, monitor_receive_notifications=True) == {}
    assert site.bodies == []


async def test_a_site_that_repeats_a_secret_is_not_quoted_with_it() -> None:
    def repeats(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        said = f"wordpress_api_key: {body['wordpress_api_key']} is no key"
        return 400, {"code": "some_updated", "message": said}

    ended = await outcome(Site({"wordpress_api_key": ""}, repeats), wordpress_api_key="c4nary")
    assert ended["wordpress_api_key"].reason == "(secret) is no key"
    assert "c4nary" not in repr(ended)


async def test_an_unheard_false_is_insisted_on_beside_a_key_that_fails() -> None:
    heard: list[object] = []

    def deaf(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        heard.extend(value for key, value in body.items() if key == "a")
        stored["a"] = heard[-2:] != [True, False]
        return 400, {"code": "some_updated", "message": ""}

    ended = await outcome(Site({"a": True, "b": 1}, deaf), a=False, b=2)
    assert {key: each.verdict for key, each in ended.items()} == {
        "a": Verdict.CHANGED,
        "b": Verdict.REJECTED,
    }


async def test_a_refused_nonce_proves_that_nothing_was_done() -> None:
    def refuses(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        return 403, {"code": "rest_cookie_invalid_nonce", "message": "Cookie check failed"}

    ended = await outcome(Site({"a": 1}, refuses), a=2)
    assert (ended["a"].verdict, ended["a"].kind) == (Verdict.REJECTED, "auth.session")


async def test_a_secret_is_masked_before_the_words_around_it_are_cut() -> None:
    def repeats(stored: dict[str, object], body: dict[str, object]) -> tuple[int, object]:
        said = f"wordpress_api_key: {'x' * (LONGEST - 3)} {body['wordpress_api_key']}"
        return 400, {"code": "some_updated", "message": said}

    ended = await outcome(Site({"wordpress_api_key": ""}, repeats), wordpress_api_key="c4nary")
    assert "c4" not in ended["wordpress_api_key"].reason
