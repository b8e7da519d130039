"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_file(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file (text as UTF-8) under a temporary name beside its place, then rename it, so that nobody ever sees half of it.

    Returns the path.

    Raises:
        FileNotFoundError: its directory does not exist.
        OSError: it cannot be written; what was there before is unchanged.

    >>> write_file("no/such/place.svg", "")
    Traceback (most recent call last):
    FileNotFoundError: cannot write no/such/place.svg: the directory no/such does not exist; create it first
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the directory {path.parent} does not exist; create it first")
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a directory; add a file name")
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(part, path)
    except OSError as error:
        raise type(error)(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return path
