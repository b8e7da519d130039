import os
import stat
import sys
from pathlib import Path

import pytest

from autograd_tiny.storage.files import read_as_it_stands, read_text, write_file


def test_writes_text_and_bytes(tmp_path):
    assert write_file(tmp_path / "a.txt", "naïve\n").read_bytes() == "naïve\n".encode()
    assert write_file(tmp_path / "b.bin", b"\x00\xff").read_bytes() == b"\x00\xff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.bin"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the directory .*nowhere does not exist"):
        write_file(tmp_path / "nowhere" / "a.txt", "x")


def test_a_name_that_is_too_long_is_said_to_be(tmp_path):
    with pytest.raises(OSError, match=r"^cannot write .*a{300}: "):
        write_file(tmp_path / ("a" * 300), "x")


def test_a_failure_keeps_what_was_there_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    target = write_file(tmp_path / "a.txt", "old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"cannot write .*a\.txt: No space left on device"):
        write_file(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
def test_permissions_are_those_of_an_ordinary_new_file(tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")
    assert write_file(tmp_path / "ours", "").stat().st_mode == ordinary.stat().st_mode


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o664, 0o755, 0o400])
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_file_that_is_replaced_hands_down_its_permissions(tmp_path, mode, umask):
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(mode)
    link = tmp_path / "link"
    link.symlink_to(target)
    before = os.umask(umask)
    try:
        write_file(target, "new")
        assert (target.read_bytes(), mode_of(target)) == (b"new", mode)
        write_file(link, "by the link")
        assert (target.read_bytes(), mode_of(target), link.is_symlink()) == (b"by the link", mode, True)
        assert mode_of(write_file(tmp_path / "fresh", "")) == 0o666 & ~umask
    finally:
        os.umask(before)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "fresh", "link"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
def test_what_is_being_written_is_as_private_as_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o600)
    modes = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda part, to: (modes.append(mode_of(part)), replace(part, to)))
    monkeypatch.setattr(os, "chown", lambda *arguments: modes.append(mode_of(Path(arguments[0]))))
    write_file(target, "new")
    assert set(modes) == {0o600}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_handed_down(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    os.chown(target, 1234, 2345)
    target.chmod(0o640)
    status = write_file(target, "new").stat()
    assert (status.st_uid, status.st_gid, mode_of(target)) == (1234, 2345, 0o640)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a file of another group")
def test_a_group_that_cannot_be_kept_is_not_exchanged_for_ours(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    target.write_text("old")
    os.chown(target, 1234, 2345)

    def not_permitted(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", not_permitted)
    target.chmod(0o664)
    assert mode_of(write_file(target, "new")) == 0o644
    os.unlink(target)
    target.write_text("old")
    monkeypatch.undo()
    os.chown(target, 1234, 2345)
    monkeypatch.setattr(os, "chown", not_permitted)
    target.chmod(0o660)
    assert mode_of(write_file(target, "new")) == 0o600


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="extended attributes")
def test_extended_attributes_are_handed_down(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    try:
        os.setxattr(target, "user.origin", b"page 12")
    except OSError as error:
        pytest.skip(f"this file system has none: {error}")
    write_file(target, "new")
    assert os.getxattr(target, "user.origin") == b"page 12"


@pytest.mark.skipif(not hasattr(os, "listxattr"), reason="extended attributes")
def test_what_a_directory_gives_to_new_files_is_taken_from_one_that_replaces(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    target.write_text("old")
    removed = []
    names = {"a.txt": ["user.kept"]}
    monkeypatch.setattr(os, "listxattr", lambda path, **_: names.get(Path(path).name, ["user.kept", "system.default"]))
    monkeypatch.setattr(os, "removexattr", lambda path, name: removed.append((Path(path).suffix, name)))
    write_file(target, "new")
    assert removed == [(".part", "system.default")]


@pytest.mark.skipif(not hasattr(os, "chown"), reason="owners")
def test_group_and_owner_are_asked_for_one_by_one(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    target.write_text("old")
    status, asked = target.stat(), []
    monkeypatch.setattr(os, "chown", lambda path, user, group: asked.append((user, group)))
    write_file(target, "new")
    assert asked == [(-1, status.st_gid), (status.st_uid, -1)]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a file of another owner")
def test_a_file_of_another_owner_does_not_run_as_us(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    for group, mode, left in ((os.getegid(), 0o4755, 0o755), (2345, 0o2755, 0o755)):
        target.write_text("old")
        os.chown(target, 1234, group)
        target.chmod(mode)
        with monkeypatch.context() as patch:
            patch.setattr(os, "chown", lambda *arguments: None)
            assert mode_of(write_file(target, "new")) == left


def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"it is a directory; add a file name$"):
        write_file(tmp_path, "")


def test_lines_may_end_in_any_way(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\rtwo\r\nthree\nfour")
    assert read_text(tmp_path / "a.txt") == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize("text", ["", "a\r\n", "\ufeffa\r\n", "\ufeff\ufeff", "a\n\ufeff", "\ufeff"])
def test_a_byte_order_mark_is_kept_where_the_file_is_written_again(tmp_path, text):
    path = write_file(tmp_path / "a.txt", text.encode())
    assert read_as_it_stands(path) == text
    assert read_text(path) == text.removeprefix("\ufeff").replace("\r\n", "\n")


@pytest.mark.skipif(not hasattr(os, "openpty") or sys.platform == "emscripten", reason="a terminal is needed")
def test_a_device_is_written_to():
    """A terminal of our own: whoever breaks `write_file` and is root would replace the machine's /dev/null by a file."""
    reader, terminal = os.openpty()
    os.set_blocking(reader, False)
    try:
        assert write_file(os.ttyname(terminal), "x").is_char_device()
        assert os.read(reader, 9) == b"x"
    finally:
        os.close(terminal)
        os.close(reader)


def test_the_time_of_a_file_is_that_of_its_content(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    os.utime(target, (0, 0))
    assert write_file(target, "new").stat().st_mtime > 1e9


def test_a_file_system_without_permissions_is_written_to(tmp_path, monkeypatch):
    target = write_file(tmp_path / "a.txt", "old")

    def not_permitted(*arguments, **options):
        raise PermissionError(1, "Operation not permitted")

    for name in ("chmod", "utime", "chown"):
        monkeypatch.setattr(os, name, not_permitted, raising=False)
    assert write_file(target, "new").read_text() == "new"
