import os

import pytest

from autograd_tiny.storage.files import write_file


def test_writes_text_and_bytes(tmp_path):
    assert write_file(tmp_path / "a.txt", "naïve\n").read_bytes() == "naïve\n".encode()
    assert write_file(tmp_path / "b.bin", b"\x00\xff").read_bytes() == b"\x00\xff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.bin"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the directory .*nowhere does not exist"):
        write_file(tmp_path / "nowhere" / "a.txt", "x")


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
