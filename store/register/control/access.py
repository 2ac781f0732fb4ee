"""Who may speak to the core: the socket's folder, its mode, and the kernel's word on the other end."""

import grp
import os
import pwd
import socket
import stat
import struct
from pathlib import Path

from store.register.config import ConfigError

FOLDER_MODE = 0o750
SOCKET_MODE = 0o660
BACKLOG = 64
UCRED = struct.Struct("3i")
"""pid, uid, gid as `SO_PEERCRED` gives them."""


def make_room_for(path: Path, group: str) -> None:
    """Make the socket's folder and remove a stale socket in it. Raises OSError, ConfigError."""
    folder = path.parent
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():  # in a shared place somebody could have made it before us
        raise ConfigError(f"The folder {folder} belongs to somebody else. Remove it, or run as its owner.")
    folder.chmod(FOLDER_MODE)
    if group:
        let_through(folder, group_number(group))
    try:
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    except FileNotFoundError:
        return


def let_through(folder: Path, group: int) -> None:
    """Let a group into the socket's folder, and through the one above, where it still cannot read a name."""
    os.chown(folder, -1, group)
    above = folder.parent
    facts = above.stat()
    if facts.st_uid == os.getuid() and not facts.st_mode & stat.S_IXOTH:
        os.chown(above, -1, group)
        above.chmod(stat.S_IMODE(facts.st_mode) & ~stat.S_IRWXG | stat.S_IXGRP)


def open_socket(path: Path, group: str) -> socket.socket:
    """Bind with the right mode from the first moment, then listen. Raises OSError."""
    wire = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 ^ SOCKET_MODE)
    try:
        wire.bind(str(path))
    except OSError:
        wire.close()
        raise
    finally:
        os.umask(before)
    if group:
        os.chown(path, -1, group_number(group))
    wire.listen(BACKLOG)
    wire.setblocking(False)
    return wire


def group_number(group: str) -> int:
    """The number of a group. Raises ConfigError when there is none of that name."""
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise ConfigError(
            f"There is no group {group!r} on this machine. Make it, or mend register.group in register.toml."
        ) from error


class PeerCheck:
    """Decides by user and group of the process at the other end: the core's own user, root, or the socket's group."""

    def __init__(self, listening: socket.socket) -> None:
        self._group = Path(listening.getsockname()).stat().st_gid
        self._group_is_shared = self._group != os.getgid()

    def refusal(self, wire: socket.socket) -> str:
        """Why this peer may not speak to the core, or nothing."""
        _pid, uid, gid = UCRED.unpack(wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size))
        if uid in (0, os.getuid()) or (self._group_is_shared and is_member(uid, gid, self._group)):
            return ""
        return f"User {name_of(uid)} may not use this register. Ask for membership in its technicians' group."


def is_member(uid: int, gid: int, group: int) -> bool:
    """Tell whether a user belongs to a group, by the primary group or the group's list."""
    if gid == group:
        return True
    try:
        return pwd.getpwuid(uid).pw_name in grp.getgrgid(group).gr_mem
    except KeyError:
        return False


def name_of(uid: int) -> str:
    """A user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
