"""Names of folders: safe on any system, never two alike, the same every time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit.show.names import folder_name, folder_names

RESERVED = ["CON", "prn", "Aux", "NUL", "COM1", "com9", "LPT1", "lpt0"]


@pytest.mark.parametrize("name", RESERVED)
def test_names_that_windows_keeps_for_itself(name):
    assert folder_name(name) == f"team-{name.lower()}"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Liège", "liege"),
        ("Zürich & Süd", "zurich-sud"),
        ("Noord/Oost", "noord-oost"),
        ("../../etc", "etc"),
        ("C:\\Users", "c-users"),
        ("a." * 3, "a-a-a"),
        ("  trailing. ", "trailing"),
        ("東京", "team"),
        ("", "team"),
        ("…", "team"),
        ("x" * 300, "x" * 60),
    ],
)
def test_any_name_becomes_a_folder(name, folder):
    assert folder_name(name) == folder


def test_no_two_teams_share_a_folder():
    names = ["Noord", "NOORD", "noord ", "Noord-2", "東京", "大阪", "con", "Team con"]
    folders = folder_names(names)
    assert list(folders) == names
    assert len(set(folders.values())) == len(names)
    assert folders["Noord"] == "noord"
    assert folders["NOORD"] == "noord-2"


def test_cut_names_that_begin_alike_stay_apart():
    assert len(set(folder_names([f"{'x' * 70}{i}" for i in range(12)]).values())) == 12


@given(st.lists(st.text(max_size=80), unique=True, max_size=12))
def test_every_list_of_names_gets_safe_folders_of_its_own(names):
    folders = list(folder_names(names).values())
    assert len(set(folders)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", folder) for folder in folders)
    assert not set(folders) & {name.lower() for name in RESERVED}
