"""A file is there whole or not at all, and a user's folders are chosen once."""

import os
import stat
import sys

import pytest

from kpikit.files import HALF_WRITTEN, user_folder, write_whole


def there(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_text_and_bytes_replace_what_was_there(tmp_path):
    file = tmp_path / "a.txt"
    write_whole(file, "één\nline\r\n")
    assert there(tmp_path) == {"a.txt": "één\nline\r\n".encode()}
    write_whole(file, b"\x00\xff")
    assert there(tmp_path) == {"a.txt": b"\x00\xff"}


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    write_whole(tmp_path / "a.txt", "one")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "a.txt", "two \ud800")
    assert there(tmp_path) == {"a.txt": b"one"}


def test_a_full_disk_leaves_what_was_there_and_no_rest(monkeypatch, tmp_path):
    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "a.txt", "one")
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a.txt", "two")
    assert there(tmp_path) == {"a.txt": b"one"}


def test_what_a_killed_process_left_is_found_by_its_name(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: seen.extend(tmp_path.glob(HALF_WRITTEN)))
    write_whole(tmp_path / "a.txt", "one")
    assert len(seen) == 1
    assert there(tmp_path) == {}


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "a", "one")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="rights and pipes of POSIX")
def test_what_is_private_is_read_by_its_owner_only(tmp_path):
    write_whole(tmp_path / "a", "one", is_private=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="rights and pipes of POSIX")
def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "one")
        assert os.read(reader, 10) == b"one"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [file.name for file in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of Linux")
def test_the_folders_are_where_a_system_keeps_them(monkeypatch, tmp_path):
    for name in ("DATA_HOME", "CACHE_HOME", "DOCUMENTS_DIR"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / name))
    assert user_folder("data") == tmp_path / "DATA_HOME" / "kpikit"
    assert user_folder("cache") == tmp_path / "CACHE_HOME" / "kpikit"
    assert user_folder("documents") == tmp_path / "DOCUMENTS_DIR" / "kpikit"
