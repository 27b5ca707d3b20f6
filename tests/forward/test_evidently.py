"""Rules of forwarding to an Evidently workspace, against a strict stub. The real service: `tests/e2e_evidently`."""

import io
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from collector.errors import Permanent, Transient
from collector.forward import build
from collector.forward.evidently import EvidentlyForwarder
from collector.monitor import EvidentlyDestination
from collector.ports import Destination
from collector.snapshot import Snapshot
from collector.workspace.project import project_id
from tests.forward.stub import Stub, running
from tests.render.samples import arms, columns, drift_metrics, snapshot

RIGHT, WRONG = "right-secret", "wrong-secret"
CLOUD_KEY, OLD_TOKEN = "sk_a.b.c", "old-token"
REPORTS = ("drift", "quality", "model", "stability")


@asynccontextmanager
async def forwarding(stub: Stub, **settings: Any) -> AsyncIterator[Destination]:
    async with running(stub) as url:
        secrets = {name: SecretStr(value) for name, value in settings.items()}
        destination = build("evidently", EvidentlyDestination(type="evidently", url=url, **secrets))
        try:
            yield destination
        finally:
            await destination.close()


def metadata(stub: Stub, key: str) -> list[str]:
    return sorted(each["metadata"][key] for each in stub.stored())


@pytest.mark.asyncio
async def test_a_snapshot_arrives_in_the_project_it_names_which_is_made() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        for report in REPORTS:
            await destination.deliver(snapshot(report).json())
    (project,) = stub.projects.values()
    assert (project["name"], project["id"]) == ("Flight delays", project_id("Flight delays"))
    assert metadata(stub, "report") == sorted(REPORTS)


@pytest.mark.asyncio
async def test_a_second_run_adds_nothing() -> None:
    stub = Stub()
    for _ in range(2):
        async with forwarding(stub) as destination:
            for day in range(3):
                await destination.deliver(snapshot(day=day).json())
    assert len(stub.projects) == 1
    assert len(stub.stored()) == 3


@pytest.mark.asyncio
async def test_a_project_that_is_there_is_used_by_name_or_by_id() -> None:
    stub = Stub()
    mine = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    stub.projects[mine] = {"id": mine, "name": "Flight delays"}
    stub.snapshots[mine] = {}
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot().json())
        await destination.deliver(snapshot(day=1, project=mine).json())
    assert set(stub.projects) == {mine}
    assert len(stub.stored(mine)) == 2


@pytest.mark.asyncio
async def test_a_snapshot_without_a_project_goes_to_one_named_after_its_monitor() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot(project=None).json())
    assert [each["name"] for each in stub.projects.values()] == ["flight-delays"]


@pytest.mark.asyncio
async def test_a_higher_revision_replaces_and_a_lower_one_changes_nothing() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot(revision=1).json())
        await destination.deliver(snapshot(revision=3, rows=950).json())
        assert metadata(stub, "revision") == ["3"]
        await destination.deliver(snapshot(revision=2, rows=940).json())
    assert (metadata(stub, "revision"), metadata(stub, "rows")) == (["3"], ["950"])


@pytest.mark.asyncio
async def test_the_same_revision_with_other_content_replaces() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot(rows=1).json())
        await destination.deliver(snapshot(rows=2).json())
    assert metadata(stub, "rows") == ["2"]


@pytest.mark.asyncio
async def test_the_old_revision_is_deleted_after_the_new_one_is_there() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot(revision=1).json())
        await destination.deliver(snapshot(revision=2).json())
    writes = [
        method for method, path in stub.requests if method == "DELETE" or path.endswith(project_id("Flight delays"))
    ]
    assert writes.index("DELETE") > max(index for index, method in enumerate(writes) if method == "POST")


@pytest.mark.asyncio
async def test_a_connection_lost_after_the_server_stored_adds_nothing_when_repeated() -> None:
    stub = Stub(drop_after_storing=1)
    async with forwarding(stub) as destination:
        with pytest.raises(Transient):
            await destination.deliver(snapshot().json())
        await destination.deliver(snapshot().json())
    assert len(stub.stored()) == 1


@pytest.mark.asyncio
async def test_a_crash_between_sending_and_deleting_is_put_right_by_the_next_delivery() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot(revision=1).json())
        (old,) = stub.stored()
        await destination.deliver(snapshot(revision=2).json())
        stub.snapshots[project_id("Flight delays")]["00000000-old"] = old
        await destination.deliver(snapshot(revision=2).json())
    assert metadata(stub, "revision") == ["2"]


