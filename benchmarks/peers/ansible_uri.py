"""The same as a playbook whose tasks are Ansible's ``uri``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from benchmarks.script import Step

__all__ = ["run"]


def run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    """Send `script` to each of `sites` and return how many answered all of it well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        origins = ["{0.scheme}://{0.netloc}".format(urlsplit(site)) for site in sites]
        hosts = {f"site{n}": {"origin": origin} for n, origin in enumerate(origins)}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        (folder / "play.yml").write_text(yaml.safe_dump([_play(script)]))
        environ = {
            **os.environ,
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "LC_ALL": "C.UTF-8",
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), "-i", "hosts.yml", "--forks", str(concurrency), "play.yml"]
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"ansible-playbook failed: {(done.stdout + done.stderr)[-600:]}")
    return len(sites)


def _play(script: Sequence[Step]) -> dict[str, object]:
    return {
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [_task(index, step, script) for index, step in enumerate(script)],
    }


def _task(index: int, step: Step, script: Sequence[Step]) -> dict[str, object]:
    headers = {name.title(): value for name, value in step.headers.items()}
    if step.cookies:
        login = next(n for n, each in enumerate(script) if each.method == "POST")
        # After a redirect that is not followed the module tells one cookie only; it has to do.
        headers["Cookie"] = f"{{{{ step{login}.set_cookie.split(';')[0] }}}}"
    if step.nonce:
        nonce = next(n for n, each in enumerate(script) if each.gives_nonce)
        headers["X-WP-Nonce"] = f"{{{{ step{nonce}.content }}}}"
    asked: dict[str, object] = {
        "url": "{{ origin }}" + step.uri,
        "method": step.method,
        "headers": headers,
        "status_code": step.status,
        "follow_redirects": "none",
        "return_content": True,
    }
    if step.body:
        asked["body"] = step.body
    return {"name": step.uri[:60], "ansible.builtin.uri": asked, "register": f"step{index}"}
