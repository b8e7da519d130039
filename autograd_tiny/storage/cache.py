"""Bytes kept from one process to the next, in a directory that is the user's alone.

What is kept may be machine code, so it is as good as a program of the user's: a file counts only if it is the user's
own, is readable by nobody else, lies in a directory that nobody else can write to, and holds what its hash
says.  Anything else is as if it were not there.  Nothing in here ever fails: what cannot be kept is made again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.storage.files import write_file

VARIABLE = "AUTOGRAD_TINY_CACHE"
"""The environment variable that names the directory, or says "off"."""
MOST_BYTES = 2**29
"""How much is kept; of more, what was not used for longest is removed."""
ABANDONED = 3600.0
"""After how many seconds the half-written file of another process is taken for left behind."""
_HEAD = b"autograd_tiny kept 1\n"
_SUFFIX = ".kept"


class _UnfitError(OSError):
    """A directory or a file is not the user's alone."""


class Cache(NamedTuple):
    """A directory with one file for each key; several processes may use it at once.

    Attributes:
        directory: made when something is first kept.
        was_named: whether the user has named it, and is told if it cannot serve.
        most: how many bytes may be kept.

    >>> from tempfile import mkdtemp
    >>> cache = Cache(Path(mkdtemp()))
    >>> cache.get("a1"), cache.put("a1", b"some bytes"), cache.get("a1")
    (None, None, b'some bytes')
    """

    directory: Path
    was_named: bool = False
    most: int = MOST_BYTES

    def get(self, key: str) -> bytes | None:
        """What was kept under a key, or None.  The key consists of letters and digits."""
        try:
            if not self.directory.exists():
                return None
            _check_directory(self.directory)
            kept = _read_private(self._path(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(error)
            return None
        head, data = kept[: len(_HEAD) + 32], kept[len(_HEAD) + 32 :]
        return data if head == _head(key, data) else None

    def put(self, key: str, data: bytes) -> None:
        """Keep some bytes under a key, as far as it can be done."""
        if len(data) > self.most:
            return
        try:
            if not os.path.lexists(self.directory):
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_directory(self.directory)
            write_file(self._path(key), _head(key, data) + data, private=True)
            self._trim()
        except OSError as error:
            self._tell(error)

    def _path(self, key: str) -> Path:
        return self.directory / f"{key}{_SUFFIX}"

    def _trim(self) -> None:
        """Remove what was not used for longest, where there is too much, and what was left behind half written."""
        found = []
        for entry in os.scandir(self.directory):
            with suppress(OSError):  # another process was quicker
                status = entry.stat(follow_symlinks=False)
                if entry.name.endswith(_SUFFIX):
                    found.append((status.st_mtime, status.st_size, entry.path))
                elif (
                    f"{_SUFFIX}." in entry.name
                    and entry.name.endswith(".part")
                    and status.st_mtime < time.time() - ABANDONED
                ):
                    os.unlink(entry.path)
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.most:
                break
            with suppress(OSError):
                os.unlink(path)
            total -= size

    def _tell(self, error: OSError) -> None:
        if self.was_named:
            _warn_once(f"{VARIABLE}={self.directory}: {error}; what would be kept there is made anew by every process")


@lru_cache(maxsize=64)
def _warn_once(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=4)


def user_cache() -> Cache | None:
    """The cache of this user: where ``AUTOGRAD_TINY_CACHE`` says, else where this system keeps such things; None if
    it is "off"."""
    named = os.environ.get(VARIABLE, "").strip()
    if named.lower() in ("off", "0"):
        return None
    if named:
        return Cache(Path(named), was_named=True)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    given = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    usual = home / (
        "AppData/Local" if sys.platform == "win32" else "Library/Caches" if sys.platform == "darwin" else ".cache"
    )
    return Cache((Path(given) if os.path.isabs(given) else usual) / "autograd_tiny")


def _head(key: str, data: bytes) -> bytes:
    return _HEAD + hashlib.sha256(key.encode() + b"\n" + data).digest()


def _check_directory(directory: Path) -> None:
    """Refuse what others can change, or have put there.

    On Windows, the rights to a user's own directory are those of the directory above it, which is the user's.
    """
    status = os.lstat(directory)
    if stat.S_ISLNK(status.st_mode):
        raise _UnfitError("it is a symbolic link; name the directory itself")
    if not stat.S_ISDIR(status.st_mode):
        raise _UnfitError("it is no directory")
    if hasattr(os, "geteuid"):
        if status.st_uid != os.geteuid():
            raise _UnfitError("it belongs to somebody else")
        if status.st_mode & 0o022:
            raise _UnfitError("others can write to it; chmod go-w, or choose a directory of your own")


def _read_private(path: Path) -> bytes:
    """A file that is the user's alone; nothing is waited for, should it be a pipe, and no link is followed."""
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _UnfitError(f"{path.name} is no file")
        if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
            raise _UnfitError(f"{path.name} is not the user's alone")
        data = file.read()
        with suppress(OSError):
            os.utime(file.fileno() if os.utime in os.supports_fd else path)  # it was used
        return data
