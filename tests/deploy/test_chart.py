"""The chart renders in every way of running it, and refuses what cannot work."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from collector import config
from collector.settings import Settings

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm/inference-collector"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))


@pytest.fixture(scope="session")
def helm():
    found = shutil.which("helm") or shutil.which("helm", path=str(ROOT / ".tools/more/bin"))
    if found is None and "CI" in os.environ:
        pytest.fail("there is no helm, and CI is set: run scripts/install-helm")
    if found is None:
        pytest.skip("there is no helm: run scripts/install-helm")
    return found


def run(helm, *arguments):
    return subprocess.run([helm, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def render(helm):
    def rendered(*arguments):
        answer = run(helm, "template", "release", CHART, *arguments)
        assert answer.returncode == 0, answer.stderr
        return [each for each in yaml.safe_load_all(answer.stdout) if each]

    return rendered


@pytest.fixture
def refusal(helm):
    def refused(*settings):
        arguments = [part for setting in settings for part in ("--set", setting)]
        answer = run(helm, "template", "release", CHART, *arguments)
        assert answer.returncode != 0, "it was rendered"
        return answer.stderr

    return refused


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def pods(objects):
    return [each["spec"]["template"] for each in of_kind(objects, "Deployment")]


def environment(pod):
    return {each["name"]: each for each in pod["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_lint_has_nothing_to_say(helm, case):
    answer = run(helm, "lint", "--strict", CHART, "--values", case)

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_defaults_render_and_lint(helm, render):
    assert run(helm, "lint", "--strict", CHART).returncode == 0
    assert {each["kind"] for each in render()} == {
        "ConfigMap", "Deployment", "PersistentVolumeClaim", "Service", "ServiceAccount",
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_pod_is_safe_probed_and_has_time_to_drain(render, case):
    templates = pods(render("--values", case))

    assert templates
    for pod in templates:
        (container,) = pod["spec"]["containers"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        drain_seconds = float(environment(pod)["COLLECTOR_DRAIN_SECONDS"]["value"])
        assert pod["spec"]["terminationGracePeriodSeconds"] > drain_seconds + Settings().shutdown_seconds
        assert container["resources"]["limits"]["memory"]
        mounts = {each["mountPath"] for each in container["volumeMounts"]}
        assert {"/data", "/tmp", "/etc/collector"} <= mounts  # noqa: S108 - a mount, not a file
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["spec"]["volumes"]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_selector_finds_its_pods(render, case):
    objects = render("--values", case)
    labels = [pod["metadata"]["labels"].items() for pod in pods(objects)]

    for deployment in of_kind(objects, "Deployment"):
        wanted = deployment["spec"]["selector"]["matchLabels"].items()
        assert wanted <= deployment["spec"]["template"]["metadata"]["labels"].items()
    for each in of_kind(objects, "Service"):
        assert sum(each["spec"]["selector"].items() <= found for found in labels) == 1
    for each in of_kind(objects, "PodDisruptionBudget"):
        assert sum(each["spec"]["selector"]["matchLabels"].items() <= found for found in labels) == 1
    for each in of_kind(objects, "ServiceMonitor"):
        services = [service["metadata"]["labels"].items() for service in of_kind(objects, "Service")]
        assert all(each["spec"]["selector"]["matchLabels"].items() <= found for found in services)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_variable_of_ours_is_a_setting(render, case):
    known = {f"COLLECTOR_{name.upper()}" for name in Settings.model_fields}
    for pod in pods(render("--values", case)):
        assert {name for name in environment(pod) if name.startswith("COLLECTOR_")} <= known


def test_the_rendered_configuration_is_one_that_the_service_takes(render, tmp_path):
    (found,) = of_kind(render("--values", CHART / "ci/embedded-values.yaml"), "ConfigMap")
    (tmp_path / "collector.yaml").write_text(found["data"]["collector.yaml"])

    loaded = config.load(tmp_path / "collector.yaml", environment={"EVIDENTLY_SECRET": "x"})
    assert [monitor.id for monitor in loaded.monitors] == ["flight-delays"]
    assert set(loaded.destinations) == {"local", "evidently"}


def test_a_changed_configuration_restarts_the_pods(render):
    def checksum(*arguments):
        (pod,) = pods(render(*arguments))
        return pod["metadata"]["annotations"]["checksum/config"]

    assert checksum() == checksum()
    assert checksum() != checksum("--set", "config.monitors[0].id=a")


def test_settings_become_variables_with_their_numbers_as_written(render):
    (pod,) = pods(render("--values", CHART / "ci/embedded-values.yaml"))
    found = environment(pod)

    assert found["COLLECTOR_MAX_BUFFERED_BYTES"]["value"] == "8589934592"
    assert found["COLLECTOR_TICK_SECONDS"]["value"] == "0.5"
    assert found["COLLECTOR_LOG_LEVEL"]["value"] == "DEBUG"


def test_the_embedded_buffer_has_one_pod_on_one_volume(render):
    objects = render()
    (deployment,) = of_kind(objects, "Deployment")
    (claim,) = of_kind(objects, "PersistentVolumeClaim")
    pod = deployment["spec"]["template"]

    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "data", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}} in pod["spec"]["volumes"]
    assert environment(pod)["COLLECTOR_BUFFER_URL"]["value"] == "sqlite:///data/buffer.db"
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_split_receivers_and_workers_each_have_their_role_and_scale(render):
    objects = render("--values", CHART / "ci/split-values.yaml")
    deployments = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "Deployment")}

    assert set(deployments) == {"collector-receive", "collector-work"}
    for name, spec in deployments.items():
        arguments = spec["template"]["spec"]["containers"][0]["args"]
        assert f"--role={name.removeprefix('collector-')}" in arguments
        assert "replicas" not in spec, "an autoscaler sets the number"
    assert "--processes=4" in deployments["collector-receive"]["template"]["spec"]["containers"][0]["args"]
    targets = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(objects, "HorizontalPodAutoscaler")}
    assert targets == set(deployments)
    assert not of_kind(objects, "PersistentVolumeClaim")


def test_secrets_are_read_from_secrets(render):
    for pod in pods(render("--values", CHART / "ci/split-values.yaml")):
        found = environment(pod)
        assert found["COLLECTOR_BUFFER_URL"]["valueFrom"] == {"secretKeyRef": {"name": "redis-url", "key": "url"}}
        assert found["COLLECTOR_API_KEYS_FILE"]["value"] == "/etc/collector-keys/keys"
        assert {"name": "keys", "secret": {"secretName": "collector-keys"}} in pod["spec"]["volumes"]
    (pod,) = pods(render("--values", CHART / "ci/embedded-values.yaml"))
    assert pod["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "collector-env"}}]


def probes(pod):
    (container,) = pod["spec"]["containers"]
    return [container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe")]


def test_with_a_certificate_everybody_speaks_https(render):
    objects = render("--values", CHART / "ci/tls-values.yaml")
    (pod,) = pods(objects)
    found = environment(pod)

    assert found["COLLECTOR_TLS_CERT_FILE"]["value"] == "/etc/collector-tls/tls.crt"
    assert found["COLLECTOR_TLS_KEY_FILE"]["value"] == "/etc/collector-tls/tls.key"
    assert "COLLECTOR_TLS_CLIENT_CA_FILE" not in found
    assert found["COLLECTOR_CORS_ORIGINS"]["value"] == "https://dashboards.example,https://notebooks.example"
    assert {"name": "tls", "secret": {"secretName": "collector-tls"}} in pod["spec"]["volumes"]
    assert {each["httpGet"]["scheme"] for each in probes(pod)} == {"HTTPS"}
    (monitor,) = of_kind(objects, "ServiceMonitor")
    assert (monitor["spec"]["endpoints"][0]["scheme"], monitor["spec"]["endpoints"][0]["tlsConfig"]["serverName"]) == (
        "https",
        "collector",
    )
    (service,) = of_kind(objects, "Service")
    assert service["spec"]["ports"][0]["appProtocol"] == "https"


def test_probes_that_have_no_client_certificate_ask_only_whether_the_port_is_open(render):
    (pod,) = pods(render("--set", "tls.existingSecret=t", "--set", "tls.clientCa=ca.crt"))

    assert environment(pod)["COLLECTOR_TLS_CLIENT_CA_FILE"]["value"] == "/etc/collector-tls/ca.crt"
    assert {json.dumps({"tcpSocket": each["tcpSocket"]}) for each in probes(pod)} == {'{"tcpSocket": {"port": "http"}}'}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["split=true"], "split: true needs buffer.kind: redis"),
        (["all.replicas=2"], "more than one replica needs buffer.kind: redis"),
        (["all.autoscaling.enabled=true"], "more than one replica needs buffer.kind: redis"),
        (["buffer.redis.url=redis://r"], "buffer.redis is given, but buffer.kind is embedded"),
        (["buffer.kind=redis"], "buffer.kind: redis needs buffer.redis.url or buffer.redis.existingSecret"),
        (["buffer.kind=redis", "buffer.redis.url=redis://r", "buffer.redis.existingSecret=s"], "not both"),
        (["existingConfigMap=m", "config.monitors[0].id=a"], "give config or existingConfigMap, not both"),
        (["tls.clientCa=ca.crt"], "tls.clientCa needs tls.existingSecret"),
        (["terminationGracePeriodSeconds=20"], "terminationGracePeriodSeconds is 20: it must be more than"),
        (["settings.shutdown_seconds=60"], "together (65)"),
        (["podDisruptionBudget.enabled=true"], "podDisruptionBudget needs at least two replicas of all"),
        (
            ["buffer.kind=redis", "buffer.redis.url=redis://r", "split=true", "podDisruptionBudget.enabled=true"],
            "podDisruptionBudget needs at least two replicas of work",
        ),
    ],
)
def test_combinations_that_cannot_work_are_refused_with_a_sentence(refusal, settings, sentence):
    assert sentence in refusal(*settings)


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("replicaCount=2", "replicaCount"),
        ("settings.tick_secnds=1", "tick_secnds"),
        ("all.replica=1", "replica"),
        ("buffer.kind=memory", "/buffer/kind"),
        ("service.port=0", "/service/port"),
        ("buffer.redis.url=http://r", "/buffer/redis/url"),
    ],
)
def test_unknown_keys_and_wrong_values_are_refused_by_the_schema(refusal, setting, key):
    answer = refusal(setting)

    assert "don't meet the specifications of the schema" in answer
    assert key in answer


def test_the_schema_knows_every_setting_but_those_that_the_chart_sets_itself():
    schema = json.loads((CHART / "values.schema.json").read_text())
    set_by_the_chart = {"buffer_url", "data_dir", "api_keys_file", "drain_seconds", "tls_cert_file", "tls_key_file",
                        "tls_client_ca_file"}  # fmt: skip

    from_a_secret = {"hash_key"}
    known = set(Settings.model_fields) - set_by_the_chart - from_a_secret
    assert set(schema["properties"]["settings"]["properties"]) == known


def test_every_value_has_a_place_in_the_schema_and_the_reverse():
    def keys(values, schema, place=""):
        for key in values.keys() | schema["properties"].keys():
            if key == "global":
                continue
            assert key in values, f"{place}{key} is in the schema only"
            assert key in schema["properties"], f"{place}{key} is in values.yaml only"
            inside = schema["properties"][key]
            if inside.get("additionalProperties") is False and key != "settings":
                keys(values[key], inside, f"{place}{key}.")

    schema = json.loads((CHART / "values.schema.json").read_text())
    keys(yaml.safe_load((CHART / "values.yaml").read_text()), schema)