@pytest.mark.asyncio
async def test_a_refused_snapshot_is_removed_again_and_never_repeated() -> None:
    stub = Stub(refuse_snapshots=1)
    async with forwarding(stub) as destination:
        with pytest.raises(Permanent, match="cannot read this snapshot"):
            await destination.deliver(snapshot().json())
    assert stub.poisoned == []
    assert stub.stored() == []
    assert stub.count("POST", f"/api/v2/snapshots/{project_id('Flight delays')}") == 1


@pytest.mark.asyncio
async def test_the_query_that_finds_snapshots_may_fail_for_a_project_of_others() -> None:
    stub = Stub(series_broken=True)
    async with forwarding(stub) as destination:
        for revision in (1, 1, 2):
            await destination.deliver(snapshot(revision=revision).json())
    assert metadata(stub, "revision") == ["2"]


@pytest.mark.asyncio
async def test_a_deleted_project_is_made_again() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot().json())
        stub.projects.clear()
        stub.snapshots.clear()
        await destination.deliver(snapshot(day=1).json())
    assert len(stub.projects) == 1
    assert len(stub.stored()) == 1


@pytest.mark.asyncio
async def test_another_process_may_be_first_to_make_the_project() -> None:
    stub = Stub(create_answers_500=True)
    identity = project_id("Flight delays")
    stub.projects[identity] = {"id": identity, "name": "renamed by its owner"}
    stub.snapshots[identity] = {}
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot().json())
    assert len(stub.stored(identity)) == 1


@pytest.mark.asyncio
async def test_a_wrong_secret_is_permanent_and_says_so() -> None:
    stub = Stub(secret=RIGHT)
    async with forwarding(stub, secret=WRONG) as destination:
        with pytest.raises(Permanent, match="secret is wrong or missing") as caught:
            await destination.deliver(snapshot().json())
    assert WRONG not in str(caught.value)
    async with forwarding(stub, secret=RIGHT) as destination:
        await destination.deliver(snapshot().json())
    assert len(stub.stored()) == 1


@pytest.mark.asyncio
async def test_a_cloud_key_goes_along_as_bearer() -> None:
    stub = Stub(bearer="sk_a.b.c")
    async with forwarding(stub, token=CLOUD_KEY) as destination:
        await destination.deliver(snapshot().json())
    assert len(stub.stored()) == 1
    assert stub.logins == 0


@pytest.mark.asyncio
async def test_an_older_cloud_token_is_exchanged_and_renewed_when_it_expires() -> None:
    stub = Stub(jwt="first")
    async with forwarding(stub, token=OLD_TOKEN) as destination:
        await destination.deliver(snapshot().json())
        stub.jwt = "second"
        await destination.deliver(snapshot(day=1).json())
    assert len(stub.stored()) == 2
    assert stub.logins == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("settings", [{"token": "sk_wrong.b.c"}, {"token": "wrong-old-token"}])
async def test_a_wrong_token_is_permanent_and_never_repeated_in_the_message(settings: dict[str, str]) -> None:
    stub = Stub(bearer="sk_a.b.c") if settings["token"].startswith("sk_") else Stub(jwt="any")
    async with forwarding(stub, **settings) as destination:
        with pytest.raises(Permanent, match="refused the token") as caught:
            await destination.deliver(snapshot().json())
    assert settings["token"] not in str(caught.value)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("version", "fits"), [("0.6.7", False), ("0.7.5", False), ("0.7.6", True), ("0.8.0", True), ("cloud", True)]
)
async def test_only_supported_versions_are_sent_to(version: str, *, fits: bool) -> None:
    stub = Stub(version=version)
    async with forwarding(stub) as destination:
        if fits:
            await destination.deliver(snapshot().json())
        else:
            with pytest.raises(Permanent, match=r"0\.7\.6 or later"):
                await destination.deliver(snapshot().json())
    assert bool(stub.stored()) is fits


@pytest.mark.asyncio
async def test_something_else_at_the_address_is_permanent() -> None:
    stub = Stub(application="Something else")
    async with forwarding(stub) as destination:
        with pytest.raises(Permanent, match="not an Evidently UI"):
            await destination.deliver(snapshot().json())


@pytest.mark.asyncio
async def test_a_service_that_starts_is_transient_with_its_own_delay() -> None:
    stub = Stub(unavailable=1)
    async with forwarding(stub) as destination:
        with pytest.raises(Transient) as caught:
            await destination.deliver(snapshot().json())
        assert caught.value.retry_after_seconds == 3
        await destination.deliver(snapshot().json())
    assert len(stub.stored()) == 1


@pytest.mark.asyncio
async def test_nobody_at_the_address_is_transient() -> None:
    destination = EvidentlyForwarder("evidently", "http://127.0.0.1:9")
    with pytest.raises(Transient, match="cannot be reached"):
        await destination.deliver(snapshot().json())
    await destination.close()


