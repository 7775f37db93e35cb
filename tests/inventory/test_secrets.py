from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import anyio
import pytest

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.keyring_backend import read_password
from fleet.inventory.secrets import SecretKind, SecretRef, SecretResolver

CANARY = "Kanarie%42&<\"'"
HERE = Place("inventory.yaml", 3, 15)
PATH = {"PATH": os.environ.get("PATH", "")}


def ref(text: str, folder: Path = Path(), *, allow_inline: bool = False) -> SecretRef:
    return SecretRef.parse(text, folder=folder, place=HERE, allow_inline=allow_inline)


def python(code: str) -> str:
    """Return a reference to what a line of Python without double quotes prints."""
    return f'exec:{sys.executable} -c "{code}"'


async def resolved(
    text: str, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> str:
    found = ref(text, folder)
    secrets = await SecretResolver(environ or PATH).resolve_all([found])
    return secrets[found].get_secret_value()


async def refused(
    text: str, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> str:
    """Return why the secret at `text` cannot be had; the secret must not be in it."""
    with pytest.raises(InputErrors) as caught:
        await resolved(text, folder, environ)
    (error,) = caught.value.errors
    assert error.place == HERE
    assert "Kanarie" not in str(caught.value)
    return error.message


def secret_file(path: Path, content: bytes | str = CANARY, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("env:FLEET_PASSWORD", SecretKind.ENV),
        ("file:secrets/a b", SecretKind.FILE),
        ("file:/run/secrets/x", SecretKind.FILE),
        ("exec:pass show 'a b'", SecretKind.EXEC),
        ("keyring:fleet/ops", SecretKind.KEYRING),
        ("keyring:https://x.example/ops", SecretKind.KEYRING),
    ],
)
def test_references_show_themselves(text: str, kind: SecretKind) -> None:
    found = ref(text)
    assert found.kind is kind
    assert (found.text, str(found), repr(found)) == (text, text, f"SecretRef({text!r})")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("env:", "the name of an environment variable"),
        ("env: X", "followed directly"),
        ("env:Kanarie-x", "only letters, digits"),
        ("env:1X", "only letters, digits"),
        ("ENV:X", "write env: in lower case"),
        ("File :x", "write file: in lower case"),
        ("file:", "a path"),
        ("file:a\x00b", "a path"),
        ("exec: ", "a command"),
        ("exec:pass 'Kanarie", "not closed"),
        ("keyring:fleet", "SERVICE/USERNAME"),
        ("keyring:/ops", "SERVICE/USERNAME"),
        ("keyring:fleet/", "SERVICE/USERNAME"),
        ("Kanarie", "not written in the inventory"),
        ("vault:Kanarie", "not written in the inventory"),
    ],
)
def test_malformed_references_are_refused_without_repeating_them(text: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        ref(text)
    assert reason in caught.value.message
    assert "Kanarie" not in str(caught.value)
    assert caught.value.place == HERE


def test_an_inline_secret_is_masked_everywhere() -> None:
    found = ref(CANARY, allow_inline=True)
    assert found.text == "(inline)"
    assert "Kanarie" not in f"{found}{found!r}{found!s}{[found]}{SimpleNamespace(ref=found)}"


def test_references_are_equal_when_they_lead_to_the_same_secret() -> None:
    elsewhere = Path("elsewhere")
    assert ref("env:A") == SecretRef.parse("env:A", folder=elsewhere)
    assert hash(ref("env:A")) == hash(SecretRef.parse("env:A", folder=elsewhere))
    assert ref("file:a") != ref("file:a", elsewhere)
    assert ref("exec:./a") != ref("exec:./a", elsewhere)
    assert ref("a", allow_inline=True) == ref("a", allow_inline=True)
    assert ref("a", allow_inline=True) != ref("b", allow_inline=True)
    assert pickle.loads(pickle.dumps(ref("file:a", elsewhere))) == ref("file:a", elsewhere)  # noqa: S301 - our own bytes


async def test_all_kinds_are_resolved_together(tmp_path: Path) -> None:
    secret_file(tmp_path / "secrets/fjord", "from file\n")
    texts = ["env:A", "file:secrets/fjord", python("print('from exec')"), "keyring:x/y/ops"]
    refs = [ref(text, tmp_path) for text in texts] + [ref("from inline", allow_inline=True)]
    resolver = SecretResolver(PATH | {"A": "from env"}, keyring=lambda *names: "+".join(names))
    found = await resolver.resolve_all(refs * 2)
    values = [found[one].get_secret_value() for one in refs]
    assert values == ["from env", "from file", "from exec", "x/y+ops", "from inline"]
    assert len(found) == 5
    assert "inline" not in repr(found).replace("(inline)", "")
    assert "x/y+ops" not in repr(found)


async def test_nothing_to_resolve_is_fine() -> None:
    assert await SecretResolver().resolve_all([]) == {}


async def test_every_failure_is_told_in_the_order_of_the_references(tmp_path: Path) -> None:
    refs = [
        SecretRef.parse(text, folder=tmp_path, place=Place("i.yaml", line))
        for line, text in enumerate(("file:none", "env:NONE", "env:A", "exec:./none"), 1)
    ]
    with pytest.raises(InputErrors) as caught:
        await SecretResolver({"A": CANARY}).resolve_all(refs)
    lines = str(caught.value).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["i.yaml:1:0", "file:none:"],
        ["i.yaml:2:0", "env:NONE:"],
        ["i.yaml:4:0", "exec:./none:"],
    ]


