"""Four real WordPress sites on loopback: MariaDB, PHP's own web server and Debian's WordPress.

One installation is made by WordPress's installer and copied for the other sites. Everything
lives in one temporary folder and ends with the context.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import shutil
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

from tests.wordpress.database import Database, MariaDB
from tests.wordpress.processes import HOST, reserved_port, run, server, temporary_folder
from tests.wordpress.site import AccessLog, WordPressSite

__all__ = ["WordPressStack", "missing_parts", "started"]

_DEBIAN = Path("/usr/share/wordpress")
_HERE = Path(__file__).parent
_SERVER = _HERE / "server"
_CONTRACT = _HERE / "contract" / "jetpack-contract.php"
_PERMALINKS = "/%year%/%monthnum%/%postname%/"
_MODULES = ["blocks", "contact-form", "verification-tools"]
_WORKERS = 3
_PHP = ("php", "-d", "display_errors=0", "-d", "log_errors=1", "-d", "memory_limit=256M")


@dataclass(frozen=True, slots=True)
class WordPressStack:
    """The running sites.

    Args:
        pretty: Permalinks on, everything at the root.
        plain: Permalinks off: only ``?rest_route=`` answers, ``/wp-json/`` is 404.
        subdirectory: WordPress in ``/wp``, the site itself at the root.
        without_jetpack: A WordPress without the plugin.
        server: The MariaDB of all of them.
    """

    pretty: WordPressSite
    plain: WordPressSite
    subdirectory: WordPressSite
    without_jetpack: WordPressSite
    server: MariaDB

    @property
    def sites(self) -> tuple[WordPressSite, ...]:
        """Return all sites."""
        return (self.pretty, self.plain, self.subdirectory, self.without_jetpack)

    def reset(self) -> None:
        """Put back options, users and sessions of every site and empty the access logs."""
        for site in self.sites:
            site.clear_log()
        self.server.execute("".join(site.restore_sql() for site in self.sites))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a site will be, before anything runs.

    Args:
        name: As in `WordPressStack`.
        folder: Its own folder.
        port: Where it will listen.
        database: Its tables.
    """

    name: str
    folder: Path
    port: int
    database: Database

    @property
    def pretty(self) -> bool:
        return self.name != "plain"

    @property
    def jetpack(self) -> bool:
        return self.name != "without_jetpack"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def prefix(self) -> str:
        return "/wp" if self.name == "subdirectory" else ""

    @property
    def root(self) -> Path:
        return self.folder / "public"

    @property
    def code(self) -> Path:
        return self.folder / f"public{self.prefix}"

    @property
    def log(self) -> Path:
        return self.folder / "access.jsonl"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "FLEET_WP_DATABASE": self.database.name,
            "FLEET_WP_SOCKET": str(self.database.server.socket),
            "FLEET_WP_ROOT": str(self.root),
            "FLEET_WP_ABSPATH": f"{self.code}/",
            "FLEET_WP_LOG": str(self.log),
            "FLEET_WP_PRETTY": "1" if self.pretty else "0",
            "PHP_CLI_SERVER_WORKERS": str(_WORKERS),
        }


def missing_parts() -> str:
    """Return which Debian packages this machine lacks and why, or an empty string."""
    paths = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    wanted = {"mariadb-server": "mariadbd", "mariadb-client": "mariadb", "php-cli": "php"}
    missing = [
        package for package, program in wanted.items() if not shutil.which(program, path=paths)
    ]
    if not (_DEBIAN / "wp-settings.php").exists():
        missing.append("wordpress")
    if "php-cli" not in missing:
        loaded = run(["php", "-m"], os.environ).decode().lower().split()
        needed = {"php-mysql": "mysqli", "php-xml": "dom", "php-mbstring": "mbstring"}
        missing += [package for package, module in needed.items() if module not in loaded]
    return f"apt install {' '.join(missing)}" if missing else ""


