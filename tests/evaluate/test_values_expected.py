"""What a column is expected to hold, where the expectation itself is odd: no value, nothing but missing cells."""

import numpy as np
import pandas as pd
import pytest

from collector.evaluate.metrics import ColumnQuantileMetric, ColumnValueListMetric, ColumnValueRangeMetric
from collector.evaluate.tests import TestShareOfOutListValues, TestShareOfOutRangeValues, TestValueRange
from tests.evaluate.recipes import error, result, verdict

NOTHING = pd.DataFrame({"x": [np.nan, np.nan]})
SOME = pd.DataFrame({"x": [1.0, 2.0]})


def test_a_missing_cell_is_out_of_the_list_that_the_reference_gives_even_when_it_has_missing_cells_too():
    frame = pd.DataFrame({"x": ["a", "b", None, None]})
    assert result(ColumnValueListMetric("x"), frame, frame)["current"]["share_not_in_list"] == 0.5
    assert verdict(TestShareOfOutListValues("x"), frame, frame)["status"] == "FAIL"


def test_a_missing_cell_is_in_a_list_that_names_none():
    frame = pd.DataFrame({"x": ["a", "b", None]})
    assert result(ColumnValueListMetric("x", values=["a", None]), frame)["current"]["number_in_list"] == 2


def test_a_column_of_missing_cells_leaves_no_value_in_its_list_and_a_reference_without_rows_gives_none():
    empty = pd.DataFrame({"x": [None, None]}, dtype=object)
    assert result(ColumnValueListMetric("x"), empty, empty)["current"]["number_not_in_list"] == 2
    assert "no rows" in error(ColumnValueListMetric("x"), empty, empty.iloc[:0])
    assert "empty" in error(ColumnValueListMetric("x", values=[]), empty)


def test_nothing_is_outside_of_any_range_when_there_is_no_value():
    for reference in (NOTHING, SOME):
        assert verdict(TestShareOfOutRangeValues("x"), NOTHING, reference)["status"] == "SUCCESS"
    assert result(ColumnValueRangeMetric("x", left=0, right=9), NOTHING)["current"]["share_in_range"] == 0


def test_every_value_is_outside_of_the_range_of_a_reference_without_values():
    assert verdict(TestShareOfOutRangeValues("x"), SOME, NOTHING)["status"] == "FAIL"
    assert verdict(TestValueRange("x"), SOME, NOTHING)["parameters"]["value"] == 2


@pytest.mark.parametrize("values", [[1, 0, 1, 1], [1.0, 0.0, 1.0, 1.0]])
def test_a_column_of_few_whole_numbers_has_quantiles(values):
    assert result(ColumnQuantileMetric("x", quantile=0.5), pd.DataFrame({"x": values}))["current"]["value"] == 1


def test_a_column_of_words_has_no_quantile():
    assert "holds str values" in error(ColumnQuantileMetric("x", quantile=0.5), pd.DataFrame({"x": ["a", "b"]}))