@pytest.mark.asyncio
async def test_an_address_that_is_none_is_permanent_and_not_repeated() -> None:
    destination = EvidentlyForwarder("evidently", "ftp://user:hunter2@host")
    with pytest.raises(Permanent, match="not an address") as caught:
        await destination.deliver(snapshot().json())
    assert "hunter2" not in str(caught.value)
    await destination.close()


@pytest.mark.asyncio
async def test_what_is_no_snapshot_is_permanent() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        for body in (b"{", b"[]", b'{"schema": 2}', orjson.dumps(snapshot().as_dict() | {"timestamp": "soon"})):
            with pytest.raises(Permanent):
                await destination.deliver(body)
    assert stub.stored() == []


@pytest.mark.asyncio
async def test_a_smaller_limit_before_the_service_gets_a_shorter_report() -> None:
    stub = Stub(max_bytes=1_000_000)
    wide = {f"feature_{index}": columns()["distance"] for index in range(400)}
    metrics = drift_metrics()
    metrics[1]["result"]["drift_by_columns"] = dict.fromkeys(wide, metrics[1]["result"]["drift_by_columns"]["distance"])
    large = snapshot(metrics=metrics, columns=wide)
    async with forwarding(stub) as destination:
        await destination.deliver(large.json())
        await destination.deliver(large.json())
    (stored,) = stub.stored()
    assert "Left out" in stored["widgets"][0]["params"]["text"]


# ---------------------------------------------------------------- rows


def parquet(rows: int = 3, width: int = 1) -> bytes:
    sink = io.BytesIO()
    dice = random.Random(rows)
    columns: dict[str, list[Any]] = {"id": [f"i{row}" for row in range(rows)]}
    columns |= {f"x{place}": [dice.random() for _ in range(rows)] for place in range(width)}
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def rows_there(stub: Stub) -> list[tuple[str, str, int]]:
    """Of each dataset: the revision of the snapshot that shows it, as what, and how many rows it has."""
    return [
        (
            stub.snapshots[each["project_id"]][each["snapshot"]]["metadata"]["revision"],
            each["part"],
            pq.read_table(io.BytesIO(each["body"])).num_rows,
        )
        for each in stub.datasets.values()
    ]


@pytest.mark.asyncio
async def test_rows_are_the_dataset_of_their_snapshot_and_sending_again_adds_none() -> None:
    stub = Stub()
    for _ in range(2):
        async with forwarding(stub) as destination:
            await destination.deliver(snapshot().json(), parquet(3))
            await destination.deliver(snapshot(day=1).json())
    assert rows_there(stub) == [("1", "current", 3)]
    (dataset,) = stub.datasets.values()
    assert dataset["body"] == parquet(3)
    assert dataset["name"] == "drift of flight-delays: current"
    assert dataset["metadata"]["forward_id"] == snapshot().id


@pytest.mark.asyncio
async def test_rows_are_replaced_with_their_snapshot_and_go_when_it_has_none_any_more() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot().json(), parquet(3))
        await destination.deliver(snapshot(revision=2).json(), parquet(4))
        assert rows_there(stub) == [("2", "current", 4)]
        await destination.deliver(snapshot(revision=1).json(), parquet(3))
        assert rows_there(stub) == [("2", "current", 4)]
        await destination.deliver(snapshot(revision=3).json())
    assert rows_there(stub) == []
    assert len(stub.stored()) == 1


@pytest.mark.asyncio
async def test_an_upload_that_was_cut_short_is_made_up_for_by_the_next_delivery() -> None:
    stub = Stub(drop_uploads=1)
    async with forwarding(stub) as destination:
        with pytest.raises(Transient):
            await destination.deliver(snapshot().json(), parquet(3))
        await destination.deliver(snapshot().json(), parquet(3))
    assert len(stub.stored()) == 1
    assert rows_there(stub) == [("1", "current", 3)]


@pytest.mark.asyncio
async def test_rows_that_are_too_many_are_thinned_out_and_the_name_says_so() -> None:
    body = parquet(60_000, 4)
    assert len(body) > 1_000_000
    stub = Stub(max_bytes=1_000_000)  # a proxy that takes a megabyte
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot().json(), body)
    ((_, _, kept),) = rows_there(stub)
    assert 10_000 < kept < 60_000
    (dataset,) = stub.datasets.values()
    assert dataset["name"] == f"drift of flight-delays: current ({kept:,} of 60,000 rows)"
    ids = pq.read_table(io.BytesIO(dataset["body"]))["id"].to_pylist()
    steps = {int(b[1:]) - int(a[1:]) for a, b in itertools.pairwise(ids)}
    assert ids[0] == "i0"
    assert max(steps) - min(steps) <= 1  # evenly


