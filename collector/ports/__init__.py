"""Where the stages meet: what the pipeline asks of a buffer, an evaluator and a destination; what the door asks of it.

Every method may raise `Unavailable` (the store does not answer) besides what is named at it. Whoever needs a port takes
it from here; only the rooms themselves take them from each other:

    buffer       one adapter of a store: rows, halves, queue and what is kept (snapshots, documents) have a room each
    evaluation   a window's job and who computes it
    destination  who takes snapshots, and messages for people
    pipeline     the monitors, and the intake of requests
"""

from collector.ports.buffer import Buffer
from collector.ports.destination import Destination, Notifiable
from collector.ports.evaluation import PROFILE_MARK, EarlierRows, Evaluator, Job, ReferenceFile
from collector.ports.halves import Halves
from collector.ports.kept import Documents, Snapshots
from collector.ports.pipeline import Intake, Judge, Monitors, Told, Unjudged, rows_in, told_to
from collector.ports.queue import DeadLetters, Queue
from collector.ports.rows import Rows

__all__ = [
    "PROFILE_MARK", "Buffer", "DeadLetters", "Destination", "Documents", "EarlierRows", "Evaluator", "Halves", "Intake",
    "Job", "Judge", "Monitors", "Notifiable", "Queue", "ReferenceFile", "Rows", "Snapshots", "Told", "Unjudged", "rows_in",
    "told_to",
]  # fmt: skip
