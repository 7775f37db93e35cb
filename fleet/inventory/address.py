"""The address of a site in one canonical form, so that what is shown is what is contacted.

URL libraries repair what they are given: tabs vanish, backslashes turn into slashes, ``127.1``
becomes another host. Here a doubtful address is refused instead, before any library sees it.
No message repeats the address, because a password may be written in it.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address

import idna
from yarl import URL

__all__ = ["URL_PATTERN", "is_loopback", "parse_address", "same_site_key"]

URL_PATTERN = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f-\U0010ffff\\@?#/]+(/[^\x00-\x20\x7f\\?#]*)?$"
)
"""What a JSON Schema can say about an address; `parse_address` says more."""

MAX_LENGTH = 2000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SPLIT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:[01][0-9A-Fa-f]|7[Ff]|2[EeFf]|5[Cc])")
_INNER_PAGES = ("wp-admin", "wp-login.php", "wp-json", "wp-content", "xmlrpc.php")


def parse_address(text: str) -> URL:
    """Return the address of a site: lower-case host, no default port, a path that ends in "/".

    Raises:
        ValueError: It is not a clear http or https address; the message says why.
    """
    _check_characters(text)
    parts = _SPLIT.fullmatch(text)
    if not parts:
        raise ValueError("an address begins with https://, as in https://shop.example")
    scheme = parts["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise ValueError("the address has to begin with https:// or http://")
    if "@" in parts["authority"]:
        raise ValueError("no user or password can stand in the address: write them under auth")
    if "?" in parts["rest"] or "#" in parts["rest"]:
        raise ValueError("the address cannot have a query (?) or a fragment (#)")
    where = _HOST_AND_PORT.fullmatch(parts["authority"])
    if not where:
        raise ValueError("the host and port in the address are not clear")
    host = _host(where["host"])
    port = _port(where["port"], scheme)
    return URL(f"{scheme}://{host}{port}{_path(parts['rest'])}")


def is_loopback(url: URL) -> bool:
    """Return whether `url` stays on this machine."""
    host = url.host or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def same_site_key(url: URL) -> tuple[str | None, int | None, str]:
    """Return what is equal for two addresses of one site; http or https makes no difference."""
    return url.host, url.explicit_port, url.path


def _check_characters(text: str) -> None:
    if not text:
        raise ValueError("the address is empty")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the address is longer than {MAX_LENGTH} characters")
    if "\\" in text:
        raise ValueError("the address has a backslash: write / instead")
    if " " in text or not text.isprintable():
        raise ValueError("the address has a space or an invisible character in it")


def _port(text: str | None, scheme: str) -> str:
    if text is None:
        return ""
    if not 1 <= len(text) <= 5 or not 1 <= int(text) <= 65535:
        raise ValueError("the port in the address has to be a number from 1 to 65535")
    return "" if int(text) == _DEFAULT_PORTS[scheme] else f":{int(text)}"


def _host(text: str) -> str:
    if not text:
        raise ValueError("the address has no host")
    if text.startswith("["):
        return _ipv6(text[1:-1])
    if not text.isascii():
        raise ValueError(_punycode_advice(text))
    host = text.lower()
    if host.endswith("."):
        raise ValueError("the host in the address ends with a dot: leave it out")
    labels = host.split(".")
    if len(host) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the host in the address is not a valid name")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _ipv4(host)
    return host


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise ValueError("the host in the address is not a clear IPv4 address") from None


def _ipv6(host: str) -> str:
    try:
        if "%" not in host:
            return f"[{IPv6Address(host)}]"
    except AddressValueError:
        pass
    raise ValueError("the host in the address is not a valid IPv6 address")


def _punycode_advice(host: str) -> str:
    try:
        ascii_host = idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return "the host in the address has characters that no host name can have"
    return f"write the host as {ascii_host}, so that look-alike letters cannot mislead"


def _path(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise ValueError("the address has a % escape that is broken or hides a special character")
    segments = text.strip("/").split("/")
    if any(segment in (".", "..") for segment in segments):
        raise ValueError("the address cannot have '.' or '..' in its path")
    if "//" in text:
        raise ValueError("the address has two slashes in a row in its path")
    if page := next((page for page in _INNER_PAGES if page in segments), None):
        raise ValueError(f"this is a page inside the site: leave {page} and what follows it out")
    return f"/{'/'.join(segments)}/" if segments != [""] else "/"
