"""Every input of the corpus, also each that once went wrong: rows, or a refusal that says why."""

import pytest

from tests.fuzz import files
from tests.fuzz.corpus import paths
from tests.fuzz.doors import DOORS
from tests.fuzz.house import House, opened


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


def inputs(doors):
    return [pytest.param(door, path, id=f"{door}-{path.name}") for door in doors for path in paths(door)]


@pytest.mark.parametrize(("door", "path"), inputs(DOORS))
def test_a_body_is_taken_or_refused(door, path, house: House):
    house.ask(door, path.read_bytes())


@pytest.mark.parametrize(("door", "path"), inputs(files.FILES))
def test_a_file_is_read_or_refused(door, path, tmp_path):
    files.read(door, path.read_bytes(), tmp_path)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_something_of_its_corpus(door, house: House):
    """Else the fuzz would only ever see its refusals."""
    statuses = {answer.status for path in paths(door) for answer in house.ask(door, path.read_bytes())}
    assert statuses & {200, 201, 202}


@pytest.mark.parametrize("door", files.FILES)
def test_every_file_door_reads_something_of_its_corpus(door, tmp_path):
    assert any(files.read(door, path.read_bytes(), tmp_path) for path in paths(door))
