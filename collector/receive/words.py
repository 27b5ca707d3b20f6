"""How a wrong value is told to its sender: what it is, in a few words, never long and never a secret's worth of it."""

_LONGEST = 60
MOST_NAME = 500
"""Characters of a column's name. A snapshot says it some twenty times, once in each metric and test of the column."""


class BrokenText:
    """Stands for a text that is not Unicode (half of a surrogate pair): it has no type that a column takes."""


class FarInstant:
    """Stands for an instant that no calendar reaches: it has no type that a column takes either."""


def shown(value: object) -> str:
    """A value with its kind, short enough for a sentence.

    >>> shown("abc"), shown(None), shown(True), shown(1.5), shown([1])
    ("text 'abc'", 'nothing', 'true', 'the number 1.5', 'a list')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {brief(str(value))}"
    if isinstance(value, str):
        return f"text {brief(value)!r}"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, bytes):
        return "binary data"
    if isinstance(value, BrokenText):
        return "text that is not Unicode (half of a surrogate pair)"
    if isinstance(value, FarInstant):
        return "an instant beyond the years 1 to 9999"
    return f"a value of type {type(value).__name__}"


def kind(value: object) -> str:
    """What a value is, where the value itself is not to be seen.

    >>> kind("abc"), kind(1.5), kind(False), kind([1])
    ('text', 'a number', 'true or false', 'a list')
    """
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return shown(value)


def too_long(text: str, most: int) -> str:
    """Why a text is refused; nothing of it is shown."""
    return f"text of {len(text)} characters: at most {most} are taken"


def name_too_long(name: str) -> str:
    """Why a column is refused for its name.

    >>> name_too_long("n" * 501)
    'the name of the column has 501 characters: at most 500 are taken'
    """
    return f"the name of the column has {len(name)} characters: at most {MOST_NAME} are taken"


def brief(text: str) -> str:
    """Its beginning, when it is long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
