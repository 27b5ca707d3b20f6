"""redis-py's errors in our words: the one place that knows both."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions as redis_errors

from collector.errors import Unavailable

REDIS_ERRORS = (redis_errors.RedisError, redis_errors.RedisClusterException, OSError)
"""Everything that redis-py raises when it is used rightly."""

_SENTENCES: tuple[tuple[type[Exception], str, float], ...] = (
    # The first that fits counts: special ones before their parents. The number: seconds to wait before a repeat.
    (redis_errors.OutOfMemoryError, "its memory limit is reached: raise maxmemory, or let the workers catch up", 10.0),
    (redis_errors.ReadOnlyError, "it is a read-only replica: connect to the primary", 5.0),
    (redis_errors.BusyLoadingError, "it is still loading its data", 5.0),
    (redis_errors.AuthenticationError, "it does not accept the user or password", 10.0),
    (redis_errors.AuthorizationError, "it does not accept the user or password", 10.0),
    (redis_errors.NoPermissionError, "the user may not run a command that is needed", 10.0),
    (redis_errors.TimeoutError, "it does not answer in time", 2.0),
    (redis_errors.MaxConnectionsError, "all connections are busy", 1.0),
    (redis_errors.ConnectionError, "it cannot be reached", 2.0),
    (redis_errors.ClusterDownError, "its cluster is down, or not whole", 2.0),
    (redis_errors.RedisClusterException, "its cluster cannot be reached", 2.0),
    (redis_errors.ClusterError, "its cluster moves data, or is changing", 1.0),
    (redis_errors.TryAgainError, "its cluster moves this data to another node", 1.0),
)
_PREFIXES = (
    ("MISCONF", "it cannot save its data and refuses writes: check its disk", 10.0),
    ("NOREPLICAS", "too few replicas are connected, and it refuses writes", 5.0),
    ("BUSY", "a script of somebody else blocks it", 2.0),
    ("OOM", "its memory limit is reached: raise maxmemory, or let the workers catch up", 10.0),
    ("READONLY", "it is a read-only replica: connect to the primary", 5.0),
    ("Script attempted to access a non local key", "its cluster moves this data to another node", 1.0),
    ("LOADING", "it is still loading its data", 5.0),
)


def unavailable(error: Exception) -> Unavailable:
    """What a caller above the buffer gets to see of any failure of Redis."""
    for kind, sentence, seconds in _SENTENCES:
        if isinstance(error, kind):
            return Unavailable(f"Redis: {sentence} ({error})", retry_after_seconds=seconds)
    text = str(error)
    for prefix, sentence, seconds in _PREFIXES:
        if text.startswith(prefix) or f"-{prefix} " in text:
            return Unavailable(f"Redis: {sentence} ({text})", retry_after_seconds=seconds)
    return Unavailable(f"Redis refuses: {text}")


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except REDIS_ERRORS as error:
        raise unavailable(error) from error
