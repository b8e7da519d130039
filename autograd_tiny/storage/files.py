"""Files that appear whole or not at all, and errors that say which file it was."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS)
ELSEWHERE = "; choose a place that you may write to"


def write_file(path: str | os.PathLike[str], content: str | bytes | Iterable[str], *, private: bool = False) -> Path:
    """Write a file (text as UTF-8) under a temporary name beside its place, then rename it: nobody sees half of it.

    Of a surrogate without its other half, which UTF-8 does not have, a question mark is left.
    Text that does not fit into memory is given in pieces; where making one of them fails, nothing is written.

    A file that was there before hands down its permissions, and its owner and group as far as we may give them; a new
    one has those that the umask leaves.  A link is followed; what is no ordinary file, as /dev/stdout, is written to as
    it stands.  With ``private``, it is a new file that only we may read, whatever was there.  Returns the path.

    Raises:
        FileNotFoundError: its directory does not exist.
        OSError: it cannot be written; what was there before is unchanged.

    >>> write_file("no/such/place.svg", "")
    Traceback (most recent call last):
    FileNotFoundError: cannot write no/such/place.svg: the directory no/such does not exist; create it first
    """
    path = Path(path)
    with _named(f"cannot write {path}", ELSEWHERE):  # a name may be too long to be asked for
        has_directory, is_directory = path.parent.is_dir(), path.is_dir()
    if not has_directory:
        raise FileNotFoundError(f"cannot write {path}: the directory {path.parent} does not exist; create it first")
    if is_directory:
        raise IsADirectoryError(f"cannot write {path}: it is a directory; add a file name")
    pieces: Iterable[str | bytes] = [content] if isinstance(content, (str, bytes)) else content
    data = (x if isinstance(x, bytes) else x.encode("utf-8", "replace") for x in pieces)
    with _named(f"cannot write {path}", ELSEWHERE):
        if private:
            _replace(path, data, replaces=False, opener=_opened_privately)
        elif path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(data)
        else:
            target = Path(os.path.realpath(path))
            replaces = target.exists()
            _replace(target, data, replaces=replaces, opener=_opened_privately if replaces else None)
    return path


def _replace(target: Path, data: Iterable[bytes], *, replaces: bool, opener: Callable[[str, int], int] | None) -> None:
    part = target.with_name(f".{target.name[:40]}.{os.urandom(4).hex()}.part")
    try:
        with open(part, "xb", opener=opener) as file:
            file.writelines(data)
        if replaces:
            _hand_down(target, part)
        os.replace(part, target)
    finally:
        with suppress(OSError):
            part.unlink()


def _opened_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _hand_down(old: Path, new: Path) -> None:
    """Owner, group, permissions and extended attributes, access lists among them, from one file to another of ours.

    What the system does not allow, or the file system does not have, is left out; then the new file stays private.
    """
    status = os.stat(old)
    mode = stat.S_IMODE(status.st_mode)
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(new, -1, status.st_gid)
        with suppress(OSError):
            os.chown(new, status.st_uid, -1)
        kept = os.stat(new)
        if kept.st_uid != status.st_uid:
            mode &= ~stat.S_ISUID
        if kept.st_gid != status.st_gid:  # what its group was allowed is not for ours
            mode = mode & ~(stat.S_ISGID | stat.S_IRWXG) | (mode & stat.S_IRWXO) << 3 & mode
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in set(os.listxattr(new)) - set(os.listxattr(old)):  # by a default of the directory
                os.removexattr(new, name)
        with suppress(OSError):
            shutil.copystat(old, new)
    with suppress(OSError):
        os.chmod(new, mode)
    with suppress(OSError):
        os.utime(new)


def make_directory(path: str | os.PathLike[str], *, parents: bool = False) -> Path:
    """Make a directory where there is none yet, with ``parents`` those above it too.  Returns the path.

    Raises:
        OSError: it cannot be made.
    """
    path = Path(path)
    with _named(f"cannot make the directory {path}", ELSEWHERE):
        try:
            path.mkdir(parents=parents, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise type(error)("a file is in the way; choose another place") from None
    return path


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8, however its lines end; the errors are those of `read_as_it_stands`."""
    return read_as_it_stands(path).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_as_it_stands(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8 with byte order mark and line ends, so that it can be written again byte for byte.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no text in UTF-8; which file it was is for the caller to say.

    >>> read_as_it_stands("no/such/page.toml")
    Traceback (most recent call last):
    FileNotFoundError: cannot read no/such/page.toml: No such file or directory
    """
    data = read_bytes(path)
    return ("\ufeff" if data.startswith(BOM_UTF8) else "") + decoded(data)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it cannot be read.
    """
    with opened(path) as file, _named(f"cannot read {os.fspath(path)}"):
        return file.read()


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """A file opened to be read piece by piece.

    Raises:
        OSError: it cannot be opened.
    """
    with _named(f"cannot read {os.fspath(path)}"):
        return Path(path).open("rb")


def decoded(data: bytes) -> str:
    """Bytes as the text that they are in UTF-8, with or without a byte order mark before it.

    Raises:
        ValueError: they are something else.

    >>> decoded(b"caf\\xe9")
    Traceback (most recent call last):
    ValueError: this is no text in UTF-8 (byte 3 is 0xe9); save it as UTF-8
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        raise ValueError(
            f"this is no text in UTF-8 (byte {at} is 0x{error.object[at]:02x}); save it as UTF-8"
        ) from None


@contextmanager
def _named(what: str, remedy: str = "") -> Iterator[None]:
    """An OSError says what could not be done, and the remedy where only the permission is missing."""
    try:
        yield
    except OSError as error:
        raise type(error)(f"{what}: {error.strerror or error}{remedy if error.errno in NOT_OURS else ''}") from None
