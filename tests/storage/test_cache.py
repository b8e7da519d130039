"""The cache: what is kept comes back, and whatever could be somebody else's, or damaged, is as if it were not there."""

import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from autograd_tiny.storage import cache as module
from autograd_tiny.storage.cache import Cache, user_cache

KEY, DATA = "0123456789abcdef" * 2, b"\x00machine code\xff" * 50
posix = pytest.mark.skipif(sys.platform == "win32", reason="rights to files are others there")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "kept", was_named=True)


def the_file(cache):
    (file,) = cache.directory.glob("*.kept")
    return file


def test_what_is_kept_comes_back(cache):
    assert cache.get(KEY) is None
    cache.put(KEY, DATA)
    assert cache.get(KEY) == DATA
    cache.put(KEY, b"")
    assert cache.get(KEY) == b""
    assert cache.get(KEY[::-1]) is None


@posix
def test_directory_and_files_are_the_users_alone_whatever_the_umask(cache):
    before = os.umask(0)
    try:
        cache.put(KEY, DATA)
        cache.put(KEY, DATA)
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_file(cache).stat().st_mode) == 0o600


DAMAGES = [lambda b: b[:-1], lambda b: b[:10], lambda b: b"", lambda b: b + b"x", lambda b: b[:80] + b"?" + b[81:]]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_made_anew(cache, damage):
    cache.put(KEY, DATA)
    file = the_file(cache)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get(KEY) is None
    cache.put(KEY, DATA)
    assert cache.get(KEY) == DATA


def test_a_file_under_another_name_is_not_taken_for_what_that_stands_for(cache):
    cache.put(KEY, DATA)
    the_file(cache).rename(cache.directory / f"{KEY[::-1]}.kept")
    assert cache.get(KEY[::-1]) is None


@posix
def test_files_that_others_may_read_or_write_do_not_count(cache):
    cache.put(KEY, DATA)
    for mode in (0o620, 0o602, 0o640, 0o604):
        the_file(cache).chmod(mode)
        module._warn_once.cache_clear()
        with pytest.warns(RuntimeWarning, match=rf"{KEY}.kept is not the user's alone; what would be kept there is made anew"):
            assert cache.get(KEY) is None
    cache.put(KEY, DATA)
    assert cache.get(KEY) == DATA


@posix
@pytest.mark.parametrize("place", ["a file", "a link", "a pipe", "a directory"])
def test_what_is_no_file_is_not_followed_and_not_waited_for(cache, tmp_path, place):
    cache.put(KEY, DATA)
    file = the_file(cache)
    file.rename(tmp_path / "elsewhere")
    if place == "a link":
        file.symlink_to(tmp_path / "elsewhere")
    elif place == "a pipe":
        os.mkfifo(file, 0o600)
    elif place == "a directory":
        file.mkdir()
    module._warn_once.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert cache.get(KEY) is None
        assert any("is no file" in str(x.message) for x in caught) == (place == "a pipe")
        cache.put(KEY, DATA)
        assert (cache.get(KEY) is None) == (place == "a directory")


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_directory_that_others_can_write_to_is_not_used(cache, mode):
    cache.put(KEY, DATA)
    cache.directory.chmod(mode)
    module._warn_once.cache_clear()
    with pytest.warns(RuntimeWarning, match=rf"AUTOGRAD_TINY_CACHE={cache.directory}: others can write to it; chmod go-w"):
        assert cache.get(KEY) is None
    cache.put(KEY[::-1], DATA)
    assert len(list(cache.directory.iterdir())) == 1


@posix
def test_a_link_to_a_directory_and_what_is_none_are_not_used(cache, tmp_path):
    cache.put(KEY, DATA)
    (tmp_path / "link").symlink_to(cache.directory)
    (tmp_path / "file").write_text("")
    for name, said in (("link", "a symbolic link"), ("file", "it is no directory")):
        other = Cache(tmp_path / name, was_named=True)
        with pytest.warns(RuntimeWarning, match=said):
            other.put(KEY, DATA)
        assert other.get(KEY) is None


