"""Notices that Jetpack shows to administrators until somebody dismisses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Decision, Operation, WriteLog
from fleet.operations.connection import jetpack_page, note_refusal
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader

__all__ = ["OPERATIONS", "DismissNotice", "NoticeState"]

_WHY = "which notices are dismissed stands only on Jetpack's page, so it could not be read back"


@dataclass(frozen=True, slots=True)
class NoticeState:
    """Which notices are dismissed.

    Args:
        dismissed: Names of the dismissed ones.
    """

    dismissed: frozenset[str]


@parameters(frozen=True)
class DismissNotice(Operation[NoticeState]):
    """Dismiss a notice for everybody on a site.

    Args:
        notice: Which one; Jetpack 4.3 to 16.1 knows these two.
    """

    name = "notices.dismiss"
    summary = "Dismiss a notice on Jetpack's admin page, for everybody."
    routes = ("GET wp-admin/admin.php?page=jetpack", "POST notice/{notice}")
    seed = "Dismiss a notice"
    rights = "edit_posts (read up to 13.8; manage_options while offline)"

    notice: Annotated[
        Literal["welcome", "feedback_dash_request"],
        Field(description="welcome or feedback_dash_request"),
    ]

    def parameters(self) -> Mapping[str, object]:
        """Return the notice."""
        return {"notice": self.notice}

    async def observe(self, reader: JetpackReader) -> NoticeState:
        """Return the dismissed notices; PHP writes none of them as an empty list."""
        _, state = await jetpack_page(reader, _WHY)
        told = state.get("dismissedNotices")
        if not isinstance(told, dict | list):
            raise SiteError("jetpack.unsupported", "Jetpack's page tells no dismissed notices")
        notices = told if isinstance(told, dict) else {}
        return NoticeState(frozenset(str(name) for name, gone in notices.items() if gone))

    def decide(self, state: NoticeState) -> Decision:
        """Return the dismissing, or nothing where that was done before."""
        key = f"notices.{self.notice}"
        if self.notice in state.dismissed:
            done = KeyResult(key, Verdict.UNCHANGED, before=True, wanted=True, found=True)
            return Decision(settled=(done,))
        return Decision((Change(key, before=False, after=True),))

    async def enact(
        self, client: JetpackClient, state: NoticeState, changes: tuple[Change, ...], log: WriteLog
    ) -> None:
        """Dismiss it."""
        del state
        await log.sending(changes)
        note_refusal(log, changes, await client.write(f"notice/{self.notice}", {"dismissed": True}))

    def found(self, state: NoticeState, key: str) -> object:
        """Return whether the notice is dismissed."""
        return key.removeprefix("notices.") in state.dismissed


OPERATIONS = (DismissNotice,)
