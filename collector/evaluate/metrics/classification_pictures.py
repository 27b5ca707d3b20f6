"""What figures of a classifier's probabilities show: how far each label stands apart from the others."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from collector.evaluate.base import Context, Metric, Result
from collector.evaluate.measures.pictures import five_numbers, halves, places
from collector.evaluate.metrics.classification_curves import Ranked, by_label, lift_table

PROBABILITY_BINS = 20


def _separation(ranked: Ranked) -> dict[str, Any]:
    return {
        "label": five_numbers(ranked.probabilities[ranked.hits]),
        "others": five_numbers(ranked.probabilities[~ranked.hits]),
    }


def _histograms(ranked: Ranked) -> dict[str, Any]:
    low, high = min(0.0, float(ranked.probabilities[-1])), max(1.0, float(ranked.probabilities[0]))
    edges = np.linspace(low, high, PROBABILITY_BINS + 1)

    def counts(values: "np.ndarray[Any, Any]") -> list[int]:
        return np.bincount(places(values, edges[1:-1]), minlength=PROBABILITY_BINS).tolist()  # type: ignore[no-any-return]

    return {
        "edges": edges.tolist(),
        "label": counts(ranked.probabilities[ranked.hits]),
        "others": counts(ranked.probabilities[~ranked.hits]),
    }


def _lift(ranked: Ranked) -> dict[str, list[float]]:
    lines = lift_table(ranked)
    return {"top": [line[0] for line in lines], "lift": [line[8] for line in lines]}


@dataclass(frozen=True)
class ClassificationClassSeparationPlot(Metric):
    """Minimum, quartiles and maximum of a label's probability: in the rows of that label, and in the others.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationClassSeparationPlot()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"]["label"]["p50"]
    0.65
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return halves(context, lambda frame: by_label(context, frame, _separation))


@dataclass(frozen=True)
class ClassificationProbDistribution(Metric):
    """How often a label's probability falls into each of twenty bins: in the rows of that label, and in the others.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationProbDistribution()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.97, 0.2, 0.96, 0.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"]["label"][-1]
    2
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return halves(context, lambda frame: by_label(context, frame, _histograms))


@dataclass(frozen=True)
class ClassificationLiftCurve(Metric):
    """How much better than chance: lift by the share of rows taken, in percent, by descending probability.

    >>> import pandas as pd
    >>> from collector.evaluate import Report
    >>> report = Report(metrics=[ClassificationLiftCurve()])
    >>> report.run(current_data=pd.DataFrame({"target": [1, 0, 1, 0], "prediction": [0.9, 0.2, 0.4, 0.5]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["1"]
    {'top': [25.0, 50.0, 75.0, 100.0], 'lift': [2.0, 1.0, 1.3333, 1.0]}
    """

    of_the_model: ClassVar[bool] = True

    def calculate(self, context: Context) -> Result:
        return halves(context, lambda frame: by_label(context, frame, _lift))