@pytest.mark.asyncio
async def test_a_service_that_takes_no_rows_has_the_snapshot_and_the_letter_says_what_is_missing() -> None:
    stub = Stub(takes_no_datasets=True)
    async with forwarding(stub) as destination:
        with pytest.raises(Permanent, match="the snapshot is there, its rows are not"):
            await destination.deliver(snapshot().json(), parquet(3))
        await destination.deliver(snapshot(revision=2).json())  # and without rows nothing is the matter
    assert metadata(stub, "revision") == ["2"]


# ---------------------------------------------------------------- dashboards


def panels(stub: Stub) -> list[str]:
    return [panel["title"] for panel in stub.dashboards.get(project_id("Flight delays"), {"panels": []})["panels"]]


@pytest.mark.asyncio
async def test_the_first_snapshot_of_a_report_brings_the_panels_of_its_numbers() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot("drift").json())
        assert panels(stub) == ["Share of drifted columns", "Drift score by column", "Rows"]
        await destination.deliver(snapshot("model").json())
    assert panels(stub) == ["Share of drifted columns", "Drift score by column", "Rows", "Classification quality"]
    (tab,) = stub.dashboards[project_id("Flight delays")]["tabs"]
    assert len(tab["panels"]) == 4


@pytest.mark.asyncio
async def test_each_monitor_and_each_view_of_its_arms_has_panels_of_its_own() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        for monitor in ("flights", "fares"):
            for day in range(2):
                for made in arms(monitor=monitor, day=day):
                    await destination.deliver(made.json())
    shown = stub.dashboards[project_id("Flight delays")]["panels"]
    rows = {(panel["title"], panel["subtitle"]): panel["values"][0] for panel in shown if "Rows" in panel["title"]}
    titles = ["Rows", "Rows by model_version", "Rows by model_version, vs champion"]
    assert sorted(rows) == [(title, monitor) for title in titles for monitor in ("fares", "flights")]
    for (title, monitor), value in rows.items():
        view = title.removeprefix("Rows").strip() or "all rows"
        drawn = [each for each in stub.stored() if value["metadata"].items() <= each["metadata"].items()]
        assert {(each["metadata"]["monitor"], each["metadata"]["view"]) for each in drawn} == {(monitor, view)}
        assert value["legend"] == ("rows" if title == "Rows" else "{{model_version}} rows")
    assert len({panel["id"] for panel in shown}) == len(shown)
    share = {panel["title"]: panel["plot_params"] for panel in shown if "Share of drifted" in panel["title"]}
    assert share == {
        "Share of drifted columns": {"plot_type": "line", "is_stacked": False},
        "Share of drifted columns by model_version": {"plot_type": "bar", "is_stacked": False},
        "Share of drifted columns by model_version, vs champion": {"plot_type": "bar", "is_stacked": False},
    }


@pytest.mark.asyncio
async def test_panels_that_a_user_removed_stay_removed() -> None:
    stub = Stub()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot("drift").json())
    stub.dashboards.clear()
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot("drift", day=1).json())
    assert panels(stub) == []


@pytest.mark.asyncio
async def test_panels_of_others_stay_as_they_are() -> None:
    stub = Stub()
    theirs = {"id": "theirs", "title": "Mine", "values": [], "size": "full"}
    identity = project_id("Flight delays")
    stub.projects[identity] = {"id": identity, "name": "Flight delays"}
    stub.snapshots[identity] = {}
    stub.dashboards[identity] = {
        "tabs": [{"id": "t", "title": "Tab", "panels": ["theirs"]}],
        "panels": [theirs],
        "extra": 1,
    }
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot("drift").json())
    document = stub.dashboards[identity]
    assert document["panels"][0] == theirs
    assert document["extra"] == 1
    assert [tab["id"] for tab in document["tabs"]] == ["t"]


@pytest.mark.asyncio
async def test_a_dashboard_that_cannot_be_written_stops_no_snapshot() -> None:
    stub = Stub()
    identity = project_id("Flight delays")
    stub.projects[identity] = {"id": identity, "name": "Flight delays"}
    stub.snapshots[identity] = {}
    stub.dashboards[identity] = {"tabs": [{"panels": []}, {"panels": []}], "panels": []}
    async with forwarding(stub) as destination:
        await destination.deliver(snapshot("drift").json())
    assert len(stub.stored()) == 1


def test_segments_and_revisions_have_ids_of_their_own() -> None:
    made: list[Snapshot] = [snapshot(), snapshot(segment={"origin": "JFK"}), snapshot(segment={"origin": "EWR"})]
    assert len({each.id for each in made}) == 3
