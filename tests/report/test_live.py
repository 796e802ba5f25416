"""The script of live charts: made once, kept where this user's programs keep such, and without what ends an element."""

import json

import pytest

from kpikit.report.formats import vega as live


def test_it_is_made_once_and_then_read(monkeypatch, tmp_path):
    made = []
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / name)
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda own: made.append(own) or "vega")
    assert live.bundle.__wrapped__() == live.bundle.__wrapped__() == '(()=>{"use strict";vega})();'
    assert len(made) == 1
    assert [file.name[:5] for file in (tmp_path / "kpikit").iterdir()] == ["vega-"]


def test_a_folder_that_cannot_be_written_stops_nothing(monkeypatch, tmp_path):
    (tmp_path / "kpikit").write_text("a file")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / name)
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda _: "vega")
    assert "vega" in live.bundle.__wrapped__()


def test_the_real_bundle_ends_no_element_and_names_no_module():
    text = live.bundle()
    assert "</script" not in text.lower()
    assert "<!--" not in text
    assert 500_000 < len(text) < 1_000_000


@pytest.mark.parametrize("text", ["</script><script>", "<!--", "a&b", "\u2028"])
def test_data_in_an_element_stay_data(text):
    embedded = live.as_data(json.dumps({"x": text}))
    assert not set("<>&") & set(embedded)
    assert json.loads(embedded) == {"x": text}
