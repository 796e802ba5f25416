"""One page of a report from a book: its part of the figures, computed alone, and the page that draws it."""

from types import SimpleNamespace

from kpikit.report.figures.cohorts import newest_figures, newest_judged, stay_figures
from kpikit.report.figures.drivers import as_judged, driver_figures
from kpikit.report.figures.losses import judged, losses
from kpikit.report.figures.tries import tried as tried_figures
from kpikit.report.figures.voices import voices as voices_figures
from kpikit.report.figures.waiting import waiting_deals
from kpikit.report.pages.team import customer as customer_page
from kpikit.report.pages.team import deals as deals_page
from kpikit.report.pages.team import tried as tried_page
from kpikit.report.pages.winloss import goes_with as goes_with_page
from kpikit.report.pages.winloss import reasons as reasons_page
from kpikit.report.pages.winloss import stay as stay_page
from kpikit.report.pages.winloss import to_come as to_come_page
from kpikit.report.pages.winloss import voices as voices_page
from kpikit.report.pages.winloss import where as where_page
from kpikit.report.pages.winloss import whom as whom_page


def customer(book, period, copy):
    return customer_page.page(SimpleNamespace(voices=voices_figures(book, period, copy)))


def voices(book, period, copy):
    return voices_page.page(SimpleNamespace(voices=voices_figures(book, period, copy)))


def where(book, period, copy):
    return where_page.page(SimpleNamespace(losses=losses(book, period, copy)))


def reasons(book, period, copy):
    return reasons_page.page(SimpleNamespace(losses=losses(book, period, copy)))


def whom(book, period, copy, sure=None):
    return whom_page.page(SimpleNamespace(losses=judged(losses(book, period, copy), sure)))


def goes_with(book, period, copy, sure=None):
    found = driver_figures(book, period)
    return goes_with_page.page(SimpleNamespace(drivers=found if sure is None else as_judged(found, sure)))


def to_come(book, period, copy, sure=None):
    return to_come_page.page(SimpleNamespace(newest=newest_judged(newest_figures(book, period), sure)))


def stay(book, period, copy):
    return stay_page.page(SimpleNamespace(stay=stay_figures(book, period)))


def tried(book, tries, copy):
    return tried_page.page(SimpleNamespace(tried=tried_figures(book, tries, copy), about=SimpleNamespace(copy=copy)))


def deals(book, period, copy="team", *, refused=None, is_few=False):
    about = SimpleNamespace(copy=copy, agreement=book.settings.privacy.agreement)
    found = waiting_deals(book, period, copy)
    return deals_page.page(SimpleNamespace(about=about, waiting=found, refused=refused, is_few=is_few))
