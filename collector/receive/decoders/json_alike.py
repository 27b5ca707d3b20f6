"""Many JSON rows that all name the columns of the first one: straight to columns, without a dictionary for each row.

That takes three quarters of the time. Whatever is unlike its first row, or is no JSON, or has numbers beyond 64 bits, is
left to `json_rows`, which also knows what to say about it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import msgspec
import orjson

from collector.model import Table

FROM_ROWS = 32
"""Fewer rows are worth no second way; and those of several requests are judged together, as rows."""
_MOST_NAMES, _MOST_FIRST_BYTES = 256, 16 * 1024
"""What is kept for each set of names stays small."""
_KEPT = 64

_Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Scalar = float | _Whole | str | bool | None


def table(body: bytes) -> Table | None:
    """The rows as columns of scalars, or None: then nothing is said about the body.

    >>> table(b"[" + b",".join([b'{"a": 1, "b": null}'] * 40) + b"]").columns["a"][:3]
    (1, 1, 1)
    """
    end = body.find(b"}", 0, _MOST_FIRST_BYTES)
    if end < 0 or not body.startswith(b"[{") or len(body) < FROM_ROWS * end:
        return None
    try:
        names = tuple(orjson.loads(body[1 : end + 1]))
        decode = _decoder(names)
        rows = decode(body)
    except (ValueError, TypeError, RecursionError):  # a text with a brace, a nested value, a row that is unlike it, ...
        return None
    return Table(dict(zip(names, zip(*map(msgspec.structs.astuple, rows), strict=True), strict=True)), len(rows))


@lru_cache(maxsize=_KEPT)
def _decoder(names: tuple[str, ...]) -> Callable[[bytes], list[msgspec.Struct]]:
    """Raises ValueError when there is none for these names."""
    if not 0 < len(names) <= _MOST_NAMES:
        raise ValueError("too few or too many names")
    fields = [f"c{place}" for place in range(len(names))]
    row = msgspec.defstruct(
        "Row",
        [(field, _Scalar) for field in fields],
        rename=dict(zip(fields, names, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(list[row]).decode  # type: ignore[valid-type]  # made above
