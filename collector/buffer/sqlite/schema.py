"""The tables of the embedded buffer, and how a file of an older version is brought up to date.

A file's version stands in `user_version`. A change of the tables is one more script at the end of `MIGRATIONS`.
"""

import sqlite3

from collector.errors import Invalid

_VERSION_1 = """
-- One row per monitor: its account, kept with every step. token: the last fencing token of its leases.
-- waiting_bytes: the sum of what its panes' waiting rows take. orphans: labels that wait for their inference.
CREATE TABLE monitors (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    accepted INTEGER NOT NULL DEFAULT 0, evaluated INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0, waiting_bytes INTEGER NOT NULL DEFAULT 0, orphans INTEGER NOT NULL DEFAULT 0,
    max_event_us INTEGER, last_append_us INTEGER, token INTEGER NOT NULL DEFAULT 0);
-- monitors.dropped by reason.
CREATE TABLE dropped (
    monitor INTEGER NOT NULL, reason TEXT NOT NULL, rows INTEGER NOT NULL,
    PRIMARY KEY (monitor, reason)) WITHOUT ROWID;

-- rows: ordinals given so far; trimmed: the first of them, forgotten; settled_rows: counted by a settlement or dropped.
-- AUTOINCREMENT: the number of a purged pane never comes back.
CREATE TABLE panes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, monitor INTEGER NOT NULL, key TEXT NOT NULL, start_us INTEGER,
    rows INTEGER NOT NULL DEFAULT 0, trimmed INTEGER NOT NULL DEFAULT 0, labelled INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, first_append_us INTEGER NOT NULL, last_append_us INTEGER NOT NULL,
    last_label_us INTEGER, settled_rows INTEGER NOT NULL DEFAULT 0,
    UNIQUE (monitor, key));
-- The last settlement of a window. counted: rows of the account that stand on it, from row counted_from.
CREATE TABLE settled (
    pane INTEGER NOT NULL, part INTEGER NOT NULL, phase TEXT NOT NULL, stop_row INTEGER, outcome TEXT NOT NULL,
    rows INTEGER NOT NULL, labelled INTEGER NOT NULL, revision INTEGER NOT NULL, at_us INTEGER NOT NULL,
    counted INTEGER NOT NULL, counted_from INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (pane, part, phase)) WITHOUT ROWID;
-- Panes purged whole: their rows are late.
CREATE TABLE tombstones (
    monitor INTEGER NOT NULL, key TEXT NOT NULL, purged_us INTEGER NOT NULL,
    PRIMARY KEY (monitor, key)) WITHOUT ROWID;

-- Accepted rows have the ordinals first_row and following; skipped: indexes of rows that were duplicates, 32 bits each.
CREATE TABLE chunks (
    pane INTEGER NOT NULL, first_row INTEGER NOT NULL, rows INTEGER NOT NULL, appended_us INTEGER NOT NULL,
    skipped BLOB NOT NULL, ids BLOB NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (pane, first_row));
CREATE TABLE requests (
    pane INTEGER NOT NULL, key TEXT NOT NULL, seen_us INTEGER NOT NULL,
    PRIMARY KEY (pane, key)) WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (seen_us);
-- Every inference id that the monitor knows, and the pane that holds it.
CREATE TABLE ids (
    monitor INTEGER NOT NULL, digest BLOB NOT NULL, pane INTEGER NOT NULL,
    PRIMARY KEY (monitor, digest)) WITHOUT ROWID;
CREATE TABLE labels (
    pane INTEGER NOT NULL, digest BLOB NOT NULL, target BLOB NOT NULL, at_us INTEGER,
    PRIMARY KEY (pane, digest)) WITHOUT ROWID;
-- Labels whose inference is not here yet.
CREATE TABLE orphans (
    monitor INTEGER NOT NULL, digest BLOB NOT NULL, target BLOB NOT NULL, at_us INTEGER, arrived_us INTEGER NOT NULL,
    PRIMARY KEY (monitor, digest)) WITHOUT ROWID;
CREATE INDEX orphans_by_age ON orphans (monitor, arrived_us);

-- available_us: from when the item may be leased: its instant, its retry, or the end of its lease.
-- generation grows with each new payload; leased_generation is the one that the lease took.
CREATE TABLE items (
    queue TEXT NOT NULL, monitor TEXT NOT NULL, key TEXT NOT NULL, payload BLOB NOT NULL, available_us INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, token INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0,
    owner TEXT, generation INTEGER NOT NULL DEFAULT 0, leased_generation INTEGER NOT NULL DEFAULT 0,
    wanted_us INTEGER NOT NULL,
    PRIMARY KEY (queue, monitor, key));
CREATE INDEX items_by_instant ON items (queue, monitor, available_us, key);
-- pane, part, phase: the settlement that the death of the item left, when it left one.
CREATE TABLE letters (
    id TEXT PRIMARY KEY, queue TEXT NOT NULL, monitor TEXT NOT NULL, key TEXT NOT NULL, payload BLOB NOT NULL,
    reason TEXT NOT NULL, attempts INTEGER NOT NULL, died_us INTEGER NOT NULL, rows INTEGER NOT NULL,
    pane TEXT, part INTEGER, phase TEXT) WITHOUT ROWID;
CREATE INDEX letters_by_monitor ON letters (monitor, died_us);

CREATE TABLE snapshots (
    id TEXT PRIMARY KEY, monitor TEXT NOT NULL, revision INTEGER NOT NULL, timestamp_us INTEGER NOT NULL,
    segment TEXT NOT NULL, tags TEXT NOT NULL, summary BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX snapshots_by_monitor ON snapshots (monitor, timestamp_us, id);
CREATE INDEX snapshots_by_instant ON snapshots (timestamp_us, id);
-- A deleted document keeps its version and loses its body.
CREATE TABLE documents (
    kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body BLOB,
    PRIMARY KEY (kind, key));
-- Written by ping, to learn whether the file takes writes.
CREATE TABLE pings (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL);
"""

