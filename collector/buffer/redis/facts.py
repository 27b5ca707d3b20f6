"""What Redis says of itself, and what of it puts acknowledged rows at risk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Facts:
    """Of all servers together, the worst of each; None where they may not be asked, or do not say."""

    version: tuple[int, ...] | None
    aof: bool | None
    eviction: str | None


def facts_of(answers: Sequence[Mapping[str, Any]]) -> Facts:
    """From each server's INFO.

    >>> facts_of([{"redis_version": "7.2.4", "aof_enabled": 1, "maxmemory_policy": "noeviction"}, {"aof_enabled": 0}])
    Facts(version=(7, 2), aof=False, eviction='noeviction')
    """
    versions = [str(info["redis_version"]) for info in answers if "redis_version" in info]
    files = [bool(info["aof_enabled"]) for info in answers if "aof_enabled" in info]
    policies = [str(info["maxmemory_policy"]) for info in answers if "maxmemory_policy" in info]
    return Facts(
        version=min(map(_version, versions), default=None),
        aof=all(files) if files else None,
        eviction=next((policy for policy in policies if policy != "noeviction"), policies[0] if policies else None),
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def risks(facts: Facts) -> list[str]:
    """What may be lost with servers that say this of themselves, in sentences for the log."""
    found = []
    if facts.eviction is not None and facts.eviction != "noeviction":
        found.append(
            f"Redis' maxmemory-policy is {facts.eviction}: when its memory is full it throws rows away that were "
            "acknowledged; set it to noeviction, and senders are told to wait instead"
        )
    if facts.aof is False:
        found.append(
            "Redis' append-only file is off: when the server restarts, rows that were acknowledged since its last "
            "dump are lost; set appendonly to yes"
        )
    if facts.eviction is None and facts.aof is None:
        found.append("Redis does not let this user run INFO: whether acknowledged rows survive its restart is unknown")
    return found
