"""The document at `/openapi.json`, for programs."""

import re
from collections.abc import Sequence
from typing import Any

from collector.receive.openapi.content import REQUESTS, answer, problems
from collector.receive.openapi.schemas import TEXT, schemas
from collector.receive.route import Parameter, Route


def document(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inference collector", "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", route.path)]),
        "parameters": [_in_path(name) for name in re.findall(r"{(\w+)}", route.path)]
        + [_parameter(each) for each in route.parameters],
        "responses": {str(status): answer(schema) for status, schema in route.answers} | problems(route),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": REQUESTS[route.body]}
    if route.scope is not None:
        operation["security"] = [{"key": [str(route.scope)]}, {}]
    return operation


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    value = (
        {"content": {"application/json": {"schema": parameter.schema}}}
        if parameter.is_json
        else {"schema": parameter.schema}
    )
    return {"name": parameter.name, "in": parameter.place, "description": parameter.meaning, **value}
