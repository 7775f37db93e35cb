"""``fleet schema``: JSON Schemas for editors and for programs that read reports."""

from __future__ import annotations

import json
from typing import Literal

from fleet.front.console import emit
from fleet.front.watch.schema import fleet_schema
from fleet.inventory.schema import inventory_schema
from fleet.policy.schema import policy_schema
from fleet.report.data import report_schema
from fleet.report.lines import lines_schema

__all__ = ["schema"]


def schema(document: Literal["inventory", "policy", "fleet", "report", "jsonl"], /) -> int:
    """Print the JSON Schema of a document.

    Args:
        document: Which one: inventory, policy, report, or jsonl for each line of -o jsonl.
    """
    schemas = {
        "inventory": inventory_schema,
        "policy": policy_schema,
        "fleet": fleet_schema,
        "report": report_schema,
        "jsonl": lines_schema,
    }
    emit(json.dumps(schemas[document](), indent=2))
    return 0
