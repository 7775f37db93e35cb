"""Alerts handed to real receivers on loopback: web servers, a mail server, apprise."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import FleetError, InputErrors
from fleet.front.watch.channels import Post
from fleet.front.watch.conditions import Condition
from fleet.front.watch.delivery import DeliveryError
from fleet.front.watch.messages import Item, Message, body, mail, slack
from fleet.front.watch.nouns import AlertKind, Channel, ChannelType
from fleet.inventory.references import SecretRef
from fleet.inventory.secrets import SecretResolver
from fleet.policy.rules import Severity
from fleet.report.inert import inert
from tests.site.servers import free_port, raw_server
from tests.watch.support import receiver

HOSTILE = "<!channel> <@U1> @here\r\nBcc: all@example.org\n<script>alert(1)</script>\x1b[2J\u202e"
KEY = "signing-key-77"


def ref(name: str) -> SecretRef:
    return SecretRef.parse(f"env:{name}", folder=Path())


def message(text: str = "drift", site: str = "shop") -> Message:
    condition = Condition(AlertKind.DRIFT, site, "modules.x", Severity.HIGH, inert(text))
    return Message("id-1", (Item("new", condition, "2026-11-24T02:30:00+00:00", "nightly", "r1"),))


def post(**environ: str) -> Post:
    return Post(SecretResolver(environ), 2.0)


async def test_a_webhook_is_signed_and_has_an_id() -> None:
    channel = Channel("hook", ChannelType.WEBHOOK, ref("URL"), ref("KEY"))
    async with receiver() as hook:
        await post(URL=hook.url, KEY=KEY).send(channel, message())
    (taken,) = hook.taken
    signature = hmac.new(KEY.encode(), taken.content, hashlib.sha256).hexdigest()
    assert taken.headers["X-Fleet-Signature"] == f"sha256={signature}"
    assert taken.headers["Idempotency-Key"] == taken.value["id"] == "id-1"
    assert taken.value["format"] == 1
    assert taken.value["items"][0]["site"] == "shop"


@pytest.mark.parametrize("status", [302, 307, 400, 500, 503])
async def test_what_is_not_taken_is_an_error_and_no_redirect_is_followed(status: int) -> None:
    channel = Channel("hook", ChannelType.WEBHOOK, ref("URL"))
    async with receiver() as hook:
        hook.answers = [status]
        with pytest.raises(DeliveryError, match=f"answered {status}"):
            await post(URL=hook.url).send(channel, message())
        assert len(hook.taken) == 1


async def test_a_receiver_that_says_nothing_is_given_up() -> None:
    async def silent(reader: Any, writer: Any) -> None:
        await reader.read()

    channel = Channel("hook", ChannelType.SLACK, ref("URL"))
    async with raw_server(silent) as server:
        sender = Post(SecretResolver({"URL": str(server.url)}), 0.2)
        with pytest.raises(DeliveryError, match=r"not reached \(net.timeout\)"):
            await sender.send(channel, message())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example/TOKEN", "not encrypted"),
        ("https://user:TOKEN@hooks.example/", "not that of a web server"),
        ("ftp://hooks.example/TOKEN", "not that of a web server"),
        ("TOKEN", "not that of a web server"),
        ("http://127.0.0.1:1/TOKEN", r"not reached \(net.refused\)"),
    ],
)
async def test_an_address_is_checked_and_never_repeated(url: str, said: str) -> None:
    channel = Channel("hook", ChannelType.WEBHOOK, ref("URL"))
    with pytest.raises(DeliveryError, match=said) as caught:
        await post(URL=url).send(channel, message())
    assert "TOKEN" not in str(caught.value)


async def test_a_secret_that_is_not_there_is_told_before_anything_else() -> None:
    with pytest.raises(InputErrors, match="env:URL: the environment variable is not set"):
        await post().check([ref("URL")])


async def test_a_webhook_over_tls_is_checked(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with receiver(context) as hook:
        plain = Channel("hook", ChannelType.WEBHOOK, ref("URL"))
        with pytest.raises(DeliveryError, match=r"tls\.untrusted"):
            await post(URL=hook.url).send(plain, message())
        trusting = Channel("hook", ChannelType.WEBHOOK, ref("URL"), ca_file=ca_file)
        await post(URL=hook.url).send(trusting, message())
        assert len(hook.taken) == 1


async def test_nothing_a_site_says_means_anything_to_slack() -> None:
    channel = Channel("chat", ChannelType.SLACK, ref("URL"))
    async with receiver() as hook:
        await post(URL=hook.url).send(channel, message(HOSTILE, "shop"))
    (taken,) = hook.taken
    assert "<" not in taken.value["text"]
    assert "&lt;!channel&gt;" in taken.value["text"]
    assert "\x1b" not in taken.value["text"]
    assert (taken.value["mrkdwn"], taken.value["link_names"]) == (False, False)


@given(st.text(), st.text(min_size=1))
def test_messages_hold_whatever_sites_say(text: str, site: str) -> None:
    found = message(text, site)
    assert not {"<", ">"} & set(str(slack(found)["text"]))
    raw = mail(found, "fleet@example.org", ["ops@example.org"]).as_bytes()
    parsed = message_from_bytes(raw, policy=default)
    assert parsed.keys() == [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]
    assert "\x1b" not in body(found)
    json.dumps(slack(found)).encode("ascii")


class Handler:
    """Keeps the mails it takes."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: object, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 taken"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def mailbox(authority: trustme.CA) -> Iterator[tuple[Handler, int]]:
    """A mail server with STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def login(_server: object, _session: object, _envelope: object, _kind: str, data: Any) -> Any:
        good = isinstance(data, LoginPassword) and data.password == b"mail-password"
        return AuthResult(success=good, handled=False)

    handler = Handler()
    server = Controller(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=login,
    )
    server.start()
    try:
        yield handler, server.port
    finally:
        server.stop()


def mail_channel(port: int, ca_file: Path | None, **more: Any) -> Channel:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "username": "fleet",
        "password": ref("MAIL"),
        "sender": "fleet@example.org",
        "to": ("ops@example.org", "second@example.org"),
        "ca_file": ca_file,
    }
    return Channel("mail", ChannelType.EMAIL, **{**given, **more})


async def test_mail_goes_by_starttls_and_login(
    mailbox: tuple[Handler, int], authority: trustme.CA, tmp_path: Path
) -> None:
    handler, port = mailbox
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    channel = mail_channel(port, ca_file)
    await post(MAIL="mail-password").send(channel, message(HOSTILE))
    (taken,) = handler.taken
    assert taken.rcpt_tos == ["ops@example.org", "second@example.org"]
    content = taken.content
    assert isinstance(content, bytes)
    parsed = message_from_bytes(content, policy=default)
    assert parsed["Subject"] == "fleet nightly: new drift on 1 site"
    assert parsed["Message-ID"] == "<id-1@example.org>"
    assert parsed["Bcc"] is None
    with pytest.raises(DeliveryError, match="refused the login") as caught:
        await post(MAIL="wrong-password").send(channel, message())
    assert "wrong-password" not in str(caught.value)
    assert len(handler.taken) == 1


async def test_a_mail_server_that_is_not_trusted_gets_no_login(
    mailbox: tuple[Handler, int],
) -> None:
    handler, port = mailbox
    with pytest.raises(DeliveryError, match="certificate is not trusted"):
        await post(MAIL="mail-password").send(mail_channel(port, None), message())
    assert handler.taken == []


async def test_a_mail_server_that_is_not_there_is_told() -> None:
    with pytest.raises(DeliveryError, match="could not be reached"):
        await post(MAIL="x").send(mail_channel(free_port(), None), message())


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_everything_else_goes_by_apprise() -> None:
    channel = Channel("other", ChannelType.APPRISE, ref("URL"))
    async with receiver() as hook:
        address = hook.url.replace("http://", "json://")
        await post(URL=address).send(channel, message())
        (taken,) = hook.taken
        assert taken.value["title"] == "fleet nightly: new drift on 1 site"
        assert "shop  modules.x" in taken.value["message"]
        hook.answers = [500]
        with pytest.raises(DeliveryError, match="did not take"):
            await post(URL=address).send(channel, message())
        with pytest.raises(FleetError, match="does not know this sort of address"):
            await post(URL="nonsense-TOKEN").send(channel, message())
