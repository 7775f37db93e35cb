"""An nginx that answers as thousands of stock WordPress sites do, on as many loopback addresses.

Each answer was recorded from a simulated site and is served as it was, for every address alike;
only the address itself and Jetpack's number of the site differ. What was not recorded is answered
404 and written down, so that no figure counts requests that went wrong.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recording import Exchange
from benchmarks.sites import BLOG

__all__ = ["Stub", "free_port", "nginx", "serving"]

_PLACES = ("/usr/sbin/nginx", "/usr/local/sbin/nginx")
_SMALL = 3000
"""Characters that fit into one parameter of nginx's configuration."""
_PASSED = {"content-type", "content-length", "location", "connection", "date", "server"}
"""Headers that nginx writes itself, or that are put elsewhere."""
_PATIENCE = 10.0
_CONFIG = """\
{user}daemon off;
master_process on;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
  map_hash_bucket_size 2048;
  map_hash_max_size 8192;
  variables_hash_max_size 2048;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  etag off;
  keepalive_requests 1000000;
  open_file_cache max=1000 inactive=1h;
  sub_filter_once off;
  sub_filter_types *;
  geo $dollar {{ default "$"; }}
  map $server_addr $number {{
    "~^127\\.(\\d+)\\.(\\d+)\\.(\\d+)$" "912$1$2$3";
    default "{blog}";
  }}
  map "$request_method $request_uri" $answer {{
    default "missed";
{routes}
  }}
  map $answer $missed {{ default 0; "missed" 1; }}
  log_format request '$request_method $host $request_uri';
  access_log {folder}/missed.log request if=$missed;
  server {{
    listen 0.0.0.0:{port} backlog=8192;
    location / {{ rewrite ^ /_answers/$answer last; }}
    location = /_answers/missed {{ return 404 "not recorded"; }}
{answers}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Stub:
    """A running server.

    Args:
        port: On every 127.x.y.z.
        folder: Its own.
    """

    port: int
    folder: Path

    def missed(self) -> list[str]:
        """Return the requests that it had no answer for."""
        path = self.folder / "missed.log"
        return path.read_text().splitlines() if path.exists() else []


def nginx() -> str | None:
    """Return the path of nginx, or None where it is not installed."""
    return shutil.which("nginx") or next((path for path in _PLACES if Path(path).exists()), None)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(exchanges: Iterable[Exchange], folder: Path) -> Iterator[Stub]:
    """Yield a server that knows `exchanges`; `folder` becomes its own.

    Raises:
        RuntimeError: It does not start.
    """
    program = nginx()
    if program is None:
        raise RuntimeError("nginx is not installed: apt-get install nginx-light")
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_config(exchanges, folder, port))
    with (folder / "output.log").open("w") as output:
        command = [program, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait(process, port, folder)
        yield Stub(port, folder)
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"nginx does not start: {_said(folder)}") from None
            time.sleep(0.02)
        else:
            return


def _said(folder: Path) -> str:
    logs = [folder / "output.log", folder / "error.log"]
    return " ".join(log.read_text()[-1000:] for log in logs if log.exists())


def _config(exchanges: Iterable[Exchange], folder: Path, port: int) -> str:
    first: dict[str, Exchange] = {}
    for exchange in exchanges:
        first.setdefault(f"{exchange.method} {exchange.uri}", exchange)
    answers = [
        _location(f"a{index}", exchange, folder) for index, exchange in enumerate(first.values())
    ]
    routes = [f"    {_pattern(key)} a{index};" for index, key in enumerate(first)]
    files = _raised_files()
    return _CONFIG.format(
        user="user root;\n" if os.geteuid() == 0 else "",
        folder=folder,
        files=files,
        connections=files // 2,
        blog=BLOG,
        port=port,
        routes="\n".join(routes),
        answers="\n".join(answers),
    )


def _pattern(key: str) -> str:
    """Return a request as a key of nginx's map.

    What keeps caches from answering, ``_=`` with random digits, is of no matter to a site.
    """
    parts = re.split(r"(?<=[?&])_=[0-9a-f]+", key)
    if len(parts) == 1:
        return f'"{key}"' if not key.startswith("~") else f'"\\{key}"'
    return '"~^' + "_=[0-9a-f]+".join(re.escape(part) for part in parts) + '$"'


def _location(name: str, exchange: Exchange, folder: Path) -> str:
    headers = [
        f'add_header {key} "{_spelled(value)}" always;'
        for key, value in exchange.answer_headers
        if key.lower() not in _PASSED
    ]
    kind = dict(exchange.answer_headers).get("Content-Type", "text/html; charset=UTF-8")
    lines = ["types { }", f'default_type "{kind}";', *headers, *_body(name, exchange, folder)]
    inner = "\n".join(f"      {line}" for line in lines)
    return f"    location = /_answers/{name} {{\n      internal;\n{inner}\n    }}"


def _body(name: str, exchange: Exchange, folder: Path) -> list[str]:
    """Return what makes nginx answer: small bodies stand in the configuration itself."""
    location = next((v for k, v in exchange.answer_headers if k.lower() == "location"), None)
    if location is not None:
        return [f'return {exchange.status} "{_spelled(location)}";']
    if len(exchange.answer) <= _SMALL:
        return [f'return {exchange.status} "{_spelled(exchange.answer)}";']
    if exchange.status != 200 or exchange.method == "POST":
        raise RuntimeError(f"the stub cannot answer {exchange.method} {exchange.uri}")
    path = folder / f"{name}.body"
    # Addresses in long answers are for people: one for all spares the machine that both ends share.
    path.write_text(exchange.answer.replace("@HOST@", "site.example"))
    lines = [f"alias {path};", "if_modified_since off;", 'add_header Last-Modified "";']
    if str(BLOG) in exchange.answer:
        lines.append(f'sub_filter "{BLOG}" "$number";')
    return lines


def _spelled(text: str) -> str:
    """Return `text` as it stands between quotes in nginx's configuration."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}")
    return text.replace("@HOST@", "$http_host").replace(str(BLOG), "$number")


def _raised_files() -> int:
    """Return how many files a process may have open, after asking for as many as there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(wanted, 65536)
