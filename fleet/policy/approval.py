"""An approval: who says that a plan may be applied, and until when.

It is bound to the digest of one plan, so that no other plan, edited or made anew, is approved by
it. By itself it proves nothing about who wrote it: whoever can write the file can write any name
into it. With a key that only those have who may approve, it carries a keyed signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, ConfigDict, SecretStr, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from fleet.errors import InputError, Refused
from fleet.policy.plan import Plan

__all__ = [
    "SHORTEST_KEY",
    "Approval",
    "SignedApproval",
    "approval_beside",
    "approve_plan",
    "load_approval",
    "read_approval",
]

FORMAT = "jetfleet/approval/1"
SHORTEST_KEY = 16
"""Characters that a key has at least: a short one can be found by trying."""

_STRICT = ConfigDict(extra="forbid", strict=True)
_LARGEST = 10_000
_LONGEST_NAME = 100
_SKEW = timedelta(minutes=5)
"""How far the clocks of the approving and of the applying machine may be apart."""


@checked(frozen=True, slots=True, config=_STRICT)
class Approval:
    """What was approved, by whom, and until when.

    Args:
        plan: Id of the plan.
        digest: What stands for the plan's whole content.
        by: Who approved it, as they were named.
        at: When.
        expires: From when on it is worth nothing.
    """

    plan: str
    digest: str
    by: str
    at: AwareDatetime
    expires: AwareDatetime


_APPROVAL = TypeAdapter(Approval)


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval with its signature.

    Args:
        approval: What was approved.
        signature: HMAC-SHA256 of it with a key; empty where there was no key.
    """

    approval: Approval
    signature: str = field(default="", repr=False)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "format": FORMAT,
            "approval": _APPROVAL.dump_python(self.approval, mode="json"),
            "signature": self.signature,
        }

    def render(self) -> str:
        """Return its file."""
        return json.dumps(self.document(), indent=1) + "\n"

    def refuse_unless_fitting(self, plan: Plan, now: datetime, key: SecretStr | None) -> None:
        """Return where it approves of `plan`.

        Args:
            plan: What is to be applied.
            now: When that is to begin.
            key: What it has to be signed with; None where no signature is asked for.

        Raises:
            Refused: It does not; the message says why.
        """
        approval = self.approval
        if key is not None and not hmac.compare_digest(self.signature, _signature(approval, key)):
            how = "is signed with another key" if self.signature else "is not signed"
            raise Refused(f"the approval {how}")
        if approval.digest != plan.digest or approval.plan != plan.id:
            raise Refused(f"the approval is for another plan, {_safe(approval.plan)}")
        if now >= approval.expires:
            raise Refused(f"the approval expired on {_told(approval.expires)}")
        if approval.at > now + _SKEW:
            raise Refused(f"the approval is of {_told(approval.at)}, which is still to come")


def approve_plan(
    plan: Plan, by: str, now: datetime, seconds: float, key: SecretStr | None = None
) -> SignedApproval:
    """Return an approval of `plan`.

    Args:
        plan: What is approved.
        by: Who approves.
        now: When.
        seconds: For how long; never longer than the plan may be applied.
        key: What it is signed with.

    Raises:
        InputError: The name or the key is of no use.
        Refused: The plan has expired.
    """
    if not by.strip() or len(by) > _LONGEST_NAME or not by.isprintable():
        raise InputError(f"--as: a name has 1 to {_LONGEST_NAME} printable characters")
    if now >= plan.expires:
        raise Refused(f"this plan expired on {_told(plan.expires)}: make a new one")
    until = min(plan.expires, now + timedelta(seconds=seconds)).astimezone(UTC)
    approval = Approval(plan.id, plan.digest, by.strip(), now.astimezone(UTC), until)
    return SignedApproval(approval, _signature(approval, key) if key else "")


def approval_beside(plan: Path) -> Path:
    """Return where the approval of a plan is kept: ``plan.json`` has ``plan.approval.json``."""
    return plan.with_name(f"{plan.stem}.approval.json")


def load_approval(document: object) -> SignedApproval:
    """Return the approval that `SignedApproval.document` made.

    Raises:
        Refused: It is no such document.
    """
    if not isinstance(document, Mapping) or set(document) != {"format", "approval", "signature"}:
        raise Refused("this is no approval of this release")
    signature = document["signature"]
    if document["format"] != FORMAT or not isinstance(signature, str) or not signature.isascii():
        raise Refused("this is no approval of this release")
    try:
        approval = _APPROVAL.validate_json(json.dumps(document["approval"], allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise Refused("this is no approval of this release") from error
    return SignedApproval(approval, signature)


def read_approval(path: Path) -> SignedApproval:
    """Return the approval in a file.

    Raises:
        InputError: The file cannot be read.
        Refused: It is no approval.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise InputError(f"{path} cannot be read: {reason}") from error
    try:
        document = json.loads(data) if len(data) <= _LARGEST else None
    except (ValueError, RecursionError):
        document = None
    return load_approval(document)


def _signature(approval: Approval, key: SecretStr) -> str:
    secret = key.get_secret_value()
    if len(secret) < SHORTEST_KEY:
        raise InputError(f"the key of approvals needs at least {SHORTEST_KEY} characters")
    document = {"format": FORMAT, "approval": _APPROVAL.dump_python(approval, mode="json")}
    text = json.dumps(document, sort_keys=True).encode()
    return "hmac-sha256:" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _safe(text: str) -> str:
    return text[:40].encode("ascii", "backslashreplace").decode()


def _told(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
