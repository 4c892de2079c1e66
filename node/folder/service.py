"""Where the service of the Debian package, gongzhi@CITY, has a city's node: settings, data, and whose they are."""

import os
import pwd
import re
import shutil
from pathlib import Path

from node.errors import FileError, NodeError, Reason
from node.messages import _
from node.whole_file import write_file

SETTINGS = Path("/etc/gongzhi")
DATA = Path("/var/lib/gongzhi")
USER = "gongzhi"
_DATA_DIR = re.compile(r"(?m)^data_dir:.*$")


def default_folder() -> Path:
    """The node that a command means which names none: this folder's, else the one that the service has here.

    Where the service has several it is their common folder, which is no node's: the error names them.
    """
    here = Path()
    if (here / "node.yaml").exists() or not SETTINGS.is_dir():
        return here
    folders = [each for each in SETTINGS.iterdir() if each.is_dir()]
    return folders[0] if len(folders) == 1 else SETTINGS if folders else here


def check_place(folder: Path) -> None:
    """Checks that a node of the service can be made in `folder`; any other folder is fit.

    Raises:
        NodeError: PERMISSION_DENIED, this is not root; NOT_FOUND, the package is not installed.
        FileError: INVALID_ARGUMENT, there are data of this name.
    """
    if not _is_services(folder):
        return
    if os.geteuid() != 0:
        raise NodeError(
            Reason.PERMISSION_DENIED, _("only root can make a node in {folder}: sudo gongzhi ...", folder=SETTINGS)
        )
    _owner()
    data = DATA / folder.name
    is_made = (folder / "node.yaml").exists()  # who founds it twice is told so
    if not is_made and data.exists() and any(data.iterdir()):
        raise FileError(Reason.INVALID_ARGUMENT, str(data), _("already holds data: move it away first"))


def settle(folder: Path) -> None:
    """Moves the data of a node just made to where the service has them, and gives all of it to the service's user.

    A node that is not the service's stays as it is.

    Raises:
        NodeError: NOT_FOUND, the package is not installed.
        OSError: The disk does not let it.
    """
    if not _is_services(folder):
        return
    owner = _owner()
    data = DATA / folder.name
    if data.exists():
        data.rmdir()
    shutil.move(folder / "data", data)
    settings = (folder / "node.yaml").read_text("utf-8")
    line = f"data_dir: {data}"
    placed, replaced = _DATA_DIR.subn(line, settings)
    write_file(folder / "node.yaml", (placed if replaced else f"{settings}{line}\n").encode())
    for top in (folder, data):
        for path in (top, *top.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def check_user(data_dir: Path) -> None:
    """Checks that root does not run the node of another user, who could not read what root had written.

    Raises:
        NodeError: PERMISSION_DENIED, with what to type.
    """
    owner = data_dir.stat().st_uid if data_dir.exists() else 0
    if os.geteuid() == 0 and owner != 0:
        start = f"systemctl start gongzhi@{data_dir.name}" if data_dir.parent == DATA else _("run it as that user")
        raise NodeError(
            Reason.PERMISSION_DENIED,
            _("this node's data belongs to user {name}, not root: {start}", name=_name(owner), start=start),
        )


def _is_services(folder: Path) -> bool:
    return folder.absolute().parent == SETTINGS


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        raise NodeError(Reason.NOT_FOUND, _("no user {user}: the Debian package creates it", user=USER)) from None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
