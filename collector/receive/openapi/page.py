"""The page at `/docs`: the table of routes for people, without a script and without a network."""

from collections.abc import Sequence
from html import escape

from collector.receive.openapi.content import REQUESTS, problems
from collector.receive.problems import PROBLEMS
from collector.receive.route import Route


def page(routes: Sequence[Route]) -> str:
    """The routes for people: one HTML page, no script, no network."""
    rows = "\n".join(map(_row, routes))
    problems = "\n".join(
        f'<tr id="{escape(each.name)}"><td>{each.status}</td><td><code>{escape(each.type)}</code></td>'
        f"<td>{escape(each.title)}</td></tr>"
        for each in PROBLEMS
    )
    return _PAGE.format(rows=rows, problems=problems)


def _row(route: Route) -> str:
    details = [f"<p>{escape(_needs(route))}</p>"]
    if route.body is not None:
        media = ", ".join(f"<code>{escape(name)}</code>" for name in REQUESTS[route.body])
        details.append(f"<p>Body: {media}</p>")
    if route.parameters:
        items = "".join(
            f"<li><code>{escape(each.name)}</code> ({each.place}): {escape(each.meaning)}</li>"
            for each in route.parameters
        )
        details.append(f"<ul>{items}</ul>")
    answers = [f"<li><b>{status}</b> {escape(schema)}</li>" for status, schema in route.answers]
    answers += [
        f"<li><b>{status}</b> {escape(answer['description'])}</li>" for status, answer in problems(route).items()
    ]
    return (
        f"<details><summary><b class={route.method.lower()}>{route.method}</b> <code>{escape(route.path)}</code> "
        f"<span>{escape(route.summary)}</span></summary>{''.join(details)}<ul>{''.join(answers)}</ul></details>"
    )


def _needs(route: Route) -> str:
    if route.scope is None:
        return "Open."
    return f"With keys: scope {route.scope}{f' or {route.also}' if route.also else ''}."


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Inference collector: HTTP API</title>
<meta name="viewport" content="width=device-width"><style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430 }}
details {{ border: 1px solid #d8dde6; border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem }}
summary {{ cursor: pointer }} summary span {{ color: #5a6577 }} summary b {{ display: inline-block; min-width: 4.5rem }}
.get {{ color: #0b6b3a }} .post {{ color: #8a4b00 }} .put {{ color: #1f4fb2 }} .delete {{ color: #a4161a }}
td {{ padding: .15rem 1rem .15rem 0 }}
</style></head><body>
<h1>HTTP API</h1>
<p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
{rows}
<h2>Problems</h2>
<p>Every error is <code>application/problem+json</code> with one of these types, a sentence in <code>detail</code>,
and the place of the fault where there is one.</p>
<table>{problems}</table>
</body></html>
"""
