"""Projects and their snapshots: kept in a folder, in a remote Evidently workspace, in its cloud; and the pages.

All three have the same methods. Names are loaded when they are first used: a folder needs no HTTP client.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.workspace.folder import Workspace as Workspace
    from collector.workspace.project import Project as Project
    from collector.workspace.remote import CloudWorkspace as CloudWorkspace, RemoteWorkspace as RemoteWorkspace

_HOMES = {
    "CloudWorkspace": "collector.workspace.remote",
    "Project": "collector.workspace.project",
    "RemoteWorkspace": "collector.workspace.remote",
    "Workspace": "collector.workspace.folder",
}
__all__ = ["CloudWorkspace", "Project", "RemoteWorkspace", "Workspace"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'collector.workspace' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
