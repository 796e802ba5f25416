"""Opening a book: a folder, a kpikit.toml, a prepared book, or the demo."""

from datetime import UTC, datetime

import polars as pl
import pytest

from kpikit import DataError, UsageError, open_book

DEALS = "deal_id,pipeline,outcome,created_at,outcome_at\na,New,won,2026-01-05,2026-02-01\nb,New,open,2026-01-06,\n"


def folder_of(path, **files):
    path.mkdir(exist_ok=True)
    for name, text in {"deals.csv": DEALS, **{n.replace("__", "."): t for n, t in files.items()}}.items():
        if text is not None:
            (path / name).write_text(text, encoding="utf-8")
    return path


def test_a_folder_of_tables(tmp_path):
    events = "deal_id,stage,entered_at\na,Qualify,2026-01-05\n"
    stages = "pipeline,stage,position\nNew,Qualify,1\n"
    book = open_book(folder_of(tmp_path, stage_events__csv=events, stages__csv=stages, readme__csv="nothing\n"))
    assert sorted(book.tables) == ["deals", "stage_events", "stages"]
    assert book.as_of == datetime(2026, 2, 1, tzinfo=UTC)
    assert book.tables["stage_events"]["stage"].to_list() == ["Qualify"]


def test_settings_beside_the_tables_are_read(tmp_path):
    toml = '[settings]\ntime_zone = "Europe/Amsterdam"\nfiscal_year_starts = 4\n[privacy]\nmin_deals = 12\n'
    book = open_book(folder_of(tmp_path, kpikit__toml=toml))
    assert (book.settings.time_zone, book.settings.fiscal_year_starts, book.settings.privacy.min_deals) == (
        "Europe/Amsterdam",
        4,
        12,
    )
    assert open_book(tmp_path / "kpikit.toml").settings == book.settings
    assert book.as_of == datetime(2026, 1, 31, 23, tzinfo=UTC)


def test_as_of_can_be_told(tmp_path):
    book = open_book(folder_of(tmp_path), as_of=datetime(2026, 1, 10, tzinfo=UTC))
    assert book.as_of == datetime(2026, 1, 10, tzinfo=UTC)
    assert book.tables["deals"]["outcome"].to_list() == ["open", "open"]


def test_parquet_wins_over_text(tmp_path):
    folder = folder_of(tmp_path)
    pl.read_csv(folder / "deals.csv").with_columns(pipeline=pl.lit("Parquet")).write_parquet(folder / "deals.parquet")
    assert open_book(folder).tables["deals"]["pipeline"].unique().to_list() == ["Parquet"]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda p: p / "nowhere", "no_such_book"),
        (lambda p: folder_of(p) / "deals.csv", "not_a_book"),
        (lambda p: folder_of(p, kpikit__toml="settings = [") / "kpikit.toml", "toml"),
        (lambda p: folder_of(p, kpikit__toml="[setings]\n"), "unknown_setting"),
        (lambda p: folder_of(p, kpikit__toml="[settings]\nzone = 1\n"), "unknown_setting"),
        (lambda p: folder_of(p, kpikit__toml='[settings]\nbin = "week"\n'), "setting_value"),
    ],
)
def test_what_cannot_be_opened(tmp_path, make, code):
    with pytest.raises(UsageError) as refused:
        open_book(make(tmp_path))
    assert refused.value.code == code
    assert refused.value.exit_code == 2
    assert str(refused.value)


def test_a_folder_without_deals(tmp_path):
    with pytest.raises(DataError) as refused:
        open_book(folder_of(tmp_path, deals__csv=None, stages__csv="pipeline,stage,position\nP,S,1\n") / ".")
    assert [fault.rule for fault in refused.value.faults] == ["no_deals"]
    assert refused.value.exit_code == 3


def test_a_path_that_is_not_utf8_toml(tmp_path):
    (folder_of(tmp_path) / "kpikit.toml").write_bytes(b'[settings]\ncurrency = "\xff"\n')
    with pytest.raises(UsageError) as refused:
        open_book(tmp_path)
    assert refused.value.code == "toml"


def test_the_demo_opens_by_its_name(demo):
    assert demo.tables["deals"].height > 500
    assert {"stage_events", "stages", "people"} <= set(demo.tables)
    assert demo.settings.fiscal_year_starts == 4
    assert demo.dropped.is_empty()


def test_a_folder_of_reports_called_demo_does_not_hide_the_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo" / "FY2026Q2").mkdir(parents=True)
    assert open_book("demo").tables["deals"].height == 2313
