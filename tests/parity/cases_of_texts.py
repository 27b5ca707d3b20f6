"""What is asked of texts: what descriptors read from them."""

from collections.abc import Iterator

from tests.parity.case import NUMBER_TESTS, Case, ask_both, ask_metric

DESCRIPTORS = (
    ["TextLength", {}],
    ["WordCount", {}],
    ["SentenceCount", {}],
    ["NonLetterCharacterPercentage", {}],
    ["RegExp", {"reg_exp": "[A-Z].*[.!]"}],
    ["Contains", {"items": ["world", "http"]}],
    ["Contains", {"items": ["world", "hello"], "case_sensitive": False, "mode": "all"}],
    ["DoesNotContain", {"items": ["world", "http"]}],
    ["BeginsWith", {"prefix": "He"}],
    ["BeginsWith", {"prefix": "he", "case_sensitive": False}],
    ["EndsWith", {"suffix": "."}],
    ["TriggerWordsPresence", {"words_list": ["hell", "test"], "lemmatize": False}],
    ["IncludesWords", {"words_list": ["world", "he"], "mode": "any", "lemmatize": False}],
    ["IncludesWords", {"words_list": ["world", "hello"], "mode": "all", "lemmatize": False}],
    ["ExcludesWords", {"words_list": ["world", "hello"], "mode": "any", "lemmatize": False}],
    ["ExcludesWords", {"words_list": ["world", "hello"], "mode": "all", "lemmatize": False}],
    ["ContainsLink", {}],
    ["IsValidPython", {}],
)
"""What is read from a text, and with which arguments."""


def text_cases() -> Iterator[Case]:
    for name, arguments in DESCRIPTORS:
        described = {"descriptor": [name, arguments, "text"]}
        yield ask_metric("ColumnSummaryMetric", column_name=described)
        yield ask_metric("ColumnDriftMetric", column_name=described)
        yield from ask_both("TestMostCommonValueShare", column_name=described)
    for name, arguments in DESCRIPTORS[:4]:
        described = {"descriptor": [name, arguments, "text"]}
        for test in NUMBER_TESTS:
            yield from ask_both(test, column_name=described)
        yield ask_metric("ColumnQuantileMetric", column_name=described, quantile=0.75)
    some = {name: {"descriptor": [name, arguments, None]} for name, arguments in DESCRIPTORS[:4]}
    yield ask_metric("TextDescriptorsCorrelationMetric", column_name="text", descriptors=some)
    yield ask_metric("TextDescriptorsDriftMetric", column_name="text", descriptors=some)
    yield Case("metric preset", "TextEvals", (("column_name", "text"), ("descriptors", list(some.values()))))
