"""Tests of Test Suites by the names that users know: `from collector.tests import TestShareOfMissingValues`.

They are no tests of pytest, which leaves them alone.
"""

from collector.evaluate.conditions import approx as approx  # noqa: PLC0414 - these are what the module is for
from collector.evaluate.presets.generators import (
    TestAllColumnsMostCommonValueShare as TestAllColumnsMostCommonValueShare,  # noqa: PLC0414
    TestAllColumnsShareOfMissingValues as TestAllColumnsShareOfMissingValues,  # noqa: PLC0414
    TestAllFeaturesValueDrift as TestAllFeaturesValueDrift,  # noqa: PLC0414
    TestCatColumnsOutOfListValues as TestCatColumnsOutOfListValues,  # noqa: PLC0414
    TestCustomFeaturesValueDrift as TestCustomFeaturesValueDrift,  # noqa: PLC0414
    TestNumColumnsMeanInNSigmas as TestNumColumnsMeanInNSigmas,  # noqa: PLC0414
    TestNumColumnsOutOfRangeValues as TestNumColumnsOutOfRangeValues,  # noqa: PLC0414
    generate_column_tests as generate_column_tests,  # noqa: PLC0414
)
from collector.evaluate.tests import *  # noqa: F403
