"""What may be sent to an Evidently workspace, as strict models.

The server checks little and keeps what it cannot read: a result without its location, a list in the metadata or a
timestamp with a zone can leave a whole workspace unreadable. So nothing goes out that these models refuse. They are
stricter than the server: only what we send, spelled the way that is known to work.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Label = str | int | float | bool


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _naive_instant(value: str) -> str:
    if len(value) < len("2013-02-01T00:00") or datetime.fromisoformat(value).tzinfo is not None:
        raise ValueError("expected a date and time in UTC without a zone: naive and aware stamps must not meet")
    return value


class Params(BaseModel):
    """A metric's type and labels. Two orders of the same labels would be two lines, so they are sorted."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)
    type: Annotated[str, Field(pattern=r"^evidently:metric_v2:[^:]+$")]
    __pydantic_extra__: dict[str, Label]

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        names = list(self.__pydantic_extra__)
        if names != sorted(names):
            raise ValueError(f"labels are not sorted by name: {names}")
        return self

    @property
    def identity(self) -> tuple[object, ...]:
        return (self.type, *self.__pydantic_extra__.items())


class MetricConfig(Strict):
    metric_id: Annotated[str, Field(min_length=1)]
    params: Params


class Location(Strict):
    metric: MetricConfig
    param: dict[str, Label]


class Test(Strict):
    __test__ = False
    id: str
    name: str
    description: str
    metric_config: MetricConfig
    test_config: dict[str, Any]
    status: Literal["SUCCESS", "FAIL", "WARNING", "ERROR", "SKIPPED"]
    bound_test: None = None


class Result(Strict):
    display_name: str
    metric_value_location: Location
    tests: list[Test] = []


class SingleValue(Result):
    type: Literal["evidently:metric_result_v2:SingleValue"]
    value: FiniteFloat


class CountValue(Result):
    type: Literal["evidently:metric_result_v2:CountValue"]
    count: SingleValue
    share: SingleValue


class MeanStdValue(Result):
    type: Literal["evidently:metric_result_v2:MeanStdValue"]
    mean: SingleValue
    std: SingleValue


class ByLabelValue(Result):
    type: Literal["evidently:metric_result_v2:ByLabelValue"]
    values: dict[str, SingleValue]


class ByLabelCountValue(Result):
    type: Literal["evidently:metric_result_v2:ByLabelCountValue"]
    counts: dict[str, SingleValue]
    shares: dict[str, SingleValue]


# ---------------------------------------------------------------- widgets


class Counter(Strict):
    value: str
    label: str


class Counters(Strict):
    counters: list[Counter]
    v2_test: Literal[True] | None = None


class Rows(Strict):
    header: list[str]
    data: list[list[str]]


class Markdown(Strict):
    text: str


class Graph(Strict):
    """`layout` may be empty, but a page without one breaks."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


class Labelled(Strict):
    label: str
    values: list[str]


class Card(Strict):
    header: str
    description: str
    metricsValuesHeaders: list[str]  # noqa: N815 - the page's spelling
    metrics: list[Labelled]
    graph: Graph | None = None


class Column(Strict):
    title: str
    field: str
    type: Literal["histogram"] | None = None
    options: dict[str, str] | None = None


class Part(Strict):
    title: str
    id: str
    type: Literal["widget"]


class BigTable(Strict):
    rowsPerPage: Annotated[int, Field(ge=1)]  # noqa: N815 - the page's spelling
    columns: list[Column]
    data: list[dict[str, Any]]

    @model_validator(mode="after")
    def _every_histogram_is_there(self) -> Self:
        for column in self.columns:
            if column.type == "histogram" and not all(
                set(row.get(column.field, ())) == {"x", "y"} for row in self.data
            ):
                raise ValueError(f"column {column.title!r}: every row needs x and y")
        return self


class ShownTest(Strict):
    title: str
    description: str
    state: Literal["success", "warning", "fail", "unknown"]
    groups: dict[str, Any]


class TestList(Strict):
    __test__ = False
    v2_test: Literal[True]
    tests: list[ShownTest]


class WidgetBase(Strict):
    title: str
    size: Annotated[int, Field(ge=0, le=2)]
    id: str


class CounterWidget(WidgetBase):
    type: Literal["counter"]
    params: Counters


class TableWidget(WidgetBase):
    type: Literal["table"]
    params: Rows


class TextWidget(WidgetBase):
    type: Literal["text"]
    params: Markdown


class GraphWidget(WidgetBase):
    type: Literal["big_graph"]
    params: Graph


class CardWidget(WidgetBase):
    type: Literal["rich_data"]
    params: Card


class TestSuiteWidget(WidgetBase):
    __test__ = False
    type: Literal["test_suite"]
    params: TestList


class BigTableWidget(WidgetBase):
    type: Literal["big_table"]
    params: BigTable
    additionalGraphs: list[GraphWidget] = []  # noqa: N815 - the page's spelling

    @model_validator(mode="after")
    def _every_detail_is_there(self) -> Self:
        known = {each.id for each in self.additionalGraphs}
        for row in self.params.data:
            for part in row.get("details", {}).get("parts", ()):
                if Part.model_validate(part).id not in known:
                    raise ValueError(f"a row opens {part['id']!r}, which is not among additionalGraphs")
        return self


AnyResult = Annotated[
    SingleValue | CountValue | MeanStdValue | ByLabelValue | ByLabelCountValue, Field(discriminator="type")
]
AnyWidget = Annotated[
    CounterWidget | TableWidget | TextWidget | GraphWidget | CardWidget | TestSuiteWidget | BigTableWidget,
    Field(discriminator="type"),
]


class Items(Strict):
    items: list[Any]


class Body(Strict):
    """A whole POST body."""

    report: Items
    name: str | None = None
    timestamp: Annotated[str, AfterValidator(_naive_instant)]
    metadata: dict[str, str]
    tags: list[str]
    metric_results: dict[str, AnyResult]
    top_level_metrics: list[str]
    widgets: list[AnyWidget]
    tests_widgets: list[AnyWidget]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.top_level_metrics:
            if name not in self.metric_results:
                raise ValueError(f"top_level_metrics names {name!r}, which is not among metric_results")
        seen: dict[tuple[object, ...], str] = {}
        for key, result in self.metric_results.items():
            metric = result.metric_value_location.metric
            if metric.metric_id != key:
                raise ValueError(f"metric_results[{key!r}] calls itself {metric.metric_id!r}")
            if metric.params.identity in seen:
                raise ValueError(
                    f"metric_results[{key!r}] has the labels of {seen[metric.params.identity]!r}: one would be lost"
                )
            seen[metric.params.identity] = key
        return self
