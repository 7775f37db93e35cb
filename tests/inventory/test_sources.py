from __future__ import annotations

import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from fleet.errors import InputErrors
from fleet.inventory.ansible import rows_of
from fleet.inventory.loader import load_files
from fleet.inventory.mapping import Sites
from fleet.private_files import PrivateFolder
from tests.inventory.support import written
from tests.inventory.test_rows import BASE

ROW = '{"name": "a", "url": "https://a.example", "groups": ["gold"]}'
Answer = Callable[[BaseHTTPRequestHandler], None]


def script(folder: Path, text: str) -> None:
    file = written(folder, f"#!/bin/sh\n{text}\n", "export")
    file.chmod(0o700)


def loaded(folder: Path, include: str, cache: PrivateFolder | None = None) -> Sites:
    return Sites(load_files([written(folder, f"{BASE}include: [{include}]\n")], cache)[0])


def complaint(folder: Path, include: str, cache: PrivateFolder | None = None) -> str:
    with pytest.raises(InputErrors) as caught:
        loaded(folder, include, cache)
    return "\n".join(str(error) for error in caught.value.errors)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_command_prints_sites(tmp_path: Path) -> None:
    script(tmp_path, f"test \"$1\" = '; touch evil' && echo '{ROW}'")
    sites = loaded(tmp_path, "{source: exec, run: [./export, '; touch evil']}")
    assert sites["a"].labels == {"env": "prod", "tier": "gold"}
    assert str(sites["a"].origins["url"].place) == f"{tmp_path}/<export>:1:1"
    assert not (tmp_path / "evil").exists()


def test_a_command_prints_a_whole_inventory_or_a_table(tmp_path: Path) -> None:
    script(tmp_path, f"printf 'name,url\\na,https://a.example\\n'; : {BASE!r}")
    assert list(loaded(tmp_path, "{source: exec, run: [./export], format: csv}")) == ["a"]
    (tmp_path / "other").write_text(BASE.replace("gold", "g2") + "sites: {b: https://b.example}\n")
    assert list(loaded(tmp_path, "{source: exec, run: [cat, other], format: yaml}")) == ["b"]


def test_a_command_gets_no_variable_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_PASSWORD", "hunter2")
    script(tmp_path, f"env > seen; echo '{ROW}'")
    loaded(tmp_path, "{source: exec, run: [./export]}")
    assert "hunter2" not in (tmp_path / "seen").read_text()


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script(tmp_path, "sleep 600 & echo $! > child; wait")
    found = complaint(tmp_path, "{source: exec, run: [./export], timeout: 300ms}")
    assert found.endswith("the source export: the command did not end within 0.3s")
    assert "inventory.yaml:7:11" in found
    child = int((tmp_path / "child").read_text())
    end = time.monotonic() + 10
    while not is_gone(child):
        assert time.monotonic() < end


def test_children_that_a_command_leaves_behind_are_ended(tmp_path: Path) -> None:
    script(tmp_path, f"sleep 600 > /dev/null & echo $! > child; echo '{ROW}'")
    assert "a" in loaded(tmp_path, "{source: exec, run: [./export]}")
    child = int((tmp_path / "child").read_text())
    end = time.monotonic() + 10
    while not is_gone(child):
        assert time.monotonic() < end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo hunter2 >&2; exit 3", "the command ended with status 3: run it by hand to see why"),
        ("yes hunter2", "the command prints more than 64 MiB"),
        ("echo hunter2", "<export>:1:1 this is not JSON: expected a value"),
        ("echo '[]'", "<export>:1:1 expected a mapping, found a list"),
    ],
)
def test_a_command_that_fails_is_named_and_what_it_printed_is_not(
    tmp_path: Path, text: str, expected: str
) -> None:
    script(tmp_path, text)
    found = complaint(tmp_path, "{source: exec, run: [./export]}")
    assert expected in found
    assert "hunter2" not in found


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot be started" in complaint(tmp_path, "{source: exec, run: [./nothing]}")


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_no_command_is_run_for_a_file_that_others_can_write_to(tmp_path: Path, mode: int) -> None:
    script(tmp_path, "touch ran")
    file = written(tmp_path, f"{BASE}include: [{{source: exec, run: [./export]}}]\n")
    file.chmod(mode)
    with pytest.raises(InputErrors, match="which other users can write to: chmod go-w"):
        load_files([file])
    file.chmod(0o600)
    tmp_path.chmod(0o777)
    with pytest.raises(InputErrors, match="no command is run for the folder"):
        load_files([file])
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_no_command_is_run_for_a_file_of_somebody_else(tmp_path: Path) -> None:
    script(tmp_path, "touch ran")
    file = written(tmp_path, f"{BASE}include: [{{source: exec, run: [./export]}}]\n")
    os.chown(file, 65534, 65534)
    with pytest.raises(InputErrors, match="belongs to another user"):
        load_files([file])
    assert not (tmp_path / "ran").exists()


