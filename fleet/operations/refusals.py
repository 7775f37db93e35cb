"""What an answer says against a whole request, whatever the request was for.

WordPress checks the nonce before anything else, then the arguments, then the rights, and only
then runs what the route is for. Codes are those of wp-includes/rest-api (4.4 to 7.1) and of the
permission callbacks of Jetpack 4.3 to 16.1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from fleet.errors import SiteError
from fleet.operations.base import Complaint, WriteLog
from fleet.results import Change
from fleet.site.wire import Answer

__all__ = ["answered", "came_to_nothing", "refusal"]

_OF_ITS_OWN = ("proto.not_json", "site.critical_error", "site.server_error")
"""Trouble of one answer that says nothing against the next request: PHP's notices in front of
the JSON, a plugin that fails on a hook. A firewall or a limit would, so those end the writing."""

_BAD_NONCE = "rest_cookie_invalid_nonce"
_BEFORE_THE_ROUTE = frozenset(
    {
        _BAD_NONCE,
        "rest_forbidden",
        "rest_invalid_json",
        "rest_invalid_param",
        "rest_missing_callback_param",
        "rest_no_route",
        "rest_not_logged_in",
    }
)


def came_to_nothing(answer: Answer) -> bool:
    """Return whether an answer proves that the request did nothing at all."""
    code = answer.code
    return answer.status in range(400, 500) and (
        code in _BEFORE_THE_ROUTE or code.startswith("invalid_user_permission_")
    )


def refusal(answer: Answer) -> Complaint | None:
    """Return what a 401 or a 403 means, or None for any other answer."""
    if answer.status not in (401, 403):
        return None
    if answer.code == _BAD_NONCE:
        reason = "the site refused the nonce, so nothing was done"
        return Complaint("auth.session", reason, undone=True)
    kind = "auth.anonymous" if answer.status == 401 else "auth.forbidden"
    reason = f"the site refused the request ({answer.code or 'without a code'})"
    return Complaint(kind, reason, undone=came_to_nothing(answer))


async def answered(
    log: WriteLog, changes: Iterable[Change], call: Awaitable[Answer]
) -> Answer | None:
    """Return the answer to a write of `changes`, noted as answered.

    None where the site is done with the request, and its answer cannot be read: that is noted as a
    complaint, and reading again tells what became of it. Later writes go on.

    Raises:
        SiteError: There was no answer, or one that says that no further write should be sent.
    """
    changes = tuple(changes)
    try:
        answer = await call
    except SiteError as error:
        if not error.answered or error.kind not in _OF_ITS_OWN:
            raise
        log.answer(changes)
        log.complain(changes, error.kind, error.message)
        return None
    log.answer(changes)
    return answer
