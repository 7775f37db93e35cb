from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.inventory.address import is_loopback, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://Shop.Example/", "https://shop.example/"),
        ("https://shop.example:443/wp", "https://shop.example/wp/"),
        ("http://shop.example:80", "http://shop.example/"),
        ("https://shop.example:08443/Wp/", "https://shop.example:8443/Wp/"),
        ("https://shop.example:80", "https://shop.example:80/"),
        ("https://xn--mller-kva.example", "https://xn--mller-kva.example/"),
        ("https://10.0.0.1/a/b", "https://10.0.0.1/a/b/"),
        ("https://[2001:DB8:0::1]:444", "https://[2001:db8::1]:444/"),
        ("https://a_b.example", "https://a_b.example/"),
        ("https://shop.example/%7euser", "https://shop.example/~user/"),
        ("https://shop.example/caf\u00e9", "https://shop.example/caf%C3%A9/"),
        ("https://localhost", "https://localhost/"),
    ],
)
def test_addresses_get_one_form(text: str, expected: str) -> None:
    url = parse_address(text)
    assert str(url) == expected
    assert parse_address(str(url)) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("shop.example", "begins with https://"),
        ("//shop.example", "begins with https://"),
        ("https:/shop.example", "begins with https://"),
        ("https:shop.example", "begins with https://"),
        ("ftp://shop.example", "https:// or http://"),
        ("javascript://shop.example", "https:// or http://"),
        ("https://", "no host"),
        ("https:///wp", "no host"),
        ("https://:8080", "no host"),
        ("https://CANARY@shop.example", "no user or password"),
        ("https://user:CANARY@shop.example", "no user or password"),
        ("https://shop.example:CANARY@evil.example", "no user or password"),
        ("https://@shop.example", "no user or password"),
        ("https://shop.example?CANARY", "query"),
        ("https://shop.example/#CANARY", "fragment"),
        ("https://shop.example\\@evil.example", "backslash"),
        ("https:\\\\shop.example", "backslash"),
        ("https://shop.ex\tample", "space or an invisible"),
        ("https://shop.example/a\n", "space or an invisible"),
        (" https://shop.example", "space or an invisible"),
        ("https://shop.example/a b", "space or an invisible"),
        ("https://shop\u200b.example", "space or an invisible"),
        ("https://shop.example/\u202egpj", "space or an invisible"),
        ("https://shop.example:0", "port"),
        ("https://shop.example:65536", "port"),
        ("https://shop.example:", "port"),
        ("https://shop.example:99999999999", "port"),
        ("https://shop.example:1:2", "not clear"),
        ("https://shop.example:٣", "not clear"),
        ("https://[::1", "not clear"),
        ("https://[::g]", "valid IPv6"),
        ("https://[fe80::1%25eth0]", "valid IPv6"),
        ("https://m\u00fcller.example", "write the host as xn--mller-kva.example"),
        ("https://\u0430pple.example", "write the host as xn--pple-43d.example"),
        ("https://\u2603\u2603.\u0301.example", "characters that no host name can have"),
        ("https://shop.example.", "dot"),
        ("https://shop..example", "valid name"),
        ("https://-shop.example", "valid name"),
        ("https://sh%6fp.example", "valid name"),
        ("https://shop,example", "valid name"),
        (f"https://{'a' * 64}.example", "valid name"),
        (f"https://{'a.' * 127}example", "valid name"),
        ("https://2130706433", "clear IPv4"),
        ("https://127.1", "clear IPv4"),
        ("https://0x7f.0x0.0x0.0x1", "clear IPv4"),
        ("https://0177.0.0.1", "clear IPv4"),
        ("https://256.1.1.1", "clear IPv4"),
        ("https://shop.example/%zz", "% escape"),
        ("https://shop.example/%00", "% escape"),
        ("https://shop.example/%2e%2e/x", "% escape"),
        ("https://shop.example/%2F", "% escape"),
        ("https://shop.example/../x", "'.' or '..'"),
        ("https://shop.example/./x", "'.' or '..'"),
        ("https://shop.example//x", "two slashes"),
        ("https://shop.example/wp/wp-admin/", "leave wp-admin"),
        ("https://shop.example/wp-login.php", "leave wp-login.php"),
        (f"https://shop.example/{'a' * 2000}", "longer than"),
    ],
)
def test_security_30_doubtful_addresses_are_refused_without_repeating_them(
    text: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_address(text)
    assert reason in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost:8080", True),
        ("http://wp.localhost", True),
        ("http://127.0.0.9", True),
        ("http://[::1]", True),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
        ("http://127.0.0.1.example", False),
    ],
)
def test_loopback_is_this_machine_only(text: str, expected: bool) -> None:
    assert is_loopback(parse_address(text)) is expected


@given(st.text(alphabet="ht:/.@[]%2eF?#\\a1é-_ \t", max_size=30))
def test_any_text_is_refused_or_becomes_stable(text: str) -> None:
    for prefix in ("", "https://"):
        try:
            url = parse_address(prefix + text)
        except ValueError:
            continue
        assert parse_address(str(url)) == url
        assert url.host
        assert url.user is None
        assert url.path.endswith("/")
        assert not url.query_string
