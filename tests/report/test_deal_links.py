"""Links to deals in the CRM: in the team's own copy only, by https only, and no text of a CRM is an order."""

from html.parser import HTMLParser
from urllib.parse import quote

import polars as pl
import pytest

import kpikit
from kpikit import Settings, UsageError
from kpikit.book.opening import from_config
from kpikit.report.review import team_review
from tests.hostile.strings import STRINGS


class Links(HTMLParser):
    """The addresses and texts of all links that lead away."""

    def __init__(self):
        super().__init__()
        self.found, self.text, self.other = [], None, 0

    def handle_starttag(self, tag, attrs):
        address = dict(attrs).get("href", "")
        if tag == "a" and not address.startswith("#"):
            self.found.append(address)
            assert "noopener" in dict(attrs).get("rel", "")
        self.other += any(name.startswith("on") for name, _ in attrs)


def links(report) -> list[str]:
    reader = Links()
    reader.feed(report["deals"]._repr_mimebundle_()["text/html"])
    assert reader.other == 0
    return reader.found


@pytest.fixture(scope="module")
def demo():
    return kpikit.open_book("demo")


def with_url(book, tmp_path, url, deals=None):
    tables = {name: frame.lazy().collect() for name, frame in book.tables.items()}
    if deals is not None:
        tables["deals"] = deals
    made = book.replace(tables=tables, settings=Settings(time_zone="Europe/Amsterdam", fiscal_year_starts=4,
                                                         currency="EUR", url=url))  # fmt: skip
    kpikit.prepare(made, tmp_path / "book")
    return tmp_path / "book"


def test_the_teams_own_copy_links_and_the_companys_does_not(demo, tmp_path):
    place = with_url(demo, tmp_path, "https://crm.example/deal/{deal_id}?tab=1")
    found = links(team_review(place, team="North", period="FY2026Q2", copy="team"))
    assert 1 <= len(found) <= 7
    ids = set(demo.tables["deals"]["deal_id"])
    assert {address.removeprefix("https://crm.example/deal/").removesuffix("?tab=1") for address in found} <= ids
    assert links(team_review(place, team="North", period="FY2026Q2", copy="company")) == []


def test_without_an_address_there_are_no_links(demo):
    assert links(team_review("demo", team="North", period="FY2026Q2", copy="team")) == []


def test_as_text_and_in_a_workbook_it_is_the_text_alone(demo, tmp_path):
    from kpikit.show.sheets import blocks

    report = team_review(with_url(demo, tmp_path, "https://crm.example/{deal_id}"), team="North", period="FY2026Q2")
    said = str(blocks(report["deals"].page, report.words))
    assert "https:" not in said
    assert "Link(" not in said


@pytest.mark.parametrize("kind", list(STRINGS)[:40])
def test_an_id_is_never_more_than_a_part_of_the_address(kind):
    address = Settings(url="https://crm.example/d/{deal_id}").deal_url(STRINGS[kind])
    assert address == "https://crm.example/d/" + quote(STRINGS[kind], safe="")
    assert not set("\"'<> /\\?#&") & set(address.removeprefix("https://crm.example/d/"))


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/{deal_id}", "javascript:alert({deal_id})", "https://{deal_id}.example/", "//x/{deal_id}",
        "https://crm.example/", "https://crm.example/{deal_id}/{owner}", "https://crm.example/{deal_id}\" onclick=\"x",
        "https://crm.example/{deal_id}\n", "https://me@crm.example/{deal_id}", "https://crm.example/{",
        "HTTPS:{deal_id}",
    ],
)  # fmt: skip
def test_what_is_no_such_address_is_refused_in_both_languages(url):
    with pytest.raises(UsageError) as refused:
        Settings(url=url)
    for language in ("en", "nl"):
        assert "{deal_id}" in refused.value.sentence(language)


def test_it_may_stand_with_the_deals(tmp_path):
    (tmp_path / "deals.csv").write_text("deal_id,pipeline,outcome,created_at\na,P,open,2026-01-05\n")
    config = {"tables": {"deals": {"file": "deals.csv", "url": "https://crm.example/{deal_id}"}}}
    book = from_config(config, tmp_path)
    assert book.settings.deal_url("a b") == "https://crm.example/a%20b"
    assert isinstance(book.tables["deals"], pl.DataFrame)
