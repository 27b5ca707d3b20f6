"""What figures of a regression show: predictions beside targets, and the errors between them."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.distributions import distribution_of
from collector.evaluate.measures.pictures import Floats, course, edges, grid, halves, places
from collector.evaluate.measures.regression import Errors, regression_errors
from collector.evaluate.profile import ColumnProfile, FrameProfile


def _in_place(rows: Errors, values: Floats) -> Floats:
    """The values at the rows of the frame that they belong to; NaN elsewhere."""
    assert rows.kept is not None  # noqa: S101 - they come from a frame
    found = np.full(rows.kept.size, np.nan)
    found[rows.kept] = values
    return found


@dataclass(frozen=True)
class RegressionPredictedVsActualScatter(Metric):
    """How often each pair of target (x) and prediction (y) occurs, in at most thirty by thirty equal cells.

    The same edges on both axes and both sides; a list per bin of predictions.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionPredictedVsActualScatter()])
    >>> report.run(current_data=pd.DataFrame({"target": [0.0, 1.5, 3, 4, 5, 6], "prediction": [0.0, 1.5, 3, 4, 5, 30]}))
    >>> result = report.as_dict()["metrics"][0]["result"]
    >>> len(result["edges"]), result["current"][29][6]
    (31, 1)
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        sides = [regression_errors(context, frame) for _, frame in context.sides if frame is not None]
        cuts = edges([values for rows in sides for values in (rows.target, rows.predicted)])

        def side(frame: FrameProfile) -> list[list[int]]:
            rows = regression_errors(context, frame)
            size = len(cuts) - 1
            return grid(places(rows.target, cuts[1:-1]), places(rows.predicted, cuts[1:-1]), size, size)

        return {"edges": cuts.tolist(), **halves(context, side)}


@dataclass(frozen=True)
class RegressionPredictedVsActualPlot(Metric):
    """Means and deviations of targets and predictions over time, or over the rows where no column says when.

    At most a hundred bins of equally many rows, at least ten each.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionPredictedVsActualPlot()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2, 3, 4, 5, 6], "prediction": [1.5, 2, 3, 4, 5, 9]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["prediction"]["mean"]
    [4.083333]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        def side(frame: FrameProfile) -> dict[str, Any]:
            rows = regression_errors(context, frame)
            return course(
                context, frame, target=_in_place(rows, rows.target), prediction=_in_place(rows, rows.predicted)
            )

        return halves(context, side)


@dataclass(frozen=True)
class RegressionErrorPlot(Metric):
    """Mean and deviation of the error (prediction minus target) over time, or over the rows.

    At most a hundred bins of equally many rows, at least ten each.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionErrorPlot()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2, 3, 4, 5, 6], "prediction": [1.5, 2, 3, 4, 5, 9]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["error"]["mean"]
    [0.5]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        def side(frame: FrameProfile) -> dict[str, Any]:
            rows = regression_errors(context, frame)
            return course(context, frame, error=_in_place(rows, rows.errors))

        return halves(context, side)


@dataclass(frozen=True)
class RegressionAbsPercentageErrorPlot(Metric):
    """Mean and deviation of the error in percent of the target's size over time, or over the rows.

    Rows whose target is zero are left out. At most a hundred bins of equally many rows, at least ten each.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionAbsPercentageErrorPlot()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2, 3, 4, 5, 6], "prediction": [1.5, 2, 3, 4, 5, 9]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["percentage"]["mean"]
    [8.333333]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        def side(frame: FrameProfile) -> dict[str, Any]:
            rows = regression_errors(context, frame)
            return course(context, frame, percentage=_in_place(rows, 100 * rows.absolute / np.abs(rows.target)))

        return halves(context, side)


@dataclass(frozen=True)
class RegressionErrorDistribution(Metric):
    """How often errors (prediction minus target) of each size occur, in the same equal bins on both sides.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[RegressionErrorDistribution()])
    >>> report.run(current_data=pd.DataFrame({"target": [1.5, 2, 3, 4, 5, 6], "prediction": [1.5, 2, 3, 4, 5, 9]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["counts"]
    [5, 0, 0, 0, 1]
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        errors = context.both(lambda frame: _profile(regression_errors(context, frame).errors))
        current, reference = errors["current"], errors["reference"]
        assert current is not None  # noqa: S101 - there is always current data
        return distribution_of("num", current, reference)


def _profile(errors: Floats) -> ColumnProfile:
    return ColumnProfile("error", pd.Series(errors))
