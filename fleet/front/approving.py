"""``fleet approve``, and what an apply wants to see of approvals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import SecretStr

from fleet.errors import FleetError, InputError, Refused
from fleet.front.console import say
from fleet.front.execute import run_async
from fleet.front.secrets import resolve_secret
from fleet.inventory.references import SecretRef
from fleet.journal.journal import Journal, open_journal
from fleet.policy.approval import (
    SignedApproval,
    approval_beside,
    approve_plan,
    load_approval,
    read_approval,
)
from fleet.policy.fields import EXPIRES
from fleet.policy.plan import Plan, read_plan
from fleet.report.inert import inert
from fleet.report.writer import write_file

__all__ = ["Proof", "approve"]

_SPACE = "approvals"
"""Where the journal keeps approvals, by the digest of their plan."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What has to be shown before a plan is applied.

    Args:
        require_approval: Apply nothing that nobody has approved, whatever the policy says.
        approval: File of the approval, instead of the one beside the plan and the journal's.
        key: Key that approvals have to be signed with: env:NAME, file:PATH or another reference.
    """

    require_approval: Annotated[bool, Parameter(negative="", show_default=False)] = False
    approval: Path | None = None
    key: str | None = None

    @property
    def asked(self) -> bool:
        """Return whether an approval is asked for, whatever the plan says."""
        return bool(self.require_approval or self.approval or self.key)

    def refuse_unplanned(self, *, wanted: bool) -> None:
        """Return where what is planned just now may be applied at once.

        Args:
            wanted: The policy asks for an approval.

        Raises:
            Refused: It has to be approved first, which needs a file.
        """
        if self.asked or wanted:
            raise Refused(
                "this has to be approved, which only a plan in a file can be:"
                " fleet plan -o plan.json, then fleet approve plan.json --as NAME"
            )

    async def shown(self, plan: Plan, file: Path | None, journal: Journal, now: datetime) -> str:
        """Return who approved of `plan`, or an empty text where nobody has to.

        Args:
            plan: What is to be applied.
            file: Where it was read from.
            journal: May have approvals.
            now: The time.

        Raises:
            Refused: Nobody did, or not of this plan, or no more, or without the key.
            InputErrors: The key cannot be resolved.
        """
        if file is None or not (self.asked or plan.approval):
            return ""
        key = await resolve_secret(key_of(self.key)) if self.key else None
        reasons = []
        async for found in self._found(file, plan, journal):
            try:
                signed = found if isinstance(found, SignedApproval) else load_approval(found)
                signed.refuse_unless_fitting(plan, now, key)
            except Refused as error:
                reasons.append(str(error))
            else:
                return signed.approval.by + (" (signed)" if key else "")
        why = "; ".join(dict.fromkeys(reasons)) or "nobody has approved of this plan"
        raise Refused(f"{why}: fleet approve {file} --as NAME")

    async def _found(self, file: Path, plan: Plan, journal: Journal) -> AsyncIterator[object]:
        """Yield what may be an approval of `plan`: files come first, then the journal's."""
        path = self.approval or approval_beside(file)
        if self.approval or path.exists():
            try:
                yield read_approval(path)
            except Refused as error:
                raise Refused(f"{path}: {error}") from error
        if self.approval is None:
            kept = await journal.marks.read(_SPACE)
            if plan.digest in kept:
                yield kept[plan.digest]


def approve(
    file: Path,
    /,
    *,
    name: Annotated[str, Parameter(name="--as")],
    expires: str = "4h",
    key: str | None = None,
    approval: Path | None = None,
    store: str | None = None,
) -> int:
    """Approve of a plan; fleet apply takes it until the approval expires.

    The approval is kept beside the plan (plan.json has plan.approval.json) and in the journal.
    It holds for this plan alone, as it is now.

    Args:
        file: A plan.
        name: Who approves.
        expires: How long it holds: 90s, 30m, 4h, 2d; never longer than the plan.
        key: Key to sign it with: env:NAME, file:PATH or another reference.
        approval: File for it, instead of the one beside the plan.
        store: Where runs are recorded: a file, or postgresql://USER@HOST/DATABASE.
    """
    plan, seconds = read_plan(file), _seconds(expires)
    path, now = approval or approval_beside(file), datetime.now(UTC)
    reference = key_of(key) if key else None

    async def run() -> SignedApproval:
        secret: SecretStr | None = await resolve_secret(reference) if reference else None
        signed = approve_plan(plan, name, now, seconds, secret)
        async with open_journal(store) as journal:
            await _keep(journal, signed, now)
        return signed

    signed = run_async(run)
    try:
        write_file(path, signed.render())
    except OSError as error:
        raise FleetError(f"{path} could not be written: {error.strerror}") from error
    say("\n".join(_told(signed, plan, path)))
    return 0


def key_of(text: str) -> SecretRef:
    """Return the reference to a key.

    Raises:
        InputError: It is the key itself, or no reference.
    """
    try:
        return SecretRef.parse(text, folder=Path.cwd())
    except InputError as error:
        raise InputError("--key: refer to the key with env:NAME, file:PATH or exec:COMMAND") from (
            error
        )


async def _keep(journal: Journal, signed: SignedApproval, now: datetime) -> None:
    """Keep an approval, and forget those that have expired."""
    changes: dict[tuple[str, str], object] = {}
    for digest, document in (await journal.marks.read(_SPACE)).items():
        try:
            over = load_approval(document).approval.expires <= now
        except Refused:
            over = True
        if over:
            changes[_SPACE, digest] = None
    changes[_SPACE, signed.approval.digest] = signed.document()
    await journal.marks.write(changes)


def _seconds(text: str) -> float:
    try:
        return float(str(EXPIRES.parse(text)))
    except ValueError as error:
        raise InputError(f"--expires {inert(text, 40)}: {error}") from error


def _told(signed: SignedApproval, plan: Plan, path: Path) -> Sequence[str]:
    approval = signed.approval
    sealed = "signed" if signed.signature else "not signed"
    return (
        f"plan {plan.id} is approved by {inert(approval.by, 100)}, {sealed},"
        f" until {approval.expires:%Y-%m-%d %H:%M} UTC",
        f"digest {approval.digest}",
        f"kept in {inert(str(path))} and in the journal",
    )