@contextlib.contextmanager
def started() -> Iterator[WordPressStack]:
    """Yield four running sites, freshly installed.

    Raises:
        StartError: A part did not start; the message has its last words.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        mariadb = stack.enter_context(MariaDB.started(folder))
        names = [field.name for field in fields(WordPressStack) if field.name != "server"]
        plans = [
            _Plan(
                name, folder / name, stack.enter_context(reserved_port()), Database(mariadb, name)
            )
            for name in names
        ]
        for plan in plans:
            _lay_out(plan)
        _install(plans)
        with ThreadPoolExecutor(len(plans)) as pool:
            sites = list(pool.map(_prepare, plans))
            for plan in plans:
                stack.enter_context(_serving(plan))
            list(pool.map(_warm_up, sites))
        yield WordPressStack(**dict(zip(names, sites, strict=True)), server=mariadb)


def _lay_out(plan: _Plan) -> None:
    """Make the site's folders: Debian's files as links, the rest its own."""
    content = plan.code / "wp-content"
    for folder in ("themes", "plugins", "mu-plugins", "uploads"):
        (content / folder).mkdir(parents=True)
    for entry in _DEBIAN.iterdir():
        if entry.name not in ("wp-content", "wp-config.php", ".htaccess"):
            (plan.code / entry.name).symlink_to(entry)
    (plan.code / "wp-config.php").symlink_to(_SERVER / "wp-config.php")
    (content / "themes" / "fixture").symlink_to(_SERVER / "theme")
    (content / "mu-plugins" / "fixture.php").symlink_to(_SERVER / "fixture.php")
    if plan.jetpack:
        (content / "mu-plugins" / _CONTRACT.name).symlink_to(_CONTRACT)
    if plan.code != plan.root:
        loader = (
            "<?php define('WP_USE_THEMES', true); require __DIR__ . '/wp/wp-blog-header.php';\n"
        )
        (plan.root / "index.php").write_text(loader)
    plan.log.touch()


def _install(plans: list[_Plan]) -> None:
    """Install the last site and copy its tables to the others."""
    *copies, original = plans
    for plan in plans:
        plan.database.server.execute(f"CREATE DATABASE {plan.name} CHARACTER SET utf8mb4")
    run([*_PHP, str(_SERVER / "install.php"), original.url], original.environment)
    tables = [row[0].decode() for row in original.database.execute("SHOW TABLES")]
    original.database.execute(
        "".join(
            f"CREATE TABLE {copy.name}.{table} LIKE {table};"  # noqa: S608 - names of our own
            f"INSERT INTO {copy.name}.{table} SELECT * FROM {table};"
            for copy in copies
            for table in tables
        )
    )


def _prepare(plan: _Plan) -> WordPressSite:
    """Give a copied site its addresses, passwords and modules."""
    passwords = {
        "admin_password": f'fl33t "{plan.name}" isn\'t 100% ünsafe & costs 5 € + tax?',
        "editor_password": f"{plan.name}'s <editor> knows 7 wörds; & more",
    }
    wanted = {
        "url": plan.url,
        "siteurl": plan.url + plan.prefix,
        "permalinks": _PERMALINKS if plan.pretty else "",
        "modules": _MODULES if plan.jetpack else None,
        **passwords,
    }
    command = [*_PHP, str(_SERVER / "prepare.php")]
    made = json.loads(run(command, plan.environment, json.dumps(wanted).encode()))
    return WordPressSite(
        name=plan.name.replace("_", "-"),
        url=plan.url,
        siteurl=plan.url + plan.prefix,
        pretty=plan.pretty,
        password=passwords["admin_password"],
        editor_password=passwords["editor_password"],
        application_password=made["application_password"],
        database=plan.database,
        log=AccessLog(plan.log),
    )


def _serving(plan: _Plan) -> contextlib.AbstractContextManager[None]:
    address = (HOST, plan.port)

    def is_ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(address) == 0

    router = _SERVER / "router.php"
    command = [*_PHP, "-S", f"{HOST}:{plan.port}", "-t", str(plan.root), str(router)]
    return server(command, plan.environment, plan.folder / "php.log", is_ready)


def _warm_up(site: WordPressSite) -> None:
    """Let WordPress compile its files and fill its own caches, then keep that state."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
    form = urllib.parse.urlencode({"log": site.admin, "pwd": site.password}).encode()
    pages = (site.rest("/"), f"{site.siteurl}/wp-admin/")
    for address, body in (
        (f"{site.siteurl}/wp-login.php", form),
        *((page, None) for page in pages),
    ):
        with browser.open(address, body, timeout=30) as answer:
            answer.read()
    site.clear_log()
    site.expire_sessions()
    site.keep_state()
