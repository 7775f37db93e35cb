"""Plugins as they are installed, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import anyio
import pytest

from fleet.errors import InputError, InputErrors
from fleet.front.watch.channels import Post
from fleet.front.watch.delivery import DeliveryError
from fleet.front.watch.document import load_plan
from fleet.front.watch.nouns import Channel, ChannelType
from fleet.inventory.references import SecretKind, SecretRef
from fleet.inventory.secrets import SecretResolver
from fleet.operations.registry import REGISTRY, find, foreign
from fleet.plugins import Group, Plugins
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from tests.engine.simulated import simulated
from tests.plugins.packages import GALLERY, OTHERS, install, installed
from tests.watch.test_channels import message

KEY = "carousel_background_color"
ADMIN = DEFAULT_USERS[0]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    packages = tmp_path / "packages"
    packages.mkdir()
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(packages),
        "PW": ADMIN.password,
    }


def folder_of(environ: Mapping[str, str]) -> Path:
    return Path(environ["PYTHONPATH"])


def fleet(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fleet", *words],
        env=environ,
        cwd=environ["HOME"],
        text=True,
        capture_output=True,
        timeout=50,
        check=False,
    )


def points(*found: tuple[str, str, str]) -> Plugins:
    return Plugins(lambda: [EntryPoint(name, value, group) for name, value, group in found])


def test_an_operation_takes_less_than_sixty_lines() -> None:
    assert sum(len(text.splitlines()) for text in GALLERY) < 60


async def test_an_operation_is_listed_and_runs(tmp_path: Path, environ: dict[str, str]) -> None:
    install(folder_of(environ), GALLERY)
    async with simulated(tmp_path, SiteSpec("a", "16.1")) as rig:

        async def ran(*words: str) -> subprocess.CompletedProcess[str]:
            return await anyio.to_thread.run_sync(lambda: fleet(environ, *words))

        listed = await ran("operations")
        assert "gallery.background" in listed.stdout
        assert "--colour" in (await ran("operations", "gallery.background")).stdout
        first = await ran("run", "gallery.background", "--colour", "white")
        assert (first.returncode, "1 changed" in first.stdout) == (0, True), first
        assert rig.site("a").state.options[KEY] == "white"
        again = await ran("run", "gallery.background", "--colour", "white")
        assert "1 unchanged" in again.stdout
        wrong = await ran("run", "gallery.background", "--colour", "red")
        assert wrong.returncode == 64


def test_what_is_installed_is_listed_with_versions(environ: dict[str, str]) -> None:
    install(folder_of(environ), GALLERY)
    install(folder_of(environ), OTHERS)
    done = fleet(environ, "plugins", "list")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["inventory_sources", "acme-crm", "fleet-acme", "2.1"],
        ["notifiers", "acme-pager", "fleet-acme", "2.1"],
        ["operations", "gallery", "fleet-gallery", "1.0"],
        ["reports", "names", "fleet-acme", "2.1"],
        ["secrets", "acme", "fleet-acme", "2.1"],
    ]


def test_a_source_gives_sites_and_a_format_is_written(environ: dict[str, str]) -> None:
    install(folder_of(environ), OTHERS)
    home = Path(environ["HOME"])
    (home / "inventory.yaml").write_text(
        "version: 1\n"
        'defaults: {auth: {username: u, password: "acme:north"}, http: {timeout: 1s}}\n'
        'include: [{source: acme-crm, options: {customers: "north south"}, cache: 1h}]\n'
    )
    listed = fleet(environ, "sites", "list")
    assert listed.stdout.split() == [
        "north", "https://north.example/", "south", "https://south.example/",
    ]  # fmt: skip
    done = fleet(environ, "run", "connection.status", "-o", "names=names.txt", "-o", "text")
    assert done.returncode == 3
    assert (home / "names.txt").read_text() == "north unreachable\nsouth unreachable\n"
    typo = fleet(environ, "run", "connection.status", "-o", "nams")
    assert (typo.returncode, "nams" in typo.stderr) == (64, True)


def test_security_42_a_plugin_is_loaded_only_when_it_is_asked_for_by_name(
    environ: dict[str, str],
) -> None:
    mark = "from pathlib import Path\nPath('loaded').touch()\nOPERATIONS = ()\n"
    names = ("operations", "inventory_sources", "secrets", "notifiers", "reports")
    for number, group in enumerate(names):
        module = f"fleet_p{number}"
        point = f'"p{number}" = "{module}"'
        install(folder_of(environ), installed(module, mark, f"jetfleet.{group}", point))
    home = Path(environ["HOME"])
    (home / "inventory.yaml").write_text(
        'version: 1\ndefaults: {auth: {username: u, password: "env:PW"}}\n'
        "sites: {a: https://a.example}\n"
    )
    for words in (
        ["--help"],
        ["run", "modules.list", "--help"],
        ["sites", "list"],
        ["plugins", "list"],
        ["run", "p9.word"],
    ):
        fleet(environ, *words)
        assert not (home / "loaded").exists(), words
    fleet(environ, "run", "p0.word")
    assert (home / "loaded").exists()


@pytest.mark.parametrize("name", ["modules", "stats", "api"])
def test_security_42_no_plugin_takes_a_name_of_the_product(name: str) -> None:
    plugins = points((name, "os.path", Group.OPERATIONS))
    with pytest.raises(InputError, match="the product's own"):
        foreign(plugins)
    assert find("modules.list", plugins) is REGISTRY["modules.list"]
    taken = points(("env", "os.path:join", Group.SECRETS))
    ref = SecretRef.parse("env:X", folder=Path(), plugins=taken)
    assert ref.kind is SecretKind.ENV


BROKEN = "raise RuntimeError('hunter2')"


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (BROKEN, "cannot be loaded: RuntimeError"),
        ("import nowhere_to_be_found", "cannot be loaded: ModuleNotFoundError (nowhere_to_be"),
        ("this is no Python", "cannot be loaded: SyntaxError"),
        ("", "its module has no tuple OPERATIONS"),
        ("OPERATIONS = (1,)", "1 is neither a Query nor an Operation"),
        (
            "from fleet.operations.base import Query\n"
            "class A(Query):\n    name = 'modules.list'\n    summary = ''\nOPERATIONS = (A,)",
            "A needs a summary, and a name p.WORD",
        ),
        (
            "from fleet.operations.base import Query\n"
            "class A(Query):\n    name = 'p.a'\n    summary = ''\nOPERATIONS = (A,)",
            "p.a lacks its routes or a method",
        ),
    ],
)
def test_security_42_a_broken_plugin_is_told(
    module: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"fleet_broken_{abs(hash(module))}"
    (tmp_path / f"{name}.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError) as caught:
        foreign(points(("p", name, Group.OPERATIONS)))
    assert said in caught.value.message
    assert "hunter2" not in caught.value.message


def test_security_42_the_words_of_a_broken_plugin_are_not_repeated(
    environ: dict[str, str],
) -> None:
    package = installed("fleet-p", BROKEN, "jetfleet.operations", 'p = "fleet_p"')
    install(folder_of(environ), package)
    done = fleet(environ, "run", "p.a")
    assert done.returncode == 64
    message = "fleet: the plugin p of fleet-p 1.0 cannot be loaded: RuntimeError\n"
    assert (done.stdout, done.stderr) == ("", message)
    listed = fleet(environ, "operations")
    assert (listed.returncode, listed.stderr) == (0, message)


def test_a_broken_format_costs_no_run_and_no_other_report(environ: dict[str, str]) -> None:
    module = "def write(report, file):\n    raise RuntimeError('hunter2')\n"
    listed = ('late = "fleet_p:write"', 'early = "fleet_p:gone"')
    install(folder_of(environ), installed("fleet-p", module, "jetfleet.reports", *listed))
    (Path(environ["HOME"]) / "inventory.yaml").write_text(
        'version: 1\ndefaults: {auth: {username: u, password: "env:PW"}}\n'
        "sites: {a: {url: 'http://127.0.0.1:9', state: paused}}\n"
    )
    early = fleet(environ, "run", "connection.status", "-o", "early")
    assert early.returncode == 64
    assert "run 2" not in early.stderr
    late = fleet(environ, "run", "connection.status", "-o", "late=x", "-o", "text")
    assert "the plugin late of fleet-p 1.0 could not write the late report" in late.stderr
    assert "hunter2" not in late.stderr
    assert "1 skipped" in late.stdout
    assert not (Path(environ["HOME"]) / "x").exists()


async def test_a_secret_comes_from_a_plugin_and_its_troubles_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = (
        f"{OTHERS[1]}\n\nimport anyio\n\n"
        "async def fails(target): raise RuntimeError('hunter2')\n"
        "async def odd(target): return 'text'\n"
        "async def slow(target): await anyio.sleep_forever()\n"
    )
    (tmp_path / "fleet_secrets_test.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    kinds = ("secret", "fails", "odd", "slow")
    plugins = points(*((kind, f"fleet_secrets_test:{kind}", Group.SECRETS) for kind in kinds))
    resolver = SecretResolver({}, 0.2, plugins=plugins)
    refs = [SecretRef.parse(f"{kind}:a/b", folder=Path(), plugins=plugins) for kind in kinds]
    found = await resolver.resolve_all(refs[:1])
    assert found[refs[0]].get_secret_value() == "secret-of-a/b"
    with pytest.raises(InputErrors) as caught:
        await resolver.resolve_all(refs)
    texts = [error.message for error in caught.value.errors]
    assert [text.partition(":a/b")[0] for text in texts] == ["fails", "odd", "slow"]
    assert "RuntimeError" in texts[0]
    assert "TimeoutError" in texts[2]
    assert "hunter2" not in str(caught.value)


async def test_a_message_goes_to_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = f"{OTHERS[1]}\n\nasync def fails(url, headline, text): raise RuntimeError('hunter2')\n"
    (tmp_path / "fleet_notify_test.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    plugins = points(
        ("pager", "fleet_notify_test:notify", Group.NOTIFIERS),
        ("broken", "fleet_notify_test:fails", Group.NOTIFIERS),
    )
    file = tmp_path / "pager.txt"
    post = Post(SecretResolver({"PAGER": str(file)}), 2.0, plugins)
    url = SecretRef.parse("env:PAGER", folder=Path())
    await post.send(Channel("c", ChannelType.PLUGIN, url, notifier="pager"), message())
    assert "shop" in file.read_text()
    with pytest.raises(DeliveryError, match="did not take the message: RuntimeError") as caught:
        await post.send(Channel("c", ChannelType.PLUGIN, url, notifier="broken"), message())
    assert "hunter2" not in str(caught.value)


def test_a_notifier_has_to_be_installed(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(
        'version: 1\nschedules: [{name: n, run: audit, cron: "0 3 * * *"}]\n'
        "channels: {pager: {type: plugin, notifier: nobody}}\n"
    )
    with pytest.raises(InputErrors, match="expected a notifier that is installed"):
        load_plan(file)
