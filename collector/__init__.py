"""The inference collector: evaluate inferences in a notebook, a job or as a service.

Names are loaded when they are first used, so that a pure receiver never imports pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.evaluate import ColumnMapping as ColumnMapping, Report as Report, TestSuite as TestSuite
    from collector.snapshot import Snapshot as Snapshot
    from collector.workspace import (
        CloudWorkspace as CloudWorkspace,
        RemoteWorkspace as RemoteWorkspace,
        Workspace as Workspace,
    )

_HOMES = {
    "ColumnMapping": "collector.evaluate",
    "Report": "collector.evaluate",
    "TestSuite": "collector.evaluate",
    "Snapshot": "collector.snapshot",
    "CloudWorkspace": "collector.workspace",
    "RemoteWorkspace": "collector.workspace",
    "Workspace": "collector.workspace",
}

__version__ = "0.1.0"
__all__ = [  # noqa: PLE0604 - computed, so that the two lists cannot part
    "__version__",
    *_HOMES,
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'collector' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
