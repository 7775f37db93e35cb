"""The connection of a site to WordPress.com.

The status is public and always there. Address and account data are refused to everybody while
Jetpack is in offline mode, with the same 403 that accounts without rights get, so the status is
read first and tells which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import Field
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Decision, Operation, Query, WriteLog
from fleet.operations.caps import trimmed
from fleet.operations.refusals import refusal
from fleet.results import Change, KeyResult, Verdict
from fleet.site.admin_state import initial_state, ssl_nonce_in_page
from fleet.site.client import Connection, JetpackClient, JetpackReader, demand
from fleet.site.wire import Answer

__all__ = [
    "OPERATIONS",
    "Account",
    "ConnectionData",
    "ConnectionStatus",
    "ConnectionUrl",
    "Disconnect",
    "RecheckSsl",
    "SslState",
    "connection_word",
    "jetpack_page",
    "note_refusal",
    "read_account",
]

_OFFLINE = "Jetpack is in offline mode, which refuses this to everybody"


def _facts(connection: Connection) -> dict[str, object]:
    """Return what a connection means, in words that are the same for every version."""
    return {
        "connected": connection.connected,
        "owner": connection.owner,
        "offline": connection.offline,
        "staging": connection.is_staging,
    }


def connection_word(connection: Connection) -> str:
    """Return what a connection means in a word or two."""
    if connection.offline:
        return "offline"
    if not connection.connected:
        return "not connected"
    if connection.is_staging:
        return "safe mode"
    return "connected" if connection.owner else "no owner"


@parameters(frozen=True)
class ConnectionStatus(Query):
    """Read whether a site is connected to WordPress.com."""

    name = "connection.status"
    summary = "Tell whether each site is connected to WordPress.com."
    routes = ("GET connection",)
    seed = "Get the status of the connection"
    rights = "nothing"
    apart = "says so"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"connection": {"connected", "owner", "offline", "staging"}}``."""
        return {"connection": _facts(await reader.connection())}


@dataclass(frozen=True, slots=True)
class Account:
    """What a site says about the account that asks.

    Args:
        linked: Whether it is linked to an account at WordPress.com.
        is_owner: Whether the connection is its own.
        owner: Name of the owner; empty for none, None where this Jetpack does not tell (8.7).
        permissions: What it may do, by name; they grew over the versions.
    """

    linked: bool
    is_owner: bool
    owner: str | None
    permissions: Mapping[str, bool] = field(default_factory=dict)


async def read_account(reader: JetpackReader, connection: Connection) -> Account:
    """Return what ``GET connection/data`` says of the account; people's addresses stay out.

    Raises:
        SiteError: ``jetpack.offline``, or the site does not tell.
    """
    if connection.offline:
        raise SiteError("jetpack.offline", _OFFLINE)
    data = demand(await reader.read("connection/data")).mapping
    user = data.get("currentUser")
    if not isinstance(user, dict) or not isinstance(user.get("isConnected"), bool):
        raise SiteError("proto.not_json", "the site does not tell whether the account is linked")
    is_owner = user.get("isMaster") is True
    owner = data.get("connectionOwner", user.get("username") if is_owner else None)
    named = "connectionOwner" in data or is_owner
    rights = user.get("permissions")
    return Account(
        linked=user["isConnected"],
        is_owner=is_owner,
        owner=str(owner or "") if named else None,
        permissions={
            str(name): may
            for name, may in (rights if isinstance(rights, dict) else {}).items()
            if isinstance(may, bool)
        },
    )