@posix
def test_what_belongs_to_somebody_else_is_not_used(cache, monkeypatch):
    cache.put(KEY, DATA)
    owner = cache.directory.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.warns(RuntimeWarning, match="it belongs to somebody else"):
        assert cache.get(KEY) is None
    monkeypatch.setattr(module, "_check_directory", lambda directory: None)
    with pytest.warns(RuntimeWarning, match="not the user's alone"):
        assert cache.get(KEY) is None


def test_a_place_that_cannot_be_written_to_is_told_of_once_if_it_was_named(tmp_path):
    (tmp_path / "file").write_text("")
    named = Cache(tmp_path / "file" / "kept", was_named=True)
    with pytest.warns(RuntimeWarning, match="Not a directory|cannot write") as caught:
        named.put(KEY, DATA)
    assert caught[0].filename == __file__
    named.put(KEY, DATA)  # warnings are errors here
    Cache(tmp_path / "file" / "kept").put(KEY, DATA)  # the usual place: nothing is said


def test_a_full_disk_leaves_nothing_behind(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    cache.put(KEY, DATA)
    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match="No space left on device"):
        cache.put(KEY[::-1], DATA)
    assert [file.name for file in cache.directory.iterdir()] == [f"{KEY}.kept"]


def test_of_too_much_what_was_not_used_for_longest_goes(tmp_path):
    small = Cache(tmp_path, most=3 * len(module._head("", DATA) + DATA))
    keys = [f"{i}" * 32 for i in range(4)]
    for i, key in enumerate(keys[:3]):
        small.put(key, DATA)
        os.utime(tmp_path / f"{key}.kept", (i, i))
    assert small.get(keys[0]) == DATA  # and so it is the last one used
    small.put(keys[3], DATA)
    assert [small.get(key) is not None for key in keys] == [True, False, True, True]
    small.put("a", DATA * 4)
    assert small.get("a") is None


@posix
def test_a_link_counts_as_little_as_it_holds(cache, tmp_path):
    (tmp_path / "large").write_bytes(DATA * 100)
    os.utime(tmp_path / "large", (2**31, 2**31))  # used last, so that all else would go
    cache.put(KEY, DATA)
    (cache.directory / f"{KEY[::-1]}.kept").symlink_to(tmp_path / "large")
    cache._replace(most=4 * len(DATA)).put("a", DATA)
    assert cache.get(KEY) == cache.get("a") == DATA


def test_what_another_process_left_half_written_is_removed_after_a_while_and_nothing_else(cache):
    cache.put(KEY, DATA)
    old, new, others = [cache.directory / name for name in (f".{KEY}.kept.00.part", f".{KEY}.kept.01.part", ".page.html.02.part")]
    for file in (old, new, others):
        file.write_bytes(b"")
    for file in (old, others):
        os.utime(file, (1, 1))
    cache.put(KEY, DATA)
    assert not old.exists()
    assert new.exists()
    assert others.exists()


def test_several_processes_keep_and_read_the_same_at_once(cache):
    script = f"""
from pathlib import Path
from autograd_tiny.storage.cache import Cache
cache = Cache(Path({str(cache.directory)!r}))
for i in range(200):
    cache.put({KEY!r}, {DATA!r} * 100)
    assert cache.get({KEY!r}) == {DATA!r} * 100
"""
    running = [subprocess.Popen([sys.executable, "-W", "error", "-c", script], stderr=subprocess.PIPE) for _ in range(4)]
    for process in running:
        assert process.communicate(timeout=120)[1] == b""
        assert process.returncode == 0
    assert [file.name for file in cache.directory.iterdir()] == [f"{KEY}.kept"]


def test_where_the_cache_is(monkeypatch, tmp_path):
    for off in ("off", "OFF", "0"):
        monkeypatch.setenv("AUTOGRAD_TINY_CACHE", off)
        assert user_cache() is None
    monkeypatch.setenv("AUTOGRAD_TINY_CACHE", str(tmp_path))
    assert user_cache() == Cache(tmp_path, was_named=True)
    monkeypatch.delenv("AUTOGRAD_TINY_CACHE")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert user_cache() == Cache(tmp_path / "xdg" / "autograd_tiny")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert user_cache() == Cache(tmp_path / ".cache" / "autograd_tiny")


def test_without_a_home_nothing_is_kept(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("AUTOGRAD_TINY_CACHE")
    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache() is None
