"""No raw write counts as changed for what it need not have done; pure judgements."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from fleet.errors import SiteError
from fleet.operations.base import WriteLog
from fleet.operations.raw import WriteApi
from fleet.results import KeyResult, Verdict
from fleet.site.client import JetpackClient
from fleet.site.wire import Answer

UNSENT = SiteError("auth.session", "the nonce was refused", sent=False)
LOST = SiteError("net.reset", "the connection broke off")
YES: tuple[int, object] = (200, {"code": "success"})
NO = (400, {"code": "some_updated", "message": "no"})
MISSING = (404, {"code": "rest_no_route", "message": ""})


class Site:
    """Answers reads in turn, and its one write as it is told."""

    def __init__(
        self, before: tuple[int, object], after: tuple[int, object], write: object
    ) -> None:
        self._reads = [before, after]
        self._write = write
        self.nested = True

    async def get(self, route: str, query: object = None) -> Answer:
        return _answer(*self._reads.pop(0))

    async def post(self, route: str, body: object, method: str = "POST") -> Answer:
        if isinstance(self._write, SiteError):
            raise self._write
        assert isinstance(self._write, tuple)
        return _answer(*self._write)

    async def page(self, name: str, query: object = None) -> str:
        raise AssertionError("raw calls need no page")

    async def ajax(self, fields: object) -> Answer:
        raise AssertionError("raw calls need no form")


def _answer(status: int, value: object) -> Answer:
    return Answer(status, value, CIMultiDictProxy(CIMultiDict()))


async def judged(
    task: WriteApi,
    before: object,
    after: object,
    write: object = YES,
) -> list[KeyResult]:
    def read(value: object) -> tuple[int, object]:
        return value if isinstance(value, tuple) else (200, value)

    client = JetpackClient(Site(read(before), read(after), write))  # type: ignore[arg-type]
    state = await task.observe(client)
    decision = task.decide(state)
    log, trouble = WriteLog(), None
    try:
        await task.enact(client, state, decision.changes, log)
    except SiteError as error:
        trouble = error
    again = await task.reread(client, state, decision.changes)
    return list(task.judge(state, again, decision.changes, log, trouble))


def post(**body: object) -> WriteApi:
    return WriteApi("POST", "any/v1/thing", body)  # type: ignore[arg-type] # JSON


@pytest.mark.parametrize(
    ("before", "after", "write", "verdict", "kind"),
    [
        pytest.param(1, 2, YES, Verdict.CHANGED, None, id="done"),
        pytest.param(2, 2, YES, Verdict.UNCHANGED, None, id="was so before"),
        pytest.param(2, 2, LOST, Verdict.UNCHANGED, None, id="was so before, answer lost"),
        pytest.param(1, 2, LOST, Verdict.CHANGED, None, id="done, answer lost"),
        pytest.param(1, 2, NO, Verdict.CHANGED, None, id="done, though refused"),
        pytest.param(1, 2, UNSENT, Verdict.REJECTED, "auth.session", id="others did it"),
        pytest.param(
            1, 2, (403, {"code": "rest_forbidden"}), Verdict.REJECTED, "auth.forbidden", id="403"
        ),
        pytest.param(1, 2, MISSING, Verdict.REJECTED, "jetpack.refused", id="no such route"),
        pytest.param(1, 1, NO, Verdict.REJECTED, "jetpack.refused", id="refused"),
        pytest.param(1, 1, YES, Verdict.REJECTED, "verify.mismatch", id="a lie"),
        pytest.param(1, 3, YES, Verdict.REJECTED, "verify.mismatch", id="another form"),
        pytest.param(1, 1, LOST, Verdict.UNKNOWN, "write.unconfirmed", id="lost"),
    ],
)
async def test_a_field_that_is_read_is_compared_and_nothing_else_counts(
    before: object, after: object, write: object, verdict: Verdict, kind: str | None
) -> None:
    """A counter goes up and a nonce changes between the readings, which is nobody's doing."""
    readings = (
        {"a": before, "hits": 7, "x_nonce": "1a"},
        {"a": after, "hits": 8, "x_nonce": "2b"},
    )
    (key,) = await judged(post(a=2), *readings, write)
    assert (key.verdict, key.kind) == (verdict, kind)
    assert (key.key, key.wanted) == ("POST any/v1/thing a", 2)


