"""What a book's owner may settle, and what not."""

import pytest

from kpikit import Privacy, Settings, UsageError


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"time_zone": "Europe/Amsterdm"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"fiscal_year_starts": 0}, "fiscal_year_starts"),
        ({"fiscal_year_starts": 13}, "fiscal_year_starts"),
        ({"fiscal_year_starts": "4"}, "fiscal_year_starts"),
        ({"bin": "week"}, "bin"),
    ],
)
def test_values_that_cannot_be(given, setting):
    with pytest.raises(UsageError) as refused:
        Settings(**given)
    assert (refused.value.code, refused.value.values["setting"]) == ("setting_value", setting)
    assert setting in str(refused.value)


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"persons": "all"}, "privacy.persons"),  # privacy.md: "off" or "self", no third value
        ({"persons": "on"}, "privacy.persons"),
        ({"min_people": 4}, "privacy.min_people"),  # settable upwards only
        ({"min_deals": 9}, "privacy.min_deals"),
        ({"min_team": 2}, "privacy.min_team"),
        ({"min_people": "5"}, "privacy.min_people"),
        ({"min_people": True}, "privacy.min_people"),
    ],
)
def test_privacy_can_only_be_tightened(given, setting):
    with pytest.raises(UsageError) as refused:
        Privacy(**given)
    assert refused.value.values["setting"] == setting


def test_privacy_is_off_unless_settled_otherwise():
    assert Settings().privacy == Privacy("off", 5, 10, 3, "")
    assert Privacy(min_people=8, min_deals=20, min_team=6).min_people == 8


def test_from_tables():
    found = Settings.from_tables(
        {"time_zone": "Europe/Brussels", "bin": "hour"}, {"min_deals": 12, "agreement": "OR 2026-3"}
    )
    assert found == Settings(
        time_zone="Europe/Brussels", bin="hour", privacy=Privacy(min_deals=12, agreement="OR 2026-3")
    )


@pytest.mark.parametrize(
    ("settings", "privacy", "name"),
    [
        ({"timezone": "UTC"}, {}, "settings.timezone"),
        ({}, {"person": "off"}, "privacy.person"),
        ({"privacy": {}}, {}, "settings.privacy"),
    ],
)
def test_unknown_keys_are_refused(settings, privacy, name):
    with pytest.raises(UsageError) as refused:
        Settings.from_tables(settings, privacy)
    assert (refused.value.code, refused.value.values["setting"]) == ("unknown_setting", name)
