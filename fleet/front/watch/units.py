"""Schedules for those who start them by systemd, cron, GitHub or Kubernetes.

What is printed runs ``fleet watch --once NAME``: the same run with the same alerts, and on record
so that ``fleet watch --check`` finds a missed one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from fleet.errors import InputError
from fleet.front.watch.cron import cron_fields
from fleet.front.watch.nouns import Schedule

__all__ = ["PRINTERS", "on_calendar"]

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_ALL = (range(60), range(24), range(1, 32), range(1, 13), range(7))
_SANDBOX = """\
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
_CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"


def on_calendar(schedule: Schedule) -> list[str]:
    """Return a cron expression as ``OnCalendar=`` of systemd; two where either day will do."""
    minutes, hours, days, months, weekdays, both = cron_fields(schedule.cron)
    time = f"{_numbers(hours, 1)}:{_numbers(minutes, 0)}:00 {schedule.tz}"
    month, day = _numbers(months, 3), _numbers(days, 2)
    names = ",".join(_DAYS[each] for each in sorted(weekdays, key=lambda each: (each - 1) % 7))
    week = "" if len(weekdays) == 7 else f"{names} "
    if both or not week or day == "*":
        return [f"{week}*-{month}-{day} {time}"]
    return [f"*-{month}-{day} {time}", f"{week}*-{month}-* {time}"]


def _systemd(schedule: Schedule, file: Path) -> str:
    name = f"fleet-{schedule.name}"
    folder = file.absolute().parent
    command = f"fleet watch --once {schedule.name} --file {_quoted(str(file.absolute()))}"
    calendar = "\n".join(f"OnCalendar={each}" for each in on_calendar(schedule))
    return f"""\
# {name}.service: put it into /etc/systemd/system
[Unit]
Description=fleet {schedule.run}, schedule {schedule.name}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/bin/env {command}
WorkingDirectory={folder}
# 2 is drift, 3 a site in trouble: the run itself went well, and alerts tell the rest.
SuccessExitStatus=2 3
DynamicUser=yes
StateDirectory=fleet
Environment=FLEET_STORE=/var/lib/fleet/journal.db
# Secrets that fleet.yaml and the inventory name as env:NAME.
EnvironmentFile=-/etc/fleet/secrets.env
{_SANDBOX}
# {name}.timer: beside it; then systemctl enable --now {name}.timer
[Unit]
Description=fleet schedule {schedule.name}

[Timer]
{calendar}
RandomizedDelaySec={schedule.jitter:.0f}
FixedRandomDelay=yes
Persistent={"yes" if schedule.misfire.value == "run_once" else "no"}

[Install]
WantedBy=timers.target
"""


def _cron(schedule: Schedule, file: Path) -> str:
    path = file.absolute()
    command = shlex.join(["fleet", "watch", "--once", schedule.name, "--file", str(path)])
    line = f"cd {shlex.quote(str(path.parent))} && {command}".replace("%", "\\%")
    jitter = f"# jitter of {schedule.jitter:.0f} s: cron knows none\n" if schedule.jitter else ""
    return f"{jitter}CRON_TZ={schedule.tz}\n{schedule.cron} {line}\n"


def _github(schedule: Schedule, file: Path) -> str:
    crons, remark = _in_utc(schedule)
    lines = "".join(f"    - cron: {json.dumps(each)}\n" for each in crons)
    inner = shlex.join(["fleet", "watch", "--once", schedule.name, "--file", file.name])
    return f"""\
# .github/workflows/fleet-{schedule.name}.yml
{remark}name: fleet {schedule.name}
on:
  schedule:
{lines}  workflow_dispatch: {{}}
permissions:
  contents: read
concurrency:
  group: fleet-{schedule.name}
  cancel-in-progress: false
jobs:
  {schedule.run.partition(".")[0]}:
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    steps:
      - uses: {_CHECKOUT}
        with: {{persist-credentials: false}}
      - uses: {_PYTHON}
        with: {{python-version: "3.12"}}
      - run: pip install 'jetfleet[schedule,postgres]'
      # A journal that outlives the job: alerts know by it what they have told.
      - run: {json.dumps(inner)}
        env:
          FLEET_STORE: ${{{{ secrets.FLEET_STORE }}}}
          FLEET_PASSWORD: ${{{{ secrets.FLEET_PASSWORD }}}}
"""


def _kubernetes(schedule: Schedule, file: Path) -> str:
    name = f"fleet-{schedule.name}".lower().replace("_", "-").replace(".", "-")[:52].strip("-")
    return f"""\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
spec:
  schedule: {json.dumps(schedule.cron)}
  timeZone: {json.dumps(schedule.tz)}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: {max(round(schedule.grace), 10)}
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext: {{runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001}}
          containers:
            - name: fleet
              image: jetfleet # the image that you built, by its digest
              args: [watch, --once, {json.dumps(schedule.name)}, --file, /etc/fleet/{file.name}]
              envFrom:
                - secretRef: {{name: fleet-secrets}} # FLEET_STORE and what the files name
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {{drop: [ALL]}}
              volumeMounts:
                - {{name: config, mountPath: /etc/fleet, readOnly: true}}
                - {{name: scratch, mountPath: /tmp}}
          volumes:
            - {{name: config, configMap: {{name: fleet-config}}}}
            - {{name: scratch, emptyDir: {{}}}}
"""


PRINTERS: Mapping[str, Callable[[Schedule, Path], str]] = MappingProxyType(
    {"systemd": _systemd, "cron": _cron, "github": _github, "kubernetes": _kubernetes}
)
"""Prints one schedule, by who starts it."""


def _numbers(found: Iterable[int], field: int) -> str:
    numbers = sorted(found)
    if len(numbers) == len(_ALL[field]):
        return "*"
    return ",".join(f"{each:02}" if field in (0, 1) else str(each) for each in numbers)


def _quoted(text: str) -> str:
    """Return a word of a command in a unit; percent signs and dollars stand for themselves."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def _in_utc(schedule: Schedule) -> tuple[list[str], str]:
    """Return the expression in UTC, as GitHub wants it, in winter's time where that differs.

    Raises:
        InputError: It cannot be said in UTC.
    """
    if schedule.tz == "UTC":
        return [schedule.cron], ""
    zone = ZoneInfo(schedule.tz)
    year = datetime.now(UTC).year
    offsets = {datetime(year, month, 15, tzinfo=zone).utcoffset() for month in range(1, 13)} - {
        None
    }
    known = sorted(each.total_seconds() for each in offsets if each is not None)
    shift, rest = divmod(round(known[0]), 3600)
    _, hours, days, months, weekdays, _ = cron_fields(schedule.cron)
    moved = sorted(hour - shift for hour in hours)
    stays = all(0 <= hour < 24 for hour in moved)
    free = (len(days), len(months), len(weekdays)) == (31, 12, 7)
    if rest or not (stays or free):
        raise InputError(
            f"{schedule.name}: GitHub knows only UTC, and {schedule.cron!r} in {schedule.tz} cannot"
            " be said so: set tz: UTC"
        )
    minute = schedule.cron.split()[0]
    hour = "*" if len(hours) == 24 else ",".join(str(each % 24) for each in moved)
    rest_of = " ".join(schedule.cron.split()[2:])
    remark = f"# GitHub knows only UTC: this is {schedule.cron!r} in the winter of {schedule.tz}\n"
    later = "# and an hour later by the clock there in summer.\n" if len(known) > 1 else ""
    return [f"{minute} {hour} {rest_of}"], remark + later
