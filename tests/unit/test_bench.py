"""The benchmarks' own rules: a line needs equal values, and a section replaces itself alone."""

import pytest

from tests.bench.evaluate import check_equal
from tests.bench.page import put_section


def test_a_section_replaces_itself_and_leaves_the_others_alone(tmp_path):
    page = tmp_path / "page.md"
    put_section(page, "## One\n\n1\n")
    put_section(page, "## Two\n\n2\n")
    first = page.read_text(encoding="utf-8")
    put_section(page, "## One\n\nnew\n")
    assert page.read_text(encoding="utf-8") == first.replace("\n1\n", "\nnew\n")
    assert first.startswith("# Benchmarks\n")
    assert first.endswith("## Two\n\n2\n")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [({"x": 1.0}, {"x": 1.0 + 1e-7}), ({"x": "FAIL"}, {"x": "SUCCESS"}), ({"x": 1.0}, {}), ({}, {"x": 1.0}), ({}, {})],
)
def test_no_line_is_written_where_values_differ_or_lack(theirs, ours):
    with pytest.raises(SystemExit):
        check_equal("report", theirs, ours)
    check_equal("report", {"x": 1.0, "s": "FAIL"}, {"x": 1.0 + 1e-12, "s": "FAIL"})