def test_an_output_is_kept_for_as_long_as_the_inventory_says(tmp_path: Path) -> None:
    cache = PrivateFolder(tmp_path / "cache")
    script(tmp_path, f"echo x >> runs; echo '{ROW}'")
    for _ in range(2):
        assert "a" in loaded(tmp_path, "{source: exec, run: [./export], cache: 6h}", cache)
    assert (tmp_path / "runs").read_text() == "x\n"
    (kept,) = cache.path.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    os.utime(kept, (1, 1))
    loaded(tmp_path, "{source: exec, run: [./export], cache: 6h}", cache)
    assert (tmp_path / "runs").read_text() == "x\nx\n"


def test_an_old_output_stands_in_only_where_the_inventory_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = PrivateFolder(tmp_path / "cache")
    stale = "{source: exec, run: [./export], on_error: stale}"
    script(tmp_path, "exit 1")
    assert "ended with status 1" in complaint(tmp_path, stale, cache)
    script(tmp_path, f"echo '{ROW}'")
    loaded(tmp_path, stale, cache)
    script(tmp_path, "exit 1")
    assert "a" in loaded(tmp_path, stale, cache)
    assert "the source export: the command ended with status 1" in caplog.text
    assert "its sites are those of 0s ago" in caplog.text
    assert "status 1" in complaint(tmp_path, "{source: exec, run: [./export]}", cache)


def test_an_output_with_a_mistake_or_a_secret_is_not_kept(tmp_path: Path) -> None:
    cache = PrivateFolder(tmp_path / "cache")
    row = {"name": "a", "url": "https://a.example", "auth": {"password": "hunter2"}}
    script(tmp_path, f"echo '{json.dumps(row)}'")
    source = "{source: exec, run: [./export], cache: 1h}"
    found = complaint(tmp_path, source, cache)
    assert "a password is not written in the inventory" in found
    assert "hunter2" not in found
    assert "a" in loaded(tmp_path, f"{source}]\nallow_inline_secrets: true\n#", cache)
    assert not cache.path.exists()


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("{run: [x]}", "a source needs its key 'source'"),
        ("{source: exec}", "the source exec needs its key 'run'"),
        ("{source: http, url: 'https://x.example', run: [x]}", "has no key 'run'"),
        ("{source: exec, run: x}", "expected a command and its arguments"),
        ("{source: exec, run: [x], cahce: 6h}", "unknown key 'cahce' (did you mean 'cache'?)"),
        ("{source: exec, run: [x], headers: {A: 'env:B'}}", "only the source http has headers"),
        ("{source: ansible, run: [x], format: csv}", "leave 'format' out"),
        ("{source: http, url: 'https://u:hunter2@x.example'}", "no user, password or fragment"),
        ("{source: http, url: 'http://x.example/'}", "only https is asked"),
        ("{source: http, url: 'https://x.example', headers: {A: hunter2}}", "a password is not"),
        ("3", "expected a path or a source, found a number"),
        ("no.yaml", "no.yaml there is no such file"),
    ],
)
def test_mistakes_in_an_include_are_told(tmp_path: Path, include: str, expected: str) -> None:
    found = complaint(tmp_path, include)
    assert expected in found
    assert "hunter2" not in found


