"""What an alert says: one message of happenings, in the words of each channel. Pure.

What a site said comes as inert text already; here it is kept from meaning anything to Slack, to a
mail program or to a browser. No secret is in any of it: conditions are made of reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from fleet.front.watch.alerts import AGAIN, NEW, OVER, Happening
from fleet.front.watch.conditions import Condition
from fleet.front.watch.kept import condition_from, condition_into, text
from fleet.front.watch.nouns import AlertKind
from fleet.report.inert import inert
from fleet.report.layout import plural

__all__ = ["Message", "body", "document", "headline", "mail", "merged", "slack"]

_LINES = 25
"""Lines of a message; the rest is counted."""
_MARKDOWN = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_TITLES = {
    (NEW, AlertKind.MISSED): "Missed",
    (NEW, AlertKind.FAILING): "Newly failing",
    (NEW, AlertKind.DRIFT): "New drift",
    (AGAIN, AlertKind.MISSED): "Still missed",
    (AGAIN, AlertKind.FAILING): "Still failing",
    (AGAIN, AlertKind.DRIFT): "Still drifting",
    (OVER, AlertKind.MISSED): "Runs again",
    (OVER, AlertKind.FAILING): "Answers again",
    (OVER, AlertKind.DRIFT): "As wanted again",
}
"""The order in which things are told, the gravest first."""


@dataclass(frozen=True, slots=True)
class Item:
    """One happening in a message.

    Args:
        what: ``new``, ``still`` or ``over``.
        condition: What it is about.
        since: When it was seen first, as ISO 8601.
        schedule: The schedule whose run saw it.
        run: Id of that run; empty for one that was missed.
    """

    what: str
    condition: Condition
    since: str
    schedule: str
    run: str

    @classmethod
    def of(cls, happening: Happening, schedule: str, run: str) -> Item:
        """Return the item for what a run of a schedule has to tell."""
        since = happening.since.isoformat(timespec="seconds")
        return cls(happening.what, happening.condition, since, schedule, run)

    def into(self) -> dict[str, object]:
        """Return it as a JSON value."""
        return {
            "what": self.what,
            **condition_into(self.condition),
            "since": self.since,
            "schedule": self.schedule,
            "run": self.run,
        }

    @classmethod
    def from_value(cls, value: Mapping[str, object]) -> Item:
        """Return what `into` made a JSON value of.

        Raises:
            KeyError, TypeError, ValueError: It is damaged.
        """
        condition = condition_from(value)
        if (value["what"], condition.kind) not in _TITLES:
            raise ValueError("nothing is told so")
        rest = (text(value[name]) for name in ("since", "schedule", "run"))
        return cls(text(value["what"]), condition, *rest)


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is told at once.

    Args:
        id: Unique; the same at every attempt, so that a receiver can tell a repetition.
        items: What happened.
    """

    id: str
    items: tuple[Item, ...]


def merged(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return items without those that say the same twice, in the order they are told."""
    order = list(_TITLES)
    distinct = {(each.what, each.condition.id, each.schedule): each for each in items}
    return tuple(
        sorted(
            distinct.values(),
            key=lambda each: (
                order.index((each.what, each.condition.kind)),
                -each.condition.severity.rank,
                each.condition.site,
                each.condition.key,
            ),
        )
    )


def headline(message: Message) -> str:
    """Return the message in one line."""
    counts = []
    for title, items in _groups(message.items):
        sites = {item.condition.site for item in items if item.condition.site}
        count = f" on {plural(len(sites), 'site')}" if sites else ""
        counts.append(f"{title.lower()}{count}")
    schedules = ", ".join(dict.fromkeys(inert(item.schedule, 40) for item in message.items))
    return f"fleet {schedules}: {', '.join(counts)}"


def body(message: Message) -> str:
    """Return the message as plain text."""
    lines = [headline(message)]
    left = _LINES
    for title, items in _groups(message.items):
        lines += ["", f"{title} ({len(items)})"]
        shown = items[: max(left, 1)]
        lines += [f"  {_line(item)}" for item in shown]
        if hidden := len(items) - len(shown):
            lines.append(f"  + {hidden:,} more")
        left -= len(shown)
    runs = list(dict.fromkeys(item.run for item in message.items if item.run))
    lines += [""] if runs else []
    lines += [f"fleet runs show {run}" for run in runs[:5]]
    return "\n".join(lines) + "\n"


def document(message: Message) -> dict[str, object]:
    """Return the message for a webhook, format 1."""
    return {
        "format": 1,
        "id": message.id,
        "title": headline(message),
        "text": body(message),
        "items": [item.into() for item in message.items],
    }


def slack(message: Message) -> dict[str, object]:
    """Return the message for an incoming webhook of Slack.

    Nothing in it is a mention, a link or a format: the three signs with which those begin are
    escaped, and Slack is told to look for no others.
    """
    return {
        "text": body(message).translate(_MARKDOWN),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def mail(message: Message, sender: str, to: Sequence[str]) -> EmailMessage:
    """Return the message as an e-mail; its headers hold no line ends."""
    found = EmailMessage(policy=SMTP)
    found["From"] = sender
    found["To"] = ", ".join(to)
    found["Subject"] = inert(headline(message), 160)
    found["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(body(message))
    return found


def _groups(items: Sequence[Item]) -> list[tuple[str, list[Item]]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(_TITLES[item.what, item.condition.kind], []).append(item)
    return list(groups.items())


def _line(item: Item) -> str:
    condition = item.condition
    if condition.kind is AlertKind.MISSED:
        return condition.text if item.what != OVER else inert(condition.key, 100)
    where = inert(condition.site, 64)
    what = f"  {inert(condition.key, 100)}" if condition.key else ""
    if item.what == OVER:
        return f"{where}{what}"
    since = f"  (since {item.since[:10]})" if item.what == AGAIN else ""
    return f"{where}{what}  {condition.text}{since}"
