"""A prepared book is sealed: damage of any kind is one error in words, never a figure and never a raw error."""

import json
import os
import pickle
import random
import shutil
import sys

import polars as pl
import pyarrow.parquet as pq
import pytest

from kpikit import DataError, DealBook, UsageError, open_book, prepare, velocity, winloss
from kpikit.book import sealing, trust
from kpikit.book.door import trusted
from kpikit.book.preparing import DROPPED, FORMAT, MANIFEST, VISITS
from kpikit.cli import main
from kpikit.engine import spells
from kpikit.start import checking
from tests.strategies import as_frames, day, spell_rows

ROWS = spell_rows(
    [(i, 3 + i % 5, ("advance", "lost", "won")[i % 3]) for i in range(24)] + [(30, None, "open")],
    recorded=[None, 1] * 12 + [None],
    team=["A", "B"] * 12 + ["A"],
    amount=[float(i) for i in range(25)],
)
NOTES = pl.DataFrame({"deal_id": ["d0000"], "at": [day(1)], "kind": ["story"], "text": ["they were glad"]})


def made():
    return DealBook.from_frames(**as_frames(ROWS), notes=NOTES, as_of=ROWS["as_of"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A prepared book of single files, and one of parts: both undamaged, and what they answer."""
    folder = tmp_path_factory.mktemp("whole")
    prepare(made(), folder / "single")
    frames = {name: frame.lazy() for name, frame in made().tables.items() if name in as_frames(ROWS)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trusted, "BUCKET", 10)
        trust(folder / "parts", **frames, as_of=ROWS["as_of"])
    assert len(list((folder / "parts" / "deals.parquet").iterdir())) > 1
    return {place.name: (place, answers(open_book(place))) for place in folder.iterdir()}


def answers(book):
    """All that is in a book, as somebody may come to read it; figures first, so that damage meets them first."""
    return {
        "time": velocity.time_in_stage(book).frame.to_dicts(),
        "won": winloss.win_rate(book).frame.to_dicts(),
        "spells": spells(book).to_dicts(),
        "dropped": book.dropped.to_dicts(),
        "visits": book.coded.visits.collect().to_dicts(),
        "about": (book.as_of, book.settings, book.faults, book.hash, book.team),
        **{name: frame.collect().to_dicts() for name, frame in book.tables.items()},
    }


def files(book):
    return sorted(file for file in book.rglob("*") if file.is_file())


# --- damage ----------------------------------------------------------------------------------------------------------


def flipped(file, rng):
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


def cut(file, rng):
    os.truncate(file, rng.randrange(file.stat().st_size))


def zeroed(file, rng):
    data = bytearray(file.read_bytes())
    at = rng.choice([place for place, byte in enumerate(data) if byte])
    data[at : at + 512] = bytes(len(data[at : at + 512]))
    file.write_bytes(data)


def longer(file, rng):
    file.write_bytes(file.read_bytes() + rng.randbytes(9))


def deleted(file, rng):
    file.unlink()


def swapped(file, rng):
    """Another file of the book in its place."""
    other = rng.choice([one for one in files(file.parent) if one.read_bytes() != file.read_bytes()])
    file.write_bytes(other.read_bytes())


def emptied(file, rng):
    file.write_bytes(b"")


DAMAGE = (flipped, flipped, flipped, cut, zeroed, zeroed, longer, deleted, swapped, emptied)


def trial(whole, folder, n):
    """One damage to one file; what the book then says: an error with its sentence, or ``None`` where it answered."""
    rng = random.Random(n)
    kind = rng.choice(sorted(whole))
    shutil.copytree(whole[kind][0], folder)
    some = files(folder)
    file = some[n % len(some)]
    DAMAGE[n // len(some) % len(DAMAGE)](file, rng)
    try:
        book = open_book(folder)
        velocity.time_in_stage(book)  # the first question; then whatever else there is to read
        answers(book)
    except (DataError, UsageError) as error:
        said = error.sentence("en"), error.sentence("nl")
        assert all(said) and folder.name in said[0]
        return error
    finally:
        shutil.rmtree(folder)
    return None


#: a first question, where its answer stands, and the file without which it has none: visits are coded already
FIRST = (
    (velocity.time_in_stage, "time", f"{VISITS}.parquet"),
    (winloss.win_rate, "won", "deals.parquet"),
)


def first_answer(whole, folder, n):
    """What the first question gives after one damage: refused (``None``), or where the damage is and what was said."""
    rng = random.Random(n)
    kind = rng.choice(sorted(whole))
    shutil.copytree(whole[kind][0], folder)
    file = rng.choice(files(folder))
    rng.choice(DAMAGE)(file, rng)
    question, name, needed = FIRST[n % 2]
    try:
        found = question(open_book(folder)).frame.to_dicts()
    except (DataError, UsageError):
        return None
    finally:
        shutil.rmtree(folder)
    assert found == whole[kind][1][name]
    assert file.relative_to(folder).parts[0] not in (needed, f"{DROPPED}.parquet", MANIFEST)
    return file.name


def test_damage_is_an_error_in_words(whole, tmp_path):
    lost = [n for n in range(60) if trial(whole, tmp_path / f"book{n}", 7 * n) is None]
    assert lost == []


def test_a_figure_is_right_or_refused(whole, tmp_path):
    found = [first_answer(whole, tmp_path / f"book{n}", n) for n in range(60)]
    assert None in found
    assert any(found)  # damage in a file that is not read


@pytest.mark.slow
def test_five_hundred_damages(whole, tmp_path):
    lost = [n for n in range(500) if trial(whole, tmp_path / f"book{n}", n) is None]
    for n in range(500):
        first_answer(whole, tmp_path / f"first{n}", n)
    assert lost == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '"x"', "{}", '{"format": null}', '{"format": "3"}', "[" * 100_000, "\x00" * 50],
)
def test_a_garbled_record(whole, tmp_path, text):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    (book / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        open_book(book)
    assert [(fault.rule, fault.file) for fault in refused.value.faults] == [("book_file_changed", f"book/{MANIFEST}")]


@pytest.mark.parametrize(
    "change", [{"team": "B"}, {"as_of": "2020-01-01T00:00:00+00:00"}, {"hash": "0" * 16}, {"files": {}}, {"more": 1}]
)
def test_a_record_that_was_edited(whole, tmp_path, change):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    record = json.loads((book / MANIFEST).read_text(encoding="utf-8"))
    (book / MANIFEST).write_text(json.dumps(record | change), encoding="utf-8")
    with pytest.raises(DataError):
        open_book(book)


@pytest.mark.parametrize("found", [1, 2, FORMAT + 1])
def test_a_book_of_another_version_tells_the_way_out(whole, tmp_path, found):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    (book / MANIFEST).write_text(json.dumps({"format": found}), encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        open_book(book)
    assert refused.value.code == "prepared_format"
    assert "Prepare it again" in str(refused.value)


def test_a_book_without_its_record_is_no_folder_of_exports(whole, tmp_path):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    (book / MANIFEST).unlink()
    with pytest.raises(DataError) as refused:
        open_book(book)
    assert [fault.rule for fault in refused.value.faults] == ["book_file_missing"]
    assert prepare(made(), book).hash == whole["single"][1]["about"][3]  # the way out


def test_all_that_sizes_tell_is_said_at_once(whole, tmp_path):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    (book / "deals.parquet").unlink()
    (book / "stages.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError) as refused:
        open_book(book)
    found = {(fault.rule, fault.file) for fault in refused.value.faults}
    assert found == {("book_file_missing", "book/deals.parquet"), ("book_file_changed", "book/stages.parquet")}
    assert "deals.parquet: The file belongs to a prepared book and is not there." in str(refused.value)
    assert "hoort bij een voorbereid boek" in refused.value.sentence("nl")


def test_a_folder_in_a_file_s_place(whole, tmp_path):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    (book / MANIFEST).unlink()
    (book / MANIFEST).mkdir()
    with pytest.raises(DataError) as refused:
        open_book(book)
    assert refused.value.faults[0].rule == "book_file_unreadable"


def test_a_file_that_is_none_of_the_book_s_is_not_read(whole, tmp_path):
    book = shutil.copytree(whole["parts"][0], tmp_path / "book")
    shutil.copy(book / "deals.parquet" / "00000.parquet", book / "deals.parquet" / "00099.parquet")
    assert answers(open_book(book)) == whole["parts"][1]


def test_a_command_ends_with_three(whole, tmp_path, monkeypatch, capsys):
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    flipped(book / "deals.parquet", random.Random(1))
    monkeypatch.setattr(sys, "argv", ["kpikit", "check", str(book)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    assert "deals.parquet" in capsys.readouterr().err


# --- what is no damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["single", "parts"])
def test_an_undamaged_book_answers_wherever_it_is(whole, tmp_path, kind):
    place, right = whole[kind]
    assert answers(open_book(place)) == right
    copied = shutil.copytree(place, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert answers(open_book(copied)) == right
    for file in files(copied):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    assert answers(open_book(copied)) == right


def test_a_book_travels_to_another_process(whole):
    place, right = whole["single"]
    assert answers(pickle.loads(pickle.dumps(open_book(place)))) == right


# --- once a process --------------------------------------------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch):
    """The files that are read whole, in order, in a process that has read none."""
    found = []
    hash_of = sealing._hash

    def noted(file):
        found.append(file.name)
        return hash_of(file)

    monkeypatch.setattr(sealing, "_HASHED", {})
    monkeypatch.setattr(sealing, "_hash", noted)
    return found


def test_opening_reads_no_table(whole, hashed):
    book = open_book(whole["single"][0])
    assert "deals" in book.tables
    assert list(book.tables) == sorted(book.tables)
    assert hashed == [f"{DROPPED}.parquet"]  # it is read here


def test_a_file_is_hashed_once_whoever_asks(whole, hashed):
    for _ in range(2):
        answers(open_book(whole["single"][0]))
    assert len(hashed) == len(set(hashed)) == len(files(whole["single"][0])) - 1  # all but the record


def test_damage_after_an_answer_is_seen_at_the_next(whole, tmp_path):
    book = open_book(shutil.copytree(whole["single"][0], tmp_path / "book"))
    answers(book)
    times = (tmp_path / "book" / "deals.parquet").stat()
    flipped(tmp_path / "book" / "deals.parquet", random.Random(2))
    os.utime(tmp_path / "book" / "deals.parquet", ns=(times.st_atime_ns, times.st_mtime_ns))  # as a copy would be
    with pytest.raises(DataError):
        winloss.win_rate(book)


def test_pages_have_checksums(whole, tmp_path):
    """A reader that looks at them sees a flipped bit by itself; the footer is left alone here."""
    book = shutil.copytree(whole["single"][0], tmp_path / "book")
    file = book / "stage_events.parquet"
    assert pq.read_table(file, page_checksum_verification=True).num_rows
    chunk = pq.read_metadata(file).row_group(0).column(0)
    data = bytearray(file.read_bytes())
    data[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(file, page_checksum_verification=True)


@pytest.mark.parametrize("kind", ["single", "parts"])
def test_check_looks_through_every_file_even_those_that_nobody_asks_for(whole, tmp_path, kind, monkeypatch):
    """Opening compares sizes; the visits are read by the first question about stages only."""
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data of the user")
    place = shutil.copytree(whole[kind][0], tmp_path / kind)
    assert checking.check(open_book(place), place).new is None
    names = [file.relative_to(place).as_posix() for file in files(place) if file.suffix == ".parquet"]
    assert any(name.startswith(VISITS) for name in names)
    for name in names:
        shutil.rmtree(place)
        shutil.copytree(whole[kind][0], place)
        flipped(place / name, random.Random(name))
        with pytest.raises(DataError) as found:
            checking.check(open_book(place), place)
        assert [(fault.rule, fault.file) for fault in found.value.faults] == [("book_file_changed", f"{kind}/{name}")]


def test_check_tells_all_damaged_files_at_once(whole, tmp_path):
    place = shutil.copytree(whole["single"][0], tmp_path / "book")
    for name in ("notes", VISITS):
        flipped(place / f"{name}.parquet", random.Random(1))
    with pytest.raises(DataError) as found:
        sealing.check_whole(open_book(place).tables)
    assert {fault.file for fault in found.value.faults} == {"book/notes.parquet", f"book/{VISITS}.parquet"}
    sealing.check_whole(made().tables)  # a book that was never prepared has no seal