@parameters(frozen=True)
class ConnectionData(Query):
    """Read whom a site's connection belongs to and what the account may do with it."""

    name = "connection.data"
    summary = "Tell whose each site's connection is, and whether this account is linked."
    routes = ("GET connection", "GET connection/data")
    seed = "Get the data of the connected user"
    rights = "read"
    apart = "jetpack.offline; not connected: not linked, no owner"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``linked``, ``is_owner``, ``owner``, ``registered`` and ``permissions``."""
        connection = await reader.connection()
        account = await read_account(reader, connection)
        facts = {
            "linked": account.linked,
            "is_owner": account.is_owner,
            "owner": _owner(account),
            "registered": connection.connected,
            "permissions": dict(sorted(account.permissions.items())),
        }
        return trimmed(facts)


def _owner(account: Account) -> object:
    """Return the owner's name; logins are often e-mail addresses, and those are not shown."""
    if account.owner is None:
        return {"value": None, "reason": "Jetpack tells another owner's name from 8.8 on"}
    if not account.owner:
        return {"value": None, "reason": "nobody owns the connection"}
    if "@" in account.owner:
        return {"value": None, "reason": "an e-mail address, not shown"}
    return account.owner


@parameters(frozen=True)
class ConnectionUrl(Query):
    """Read the address at which a person connects a site in a browser.

    Args:
        reveal: Show all of it; it holds secrets that let whoever has them connect the site.
    """

    name = "connection.url"
    summary = "Tell the address at which each site is connected to WordPress.com."
    routes = ("GET connection", "GET connection/url")
    seed = "Get the address for connecting"
    rights = "read"
    apart = "jetpack.offline; not connected: an address on the site itself"

    reveal: Annotated[bool, Field(description="Show the secrets in the address.")] = False

    def parameters(self) -> Mapping[str, object]:
        """Return whether secrets are shown."""
        return {"reveal": self.reveal}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``url``, without its query unless revealed, and ``step``.

        The step is ``register`` where the site itself is not connected yet, else ``authorize``.
        """
        if (await reader.connection()).offline:
            raise SiteError("jetpack.offline", _OFFLINE)
        url = demand(await reader.read("connection/url")).value
        bare, step = _address(url)
        return trimmed({"url": url if self.reveal else bare, "step": step})


def _address(url: object) -> tuple[str, str]:
    """Return origin and path of an address, and the step that it is for."""
    wrong = SiteError("proto.not_json", "the site answered something other than an address")
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        raise wrong from None
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise wrong
    # What may stand before an @ is a password.
    place = parts.netloc.rpartition("@")[2]
    step = "register" if "register" in parse_qs(parts.query).get("action", []) else "authorize"
    return f"{parts.scheme}://{place}{parts.path}", step


@parameters(frozen=True)
class Disconnect(Operation[Connection]):
    """Disconnect sites from WordPress.com, for all their users and all plugins that share it.

    The tokens are deleted and syncing ends; which modules are stored as active stays. Only a
    person with a browser can connect a site again.
    """

    name = "connection.disconnect"
    summary = "Disconnect sites from WordPress.com, for all their users."
    routes = ("GET connection", "POST connection")
    seed = "Disconnect the site"
    apart = "unchanged"
    irreversible = True

    async def observe(self, reader: JetpackReader) -> Connection:
        """Return the connection."""
        return await reader.connection()

    def decide(self, state: Connection) -> Decision:
        """Return the disconnecting, or nothing where the site is disconnected."""
        key = "connection.connected"
        if not state.connected:
            done = KeyResult(key, Verdict.UNCHANGED, before=False, wanted=False, found=False)
            return Decision(settled=(done,))
        return Decision((Change(key, before=True, after=False),))

    async def enact(
        self,
        client: JetpackClient,
        state: Connection,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Disconnect; a site that was disconnected meanwhile answers ``disconnect_failed``."""
        del state
        await log.sending(changes)
        note_refusal(log, changes, await client.write("connection", {"isActive": False}))

    def found(self, state: Connection, key: str) -> object:
        """Return whether the site is connected."""
        del key
        return state.connected


@dataclass(frozen=True, slots=True)
class SslState:
    """What Jetpack's page says of its last test of SSL.

    Args:
        nonce: What a new test has to be asked for with; it stands on the page only while the
            last test has failed, so an empty one means that no failure is shown.
    """

    nonce: str = field(repr=False)