async def test_each_secret_is_read_once(tmp_path: Path) -> None:
    calls: list[tuple[str, str]] = []

    def keyring(service: str, username: str) -> str:
        calls.append((service, username))
        return "x"

    refs = [ref("keyring:a/b"), ref("keyring:a/c"), ref("keyring:a/b", tmp_path)]
    await SecretResolver({}, keyring=keyring).resolve_all(refs)
    assert sorted(calls) == [("a", "b"), ("a", "c")]


async def test_the_environment_of_the_process_is_the_default() -> None:
    name, value = next((n, v) for n, v in os.environ.items() if v.isprintable() and v and n > "A")
    found = await SecretResolver().resolve_all([ref(f"env:{name}")])
    assert found[ref(f"env:{name}")].get_secret_value() == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not set: export A="),
        ("", "empty"),
        ("Kanarie\n", "control character"),
        ("Kanarie\x00", "control character"),
        ("Kanarie\x9b", "control character"),
        ("\tKanarie", "control character"),
    ],
)
async def test_unusable_variables_are_refused(value: str | None, reason: str) -> None:
    environ = {"B": "x"} if value is None else {"A": value}
    assert reason in await refused("env:A", environ=environ)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        ("Kanarie", "Kanarie"),
        ("Kanarie\n", "Kanarie"),
        ("Kanarie\r\n", "Kanarie"),
        (" Kanarie ä\n", " Kanarie ä"),
    ],
)
async def test_one_line_end_is_stripped_from_a_file(
    tmp_path: Path, content: str, secret: str
) -> None:
    secret_file(tmp_path / "a", content)
    assert await resolved("file:a", tmp_path) == secret


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty"),
        ("\n", "empty"),
        ("Kanarie\n\n", "control character"),
        ("Kanarie\nsecond", "control character"),
        ("Kanarie\r", "control character"),
        (b"Kanarie\xff", "not UTF-8"),
        ("Kanarie" * 10_000, "larger than a secret can be"),
    ],
    ids=lambda value: repr(value[:12]),
)
async def test_unusable_contents_are_refused(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    secret_file(tmp_path / "a", content)
    assert reason in await refused("file:a", tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777, 0o620])
async def test_files_open_to_others_are_refused_with_the_command_to_type(
    tmp_path: Path, mode: int
) -> None:
    file = secret_file(tmp_path / "my secrets" / "it's", mode=mode)
    reason = await refused("file:my secrets/it's", tmp_path)
    command = reason.partition(": chmod ")[2]
    assert command == f"600 '{tmp_path}/my secrets/it'\"'\"'s'"
    file.chmod(0o600)
    assert await resolved("file:my secrets/it's", tmp_path) == CANARY


