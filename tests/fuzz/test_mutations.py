"""The corpus with a few things wrong with it: bits, bytes, lengths, numbers, keys, nesting. The same ones in every run;
`make fuzz` looks for others.
"""

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.fuzz import files
from tests.fuzz.corpus import seeds
from tests.fuzz.doors import DOORS
from tests.fuzz.house import opened
from tests.fuzz.mutation import mutated

SAME = settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
RANDOMS = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.mark.parametrize("door", DOORS)
@given(random=RANDOMS)
@SAME
def test_no_body_is_answered_with_a_fault_of_ours(door, random, house):
    house.ask(door, mutated(random, seeds(door)))


@pytest.mark.parametrize("door", files.FILES)
@given(random=RANDOMS)
@SAME
def test_no_file_makes_backfill_fail_without_a_reason(door, random, tmp_path):
    files.read(door, mutated(random, seeds(door)), tmp_path)
