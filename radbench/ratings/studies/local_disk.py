"""Whether a folder lies on a disk of this machine: SQLite's write-ahead log needs memory that all its processes share.

Source: sqlite.org/wal.html ("does not work over a network filesystem"). The kind is told by Linux in /proc/self/mountinfo
(proc(5)); on systems that do not tell it is unknown, and nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from radbench.errors import ContentError

_KINDS: Final = (
    "nfs nfs4 cifs smb3 smb2 smbfs ncpfs afs 9p ceph lustre gpfs beegfs beegfs_nodev glusterfs orangefs pvfs2 panfs ocfs2 gfs2 coda davfs "
    "wekafs virtiofs vboxsf prl_fs vmhgfs"
)
_BY_FUSE: Final = (  # `fuse.` stands before them, more may follow
    "sshfs glusterfs s3fs goofys gcsfuse blobfuse rclone davfs mountpoint-s3 juicefs cephfs vmhgfs curlftpfs smbnetfs"
)
NETWORK: Final = frozenset(_KINDS.split())
_MOUNTS: Final = Path("/proc/self/mountinfo")


def file_system(folder: Path) -> str:
    """The kind of file system a folder lies on (ext4, nfs4, fuse.sshfs ...); "" where this machine does not say."""
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    return kind_in(lines, PurePosixPath(folder.resolve()))


def kind_in(mounts: list[str], folder: PurePosixPath) -> str:
    """The kind of the file system mounted nearest above a folder, by the lines of mountinfo; of equals the last one, which hides others."""
    best, kind = -1, ""
    for line in mounts:
        head, _, tail = line.partition(" - ")
        fields = head.split(" ")
        if len(fields) < 5 or not tail:
            continue
        point = PurePosixPath(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), tail.split(" ")[0]
    return kind


def require_local_disk(folder: Path, kind_of: Callable[[Path], str] = file_system) -> None:
    """Refuse a folder on a network file system.

    Raises:
        ContentError: naming the kind, the reason and the mend.
    """
    kind = kind_of(folder)
    base, _, inner = kind.partition(".")
    if kind in NETWORK or (base == "fuse" and inner.startswith(tuple(_BY_FUSE.split()))):
        raise ContentError(
            f"{folder} lies on a network file system ({kind}): SQLite's write-ahead log needs memory shared by all who write, which such a "
            "file system does not give, and answers could be lost. Put the study on a disk of the machine that serves it"
        )