async def test_a_fifo_neither_hangs_nor_counts(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a", 0o600)
    with anyio.fail_after(5):
        assert "not a regular file" in await refused("file:a", tmp_path)


async def test_devices_and_folders_are_refused(tmp_path: Path) -> None:
    assert "not a regular file" in await refused("file:/dev/zero", tmp_path)
    assert "not a regular file" in await refused("file:/", tmp_path)


async def test_relative_paths_stay_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "inventory"
    secret_file(tmp_path / "outside")
    secret_file(folder / "inside")
    (folder / "out").symlink_to(tmp_path / "outside")
    (folder / "up").symlink_to(tmp_path)
    (folder / "in").symlink_to("inside")
    assert "'..'" in await refused("file:../outside", folder)
    assert "'..'" in await refused("file:up/../outside", folder)
    assert "leads out" in await refused("file:out", folder)
    assert "leads out" in await refused("file:up/outside", folder)
    assert await resolved("file:in", folder) == CANARY
    assert await resolved(f"file:{tmp_path / 'outside'}", folder) == CANARY
    assert await resolved(f"file:{folder / 'out'}", folder) == CANARY


async def test_paths_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    secret_file(tmp_path / "a")
    assert "there is no file" in await refused("file:none", tmp_path)
    assert "cannot be" in await refused("file:loop", tmp_path)
    assert "cannot be opened: not a directory" in await refused("file:a/b", tmp_path)
    assert "cannot be opened: file name too long" in await refused(f"file:{'a' * 300}", tmp_path)


async def test_commands_run_in_the_folder_of_the_inventory(tmp_path: Path) -> None:
    assert await resolved(python("import os; print(os.getcwd())"), tmp_path) == str(tmp_path)


async def test_commands_get_no_shell(tmp_path: Path) -> None:
    assert await resolved("exec:echo $HOME `id`; true", tmp_path) == "$HOME `id`; true"


async def test_commands_get_no_other_secret_and_no_input(tmp_path: Path) -> None:
    code = "import os, sys; print(*sorted(os.environ), sys.stdin.read(), sep=',')"
    refs = [ref(python(code), tmp_path), ref("env:OTHER_SECRET")]
    environ = PATH | {"OTHER_SECRET": CANARY, "FLEET_STORE": "x", "LC_ALL": "C.UTF-8"}
    found = await SecretResolver(environ).resolve_all(refs)
    assert found[refs[0]].get_secret_value() == "LC_ALL,PATH,"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; print('Kana' + 'rie'); sys.exit(3)", "ended with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "ended with status -9"),
        ("pass", "empty"),
        ("print('Kana' + 'rie'); print()", "control character"),
        ("print('Kana' 'rie' * 100000)", "prints more than a secret can be"),
        ("import sys; sys.stdout.buffer.write(bytes([255]))", "not UTF-8"),
    ],
)
async def test_commands_that_give_no_secret_are_told(
    tmp_path: Path, code: str, reason: str
) -> None:
    assert reason in await refused(python(code), tmp_path)


async def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "is it installed?" in await refused("exec:no-such-command-here x", tmp_path)
    assert "is it installed?" in await refused("exec:''", tmp_path)


async def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    code = "import os, time; os.fork(); open(str(os.getpid()), 'w').close(); time.sleep(600)"
    slow = ref(python(code), tmp_path)
    with pytest.raises(InputErrors, match=r"did not end within 1\.5s"):
        await SecretResolver(PATH, exec_timeout=1.5).resolve_all([slow])
    started = [int(file.name) for file in files_in(tmp_path)]
    assert len(started) == 2
    with anyio.fail_after(10):
        while any(alive(process) for process in started):
            await anyio.lowlevel.checkpoint()


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


EIGHT = """
import pathlib, sys
here, name = pathlib.Path(), sys.argv[1]
(here / f"in{name}").touch()
while len(list(here.glob("in*"))) < 8:
    pass
inside = len(list(here.glob("in*"))) - len(list(here.glob("out*")))
(here / f"out{name}").touch()
print(inside)
"""


async def test_commands_run_eight_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "eight.py").write_text(EIGHT, encoding="utf-8")
    refs = [ref(f"exec:{sys.executable} eight.py {n}", tmp_path) for n in range(12)]
    found = await SecretResolver(PATH).resolve_all(refs)
    assert max(int(secret.get_secret_value()) for secret in found.values()) == 8


class KeyringError(Exception):
    """As the package has it."""


class NoKeyringError(KeyringError):
    """As the package has it."""


class Keyring:
    """Stands in for the package ``keyring``, which is optional."""

    errors = SimpleNamespace(KeyringError=KeyringError, NoKeyringError=NoKeyringError)

    def __init__(self, answer: str | Exception | None) -> None:
        self._answer = answer

    def get_password(self, service: str, username: str) -> str | None:
        if isinstance(self._answer, Exception):
            raise self._answer
        return f"{self._answer} {service} {username}" if self._answer else None


def test_the_keyring_is_asked() -> None:
    assert read_password("fleet", "ops", Keyring) == "keyring fleet ops"


def missing(name: str) -> NoReturn:
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "nothing under this name: keyring set 'a b' ops"),
        (NoKeyringError(CANARY), "no keyring that can be used"),
        (KeyringError(CANARY), "refused"),
    ],
)
def test_a_keyring_without_an_answer_is_told(answer: Exception | None, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_password("a b", "ops", lambda _: Keyring(answer))
    assert reason in caught.value.message
    assert "Kanarie" not in caught.value.message


def test_a_missing_keyring_package_is_told() -> None:
    with pytest.raises(InputError, match=r"pip install 'jetfleet\[keyring\]'"):
        read_password("a", "b", missing)
