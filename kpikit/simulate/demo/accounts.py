"""The demo's customers: invented names, who is whose, and what they pay a year for as long as they stay."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import polars as pl

from kpikit.simulate.demo.moves import day_of
from kpikit.simulate.demo.rows import team_of

COUNTRY = {"NL": "NL", "BE-NL": "BE", "BE-FR": "BE", "GB": "GB"}
LEGACY, RENEWS = 36, 0.86


@cache
def texts(name: str) -> dict[str, Any]:
    """A file of texts that come with the demo."""
    return tomllib.loads(resources.files("kpikit.simulate").joinpath(f"texts/{name}.toml").read_text(encoding="utf-8"))


class Namer:
    """Makes up company names, none twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.used = rng, set()

    def one(self, options: list[Any]) -> Any:
        """One of the options, each as likely."""
        return options[int(self.rng.random() * len(options))]

    def name(self, region: str) -> tuple[str, str]:
        """A name nobody has, and an industry."""
        parts, sectors = texts("companies")[region], texts("companies")["sectors"]
        while True:
            industry = self.one(list(sectors))
            stem = self.one(parts["first"]) + self.one(parts["last"])
            form = self.one(parts["forms"])
            name = form.format(stem=stem, sector=sectors[industry][region], person=self.one(parts["people"]))
            if name not in self.used:
                self.used.add(name)
                return name, industry


def accounts_of(deals: pl.DataFrame, rng: np.random.Generator) -> tuple[list[int], list[dict[str, Any]]]:
    """The account (index) of each deal, in order, and the accounts.

    One deal in nine is with a customer or prospect whom the team knew already, once the earlier deal was over.
    """
    namer, accounts, index = Namer(rng), [], []
    ended: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for team, segment, created, until in deals.select("team", "segment", "created", "ended").iter_rows():
        known = ended.setdefault((team, segment), [])
        free = [at for at, (_, end) in enumerate(known) if end < created]
        if free and rng.random() < 0.11:
            account = known.pop(namer.one(free))[0]
        else:
            account = len(accounts)
            accounts.append(_account(team, segment, namer, rng))
        if until is not None:
            known.append((account, until))
        index.append(account)
    accounts += [
        _account(namer.one(["North", "South", "Randstad", "Vlaanderen"]), "Mid", namer, rng) for _ in range(LEGACY)
    ]
    return index, accounts


def _account(team: str, segment: str, namer: Namer, rng: np.random.Generator) -> dict[str, Any]:
    plan = team_of(team)
    region = "GB" if rng.random() < (0.05 if plan.country == "NL" else 0) else plan.country
    name, industry = namer.name(region)
    is_icp = bool(rng.random() < {"Small": 0.45, "Mid": 0.7, "Enterprise": 0.6}[segment])
    return {
        "region": region,
        "name": name,
        "industry": industry,
        "segment": segment,
        "is_icp": is_icp,
        "country": COUNTRY[region],
    }


def account_table(accounts: list[dict[str, Any]], since: dict[int, date]) -> pl.DataFrame:
    """The accounts, with those that are customers and since when."""
    n = len(accounts)
    frame = pl.DataFrame(accounts).select("name", "segment", "industry", "country", "is_icp")
    return frame.with_columns(
        account_id=account_ids(n),
        is_customer=pl.Series([i in since for i in range(n)]),
        customer_since=pl.Series([since.get(i) for i in range(n)], dtype=pl.Date),
    )


def account_ids(n: int) -> pl.Series:
    """Public names of accounts: ``A0001`` and so on."""
    return "A" + pl.Series(np.arange(1, n + 1)).cast(pl.String).str.zfill(4)


def contracts(
    deals: pl.DataFrame, n_accounts: int, last: date, rng: np.random.Generator
) -> tuple[dict[int, date], list[tuple[int, date, float, str]]]:
    """Since when each account is a customer, and its contract years (account, first day, yearly value, currency).

    A contract starts on the first of the month after signing and runs a year; a customer who does not renew has one
    more row, of nothing. What is bought in between counts from the next year on.
    """
    wins: dict[int, list[tuple[date, float, str]]] = {}
    won = deals.filter(pl.col("outcome") == "won").sort("ended")
    for account, ended, amount, currency in won.select("account", "ended", "amount", "currency").iter_rows():
        wins.setdefault(account, []).append((day_of(ended), amount, currency))
    for account in range(n_accounts - LEGACY, n_accounts):
        begun = date(2021 + int(3 * rng.random()), 1 + int(12 * rng.random()), 1)
        wins[account] = [(begun, float(round(np.exp(9.8 + 0.6 * (2 * rng.random() - 1)) / 50) * 50), "EUR")]
    since, rows = {}, []
    for account, bought in sorted(wins.items()):
        since[account] = bought[0][0]
        rows += [(account, *row) for row in _years(bought, last, rng)]
    return since, rows


def _years(
    bought: list[tuple[date, float, str]], last: date, rng: np.random.Generator
) -> list[tuple[date, float, str]]:
    (begun, value, currency), later = bought[0], bought[1:]
    start = date(begun.year + begun.month // 12, begun.month % 12 + 1, 1)
    rows = []
    while start <= last and value:
        if start.year >= 2023:
            rows.append((start, value, currency))
        start = date(start.year + 1, start.month, 1)
        added = sum(amount for on, amount, _ in later if on < start <= date(on.year + 1, on.month, min(on.day, 28)))
        stays = rng.random() < RENEWS or start.year < 2024
        value = round((value * (0.85 + 0.35 * rng.random() ** 1.3) + added) / 50) * 50.0 if stays else 0.0
        if not value and start <= last:
            rows.append((start, 0.0, currency))
    return rows
