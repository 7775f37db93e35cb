"""The link between an account of a site and one at WordPress.com."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Decision, Operation, WriteLog
from fleet.operations.connection import Account, note_refusal, read_account
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader

__all__ = ["OPERATIONS", "LinkState", "UnlinkUser"]

_KEY = "users.linked"


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether the account is linked.

    Args:
        account: What the site says of the account; None in offline mode, which does not tell.
    """

    account: Account | None


@parameters(frozen=True)
class UnlinkUser(Operation[LinkState]):
    """Unlink the account with which the fleet signs in from WordPress.com.

    Linking it again takes a browser. Jetpack never unlinks the owner of a connection alone; from
    14.4 on it can drop every user at once for that, which is more than was asked for here.
    """

    name = "users.unlink"
    summary = "Unlink the account in use from WordPress.com."
    routes = ("GET connection", "GET connection/data", "POST connection/user")
    seed = "Unlink the user"
    rights = "read, and being linked"
    apart = "jetpack.offline; not connected: unchanged"
    irreversible = True

    async def observe(self, reader: JetpackReader) -> LinkState:
        """Return whether the account is linked."""
        connection = await reader.connection()
        if connection.offline:
            return LinkState(None)
        return LinkState(await read_account(reader, connection))

    def decide(self, state: LinkState) -> Decision:
        """Return the unlinking, or why there is nothing to do or nothing that can be done."""
        account = state.account
        if account is None:
            reason = "Jetpack is in offline mode, which refuses links to be read and changed"
            return _refused(Verdict.REJECTED, None, "jetpack.offline", reason)
        if not account.linked:
            done = KeyResult(_KEY, Verdict.UNCHANGED, before=False, wanted=False, found=False)
            return Decision(settled=(done,))
        if account.is_owner:
            reason = (
                "this account owns the connection, and Jetpack does not unlink an owner:"
                " make another administrator the owner, or disconnect the whole site"
            )
            return _refused(Verdict.UNSUPPORTED, True, "jetpack.unsupported", reason)
        return Decision((Change(_KEY, before=True, after=False),))

    async def enact(
        self, client: JetpackClient, state: LinkState, changes: tuple[Change, ...], log: WriteLog
    ) -> None:
        """Unlink the account that signs the request; no other can be named from 4.3.2 on."""
        del state
        await log.sending(changes)
        note_refusal(log, changes, await client.write("connection/user", {"linked": False}))

    def found(self, state: LinkState, key: str) -> object:
        """Return whether the account is linked."""
        del key
        return None if state.account is None else state.account.linked


def _refused(verdict: Verdict, linked: bool | None, kind: str, reason: str) -> Decision:
    result = KeyResult(_KEY, verdict, linked, wanted=False, found=linked, kind=kind, reason=reason)
    return Decision(settled=(result,))


OPERATIONS = (UnlinkUser,)
