"""The widget of the panel: one name in a notebook, whoever opened it last."""

import gc
import sys


class Blank:
    """A brain that shows nothing."""

    def view(self):
        return {}

    def handle(self, said):
        raise AssertionError(said)


def test_a_panel_that_was_opened_again_lets_the_first_one_go_in_silence(monkeypatch):
    """Both have the notebook's one name; what the first was registered under is gone with the second."""
    from kpikit.session.panel.widget import MODEL, ReviewWidget

    heard = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: heard.append(raised.exc_value))
    first, second = ReviewWidget(Blank()), ReviewWidget(Blank())
    assert first.model_id == second.model_id == MODEL
    del first
    gc.collect()
    del second
    gc.collect()
    assert heard == []
