"""Handing a message to a channel, once; whoever calls tries again later.

Sending a POST again is right here and nowhere else: a message has an id that is the same at every
attempt, so that a receiver can tell that it knows it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import anyio
from anyio import to_thread
from pydantic import SecretStr
from yarl import URL

from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.front.watch.apprise_backend import notify_by_apprise
from fleet.front.watch.delivery import DeliveryError
from fleet.front.watch.document import is_loopback
from fleet.front.watch.mailing import MailServer, send_mail
from fleet.front.watch.messages import Message, body, document, headline, mail, slack
from fleet.front.watch.nouns import Channel, ChannelType
from fleet.inventory.references import SecretRef
from fleet.inventory.secrets import SecretResolver
from fleet.plugins import Group, Plugins, plugin_failed
from fleet.site.exchange import Meter, Request
from fleet.site.transport import Connections

__all__ = ["Post"]

Notifier = Callable[[SecretStr, str, str], Awaitable[object]]
"""A plugin of `Group.NOTIFIERS`: takes the channel's url, a headline and a text."""
_SECONDS = 15.0
_LIMITS = HttpLimits(body=64 * 1024)


class Post:
    """Hands messages to channels.

    Args:
        resolver: Turns references into secrets, just before they are used.
        seconds: How long one receiver may take.
        plugins: Know further receivers.
    """

    def __init__(
        self, resolver: SecretResolver, seconds: float = _SECONDS, plugins: Plugins | None = None
    ) -> None:
        self._plugins = plugins or Plugins()
        self._resolver = resolver
        self._seconds = seconds

    async def check(self, refs: Sequence[SecretRef]) -> None:
        """Find out before anything else whether every secret is there.

        Raises:
            InputErrors: Each that is not.
        """
        await self._resolver.resolve_all(refs)

    async def send(self, channel: Channel, message: Message) -> None:
        """Hand a message to a channel.

        Raises:
            DeliveryError: It was not taken.
            InputErrors: A secret cannot be resolved.
            InputError: A package is missing, or an address is of no use.
        """
        secrets = await self._resolver.resolve_all(channel.secrets)
        if channel.type is ChannelType.EMAIL:
            await self._mail(channel, message, secrets)
        elif channel.type is ChannelType.APPRISE:
            url = _told(channel.url, secrets)
            await to_thread.run_sync(notify_by_apprise, url, headline(message), body(message))
        elif channel.type is ChannelType.PLUGIN:
            url = _told(channel.url, secrets)
            await self._foreign(channel.notifier, SecretStr(url), message)
        else:
            await self._webhook(channel, message, secrets)

    async def ping(self, heartbeat: SecretRef) -> None:
        """Tell a dead man's switch that a run ended.

        Raises:
            DeliveryError: It was not taken.
            InputErrors: The address cannot be resolved.
        """
        secrets = await self._resolver.resolve_all([heartbeat])
        await self._post(_told(heartbeat, secrets), b"ok", {"Content-Type": "text/plain"}, None)

    async def _foreign(self, name: str, url: SecretStr, message: Message) -> None:
        """Hand a message to a plugin."""
        notify = cast("Notifier", self._plugins.load(Group.NOTIFIERS, name))
        try:
            with anyio.fail_after(self._seconds):
                await notify(url, headline(message), body(message))
        except Exception as error:  # noqa: BLE001 - it is the plugin's, whatever it is
            plugin = self._plugins.described(Group.NOTIFIERS, name)
            failed = plugin_failed(plugin, "did not take the message", error)
            raise DeliveryError(failed.message) from None

    async def _webhook(
        self, channel: Channel, message: Message, secrets: Mapping[SecretRef, SecretStr]
    ) -> None:
        plain = channel.type is ChannelType.WEBHOOK
        content = json.dumps(document(message) if plain else slack(message)).encode("ascii")
        headers = {"Content-Type": "application/json"}
        if plain:
            headers["Idempotency-Key"] = message.id
        if channel.secret is not None:
            key = _told(channel.secret, secrets).encode()
            digest = hmac.new(key, content, hashlib.sha256).hexdigest()
            headers["X-Fleet-Signature"] = f"sha256={digest}"
        await self._post(_told(channel.url, secrets), content, headers, channel.ca_file)

    async def _post(
        self, text: str, content: bytes, headers: Mapping[str, str], ca_file: Path | None
    ) -> None:
        url = _address(text)
        try:
            async with (
                Connections(1, _LIMITS) as connections,
                connections.open(
                    url, timeout=self._seconds, meter=Meter(), cookies=False, ca_file=ca_file
                ) as transport,
            ):
                request = Request("POST", url, headers, content=content, fresh=True)
                reply = await transport.send(request)
        except SiteError as error:
            raise DeliveryError(f"the receiver was not reached ({error.kind})") from error
        if not 200 <= reply.status < 300:
            raise DeliveryError(f"the receiver answered {reply.status}")

    async def _mail(
        self, channel: Channel, message: Message, secrets: Mapping[SecretRef, SecretStr]
    ) -> None:
        server = MailServer(
            channel.host,
            channel.port,
            channel.security,
            channel.username,
            _told(channel.password, secrets),
            channel.ca_file,
        )
        found = mail(message, channel.sender, channel.to)
        await to_thread.run_sync(send_mail, server, found, self._seconds)


def _told(ref: SecretRef | None, secrets: Mapping[SecretRef, SecretStr]) -> str:
    return secrets[ref].get_secret_value() if ref else ""


def _address(text: str) -> URL:
    """Return a receiver's address; the text is secret and not repeated.

    Raises:
        DeliveryError: It is none, or not encrypted and not on this machine.
    """
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.user is not None:
        raise DeliveryError("the channel's address is not that of a web server")
    if url.scheme == "http" and not is_loopback(url.host):
        raise DeliveryError("the channel's address is not encrypted: it has to begin with https://")
    return url