@parameters(frozen=True)
class RecheckSsl(Operation[SslState]):
    """Have Jetpack test again whether the site reaches WordPress.com over HTTPS.

    Jetpack repeats a failed test once a day by itself. There has never been a route for asking:
    the button of a notice does it, with a nonce that is printed beside it and nowhere else
    (Jetpack 4.3 to 16.1: ``alert_auto_ssl_fail`` in class.jetpack.php).
    """

    name = "connection.recheck-ssl"
    summary = "Have Jetpack test HTTPS to WordPress.com again, where its last test failed."
    routes = ("GET wp-admin/admin.php?page=jetpack", "POST wp-admin/admin-ajax.php")
    seed = "Recheck SSL"
    apart = "offline in newer versions: jetpack.unsupported"

    async def observe(self, reader: JetpackReader) -> SslState:
        """Return whether Jetpack's page shows that the last test failed."""
        why = "testing SSL again needs a nonce that stands only on Jetpack's page"
        page, _ = await jetpack_page(reader, why)
        return SslState(ssl_nonce_in_page(page) or "")

    def decide(self, state: SslState) -> Decision:
        """Return the test; without a failure shown there is no nonce to ask for one with."""
        key = "connection.ssl"
        if state.nonce:
            return Decision((Change(key, before="failing", after="working"),))
        reason = (
            "Jetpack shows no notice about SSL, and only that has the nonce for a new test;"
            " its last test did not fail, or it is in offline mode"
        )
        missing = KeyResult(
            key, Verdict.UNSUPPORTED, wanted="working", kind="jetpack.unsupported", reason=reason
        )
        return Decision(settled=(missing,))

    async def enact(
        self, client: JetpackClient, state: SslState, changes: tuple[Change, ...], log: WriteLog
    ) -> None:
        """Ask for the test; the site tries WordPress.com before it answers."""
        await log.sending(changes)
        answer = await client.ajax({"action": "jetpack-recheck-ssl", "ajax-nonce": state.nonce})
        log.answer(changes)
        verdict = answer.value if isinstance(answer.value, dict) else {}
        if verdict.get("enabled") is True and answer.ok:
            return
        if verdict.get("enabled") is False and answer.ok:
            why = f": {answer.said}" if answer.said else ""
            reason = f"tested again, and the site still does not reach WordPress.com by HTTPS{why}"
        else:
            reason = f"the site did not take the request for a test (HTTP {answer.status})"
        log.complain(changes, "jetpack.refused", reason)

    def found(self, state: SslState, key: str) -> object:
        """Return what the page shows now: the notice goes away with a test that passes."""
        del key
        return "failing" if state.nonce else "working"


async def jetpack_page(reader: JetpackReader, why: str) -> tuple[str, Mapping[str, object]]:
    """Return Jetpack's admin page and its state, for what no route tells.

    Opening the page lets Jetpack switch off modules that the plan no longer includes.

    Args:
        reader: The site.
        why: What the page is needed for, for the reason where it cannot be opened.

    Raises:
        SiteError: ``jetpack.unsupported`` for application passwords; ``proto.not_json`` where
            the page is not Jetpack's.
    """
    try:
        page = await reader.admin_page("admin.php", {"page": "jetpack"})
    except SiteError as error:
        if error.kind != "jetpack.unsupported":
            raise
        raise SiteError(error.kind, f"{why}: {error.message}", sent=False) from error
    state = initial_state(page)
    if state is None:
        raise SiteError("proto.not_json", f"{why}, and that page carries no state")
    return page, state


def note_refusal(log: WriteLog, changes: Iterable[Change], answer: Answer) -> None:
    """Note that the site answered the write of `changes`, and why it refused if it did."""
    noted = tuple(changes)
    log.answer(noted)
    if whole := refusal(answer):
        log.complain(noted, whole.kind, whole.reason, undone=whole.undone)
        return
    try:
        demand(answer)
    except SiteError as error:
        log.complain(noted, error.kind, error.said or error.message)


OPERATIONS = (ConnectionStatus, ConnectionUrl, ConnectionData, Disconnect, RecheckSsl)
