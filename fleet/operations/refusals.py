"""What an answer says against a whole request, whatever the request was for.

WordPress checks the nonce before anything else, then the arguments, then the rights, and only
then runs what the route is for. Codes are those of wp-includes/rest-api (4.4 to 7.1) and of the
permission callbacks of Jetpack 4.3 to 16.1.
"""

from __future__ import annotations

from fleet.operations.base import Complaint
from fleet.site.wire import Answer

__all__ = ["came_to_nothing", "refusal"]

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
