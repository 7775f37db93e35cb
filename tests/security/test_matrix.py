"""The rows of the security matrix that hold before anything is contacted; one test per row.

Rows about redirects, cookies and bodies are tested where the wire is (``tests/evil``); the whole
of the canary method is `test_canary_run`. `tests/security/coverage.py` names the test of each row.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import fleet
from fleet.errors import InputErrors
from fleet.front.app import _COMMANDS, build_app, run_command_line
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretKind, SecretRef, SecretResolver
from fleet.operations.registry import REGISTRY
from fleet.report.writer import write_file
from tests.security.canaries import files_below
from tests.security.rig import rigged

PACKAGE = Path(fleet.__file__).parent
CANARY = "Kanarie42zeisig"
KEY = "c4nary1234ab"
Said = pytest.CaptureFixture[str]


def run(said: Said, *words: str) -> tuple[int, str]:
    """Return how a command ended in this process, and all that it said."""
    code = run_command_line(words)
    told = said.readouterr()
    return code, told.out + told.err


def inventory(folder: Path, sites: str, head: str = "") -> Path:
    path = folder / "inventory.yaml"
    path.write_text(f"version: 1\n{head}sites:\n{sites}\n")
    return path


@pytest.mark.parametrize(
    "address", [f"https://u:{CANARY}@h.example", f"https://{CANARY}@h.example", f"//u:{CANARY}@h"]
)
def test_security_06_an_address_with_a_password_is_refused_by_its_line(
    tmp_path: Path, capsys: Said, address: str
) -> None:
    path = inventory(tmp_path, f"  a: https://a.example\n  b: '{address}'")
    code, told = run(capsys, "sites", "list", "-i", str(path))
    assert code == 64
    assert "inventory.yaml:4:" in told
    assert CANARY not in told


@pytest.mark.parametrize("words", [("--store", "{}"), ("--store={}",)])
def test_security_06_a_typed_address_with_a_password_is_not_said_back(
    capsys: Said, words: tuple[str, ...]
) -> None:
    address = f"postgresql://u:{CANARY}@127.0.0.1:9/x"
    code, told = run(capsys, "runs", "list", *(word.format(address) for word in words))
    assert code == 64
    assert "FLEET_STORE" in told
    assert CANARY not in told


def test_security_06_a_journal_that_cannot_be_reached_keeps_its_password(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_STORE", f"postgresql://u:{CANARY}@127.0.0.1:9/x")
    code, told = run(capsys, "runs", "list")
    assert code == 74
    assert CANARY not in told


def every_help(said: Said) -> Iterator[str]:
    for command in _COMMANDS:
        build_app()([command, "--help"], result_action="return_value")
        yield said.readouterr().out
    for operation in REGISTRY:
        build_app()(["run", operation, "--help"], result_action="return_value")
        yield said.readouterr().out


def test_security_07_no_flag_switches_verification_off(tmp_path: Path, capsys: Said) -> None:
    told = "".join(every_help(capsys)).lower()
    assert "--concurrency" in told
    for word in ("insecure", "no-verify", "skip-verify", "verify", "no-check", "ignore-cert"):
        assert word not in told
    for key in ("verify: false", "insecure: true"):
        path = inventory(tmp_path, f"  a: {{url: https://a.example, http: {{{key}}}}}")
        with pytest.raises(InputErrors):
            Inventory.load([path])


@pytest.mark.parametrize(
    "words",
    [
        ("run", "settings.set", "--values", f"wordpress_api_key={CANARY}"),
        ("run", "settings.set", "--values", f"my_secret_token=[{CANARY!r}]".replace("'", '"')),
        ("run", "modules.options", "--slug", "x", "--options", f"api_key={CANARY}"),
        (
            "api",
            "POST",
            "wp/v2/users",
            "--write",
            "--body",
            f'{{"user": {{"password": "{CANARY}"}}}}',
        ),
        ("run", "settings.get", f"--password={CANARY}"),
        ("audit", "--password", CANARY),
    ],
)
def test_security_08_a_secret_that_is_typed_is_refused_and_not_repeated(
    tmp_path: Path, capsys: Said, words: tuple[str, ...]
) -> None:
    code, told = run(capsys, *words)
    assert code == 64
    assert CANARY not in told


async def test_security_08_a_secret_is_referred_to_instead(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rigged(tmp_path, 8) as rig:
        rig.world.site("echo").state.plugins["akismet/akismet.php"] = True
        words = ("run", "settings.set", "--site", "echo", "--values", "wordpress_api_key=env:NEW")
        code = await rig.fleet(*words, environ={"NEW": KEY})
        assert rig.world.site("echo").options["wordpress_api_key"] == KEY, rig.told
        assert code == 0
        assert KEY.encode() not in b"".join(rig.told.values())


async def test_security_09_commands_see_no_password_but_the_one_they_print(tmp_path: Path) -> None:
    printer = f"exec:{sys.executable} -c 'import os; print(*sorted(os.environ))'"
    shown = SecretRef.parse(printer, folder=tmp_path)
    others = [SecretRef.parse(f"env:{name}", folder=tmp_path) for name in ("MINE", "THEIRS")]
    environ = dict.fromkeys(("MINE", "THEIRS", "FLEET_STORE", "PGPASSWORD", "LANG"), CANARY)
    resolver = SecretResolver(environ)
    found = await resolver.resolve_all([shown, others[0]], beside=others)
    named = found[shown].get_secret_value().split()
    assert "LANG" in named
    assert not {"MINE", "THEIRS", "FLEET_STORE", "PGPASSWORD"} & set(named)


async def test_security_14_a_short_password_neither_leaks_nor_hides_the_report(
    tmp_path: Path,
) -> None:
    async with rigged(tmp_path, 14) as rig:
        path = tmp_path / "inventory.yaml"
        path.write_text(path.read_text().replace("env:CANARY_COOKIE", "env:SHORT"))
        words = ("run", "modules.list", "--site", "echo", "-v")
        await rig.fleet(*words, environ={"SHORT": "a"})
        (said,) = rig.told.values()
    assert rig.world.secrets["echo"] == {"password": "a"}
    assert b"auth.bad_credentials" in said
    assert b"The site rejected the user name or the password." in said
    assert b"(secret)" not in said


async def test_security_15_everything_written_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with rigged(tmp_path, 15) as rig:
            own = {path for path, _ in files_below(tmp_path)}
            read = ("--site", "echo", "-o")
            await rig.fleet(
                "run", "settings.get", *read, "json=report.json", "-o", "text=report.txt"
            )
            await rig.fleet("plan", *read, "plan.json", "-o", "md=plan.md")
            await rig.fleet("apply", "plan.json")
            await rig.fleet("demo", "--sites", "1")
            written = {path for path, _ in files_below(tmp_path)} - own
    finally:
        os.umask(before)
    names = {path.name for path in written}
    assert {"report.json", "report.txt", "plan.json", "plan.md", "journal.db"} <= names
    assert {"policy.yaml", "inventory.yaml", "audit.json"} <= names
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in written}
    assert {path: oct(mode) for path, mode in modes.items() if mode != 0o600} == {}
    for folder in (tmp_path / "home/.local/state/jetfleet", *(tmp_path / "tmp").iterdir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_security_15_a_planted_link_is_not_written_through(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    (tmp_path / "journal.db").symlink_to(victim)
    (tmp_path / "report.json").symlink_to(victim)
    inventory(tmp_path, "  a: {url: https://a.example, auth: {username: u, password: 'env:X'}}")
    (tmp_path / "policy.yaml").write_text(
        "version: 1\npolicies: [{name: a, modules: {active: [x]}}]"
    )
    monkeypatch.chdir(tmp_path)
    code, told = run(capsys, "runs", "list", "--store", "journal.db")
    assert (code, "symbolic link" in told) == (74, True)
    with pytest.raises(OSError, match="symbolic link"):
        write_file(tmp_path / "report.json", "ours")
    code, told = run(capsys, "run", "modules.list", "-o", "json=report.json")
    assert (code, "symbolic link" in told) == (64, True)
    assert victim.read_text() == "theirs"


@pytest.mark.parametrize(
    "name",
    ["../../x", "a/b", "..", ".hidden", "a b", "$(id)", "{{7*7}}", "'); drop table runs; --"],
)
def test_security_16_17_36_a_site_is_named_by_plain_words_only(
    tmp_path: Path, capsys: Said, name: str
) -> None:
    quoted = name.replace("'", "''")
    path = inventory(tmp_path, f"  '{quoted}': https://a.example")
    code, told = run(capsys, "sites", "list", "-i", str(path))
    assert code == 64
    assert "49" not in told
    assert "uid=" not in told


@pytest.mark.parametrize(
    "target", ["../x", "a/../../x", "/dev/zero", "/proc/self/mem", "fifo", "big"]
)
async def test_security_16_a_reference_reaches_ordinary_small_files_only(
    tmp_path: Path, target: str
) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "big").touch(0o600)
    os.truncate(tmp_path / "big", 1 << 30)
    (tmp_path / "a").mkdir()
    ref = SecretRef(SecretKind.FILE, target, tmp_path)
    with pytest.raises(InputErrors):
        await SecretResolver({}).resolve_all([ref])


RUNS_CODE = {"eval", "exec", "compile", "__import__"}
READS_OBJECTS = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "code"}

# What a Dask cluster sends to its workers is pickled, by Dask as by us: see docs/scale.md. So is
# what worker processes of this machine are sent, over sockets that nobody else has.
# The word shell names the language of a script that is printed, and runs nothing.
KNOWN = {"parts.py pickle", "completion.py build_app().generate_completion"}


def test_security_17_35_nothing_from_outside_is_run_or_unpickled() -> None:
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                shell = any(word.arg == "shell" for word in node.keywords)
                if (
                    name in RUNS_CODE
                    or name in ("os.system", "yaml.load", "yaml.unsafe_load")
                    or shell
                ):
                    found.append(f"{path.name}:{node.lineno} {name}")
            elif isinstance(node, ast.Import | ast.ImportFrom):
                modules = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                found += [f"{path.name}:{node.lineno} {name}" for name in modules & READS_OBJECTS]
    assert {re.sub(r":\d+", "", each) for each in found} == KNOWN


def test_security_18_no_tag_of_yaml_makes_an_object(tmp_path: Path, capsys: Said) -> None:
    harm = tmp_path / "harm"
    text = f"!!python/object/apply:os.mkdir ['{harm}']"
    path = inventory(tmp_path, f"  a: {text}")
    assert run(capsys, "sites", "list", "-i", str(path))[0] == 64
    assert not harm.exists()
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(text)


@pytest.mark.parametrize("channel", ["username", "login_path"])
def test_security_29_no_line_end_gets_into_a_request(
    tmp_path: Path, capsys: Said, channel: str
) -> None:
    parts = {"username": "u", "password": "env:X", channel: "a\\r\\nX-Evil: 1"}
    auth = "{" + ", ".join(f'{key}: "{value}"' for key, value in parts.items()) + "}"
    path = inventory(tmp_path, f"  a: {{url: https://a.example, auth: {auth}}}")
    assert run(capsys, "sites", "list", "-i", str(path))[0] == 64


def limits_of(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


async def test_security_41_no_core_file_is_written(tmp_path: Path) -> None:
    async with rigged(tmp_path, 41) as rig:
        process = await rig.start("-m", "fleet", "simulate", "--sites", "1", "--folder", "tmp")
        assert process.stderr is not None
        await process.stderr.readline()
        limits = limits_of(process.pid)
        process.send_signal(signal.SIGABRT)
        await process.communicate()
    (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert not [path for path, _ in files_below(tmp_path) if path.name.startswith("core")]


def test_security_43_libraries_with_known_holes_are_too_old() -> None:
    floors = {
        name: tuple(int(part) for part in rest.partition(",")[0].split("."))
        for name, _, rest in (
            each.partition(">=")
            for each in tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"][
                "dependencies"
            ]
        )
        if rest
    }
    assert floors["aiohttp"] >= (3, 14, 5)
    assert floors["yarl"] >= (1, 25)
