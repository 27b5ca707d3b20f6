"""Dead letters in Redis: one packed value each, so that a deed can tell whether it is still the letter that was read."""

from collections.abc import Sequence

import orjson

from collector.buffer.policy import LETTER_DELETED, LETTER_EXPIRED
from collector.buffer.redis.keys import MONITORS, MonitorKeys
from collector.buffer.redis.link import Argument
from collector.buffer.redis.store import Store
from collector.model import DeadLetter, MonitorId, Settlement


class RedisDeadLetters:
    """`ports.DeadLetters` on Redis."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, monitor: MonitorId | None = None) -> Sequence[DeadLetter]:
        monitors = [monitor]
        if monitor is None:
            (names,) = await self._store.commands([("SMEMBERS", MONITORS)])
            monitors = sorted(name.decode() for name in names)
        answers = await self._store.commands(
            [("HVALS", MonitorKeys(MonitorId(str(name))).letters) for name in monitors]
        )
        letters = [_unpack(packed)[0] for answer in answers for packed in answer]
        return sorted(letters, key=_newest_first)

    async def get(self, letter: str) -> DeadLetter | None:
        packed = await self._packed(letter)
        return None if packed is None else _unpack(packed)[0]

    async def replay(self, letter: str, *, now_us: int) -> bool:
        # A letter that was replaced between the two steps is read again.
        while (packed := await self._packed(letter)) is not None:
            found, window = _unpack(packed)
            keys = _keys(letter)
            if await self._store.run(
                "replay_letter",
                (keys.letters, keys.account, keys.panes, keys.settled, *keys.queue(found.queue)),
                (letter, packed, now_us, found.key, found.payload, *window),
            ):
                return True
        return False

    async def delete(self, letter: str) -> bool:
        while (packed := await self._packed(letter)) is not None:
            if await self._drop(packed, LETTER_DELETED):
                return True
        return False

    async def trim(self, monitor: MonitorId, *, keep: int, newer_than_us: int) -> int:
        (found,) = await self._store.commands([("HVALS", MonitorKeys(monitor).letters)])
        letters = {_unpack(packed)[0]: packed for packed in found}
        gone = [
            letter
            for place, letter in enumerate(sorted(letters, key=_newest_first))
            if place >= keep or letter.died_us < newer_than_us
        ]
        # One that is another letter by now died a moment ago, and stays.
        return sum([await self._drop(letters[letter], LETTER_EXPIRED) for letter in gone])

    async def _drop(self, packed: bytes, reason: str) -> bool:
        """Drop exactly this letter; False when it is gone, or is another one now."""
        letter, window = _unpack(packed)
        keys = _keys(letter.id)
        return bool(
            await self._store.run(
                "delete_letter",
                (keys.letters, keys.account, keys.panes, keys.settled),
                (letter.id, packed, *window, reason),
            )
        )

    async def _packed(self, letter: str) -> bytes | None:
        (packed,) = await self._store.commands([("HGET", _keys(letter).letters, letter)])
        return packed if packed is None else bytes(packed)


def _newest_first(letter: DeadLetter) -> tuple[int, str]:
    return -letter.died_us, letter.id


def _keys(letter: str) -> MonitorKeys:
    return MonitorKeys(MonitorId(letter.rpartition(":")[0]))


def pack_letter(letter: DeadLetter, settlement: Settlement | None) -> bytes:
    """A line of JSON, then the payload as it is."""
    window: Sequence[Argument] = ("", 0, "")
    if settlement is not None:
        window = (settlement.window.pane.key, settlement.window.part, settlement.phase.value)
    head = orjson.dumps(
        [
            *(letter.id, letter.queue, letter.monitor, letter.key, letter.reason),
            *(letter.attempts, letter.died_us, letter.rows, window),
        ]
    )
    return head + b"\n" + letter.payload


def _unpack(packed: bytes) -> tuple[DeadLetter, Sequence[Argument]]:
    head, _, payload = packed.partition(b"\n")
    name, queue, monitor, key, reason, attempts, died_us, rows, window = orjson.loads(head)
    return DeadLetter(name, queue, monitor, key, payload, reason, attempts, died_us, rows), window
