"""What things are called: monitors, snapshots, destinations, queues; an inference by the digest of its id."""

import hashlib
from typing import NewType

MonitorId = NewType("MonitorId", str)
SnapshotId = NewType("SnapshotId", str)
DestinationName = NewType("DestinationName", str)

WORK_QUEUE = "work"
"""Windows to evaluate. Deliveries wait in `outbox/<destination>`."""

DIGEST_BYTES = 12
"""96 bits: two of a billion inference ids collide with a probability below 1e-11."""


def outbox(destination: DestinationName) -> str:
    return f"outbox/{destination}"


def digest(inference_id: str) -> bytes:
    """The fixed-size name under which an inference id is remembered and joined.

    >>> len(digest("AA-100-2013-02-01"))
    12
    """
    return hashlib.blake2b(inference_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
