"""JSON text to Python values: orjson, and what Python clients send that JSON does not know.

`json.dumps` writes NaN and Infinity; orjson refuses them. Only such a body is parsed again, ten times slower, by the
standard library: NaN is a missing value, an infinity stays one. Half of a surrogate pair, which it also lets
through, becomes `BrokenText`, which no column takes.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import orjson

from collector.errors import TooLarge
from collector.receive.problems import Malformed
from collector.receive.words import BrokenText

MOST_LEVELS = 64
"""No format that is read here needs a dozen; Python's own stack, and what writes JSON again, end at some hundreds."""
_PARSED_LEVELS = 1024
"""As deep as the parser goes."""
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PYTHON_ONLY = re.compile(rb"NaN|Infinity|" + _SURROGATE.pattern)
_DEEPEST = 64
"""Levels of a document: one may be stored and written again, for which there are other bounds than for reading."""
_MOST_VALUES = 10_000
"""Of a document: each of them may be wrong, and is then told with what was meant."""
_PLACE = re.compile(r": line \d+ column \d+ \(char \d+\)$")


def loads(text: bytes, *, what: str = "the body", first_line: int = 1) -> Any:
    """Parse, or raise Malformed with line and column. `first_line` is the number of the text's first line. What is nested
    more than `MOST_LEVELS` deep is refused: whoever walks the value need not fear for the stack.

    >>> loads(b'{"a": NaN, "b": -Infinity}')
    {'a': None, 'b': -inf}
    """
    value = loads_rows(text, what=what, first_line=first_line)
    if text.count(b"[") + text.count(b"{") > MOST_LEVELS:
        _check_levels(value, what)
    return value


def loads_rows(text: bytes, *, what: str = "the body", first_line: int = 1) -> Any:
    """As `loads`, for rows, whose cells are looked at one by one and hold nothing nested: only the parser bounds the levels."""
    text = text.removeprefix(_BOM)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not text:
            raise Malformed(f"{what} is empty") from error
        if "depth limit" in str(error):
            raise Malformed(f"{what} is nested too deeply: at most {_PARSED_LEVELS} levels are taken") from error
        if _PYTHON_ONLY.search(text) or "infinity" in str(error):
            return _python_loads(text, what, first_line)
        raise _malformed(error, what, first_line) from error


def document(text: bytes) -> Any:
    """A document that is kept as it is: a configuration, not rows. Raises Malformed as `loads` does, and for what could not
    be written again: values that are nested very deeply, text that is not Unicode. Raises TooLarge.
    """
    value = loads(text)
    layer, count = [value], 1
    for _ in range(_DEEPEST):
        layer = [inner for each in layer for inner in _inside(each)]
        count += len(layer)
        if count > _MOST_VALUES:
            raise TooLarge(f"the body has more than {_MOST_VALUES} values", limit=_MOST_VALUES)
        if any(isinstance(each, BrokenText) for each in layer):
            raise Malformed("the body has text that is not Unicode (half of a surrogate pair)")
    if layer:
        raise Malformed(f"the body is nested more than {_DEEPEST} levels deep")
    return value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _python_loads(text: bytes, what: str, first_line: int) -> Any:
    try:
        value = json.loads(text.decode(), parse_constant=_constant, parse_int=_integer)
        return _without_surrogates(value) if _SURROGATE.search(text) else value
    except json.JSONDecodeError as error:
        raise _malformed(error, what, first_line) from error
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + first_line
        raise Malformed(f"{what} is not UTF-8: byte {error.start}", line=line) from error
    except RecursionError as error:
        raise Malformed(f"{what} is nested too deeply: at most {_PARSED_LEVELS} levels are taken") from error


def _check_levels(value: Any, what: str) -> None:
    """Level by level: the stack does not grow, however deep the value is."""
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer if type(outer) is list else ())
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise Malformed(f"{what} is nested too deeply: at most {MOST_LEVELS} levels are taken")


def _malformed(error: json.JSONDecodeError, what: str, first_line: int) -> Malformed:
    line = error.lineno + first_line - 1
    reason = _PLACE.sub("", str(error))
    return Malformed(f"{what} is not JSON: {reason} (line {line}, column {error.colno})", line=line, column=error.colno)


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name.replace("Infinity", "inf"))


def _integer(digits: str) -> int | float:
    """As orjson does: an integer beyond 64 bits is a float."""
    if len(digits) < 19:
        return int(digits)
    return int(digits) if len(digits) <= 20 and -(2**63) <= int(digits) < 2**64 else float(digits)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value if _is_unicode(value) else BrokenText()
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        if not all(map(_is_unicode, value)):
            return BrokenText()
        return {name: _without_surrogates(each) for name, each in value.items()}
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