@pytest.mark.parametrize(
    ("body", "after", "write", "verdict"),
    [
        pytest.param({"z": 1}, {"hits": 8}, YES, Verdict.UNKNOWN, id="another field moved"),
        pytest.param({"z": 1}, {"hits": 8}, LOST, Verdict.UNKNOWN, id="moved, answer lost"),
        pytest.param({"z": 1}, {"hits": 8}, NO, Verdict.UNKNOWN, id="moved, though refused"),
        pytest.param({"z": 1}, {"hits": 8}, UNSENT, Verdict.REJECTED, id="moved, never sent"),
        pytest.param({"z": 1}, {"hits": 8}, MISSING, Verdict.REJECTED, id="moved, no route"),
        pytest.param({"z": 1}, {"hits": 7}, YES, Verdict.UNKNOWN, id="nothing moved"),
        pytest.param({"z": 1}, {"hits": 7}, NO, Verdict.REJECTED, id="nothing moved, refused"),
        pytest.param({}, {"hits": 7, "date": 9}, YES, Verdict.UNCHANGED, id="only time passed"),
        pytest.param({}, {"hits": 8}, YES, Verdict.UNKNOWN, id="nothing asked, moved"),
        pytest.param({"z": 1}, MISSING, YES, Verdict.UNKNOWN, id="no reading afterwards"),
        pytest.param({"z": 1}, [1], YES, Verdict.UNKNOWN, id="another shape"),
    ],
)
async def test_without_a_field_to_read_nothing_counts_as_changed(
    body: dict[str, object], after: object, write: object, verdict: Verdict
) -> None:
    (key,) = await judged(post(**body), {"hits": 7}, after, write)
    assert key.verdict is verdict
    assert (key.kind is None) == (verdict is Verdict.UNCHANGED)
    assert bool(key.reason) == (verdict is not Verdict.UNCHANGED)


@pytest.mark.parametrize(
    ("after", "write", "verdict"),
    [
        pytest.param(MISSING, YES, Verdict.CHANGED, id="gone"),
        pytest.param(MISSING, LOST, Verdict.CHANGED, id="gone, answer lost"),
        pytest.param(MISSING, NO, Verdict.UNKNOWN, id="gone, though refused"),
        pytest.param({"id": 1, "status": "trash"}, YES, Verdict.UNKNOWN, id="in the bin"),
        pytest.param({"id": 1}, YES, Verdict.UNKNOWN, id="still there"),
    ],
)
async def test_what_is_deleted_is_gone_afterwards(
    after: object, write: object, verdict: Verdict
) -> None:
    task = WriteApi("DELETE", "wp/v2/posts/1", {"id": 1})
    (key,) = await judged(task, {"id": 1}, after, write)
    assert key.verdict is verdict


async def test_a_text_that_wordpress_wraps_is_read() -> None:
    task = WriteApi("POST", "wp/v2/posts/1", {"title": "New"})
    before, after = {"title": {"rendered": "Old"}}, {"title": {"rendered": "New"}}
    assert [key.verdict for key in await judged(task, before, after)] == [Verdict.CHANGED]


async def test_a_secret_that_the_site_repeats_is_masked() -> None:
    write = (400, {"code": "x", "message": "c4nary is no key"})
    (key,) = await judged(post(api_key="c4nary"), {"api_key": ""}, {"api_key": ""}, write)
    assert "c4nary" not in repr(key)
    assert key.reason == "(secret) is no key"
