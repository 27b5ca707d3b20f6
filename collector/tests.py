"""Tests of Test Suites by the names that users know: `from collector.tests import TestShareOfMissingValues`.

They are no tests of pytest, which leaves them alone.
"""

from collector.evaluate import tests as _tests
from collector.evaluate.conditions import approx
from collector.evaluate.presets import generators as _generators
from collector.evaluate.presets.generators import *  # noqa: F403
from collector.evaluate.presets.generators import generate_column_tests
from collector.evaluate.tests import *  # noqa: F403

__all__ = [  # noqa: PLE0604 - the lists that name every test and generator
    *(test.__name__ for test in _tests.TESTS),
    *(generator.__name__ for generator in _generators.TEST_GENERATORS),
    "approx",
    "generate_column_tests",
]
