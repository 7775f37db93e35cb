"""A key is changed only where it was read again as wanted, whatever the site answered."""

from __future__ import annotations

import pytest

from fleet.errors import SiteError
from fleet.operations.base import WriteLog, judge
from fleet.operations.obstacles import SettingsState
from fleet.operations.settings import SetSettings
from fleet.results import Change, Verdict

CHANGE = Change("settings.k", before="old", after="new")
OPERATION = SetSettings({"k": "new"})
LOST = SiteError("net.reset", "the connection broke off")
UNSENT = SiteError("net.refused", "nobody there", sent=False)


def read(value: str | None) -> SettingsState | None:
    return None if value is None else SettingsState({"k": value}, frozenset({"k"}))


def log(
    *, sent: bool = True, answered: bool = False, complaint: bool = False, undone: bool = False
) -> WriteLog:
    found = WriteLog()
    if sent:
        found.sent.add(CHANGE.key)
    if answered or complaint or undone:
        found.answer([CHANGE])
    if complaint or undone:
        found.complain([CHANGE], "jetpack.refused", "no", undone=undone)
    return found


@pytest.mark.parametrize(
    ("after", "writes", "trouble", "verdict", "kind"),
    [
        pytest.param("new", log(), None, Verdict.CHANGED, None, id="yes and true"),
        pytest.param("old", log(), None, Verdict.REJECTED, "verify.mismatch", id="yes but a lie"),
        pytest.param("new", log(complaint=True), None, Verdict.CHANGED, None, id="no but done"),
        pytest.param(
            "old", log(complaint=True), None, Verdict.REJECTED, "jetpack.refused", id="no and true"
        ),
        pytest.param("new", log(), LOST, Verdict.CHANGED, None, id="lost but done"),
        pytest.param(
            "old", log(), LOST, Verdict.UNKNOWN, "write.unconfirmed", id="lost and not yet done"
        ),
        pytest.param(
            None, log(), None, Verdict.UNKNOWN, "write.unconfirmed", id="could not be read"
        ),
        pytest.param(
            "old", log(), UNSENT, Verdict.REJECTED, "net.refused", id="certainly never left"
        ),
        pytest.param(
            None, log(), UNSENT, Verdict.REJECTED, "net.refused", id="never left, nor was it read"
        ),
        pytest.param(
            "new", log(), UNSENT, Verdict.REJECTED, "net.refused", id="never left, others did it"
        ),
        pytest.param(
            None,
            log(answered=True),
            UNSENT,
            Verdict.UNKNOWN,
            "write.unconfirmed",
            id="answered, and the reading never left",
        ),
        pytest.param(
            None,
            log(complaint=True),
            UNSENT,
            Verdict.UNKNOWN,
            "write.unconfirmed",
            id="refused, and the reading never left",
        ),
        pytest.param(
            None, log(undone=True), None, Verdict.REJECTED, "jetpack.refused", id="proven undone"
        ),
        pytest.param(
            "old", log(sent=False), LOST, Verdict.REJECTED, "net.reset", id="stopped before it"
        ),
    ],
)
def test_reading_again_decides(
    after: str | None,
    writes: WriteLog,
    trouble: SiteError | None,
    verdict: Verdict,
    kind: str | None,
) -> None:
    (key,) = judge(OPERATION, [CHANGE], read(after), writes, trouble)
    assert (key.verdict, key.kind) == (verdict, kind)
    assert (key.before, key.wanted) == ("old", "new")


async def test_a_write_that_is_sent_again_forgets_what_was_said_to_the_first() -> None:
    writes = log(undone=True)
    writes.told[CHANGE.key] = False
    await writes.sending([CHANGE])
    assert (writes.answered, writes.complaints, writes.told) == (set(), {}, {})


async def test_a_repetition_that_is_not_let_out_leaves_the_key_undone() -> None:
    """The run was halted between the two; what was said to the first is about the first."""

    async def halted(changes: tuple[Change, ...]) -> None:
        raise UNSENT

    writes = log(answered=True)
    writes.intend = halted
    with pytest.raises(SiteError):
        await writes.sending([CHANGE])
    (key,) = judge(OPERATION, [CHANGE], read("old"), writes, UNSENT)
    assert (key.verdict, key.kind) == (Verdict.REJECTED, "net.refused")
