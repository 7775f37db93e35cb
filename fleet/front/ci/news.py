"""What a command came to, for a job: annotations, a summary, and values for later steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Protocol

from fleet.policy.plan import Plan
from fleet.report.annotations import Annotation, annotate
from fleet.report.causes import ATTENTION
from fleet.report.markdown import write_markdown
from fleet.results import RunReport, Status

__all__ = ["News", "PlanNews", "RunNews"]

Values = Mapping[str, object]
"""Words and numbers of our own by name; none has a line end in it."""


class News(Protocol):
    """What a command came to; made only where a job wants it."""

    def annotations(self) -> Sequence[Annotation]:
        """Return what is to be looked at, few."""

    def text(self) -> str:
        """Return all of it as Markdown."""

    def values(self) -> Values:
        """Return what later steps may want to know."""


@dataclass(frozen=True, slots=True)
class RunNews:
    """A run that ended.

    Args:
        report: The run.
        code: The exit code.
    """

    report: RunReport
    code: int

    def annotations(self) -> Sequence[Annotation]:
        """Return what is to be looked at, few."""
        return annotate(self.report)

    def text(self) -> str:
        """Return the report as Markdown."""
        text = StringIO()
        write_markdown(self.report, text)
        return text.getvalue()

    def values(self) -> Values:
        """Return what later steps may want to know."""
        totals = self.report.totals
        return {
            "run-id": self.report.run_id,
            "exit-code": self.code,
            "sites": len(self.report.results),
            "changed": totals[Status.CHANGED],
            "drift": totals[Status.DRIFT],
            "failed": sum(totals[status] for status in ATTENTION),
        }


@dataclass(frozen=True, slots=True)
class PlanNews:
    """A plan that was made.

    Args:
        plan: The plan.
        report: The run that looked at the sites.
        markdown: The plan for people.
        code: The exit code.
    """

    plan: Plan
    report: RunReport
    markdown: str
    code: int

    def annotations(self) -> Sequence[Annotation]:
        """Return what could not be planned; what would change is no trouble."""
        return annotate(self.report, drift=False)

    def text(self) -> str:
        """Return the plan as Markdown."""
        return self.markdown

    def values(self) -> Values:
        """Return what later steps may want to know.

        ``beyond-guard`` counts the sites where they are more than the guard allows.
        """
        plan = self.plan
        return {
            "run-id": self.report.run_id,
            "exit-code": self.code,
            "sites": plan.looked_at,
            "changes": len(plan.changing),
            "failed": len(plan.unread),
            "plan-id": plan.id,
            "digest": plan.digest,
            "beyond-guard": len(plan.changing) if plan.guard else "",
        }
