"""How the process runs: read from the environment, prefix `COLLECTOR_`. What is watched stands in `monitor`."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_ORIGIN = re.compile(r"\*|https?://[^/\s,*?#@]+")


class Settings(BaseSettings):
    """Frozen and validated at the start; an error names the variable."""

    model_config = SettingsConfigDict(env_prefix="COLLECTOR_", frozen=True, extra="ignore")

    buffer_url: SecretStr = SecretStr("sqlite://./collector-data/buffer.db")
    """`sqlite://PATH`, `redis://...` or `rediss://...`; secret, because it may hold a password."""
    data_dir: Path = Path("./collector-data")
    """Where this process keeps files of its own: prepared references."""
    sqlite_synchronous: Literal["OFF", "NORMAL", "FULL", "EXTRA"] = "FULL"
    """FULL: an acknowledged row survives a power cut. NORMAL: it survives a crash of the process only."""
    api_keys_file: Path | None = None
    """A YAML file of keys, each with its scopes and monitors; no file: every route is open."""
    hash_key: SecretStr | None = None
    """What the columns of `privacy.hash` are hashed with, at least 16 bytes, the same for every replica."""
    hash_key_file: Path | None = None
    """A file that holds that key, where it does not stand in the environment."""
    tls_cert_file: Path | None = None
    """PEM: the certificate, and those between it and its authority. With it the port speaks https only."""
    tls_key_file: Path | None = None
    """PEM: the certificate's key, without a password."""
    tls_client_ca_file: Path | None = None
    """PEM: the authorities of client certificates; with it, every client needs one."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins, separated by commas, whose pages may read and send rows from a browser; `*`: any. None: no page may."""

    max_connections: Annotated[int, Field(gt=0)] = 10_000
    """Open connections of this process; another one is answered with 503 and closed."""
    max_concurrent_requests: Annotated[int, Field(gt=0)] = 2_000
    """Requests under way in this process; another one is refused with 503."""
    max_headers: Annotated[int, Field(gt=0)] = 128
    """A request with more is refused with 431."""
    max_head_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024
    """All headers and the address together; more is refused with 431."""
    body_timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long a head may take to come in, and how long a body; what is slower is refused with 408."""
    keep_alive_seconds: Annotated[float, Field(gt=0)] = 3_630.0
    """A connection on which nothing was asked for so long is closed: longer than load balancers keep theirs."""
    max_body_bytes: Annotated[int, Field(gt=0)] = 32 * 1024 * 1024
    """A larger request is refused with 413, also when it grows past this while it is decompressed."""
    max_request_rows: Annotated[int, Field(gt=0)] = 200_000
    max_columns: Annotated[int, Field(gt=0)] = 2_000
    max_string_length: Annotated[int, Field(gt=0)] = 65_536
    """Characters of a value; a row with a longer one is rejected."""
    max_buffered_rows: Annotated[int, Field(gt=0)] = 20_000_000
    """Waiting rows of one monitor; above it, requests are refused with 429."""
    max_buffered_bytes: Annotated[int, Field(gt=0)] = 4 * 1024**3
    """Waiting bytes of one monitor; above it, requests are refused with 429."""
    max_total_rows: Annotated[int, Field(gt=0)] = 200_000_000
    """Waiting rows of all monitors together; at it, requests are refused with 429 until a tenth is free again."""
    max_total_bytes: Annotated[int, Field(gt=0)] = 16 * 1024**3
    """Waiting bytes of all monitors together; at it, requests are refused with 429 until a tenth is free again."""
    max_future_seconds: Annotated[float, Field(ge=0)] = 86_400.0
    """A row whose event time is further ahead of the clock than this is rejected."""

    tick_seconds: Annotated[float, Field(gt=0)] = 1.0
    """How often due windows are looked for."""
    lease_seconds: Annotated[float, Field(gt=0)] = 30.0
    """How long a silent worker keeps its item; it renews at a third of this."""
    max_attempts: Annotated[int, Field(ge=1)] = 5
    """After so many attempts an evaluation is dead-lettered; so is a delivery, while its destination takes others."""
    retry_seconds: Annotated[float, Field(gt=0)] = 1.0
    """The first wait between attempts; it doubles, with jitter, up to five minutes."""
    forward_give_up_seconds: Annotated[float, Field(gt=0)] = 259_200.0
    """A delivery that waited so long for a destination that is down is dead-lettered."""
    forward_max_waiting: Annotated[int, Field(ge=1)] = 10_000
    """Deliveries of one monitor that may wait for one destination; above it, the oldest are dead-lettered."""
    evaluate_executor: Annotated[str, Field(pattern=r"^(processes|dask://[^/\s]+:\d+)$")] = "processes"
    """`processes` of this service, or the scheduler of a Dask cluster, `dask://HOST:PORT`."""
    evaluate_processes: Annotated[int, Field(ge=1)] = 1
    """Processes that compute windows, at low priority."""
    evaluate_timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    """A window that takes longer is given up for this attempt, and its process is replaced."""
    max_rows_in_memory: Annotated[int, Field(ge=1)] = 5_000_000
    """A window with more rows is evaluated from a uniform sample of so many; its snapshots say so."""
    keep_rows: Annotated[int, Field(ge=0)] = 10_000_000
    """Rows of one monitor that are kept after their evaluation, for late rows and labels; above it, the oldest are forgotten."""
    keep_snapshots: Annotated[int, Field(ge=1)] = 5_000
    """Snapshots kept for the API and the pages, per monitor; older ones are forgotten."""
    keep_snapshots_days: Annotated[float, Field(gt=0)] = 400.0
    """Snapshots of windows older than this, counted back from the monitor's newest window, are forgotten."""
    keep_data_bytes: Annotated[int, Field(ge=0)] = 256 * 2**20
    """Rows of snapshots (`include_data`) kept in the buffer, per monitor; above it, those of the oldest are forgotten."""
    keep_dead_letters: Annotated[int, Field(ge=1)] = 10_000
    """Dead letters kept per monitor; older ones are dropped with their rows, and counted."""
    keep_dead_letters_days: Annotated[float, Field(gt=0)] = 30.0
    """Dead letters older than this are dropped with their rows, and counted."""
    drain_seconds: Annotated[float, Field(ge=0)] = 0.0
    """How long a stopping process says that it is not ready before it closes its port: time for balancers to see."""
    shutdown_seconds: Annotated[float, Field(ge=0)] = 20.0
    """How long a stopping process waits for requests and leases to finish."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: bool = False
    """Send spans by OTLP (the extra `otel`); OpenTelemetry's own variables, `OTEL_EXPORTER_OTLP_ENDPOINT`, say where to."""
    log_format: Literal["text", "json"] = "text"
    """json: an object a line, with the monitor, window, lease and attempt that it is about."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("COLLECTOR_TLS_CERT_FILE, COLLECTOR_TLS_KEY_FILE: give both, or neither of them")
        if self.tls_client_ca_file is not None and self.tls_cert_file is None:
            raise ValueError(
                "COLLECTOR_TLS_CLIENT_CA_FILE: needs COLLECTOR_TLS_CERT_FILE and COLLECTOR_TLS_KEY_FILE beside it"
            )
        return self

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        origins = tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value
        for origin in origins if isinstance(origins, tuple | list) else ():
            if not _ORIGIN.fullmatch(str(origin)):
                raise ValueError(f"expected origins such as https://page.example:8443, or *, not {str(origin)!r}")
        return origins
