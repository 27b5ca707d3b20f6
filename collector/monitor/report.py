"""What is computed: the `reports` of a monitor."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from collector.model import Phase
from collector.monitor.name import NAME
from collector.strict import Model


def _named_item(value: object) -> object:
    """`Name` or `{Name: {parameter: value}}` -> {"name", "parameters"}; what is already so passes."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping) and len(value) == 1 and "name" not in value:
        ((name, parameters),) = value.items()
        return {"name": name, "parameters": parameters or {}}
    if isinstance(value, Mapping) and set(value) <= {"name", "parameters"}:
        return value
    raise ValueError("expected a name, or one name with its parameters: {Name: {parameter: value}}")


class Spec(Model):
    """A metric, test or preset by name, with its parameters."""

    name: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)


SpecItem = Annotated[
    Spec,
    BeforeValidator(_named_item),
    WithJsonSchema(
        {
            "description": "Name, or {Name: {parameter: value}}",
            "anyOf": [
                {"type": "string"},
                {"type": "object", "maxProperties": 1, "additionalProperties": {"type": ["object", "null"]}},
                {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
                    "required": ["name"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]


class ReportSettings(Model):
    """A Report (metrics), a Test Suite (tests), or both under one name.

    `needs_target`: evaluated once the labels are in.
    """

    name: Annotated[str, Field(pattern=NAME)]
    metrics: tuple[SpecItem, ...] = ()
    tests: tuple[SpecItem, ...] = ()
    needs_target: bool = False

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.metrics and not self.tests:
            raise ValueError(f"report {self.name!r} is empty: give metrics, tests or both")
        return self

    @property
    def phase(self) -> Phase:
        return Phase.LABELS if self.needs_target else Phase.ROWS