_VERSION_2 = """
-- Sides of inferences that came alone. A pair that was finished is known until its end: it has neither side nor body.
CREATE TABLE halves (
    monitor TEXT NOT NULL, key BLOB NOT NULL, side TEXT, body BLOB NOT NULL, until_us INTEGER NOT NULL,
    PRIMARY KEY (monitor, key));
CREATE INDEX halves_by_end ON halves (monitor, until_us);
-- Of each monitor: how many rows of halves have a side, and the bytes of their bodies.
CREATE TABLE half_sums (
    monitor TEXT PRIMARY KEY, waiting INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
"""

_VERSION_3 = """
-- How often a label joined the pane's rows or changed; how much of all that it reads a settlement had seen.
ALTER TABLE panes ADD COLUMN label_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settled ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
"""

_VERSION_4 = """
-- The rows of a snapshot as Parquet, of monitors that include them.
ALTER TABLE snapshots ADD COLUMN data BLOB;
"""

_VERSION_5 = """
-- How many finished pairs are known.
ALTER TABLE half_sums ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
UPDATE half_sums SET known = (
    SELECT count(*) FROM halves WHERE halves.monitor = half_sums.monitor AND halves.side IS NULL);
"""

_VERSION_6 = """
-- Keys of requests are a monitor's, not a pane's: a request that is sent again may come in the time of the next pane.
CREATE TABLE request_keys (
    monitor INTEGER NOT NULL, key TEXT NOT NULL, seen_us INTEGER NOT NULL,
    PRIMARY KEY (monitor, key)) WITHOUT ROWID;
INSERT OR IGNORE INTO request_keys
    SELECT panes.monitor, requests.key, seen_us FROM requests JOIN panes ON panes.id = requests.pane;
INSERT OR IGNORE INTO request_keys
    SELECT panes.monitor, panes.key || requests.key, seen_us FROM requests JOIN panes ON panes.id = requests.pane;
CREATE INDEX request_keys_by_age ON request_keys (seen_us);
DROP TABLE requests;
"""

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest version. Raises Invalid when it comes from a newer release, or is no buffer."""
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # of several processes that start together, one does it
    try:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise Invalid(
                f"the buffer file is of version {version}, this release knows versions up to {len(MIGRATIONS)}: "
                f"use the release that wrote it, or another file"
            )
        if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise Invalid("the file is an SQLite database of something else: name a file of its own for the buffer")
        for script in MIGRATIONS[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    # executescript() would commit the transaction that all statements share.
    code = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    return [statement for statement in code.split(";") if statement.strip()]
