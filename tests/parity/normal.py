"""The form in which both engines' answers are compared: without what is arbitrary, or said in two ways."""

from typing import Any

from tests.parity.case import Case
from tests.parity.cases import LIST_TESTS
from tests.parity.cases_of_models import TOP_K_METRICS


def by_name(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The tests of a preset by class and subject: their order means nothing. Their long tables stand elsewhere."""
    named: dict[str, dict[str, Any]] = {}
    for entry in entries:
        about = [entry["parameters"][key] for key in ("column_name", "label") if key in entry["parameters"]]
        said = {key: value for key, value in entry["parameters"].items() if key not in {"features", "columns"}}
        named[" ".join([entry["test"], *map(str, about)])] = entry | {"parameters": said}
    return named


def settled(case: Case, result: dict[str, Any]) -> dict[str, Any]:
    """The result in a form that both can have: without a list of values that nobody gave or which of equally frequent
    values is told; points by name, series by k.
    """
    given = {name for name, _ in case.arguments}

    if case.name == "RecCasesTable":
        return {key: _columns(value) for key, value in result.items()}

    def of(mapping: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, value in mapping.items():
            if key == "type" and isinstance(value, str) and value.startswith("evidently:"):
                continue  # the name of the peer's class
            if key == "columns" and case.kind == "metric":
                continue  # the roles that the peer found
            if key == "values" and "values" not in given and isinstance(value, list) and case.name in _OF_LISTS:
                continue
            if key.startswith("table_of_") or key in {"current_table", "reference_table"}:
                kept[key] = sorted(value.values(), reverse=True) if isinstance(value, dict) else value
            elif isinstance(value, dict) and set(value) - {"type"} == {"x", "y"}:
                kept[key] = dict(zip(map(str, value["x"]), value["y"], strict=True))
            elif isinstance(value, list) and case.name in TOP_K_METRICS:
                kept[key] = {str(k): each for k, each in enumerate(value, start=1)}
            else:
                kept[key] = of(value) if isinstance(value, dict) else value
        return kept

    return of(result)


def _columns(value: Any) -> Any:
    """Rows of a table as columns; cells as text."""
    if isinstance(value, dict):
        return {
            key: [str(each) for each in table] if key == "item_id" else _columns(table) for key, table in value.items()
        }
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _columns({key: [row[key] for row in value] for key in value[0]})
    return [str(each) for each in value] if isinstance(value, list) else value


_OF_LISTS = frozenset({"ColumnValueListMetric", *LIST_TESTS})
