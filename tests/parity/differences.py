"""Where this engine differs from the peer on purpose, and why. What is not allowed here is a bug on our side.

A rule says where it holds (a pattern over "frame: case field") and, where the two values have a relation, checks it.
A rule without a relation allows exactly the pairs of values that `pinned.json` lists.
"""

import re
from dataclasses import dataclass

from tests.parity.compare import ABSENT, Found, failed
from tests.parity.frames import Frames
from tests.parity.relations import Relation, answers, equally_common, no_verdict, rounded, table_rounded


@dataclass(frozen=True)
class Difference:
    """One reason to differ."""

    id: str
    title: str
    reason: str
    where: str
    relation: Relation | None = None

    def allows(self, found: Found, frames: Frames) -> bool:
        """Whether the rule speaks of this field, and its relation holds. Pinned values are the caller's to check."""
        if re.search(self.where, f"{found.frame}: {found.case} {found.field}") is None:
            return False
        return self.relation is None or self.relation(found, frames)


SUMMARY_TESTS = "TestColumnValue(Min|Max|Mean|Median|Std)|TestMeanInNSigmas"
SHARE_TESTS = "TestUniqueValuesShare|TestMostCommonValueShare"

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "summary-rounded",
        "Summaries are not rounded",
        "The peer rounds mean, deviation, extremes, quartiles and percentages of a column's summary to two digits; "
        "we give them in full.",
        r"ColumnSummaryMetric\(.*_characteristics\.(mean|std|min|max|p25|p50|p75|\w+_percentage)$",
        rounded(2),
    ),
    Difference(
        "most-common-tie",
        "Of equally frequent values, the smallest",
        "The peer names the one that came first, which depends on the order of the rows, and rounds it to five digits.",
        r"ColumnSummaryMetric\(.*_characteristics\.most_common$",
        equally_common,
    ),
    Difference(
        "tests-rounded",
        "Tests judge the numbers themselves",
        "The peer's tests on a column's summary read its rounded numbers.",
        rf"({SUMMARY_TESTS})\b.*parameters\.(value|condition\.(eq\.value|lte|gte)|current_mean|reference_mean|reference_std)$",
        rounded(2),
    ),
    Difference(
        "shares-rounded",
        "Tests judge the shares themselves",
        "The peer's tests read percentages that were rounded to two digits.",
        rf"({SHARE_TESTS})\b.*parameters\.(value|condition\.eq\.value)$",
        rounded(4),
    ),
    Difference(
        "verdict-of-rounded",
        "A verdict on numbers that were not rounded",
        "Rounding turned the peer's verdict: the number itself lies on the other side of the limit.",
        rf"({SUMMARY_TESTS}|{SHARE_TESTS})\b.*status$",
    ),
    Difference(
        "scores-rounded",
        "Drift scores of tests are not rounded",
        "The peer's drift tests tell their scores with three digits.",
        r"(Test\w*Drift\w*|TestPreset).*\bparameters\.(features\..*\.)?score$",
        rounded(3),
    ),
    Difference(
        "no-value-no-verdict",
        "A number that does not exist has no verdict",
        "The peer compares NaN with a limit, and the test fails; ours ends in ERROR with the reason. No suite passes "
        "with either.",
        r": \w*Test",
        no_verdict,
    ),
    Difference(
        "huge-integers",
        "Whole numbers beyond 2^53",
        "Not each of them has a float of its own. Deviations and t-tests of such columns lose digits, there and here, not "
        "the same ones.",
        r"^integers: \w+\(column_name='huge'(, stattest='t_test')?\) .*(std|value|drift_score)$",
    ),
    Difference(
        "ids-are-no-features",
        "Users and items are ids",
        "The peer counts the columns of users and items among those that may drift.",
        r"^rank(ing|s): (DataDriftTable|Dataset\w+Metric|Conflict\w+|\w*Test\w*(Drift|Corr|Conflict)\w*)\(.*",
    ),
    Difference(
        "embeddings-are-no-features",
        "Columns of an embedding are no features",
        "The peer's drift of the data set counts every component of a vector as a column of its own.",
        r"^embeddings: (DataDriftTable|DatasetDriftMetric|DatasetSummaryMetric|\w*Test\w*)\(.*",
    ),
    Difference(
        "conflicts-rounded",
        "Shares of conflicts are not rounded",
        "The peer rounds them to three digits.",
        r"Conflict\w+Metric\(.*share_not_stable_\w+$",
        rounded(3),
    ),
    Difference(
        "no-score-no-result",
        "A drift score that does not exist is no result",
        "The peer tells NaN and no drift; ours says that the method has no score for these values.",
        r"^constant: ColumnDriftMetric\(.*stattest='t_test'\) $",
    ),
    Difference(
        "chi-square-of-one-value",
        "Chi-square of one and the same value",
        "Without a degree of freedom the peer's p-value is NaN; ours is 1: nothing changed.",
        r"^(constant|q1): ColumnDriftMetric\(.*stattest='chisquare'\) drift_score$",
    ),
    Difference(
        "infinities-left-out",
        "Infinities are left out of drift everywhere",
        "The peer's drift table keeps them in columns without missing values; a single column's drift leaves them out.",
        r"^infinities: (DataDriftTable|DatasetDriftMetric|Test(Share|Number)OfDriftedColumns)\(.*",
    ),
    Difference(
        "one-set-of-types",
        "One set of rules for the types of columns",
        "The peer's data set summary and drift table call every integer column a number; ours, like its other metrics, "
        "call one of at most five distinct values a category.",
        r"^(large|integers|conflicts|binary_labels|multiclass_labels|tiny|q1|constant|same_counts): (DatasetSummaryMetric\(.*number_of_(categorical|numeric)_columns"
        r"|(DataDriftTable|DatasetDriftMetric|Test(Share|Number)OfDriftedColumns)\(.*(column_type|stattest_name|stattest_threshold"
        r"|stattest|threshold|drift_score|score|drift_detected|detected|number_of_drifted_columns|share_of_drifted_columns"
        r"|dataset_drift|value|status))$",
    ),
    Difference(
        "columns-set-aside",
        "A column that cannot be compared does not hide the others",
        "Where one column has no values, or a method does not apply, the peer's drift of the whole data set fails.",
        r": (DataDriftTable|DatasetDriftMetric|Test(Share|Number)OfDriftedColumns|\w+TestPreset)\(.*\)( alone)? "
        r"(Test(Share|Number)OfDriftedColumns)?$",
        answers,
    ),
    Difference(
        "small-cramer-von-mises",
        "Cramer-von Mises of small samples",
        "Of samples of at most 20 values the peer's exact p-value fails with current versions of numpy.",
        r"ColumnDriftMetric\(.*stattest='cramer_von_mises'\) $",
        answers,
    ),
    Difference(
        "no-download",
        "Texts need no dictionary",
        "The peer's summary of a text column downloads a word list, and fails without a network.",
        r"^texts: ",
        answers,
    ),
    Difference(
        "instants-have-a-most-common-value",
        "The most common value of instants",
        "The peer's test fails on a column of instants.",
        r"TestMostCommonValueShare\(.*\)|DataQualityTestPreset.*TestMostCommonValueShare|TestAllColumnsMostCommonValueShare",
        answers,
    ),
    Difference(
        "guessing-by-class",
        "Tests by class compare with guessing whatever the labels are",
        "Without a reference, the peer's tests by class find no guess for labels that are whole numbers, nor for a label that "
        "was never predicted.",
        r"Test(Precision|Recall|F1)ByClass",
        answers,
    ),
    Difference(
        "log-loss-of-guessing",
        "The log loss of a guess",
        "For labels that are whole numbers, the peer's dummy has a log loss of 0, which no model can beat; ours has that of "
        "equal probabilities for every label.",
        r"(ClassificationDummyMetric\(.*dummy\.log_loss|TestLogLoss.*(condition\.lt|status))$",
    ),
    Difference(
        "f1-of-nothing",
        "An F1 without any hit is 0",
        "The peer's dummy has 0 / 0 there, while its models have 0.",
        r"ClassificationDummyMetric\(.*dummy\.f1$",
    ),
    Difference(
        "percentage-of-the-size",
        "Percentage errors divide by the size of the target",
        "The peer divides by the target with its sign, and by almost nothing where it is negative.",
        r"(RegressionQualityMetric\(.*(abs_perc_error_std|mean_abs_perc_error)|RegressionPerformanceMetrics\(.*abs_perc_error\w*"
        r"|RegressionDummyMetric\(.*mean_abs_perc_error|TestValueMAPE.*(value|status))$",
    ),
    Difference(
        "drifted-columns-of-few",
        "A data set of one or two columns can pass",
        "The peer allows fewer than a third of the columns, rounded down: with fewer than three, fewer than none.",
        r"TestNumberOfDriftedColumns.*(condition\.lt|status)$",
    ),
    Difference(
        "permutations",
        "Permutation tests",
        "The peer's permutations depend on the state of a global generator (empirical_mmd), or on the order in which a set of "
        "texts is summed (TVD): its p-value of the same data changes between runs. Ours does not.",
        r"ColumnDriftMetric\(.*stattest='(TVD|empirical_mmd)'\) (drift_score|drift_detected)$",
    ),
    Difference(
        "epps-singleton-of-two-values",
        "Epps-Singleton of a column with two values",
        "Its covariance has no full rank there: the last digits of a sum, and with them the order of the rows, move the "
        "peer's result. Ours is that of the sorted values.",
        r"ColumnDriftMetric\(.*stattest='es'\) drift_score$",
    ),
    Difference(
        "t-test-of-large-numbers",
        "t-test of numbers far from zero",
        "The peer loses digits in the difference of two large means: 0.87953967006 where exact arithmetic gives "
        "0.87953966848, as we do.",
        r"ColumnDriftMetric\(.*stattest='t_test'\) drift_score$",
    ),
    Difference(
        "no-correlation",
        "A correlation that does not exist is null",
        "The peer writes NaN for a column without spread or values.",
        r"ColumnCorrelationsMetric\(.*\.values\.",
        lambda found, _: found.ours is None and found.theirs == "nan",
    ),
    Difference(
        "correlations-of-instants",
        "A column of instants has no correlations",
        "The peer's metric fails; ours is empty.",
        r"^missing: ColumnCorrelationsMetric\(column_name='day'\) $",
        answers,
    ),
    Difference(
        "tests-of-top-k",
        "Tests of the first k look at k",
        "The peer's tests read the value at k + 1 of a series that begins at k = 1, and fail where that is past its end "
        "(NDCG and MRR excepted).",
        r"Test(PrecisionTopK|RecallTopK|FBetaTopK|MAPK|MARK|HitRateK)\b.*(value|status)$",
    ),
    Difference(
        "nobody-to-average",
        "Without a user who has a relevant item there is no result",
        "The peer averages nothing, to NaN.",
        r"^rank\w+: (Precision|Recall|FBeta)TopKMetric|^rank\w+: MA[PR]KMetric",
        lambda found, _: failed(found.ours) and found.theirs == "a result",
    ),
    Difference(
        "order-of-rows",
        "Average precision and recall do not depend on the order of the rows",
        "The peer reads the relevance at rank j from the last row in frame order with a rank of at most j, which is right only "
        "when the rows of a user go from best to worst.",
        r"^shuffled: \w*(MAPK|MARK)",
    ),
    Difference(
        "table-rounded",
        "Tables of precision, recall and lift are not rounded",
        "The peer rounds percentages and probabilities, and computes lifts from the rounded ones.",
        r"Classification(PR|Lift)Table\(.*\[\d+\]\[\d+\]$",
        table_rounded,
    ),
    Difference(
        "equal-probabilities",
        "Rows of equal probability",
        "Which of them come first in the table is left open by the peer's sort.",
        r"ClassificationPRTable\(\) reference\.1\[18\]\[\d\]$",
    ),
    Difference(
        "tables-of-any-labels",
        "Lift of labels that are words",
        "The peer's table takes whole numbers as labels only.",
        r"^m1: ClassificationLiftTable\(",
        answers,
    ),
    Difference(
        "coverage-of-the-first-k",
        "The coverage of the reference is that of its first k",
        "The peer counts every item of the reference's recommendations.",
        r"^trained: (PopularityBias\(.*reference_coverage|TestCoverage\(.*(value|status))$",
    ),
    Difference(
        "frequent-values-of-errors",
        "Of equally frequent values among the worst errors, the one that is frequent overall",
        "The peer names the one that comes first.",
        r"(RegressionErrorBiasTable\(.*|RegressionPerformanceMetrics\(.*error_bias\..*)(under|over|majority|range)$",
    ),
    Difference(
        "gaps-are-no-labels",
        "A row without a prediction has no predicted label",
        "For correlations the peer counts it as a negative one; it has no dummy to compare with for such data.",
        r"^gaps: (DatasetCorrelationsMetric\(.*stats\.cramer_v|Test\w+Correlations?\(.*value$)",
    ),
    Difference(
        "guessing-beside-gaps",
        "Guessing beside rows without a prediction",
        "The peer's dummy fails where a row has no prediction; ours leaves the row out, as both do when they judge the model.",
        r"^gaps: (ClassificationDummyMetric|Test\w+|\w+TestPreset)\(",
        answers,
    ),
    Difference(
        "texts-that-are-missing",
        "Missing texts contain nothing",
        "The peer's Contains with mode all fails for them.",
        r"^sentences: .*'Contains', .*'mode': 'all'",
        answers,
    ),
    Difference(
        "missing-texts-stay-missing",
        "Of a missing text nothing is said",
        "The peer's DoesNotContain calls it a text without the words, while its Contains leaves it missing.",
        r"^sentences: \w+\(.*'DoesNotContain'",
    ),
    Difference(
        "names-of-descriptors",
        "Names of columns that are read from texts",
        "The peer's names of word descriptors show its inner parameters.",
        r"^sentences: .*column_name$",
    ),
    Difference(
        "drift-of-descriptors",
        "A text drifts when half of its descriptors do",
        "The peer compares the share with 0: every text drifts.",
        r"^sentences: TextDescriptorsDriftMetric\(.* dataset_drift$",
    ),
    Difference(
        "descriptors-beside-their-own-rows",
        "Descriptors of the reference go with the reference's numbers",
        "The peer correlates them with the current rows.",
        r"^sentences: TextDescriptorsCorrelationMetric\(.* reference\.",
    ),
    Difference(
        "lists-of-users-when-asked-for",
        "Rows of single users only when they are asked for",
        "The peer's preset shows the lists of the first users; ours those of `user_ids`.",
        r"RecsysPreset\(.* RecCasesTable$",
    ),
    Difference(
        "names-of-types",
        "Names of types",
        "TestColumnsType tells the names of the types that the installed pandas gives to columns of text and instants.",
        r"TestColumnsType\(.*_type$",
        lambda found, _: (
            found.theirs in {"object_", "bool_", "datetime64", "CategoricalDtypeType"} and found.ours != found.theirs
        ),
    ),
    Difference(
        "tables-by-feature-when-asked-for",
        "Tables by feature only when they are asked for",
        "They cost more than the rest of their presets together, and are drawn for each feature; they are there by name.",
        r"(TargetDrift|Classification)Preset\(\) (TargetByFeaturesTable|ClassificationQualityByFeatureTable)$",
        lambda found, _: found.ours == ABSENT,
    ),
    Difference(
        "stability-of-probabilities",
        "Stability of several probabilities",
        "The peer's count fails where the prediction is a column per label; ours compares the columns together.",
        r": DataQualityStabilityMetric\(\) alone $",
        answers,
    ),
    Difference(
        "bias-in-its-own-metric",
        "The table of error bias",
        "The peer repeats the result of RegressionErrorBiasTable in the quality of a regression.",
        r"RegressionQualityMetric\(.* error_bias$",
        lambda found, _: found.ours == ABSENT,
    ),
)
