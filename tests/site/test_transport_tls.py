"""Which certificates are believed, and how the others are named."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from yarl import URL

from fleet.errors import SiteError
from fleet.site.transport import Request
from tests.site.servers import raw_server, transport_to, web_server

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def authorities(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the authorities to trust."""
    path = tmp_path_factory.mktemp("tls") / "authorities.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"secure": request.secure})


async def ask(url: URL, ca_file: Path | None) -> bytes:
    async with transport_to(url, ca_file=ca_file) as transport:
        return (await transport.send(Request("GET", url))).body


async def trouble(url: URL, ca_file: Path | None) -> SiteError:
    with pytest.raises(SiteError) as caught:
        await ask(url, ca_file)
    return caught.value


async def test_a_certificate_of_a_named_authority_is_believed(
    authority: trustme.CA, authorities: Path
) -> None:
    async with web_server(hello, server_side(authority.issue_cert(LOOPBACK))) as url:
        assert await ask(url, authorities) == b'{"secure": true}'


async def test_an_authority_that_is_not_named_is_not_believed(authority: trustme.CA) -> None:
    async with web_server(hello, server_side(authority.issue_cert(LOOPBACK))) as url:
        error = await trouble(url, None)
    assert (error.kind, error.sent) == ("tls.untrusted", False)


async def test_another_authority_is_not_believed(authorities: Path) -> None:
    async with web_server(hello, server_side(trustme.CA().issue_cert(LOOPBACK))) as url:
        error = await trouble(url, authorities)
    assert (error.kind, error.sent) == ("tls.untrusted", False)


async def test_an_expired_certificate_is_named(authority: trustme.CA, authorities: Path) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    old = authority.issue_cert(LOOPBACK, not_before=past - timedelta(days=9), not_after=past)
    async with web_server(hello, server_side(old)) as url:
        error = await trouble(url, authorities)
    assert (error.kind, error.sent) == ("tls.expired", False)


@pytest.mark.parametrize("host", ["localhost", LOOPBACK])
async def test_a_certificate_of_another_host_is_named(
    authority: trustme.CA, authorities: Path, host: str
) -> None:
    other = server_side(authority.issue_cert("harbour.example"))
    async with web_server(hello, other) as url:
        error = await trouble(url.with_host(host), authorities)
    assert (error.kind, error.sent) == ("tls.name", False)


async def test_a_plain_port_gives_no_handshake(authorities: Path) -> None:
    async with web_server(hello) as url:
        error = await trouble(url.with_scheme("https"), authorities)
    assert (error.kind, error.sent) == ("tls.protocol", False)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close after the first byte of the handshake."""
    await reader.read(1)


async def test_a_handshake_cut_off_leaves_nothing_sent(authorities: Path) -> None:
    async with raw_server(hang_up) as server:
        error = await trouble(server.url.with_scheme("https"), authorities)
    assert (error.kind, error.sent) == ("net.refused", False)


async def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (tmp_path / "absent.pem", broken):
        error = await trouble(URL("https://harbour.invalid/"), path)
        assert (error.kind, error.sent) == ("tls.untrusted", False)
        assert str(path) in error.message