@contextmanager
def server(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        running.block_on_close = False
        if context:
            running.socket = context.wrap_socket(
                running.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running.server_address[1]
        finally:
            running.shutdown()
            thread.join()


def said(data: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(data)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def test_an_address_answers_with_sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "Bearer hunter2")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    seen: list[str | None] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        seen.extend((request.path, request.headers["Authorization"]))
        said(ROW.encode())(request)

    with server(answer) as port:
        url = f"http://127.0.0.1:{port}/export?all=1"
        sites = loaded(
            tmp_path, f"{{source: http, url: '{url}', headers: {{Authorization: 'env:CRM_TOKEN'}}}}"
        )
    assert list(sites) == ["a"]
    assert seen == ["/export?all=1", "Bearer hunter2"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said(b"", 302, Location="http://127.0.0.1:9/"), "a redirect, which is not followed"),
        (said(b"hunter2", 500), "it answers with status 500"),
        (said(b"x", Content_Length="70"), "cut short"),
        (said(b"x" * (65 * 1024 * 1024)), "its answer is larger than 64 MiB"),
        (said(b'{"name": "a"}'), "the site 'a' has no url"),
        (
            said(
                b'{"name": "a", "url": "https://a.example", "auth": {"password": "exec:touch x"}}'
            ),
            "cannot use exec: on this machine",
        ),
        (
            said(b'{"name": "a", "url": "https://a.example", "auth": {"password": "file:x"}}'),
            "cannot use file: on this machine",
        ),
    ],
)
def test_an_address_that_fails_is_named(tmp_path: Path, answer: Answer, expected: str) -> None:
    with server(answer) as port:
        url = f"http://127.0.0.1:{port}/x?token=hunter2"
        found = complaint(tmp_path, f"{{source: http, url: '{url}'}}")
    assert expected in found
    assert "hunter2" not in found


def test_an_address_that_drips_is_given_up(tmp_path: Path) -> None:
    over = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        while not over.wait(0.02):
            try:
                request.wfile.write(b"HTTP/1.1 200 OK\r\nX: y\r\n"[:1])
            except OSError:
                return

    with server(drip) as port:
        found = complaint(
            tmp_path, f"{{source: http, url: 'http://127.0.0.1:{port}/', timeout: 300ms}}"
        )
        over.set()
    assert "no whole answer came within 0.3s" in found


def test_an_address_nobody_answers_at_is_told(tmp_path: Path) -> None:
    with server(said(b"")) as port:
        pass
    found = complaint(tmp_path, f"{{source: http, url: 'http://127.0.0.1:{port}/'}}")
    assert "it cannot be reached: Connection refused" in found


def test_a_certificate_has_to_be_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with server(said(ROW.encode()), context) as port:
        url = f"https://127.0.0.1:{port}/"
        found = complaint(tmp_path, f"{{source: http, url: '{url}'}}")
        assert "its certificate or TLS is not good" in found
        assert "a" in loaded(tmp_path, f"{{source: http, url: '{url}', ca_file: ca.pem}}")


ANSIBLE = {
    "_meta": {
        "hostvars": {
            "shop.example": {
                "ansible_password": "hunter2",
                "fleet_url": "https://shop.example/wp",
                "fleet_labels": {"client": "fjord"},
                "fleet_groups": ["gold"],
            },
            "cafe.example": {},
        }
    },
    "all": {"children": ["ungrouped", "web servers"]},
    "web servers": {"children": ["vienna"], "hosts": ["cafe.example"]},
    "vienna": {"hosts": ["shop.example"], "children": ["web servers"]},
}


def test_what_ansible_prints_is_an_inventory(tmp_path: Path) -> None:
    cache = PrivateFolder(tmp_path / "cache")
    (tmp_path / "list.json").write_text(json.dumps(ANSIBLE))
    sites = loaded(tmp_path, "{source: ansible, run: [cat, list.json], cache: 1h}", cache)
    assert list(sites) == ["cafe.example", "shop.example"]
    assert str(sites["shop.example"].url) == "https://shop.example/wp/"
    assert sites["shop.example"].labels == {
        "env": "prod",
        "tier": "gold",
        "client": "fjord",
        "ansible/web_servers": "true",
        "ansible/vienna": "true",
    }
    assert str(sites["cafe.example"].url) == "https://cafe.example/"
    (kept,) = cache.path.iterdir()
    assert b"hunter2" not in kept.read_bytes()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"_meta": 3}', "[" * 100_000])
def test_what_ansible_does_not_print_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.json").write_text(text)
    found = complaint(tmp_path, "{source: ansible, run: [cat, list.json]}")
    assert "ansible-inventory --list prints" in found


def test_odd_documents_of_ansible_do_no_harm() -> None:
    odd = {"_meta": {"hostvars": {"a": 3}}, "g": ["b", 4], "h": {"hosts": 3, "children": {"x": 1}}}
    names = [json.loads(line)["name"] for line in rows_of(json.dumps(odd).encode()).splitlines()]
    assert names == ["a", "b"]
