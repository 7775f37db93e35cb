"""``python -m benchmarks``: measure, print the table, and keep it where that is asked for."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import FIGURES
from benchmarks.lab import Lab
from benchmarks.results import write_results
from benchmarks.stub import nginx
from benchmarks.table import Row, text_of


def main() -> int:
    options = _parser().parse_args()
    if nginx() is None:
        sys.exit("benchmarks: nginx is not installed: apt-get install nginx-light")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="fleet-benchmarks-") as name:
        lab = Lab(Path(name), quick=options.quick)
        for figure, measure in FIGURES.items():
            if options.only and figure not in options.only:
                continue
            print(f"measuring {figure} ...", file=sys.stderr, flush=True)
            rows += measure(lab)
    table = text_of(rows)
    print(table, end="")
    if options.write_results:
        write_results(table)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure fleet beside other ways to do the same, and print ratios.",
    )
    parser.add_argument("--quick", action="store_true", help="small numbers: a smoke test only")
    parser.add_argument(
        "--only", action="append", choices=[*FIGURES], metavar="NAME", help=", ".join(FIGURES)
    )
    parser.add_argument(
        "--write-results", action="store_true", help="put the table into benchmarks/RESULTS.md"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
