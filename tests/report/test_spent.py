"""``-v`` tells what each site took, and what all took together."""

from __future__ import annotations

from dataclasses import replace

from fleet.report.text import render_text
from fleet.results import Usage
from tests.report.made import healthy, run

FIRST = replace(healthy("b-site"), usage=Usage(requests=2, received=1_200))
SECOND = replace(healthy("a"), usage=Usage(requests=1_234, received=5_600_000, logins=1))
UNTOUCHED = replace(healthy("paused"), usage=Usage())
WANTED = """\
What each site took
            requests  received  logins
  a            1,234    5.6 MB       1
  b-site           2    1.2 KB       0
  in total     1,236    5.6 MB       1
"""


def test_figures_stand_below_each_other_by_the_name_of_the_site() -> None:
    assert WANTED in render_text(run([FIRST, SECOND, UNTOUCHED]), verbose=True)


def test_it_is_only_told_where_it_is_asked_for_and_there_is_something_to_tell() -> None:
    assert "took\n" not in render_text(run([FIRST, SECOND]))
    assert "What each" not in render_text(run([UNTOUCHED]), verbose=True)


def test_a_long_name_moves_its_own_figures_only() -> None:
    long = replace(FIRST, site="n" * 60)
    lines = render_text(run([long, SECOND]), verbose=True).splitlines()
    (short,) = [line for line in lines if line.startswith("  a  ")]
    assert len(short) < 80
    assert any(line.startswith("  " + "n" * 60 + "  ") for line in lines)
