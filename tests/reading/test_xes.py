"""XES logs: plain, gzipped, zipped; as a stream, without entities, and never larger than can be meant."""

import gzip
import zipfile

import pytest

from kpikit import DataError
from kpikit.engine import spells
from kpikit.reading import read
from kpikit.reading.logs import xes

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="?"/></global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value="loans"/>
  <trace>
    <string key="concept:name" value="k1"/>
    <float key="AMOUNT" value="1000.5"/>
    <event>
      <string key="concept:name" value="New &amp; open"/>
      <date key="time:timestamp" value="2026-01-05T10:00:00.250+01:00"/>
      <string key="org:resource" value="ann"><string key="nested" value="no"/></string>
    </event>
    <event>
      <string key="concept:name" value="Won"/>
      <date key="time:timestamp" value="2026-01-09T10:00:00+01:00"/>
    </event>
  </trace>
  <trace>
    <string key="concept:name" value="k2"/>
    <event>
      <string key="concept:name" value="New &amp; open"/>
      <date key="time:timestamp" value="2026-01-06T09:00:00Z"/>
      <boolean key="manual" value="true"/>
    </event>
  </trace>
  <event><string key="concept:name" value="of no case"/></event>
</log>
"""
ROWS = [
    ("k1", "New & open", "2026-01-05T10:00:00.250+01:00", "1000.5", "ann", None),
    ("k1", "Won", "2026-01-09T10:00:00+01:00", "1000.5", None, None),
    ("k2", "New & open", "2026-01-06T09:00:00Z", None, None, "true"),
]
NAMES = ["case:concept:name", "concept:name", "time:timestamp", "case:AMOUNT", "org:resource", "manual"]


def written(folder, kind, text=LOG):
    path = folder / {"plain": "log.xes", "gzip": "log.xes.gz", "zip": "log.zip"}[kind]
    if kind == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner/log.xes", text)
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["plain", "gzip", "zip"])
def test_a_log_is_a_row_an_event(tmp_path, kind):
    raw = read(written(tmp_path, kind))
    assert raw.frame.select(NAMES).rows() == ROWS
    assert raw.frame["_row"].to_list() == [2, 3, 4]
    assert set(raw.frame.columns) == {"_row", *NAMES}  # nothing of globals, of nested ones, of events without a case


def test_a_log_becomes_a_book(tmp_path):
    written(tmp_path, "gzip")
    (tmp_path / "kpikit.toml").write_text(
        '[event_log]\nfile = "log.xes.gz"\ncase = "case:concept:name"\nactivity = "concept:name"\n'
        'time = "time:timestamp"\nstages = ["New & open"]\nwon = ["Won"]\nattributes = { amount = "case:AMOUNT" }\n',
        encoding="utf-8",
    )
    import kpikit

    book = kpikit.open_book(tmp_path)
    assert sorted(book.tables["deals"].select("deal_id", "outcome", "amount").rows()) == [
        ("k1", "won", 1000.5), ("k2", "open", None),
    ]  # fmt: skip
    assert sorted(spells(book)["kind"]) == ["open", "won"]


ENTITY = '<!DOCTYPE log [<!ENTITY a "aaaa">]>'
OUTSIDE = '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "text",
    [
        LOG.replace("<log ", f"{ENTITY}<log ").replace("k1", "&a;"),
        LOG.replace("<log ", f"{OUTSIDE}<log ").replace("k1", "&a;"),
        LOG[: len(LOG) // 2],
        LOG.replace("</trace>", "</trade>"),
        "<log>" + "<string key='a' value='b'>" * 100,
    ],
)
@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_what_is_no_sound_xml_is_refused_in_words(tmp_path, text, kind):
    with pytest.raises(DataError) as refused:
        read(written(tmp_path, kind, text))
    assert [fault.rule for fault in refused.value.faults] == ["broken_xml"]
    assert str(refused.value)


def test_a_damaged_gzip_is_refused_in_words(tmp_path):
    path = written(tmp_path, "gzip")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError) as refused:
        read(path)
    assert [fault.rule for fault in refused.value.faults] == ["broken_xml"]


@pytest.mark.parametrize(("bound", "value"), [("MOST_BYTES", 1000), ("MOST_EVENTS", 2), ("MOST_ATTRIBUTES", 2)])
def test_sizes_are_bounded(tmp_path, monkeypatch, bound, value):
    monkeypatch.setattr(xes, bound, value)
    with pytest.raises(DataError) as refused:
        read(written(tmp_path, "zip"))
    assert [fault.rule for fault in refused.value.faults] == ["xes_too_large"]


def test_a_log_without_events_is_empty(tmp_path):
    raw = read(written(tmp_path, "plain", '<?xml version="1.0"?><log xes.version="1.0"></log>'))
    assert raw.frame.is_empty()
    assert [fault.rule for fault in raw.faults] == ["empty_file"]


def test_other_xml_is_still_no_table(tmp_path):
    path = tmp_path / "page.xml"
    path.write_text('<?xml version="1.0"?><deals><deal/></deals>', encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read(path)
    assert [fault.rule for fault in refused.value.faults] == ["not_a_table"]
