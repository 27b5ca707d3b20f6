"""A service that answers as an Evidently UI does, and keeps poison as it does: what it cannot read it may have stored.

Written from the service's behaviour, not from our own checks, so that both can be compared.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

RESULT_PREFIX = "evidently:metric_result_v2:"
STATUSES = {"SUCCESS", "FAIL", "WARNING", "ERROR", "SKIPPED"}
Json = dict[str, Any]


@dataclass
class Stub:
    """The state of the service, and what it is asked to do wrong."""

    secret: str | None = None
    version: str = "0.7.23"
    application: str = "Evidently UI"
    max_bytes: int = 10_000_000
    bearer: str | None = None
    jwt: str | None = None
    refuse_snapshots: int = 0
    """Answer 500 to so many snapshots, and keep them, as the real one does with poison."""
    unavailable: int = 0
    """Answer 503 to so many requests."""
    drop_after_storing: int = 0
    """Close the connection instead of answering to so many snapshots that were stored."""
    drop_uploads: int = 0
    """Close the connection instead of answering to so many datasets, which are not stored."""
    takes_no_datasets: bool = False
    series_broken: bool = False
    create_answers_500: bool = False
    projects: dict[str, Json] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Json]] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    datasets: dict[str, Json] = field(default_factory=dict)
    poisoned: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    logins: int = 0
    url: str = ""

    # ------------------------------------------------------------ routes

    def app(self) -> web.Application:
        app = web.Application(client_max_size=20_000_000, middlewares=[self._gate])
        app.add_routes([
            web.get("/api/version", self.get_version),
            web.get("/api/users/login", self.login),
            web.get("/api/v2/projects", self.list_projects),
            web.post("/api/v2/projects", self.create_project),
            web.patch("/api/v2/projects/{pid}", self.update_project),
            web.delete("/api/v2/projects/{pid}", self.delete_project),
            web.get("/api/projects/{pid}/info", self.info),
            web.get("/api/projects/{pid}/snapshots", self.list_snapshots),
            web.delete("/api/projects/{pid}/{sid}", self.delete_snapshot),
            web.post("/api/v2/snapshots/{pid}", self.add_snapshot),
            web.post("/api/v2/snapshots/{pid}/data_series_batch", self.data_series),
            web.post("/api/datasets/upload", self.add_dataset),
            web.get("/api/datasets", self.list_datasets),
            web.delete("/api/datasets/{did}", self.delete_dataset),
            web.get("/api/v2/dashboards/{pid}", self.get_dashboard),
            web.post("/api/v2/dashboards/{pid}", self.save_dashboard),
        ])  # fmt: skip
        return app

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if self.unavailable:
            self.unavailable -= 1
            return web.json_response({"detail": "starting"}, status=503, headers={"Retry-After": "3"})
        writes = request.method != "GET" and not request.path.endswith("data_series_batch")
        if self.secret and writes and request.headers.get("evidently-secret") != self.secret:
            return web.json_response({"detail": "Not enough permissions"}, status=403)
        if self.bearer and request.headers.get("Authorization") != f"Bearer {self.bearer}":
            return web.json_response({"detail": "Not authorized"}, status=401)
        if self.jwt and not request.path.endswith("/login") and request.cookies.get("app.at") != self.jwt:
            return web.json_response({"detail": "Not authorized"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def get_version(self, _: web.Request) -> web.Response:
        return web.json_response({"application": self.application, "version": self.version, "commit": "-"})

    async def login(self, request: web.Request) -> web.Response:
        self.logins += 1
        if request.headers.get("X-Evidently-Token") != "old-token":
            return web.json_response({"detail": "no"}, status=401)
        return web.Response(text=self.jwt or "")

    async def list_projects(self, _: web.Request) -> web.Response:
        return web.json_response(list(self.projects.values())[::-1])

    async def create_project(self, request: web.Request) -> web.Response:
        body = await request.json()
        if "name" not in body:
            return web.json_response({"detail": "name"}, status=400)
        identity = str(uuid.UUID(body.get("id") or str(uuid.uuid4())))
        if self.create_answers_500 and identity in self.projects:
            return web.json_response({"status_code": 500}, status=500)
        self.projects[identity] = {"description": None, "created_at": "2026-01-01T00:00:00", **body, "id": identity}
        self.snapshots.setdefault(identity, {})
        return web.json_response(identity, status=201)

    async def update_project(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("id") != request.match_info["pid"]:
            return web.json_response({}, status=500)
        self.projects[body["id"]] = body
        return web.json_response(body["id"])

    async def delete_project(self, request: web.Request) -> web.Response:
        self.projects.pop(request.match_info["pid"], None)
        self.snapshots.pop(request.match_info["pid"], None)
        return web.Response(status=204)

    async def info(self, request: web.Request) -> web.Response:
        return web.json_response(self._project(request))

    async def list_snapshots(self, request: web.Request) -> web.Response:
        project = self._project(request)["id"]
        listed = [
            {
                "id": sid,
                "name": each.get("name"),
                "metadata": each["metadata"],
                "tags": each["tags"],
                "timestamp": each["timestamp"],
            }
            for sid, each in self.snapshots[project].items()
        ]
        return web.json_response(listed)

    async def delete_snapshot(self, request: web.Request) -> web.Response:
        sid = request.match_info["sid"]
        self.snapshots.get(request.match_info["pid"], {}).pop(sid, None)
        self.poisoned = [each for each in self.poisoned if each != sid]
        return web.Response(status=204)

    async def add_snapshot(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        if len(raw) > self.max_bytes:
            return web.json_response({"status_code": 413, "detail": "Request Entity Too Large"}, status=413)
        project = self._project(request)["id"]
        try:
            body = orjson.loads(raw)
            read(body)
        except (KeyError, TypeError, ValueError, AssertionError, orjson.JSONDecodeError):
            return web.json_response({"status_code": 500, "detail": "Internal Server Error"}, status=500)
        sid = f"{len(self.requests):08d}-{uuid.uuid4()}"
        self.snapshots[project][sid] = body
        if self.refuse_snapshots:
            self.refuse_snapshots -= 1
            self.poisoned.append(sid)
            return web.json_response({"status_code": 500, "detail": "Internal Server Error"}, status=500)
        if self.drop_after_storing:
            self.drop_after_storing -= 1
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        return web.json_response({"snapshot_id": sid}, status=201)

    async def data_series(self, request: web.Request) -> web.Response:
        project = self._project(request)["id"]
        if self.series_broken:
            return web.json_response({"status_code": 500}, status=500)
        (wanted,) = (await request.json())["series_filter"]
        assert {"tags", "metadata", "metric", "metric_labels"} == set(wanted)
        sources = [
            {"snapshot_id": sid, "timestamp": each["timestamp"], "tags": each["tags"], "metadata": each["metadata"]}
            for sid, each in self.snapshots[project].items()
            if wanted["metadata"].items() <= each["metadata"].items() and wanted["metric"] in types(each)
        ]
        return web.json_response({"sources": sources, "series": []}, status=201)

    async def add_dataset(self, request: web.Request) -> web.Response:
        if self.takes_no_datasets:
            return web.json_response({"detail": "Not Found"}, status=404)
        if (request.content_length or 0) > self.max_bytes:
            await request.read()
            return web.json_response({"status_code": 413, "detail": "Request Entity Too Large"}, status=413)
        form = await request.post()
        assert set(form) <= {"name", "file", "description", "data_definition_str", "metadata_str", "tags_str"}
        file, query = form["file"], request.query
        assert isinstance(file, web.FileField)
        assert file.filename == "data.parquet", "its ending says the format"
        assert query["snapshot_id"] in self.snapshots[query["project_id"]]
        assert query["dataset_type"] == "output"
        if self.drop_uploads:
            self.drop_uploads -= 1
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        identity = str(uuid.uuid4())
        self.datasets[identity] = {
            "id": identity, "project_id": query["project_id"], "snapshot": query["snapshot_id"],
            "part": query["dataset_subtype"], "name": form["name"],
            "metadata": orjson.loads(str(form["metadata_str"])), "body": file.file.read(),
        }  # fmt: skip
        return web.json_response({"dataset": {"id": identity}}, status=201)

    async def list_datasets(self, request: web.Request) -> web.Response:
        if self.takes_no_datasets:
            return web.json_response({"detail": "Not Found"}, status=404)
        listed = [
            {key: each[key] for key in ("id", "project_id", "name", "metadata")}
            for each in self.datasets.values()
            if each["project_id"] == request.query["project_id"]
        ]
        return web.json_response({"datasets": listed})

    async def delete_dataset(self, request: web.Request) -> web.Response:
        del self.datasets[request.match_info["did"]]
        return web.Response(status=200)

    async def get_dashboard(self, request: web.Request) -> web.Response:
        return web.json_response(self.dashboards.get(request.match_info["pid"], {"tabs": [], "panels": []}))

    async def save_dashboard(self, request: web.Request) -> web.Response:
        body = await request.json()
        if len(body["tabs"]) > 1:
            return web.json_response({"detail": "Multiple tabs are not supported in Evidently OSS"}, status=400)
        self.dashboards[self._project(request)["id"]] = body
        return web.json_response(None, status=201)

    # ------------------------------------------------------------ what the tests ask

    def _project(self, request: web.Request) -> Json:
        project = self.projects.get(request.match_info["pid"])
        if project is None:
            raise web.HTTPNotFound(text='{"status_code":404,"detail":"project not found"}')
        return project

    def stored(self, project: str | None = None) -> list[Json]:
        """All snapshots, of one project or of every project."""
        return [each for pid, held in self.snapshots.items() if project in (None, pid) for each in held.values()]

    def count(self, method: str, ending: str) -> int:
        return sum(verb == method and path.endswith(ending) for verb, path in self.requests)


def types(body: Json) -> set[str]:
    return {each["metric_value_location"]["metric"]["params"]["type"] for each in body["metric_results"].values()}


def read(body: Json) -> None:
    """Raise for whatever would make the real service answer 500, or break its pages for good."""
    stamp = datetime.fromisoformat(body["timestamp"])
    assert stamp.tzinfo is None, "naive and aware stamps must not meet"
    assert isinstance(body["report"]["items"], list)
    assert all(isinstance(value, str) for value in body["metadata"].values())
    assert all(isinstance(tag, str) for tag in body["tags"])
    for result in body["metric_results"].values():
        read_result(result)
    assert set(body["top_level_metrics"]) <= set(body["metric_results"])
    for widget in [*body["widgets"], *body["tests_widgets"]]:
        read_widget(widget)


def read_result(result: Json) -> None:
    assert result["type"].startswith(RESULT_PREFIX)
    assert isinstance(result["display_name"], str)
    location = result["metric_value_location"]
    assert isinstance(location["param"], dict)
    assert isinstance(location["metric"]["metric_id"], str)
    assert location["metric"]["params"]["type"].startswith("evidently:metric_v2:")
    if result["type"] == f"{RESULT_PREFIX}SingleValue":
        float(result["value"])
    for test in result.get("tests", ()):
        assert test["status"] in STATUSES
        assert test.get("bound_test") is None
        assert {"id", "name", "description", "metric_config", "test_config"} <= set(test)


def read_widget(widget: Json) -> None:
    assert isinstance(widget["title"], str)
    assert widget["size"] in (0, 1, 2)
    params = widget["params"]
    match widget["type"]:
        case "counter":
            assert all(isinstance(each["value"], str) and isinstance(each["label"], str) for each in params["counters"])
        case "table":
            assert all(isinstance(cell, str) for row in params["data"] for cell in row)
        case "big_graph":
            assert isinstance(params["data"], list)
            assert isinstance(params["layout"], dict)
        case "big_table":
            known = {each["id"] for each in widget.get("additionalGraphs", ())}
            for row in params["data"]:
                assert {part["id"] for part in row.get("details", {}).get("parts", ())} <= known
        case "test_suite":
            assert all(isinstance(test["groups"], dict) and test["state"] for test in params["tests"])
        case "rich_data" | "text":
            pass
        case kind:
            raise AssertionError(f"a widget of type {kind}")


@asynccontextmanager
async def running(stub: Stub) -> AsyncIterator[str]:
    """The address of the stub while the block runs."""
    runner = web.AppRunner(stub.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    stub.url = f"http://{host}:{port}"
    try:
        yield stub.url
    finally:
        await runner.cleanup()
