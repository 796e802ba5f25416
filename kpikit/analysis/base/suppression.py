"""Which groups of a breakdown are hidden: the small ones, and those from which a small one could be worked out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from kpikit.analysis.base.population import COUNTED, OUTCOME, Counting, begun, dated, ended, inside
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.engine import seen

#: populations that no win rate counts; the others are named as the definitions of the win rate
_MORE = {"won": Counting("outcome_on", OUTCOME == "won")}
#: beyond so many hidden groups sums along several columns are no longer solved for each
_MANY = 1500


@dataclass(frozen=True)
class _Look:
    """How many deals of which people each group holds: in the whole book, or as far as a question counts them."""

    deals: np.ndarray
    people: tuple[frozenset[str], ...]

    def is_small(self, groups: Sequence[int], least: _Least) -> bool:
        """Too few people or deals, all of these groups together?"""
        people = frozenset().union(*(self.people[i] for i in groups))
        few_people = any(self.people) and len(people) < least.people
        return few_people or int(self.deals[list(groups)].sum()) < least.deals


@dataclass(frozen=True)
class _Least:
    people: int
    deals: int


def hidden_groups(
    book: DealBook, by: Sequence[str], counts: str, windows: Sequence[Period | None] = ()
) -> tuple[pl.DataFrame, list[str]]:
    """The groups that may not be told, and the columns that name one (``by``, with the stage where visits are counted).

    A group is hidden where it has fewer people or deals than ``[privacy]`` asks for, in the book or in a window as far
    as the question ``counts`` them, or where it is part of a group that is. Every sum that is told elsewhere (of all
    groups, and of several columns along each) must leave two hidden groups, together large enough, that cannot be told
    apart. Teams alone need people only.
    """
    privacy, keys = book.settings.privacy, list(by)
    deals = book.tables["deals"].lazy().select("owner", *dict.fromkeys(keys)).collect()
    if keys == ["team"]:
        return _small_teams(book, deals), keys
    groups = _of_book(deals.select(keys), book).unique().sort(keys, nulls_last=True)
    cells = keys
    parts = [_counted(book, keys, counts, window) for window in (windows or (None,))] if counts else []
    if counts == "visits" and "stage" not in keys:
        stages = pl.concat([part.select("stage") for part in parts]).unique().sort("stage")
        groups, cells = groups.join(stages, how="cross", maintain_order="left_right"), [*keys, "stage"]
    looks = [_look(groups, deals, keys), *(_look(groups, part, cells) for part in parts)]
    places = groups.with_row_index("_place")
    parts_of = set()
    for size in range(1, len(keys)):
        for some in combinations(keys, size):
            larger, names = hidden_groups(book, some, counts, windows)
            parts_of.update(places.join(larger, on=names, how="semi", nulls_equal=True)["_place"])
    least = _Least(privacy.min_people, privacy.min_deals)
    hidden = _hidden(looks, list(_sums(groups, keys, cells)), least, parts_of)
    return groups[sorted(hidden)], cells


def _of_book(groups: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    """A book narrowed to a team tells of no other team."""
    mine = book.team is not None and "team" in groups.columns
    return groups.filter(pl.col("team") == book.team) if mine else groups


def _small_teams(book: DealBook, deals: pl.DataFrame) -> pl.DataFrame:
    """Teams below three people, and the next smallest with a single one; of its people where the book says who."""
    if "people" in book.tables:
        members = book.tables["people"].lazy().select("team", "owner").collect()
    else:
        members = deals.select("team", "owner")
    columns = [deals.select("team"), members.select("team")]
    deal_teams = book.tables["deals"].lazy().select(team="outcome_team").drop_nulls().collect()
    groups = _of_book(pl.concat([*columns, deal_teams]), book).unique().sort("team", nulls_last=True)
    look = _look(groups, members, ["team"])
    look = _Look(_look(groups, deals, ["team"]).deals, look.people)
    hidden = _hidden([look], [range(groups.height)], _Least(book.settings.privacy.min_team, 0))
    return groups[sorted(hidden)]


def _counted(book: DealBook, keys: list[str], counts: str, window: Period | None) -> pl.DataFrame:
    """The deals that a question counts in a window, with their owner and groups; visits with their stage."""
    if counts == "visits":
        columns = [name for name in keys if name not in ("stage", "team")]
        deals = book.tables["deals"].lazy().select("deal_id", "owner", *columns).collect()
        visits = seen(book, window).filter(pl.col("visit") == 1)
        return visits.select("deal_id", "stage", "team").join(deals, on="deal_id", how="left")
    if counts == "customers":
        counts, window = "won", None
    how = _MORE[counts] if counts in _MORE else COUNTED[counts]
    mine = (begun if how.day == "created_on" else ended)(dated(book), book)
    return mine.filter(how.counted & inside(window, how.day)).select("owner", *keys)


def _look(groups: pl.DataFrame, rows: pl.DataFrame, keys: list[str]) -> _Look:
    sizes = rows.group_by(keys).agg(n=pl.len(), people=pl.col("owner").drop_nulls().unique())
    found = groups.join(sizes, on=keys, how="left", nulls_equal=True, maintain_order="left")
    people = tuple(frozenset(some or ()) for some in found["people"].to_list())
    return _Look(found["n"].fill_null(0).to_numpy(), people)


def _sums(groups: pl.DataFrame, keys: list[str], cells: list[str]) -> Iterator[Sequence[int]]:
    """The groups in each sum that another question tells: of all, and along each of several columns; stage by stage."""
    fixed = [name for name in cells if name not in keys or name == "stage"]
    free = [name for name in keys if name not in fixed]
    places = groups.with_row_index("_place")
    for size in range(len(free)):
        for some in combinations(free, size):
            along = [*some, *fixed]
            parts = places.partition_by(along, maintain_order=True) if along else [places]
            yield from (part["_place"].to_list() for part in parts)


def _hidden(
    looks: Sequence[_Look], sums: Sequence[Sequence[int]], least: _Least, parts_of: Collection[int] = ()
) -> set[int]:
    whole, *windows = looks
    hidden = set(parts_of) | {
        i
        for i in range(len(whole.deals))
        if whole.is_small([i], least) or any(look.deals[i] and look.is_small([i], least) for look in windows)
    }
    order = sorted(range(len(whole.deals)), key=lambda i: (whole.deals[i], i))
    while True:
        before = len(hidden)
        for groups in sums:
            _hide_more(hidden, groups, order, looks, least)
        if len(hidden) == before and len(sums) > 1:
            _hide_solved(hidden, sums, order)
        if len(hidden) == before:
            return hidden


def _hide_more(
    hidden: set[int], groups: Sequence[int], order: Sequence[int], looks: Sequence[_Look], least: _Least
) -> None:
    """Hide the smallest others of one sum until what is hidden in it is two groups and large enough together."""
    inside = [i for i in groups if i in hidden]
    there = set(groups)
    others = [i for i in order if i in there and i not in hidden]
    told = [look for look in looks if look.deals[list(groups)].sum()]
    while inside and others and (len(inside) < 2 or any(look.is_small(inside, least) for look in told)):
        inside.append(others.pop(0))
    hidden.update(inside)


def _hide_solved(hidden: set[int], sums: Sequence[Sequence[int]], order: Sequence[int]) -> None:
    """With sums along several columns: hide one more beside a group that the equations between them still give."""
    unknown = sorted(hidden)
    place = {group: j for j, group in enumerate(unknown)}
    if not 0 < len(unknown) <= _MANY:
        return
    equations = np.zeros((len(sums), len(unknown)))
    for i, groups in enumerate(sums):
        equations[i, [place[group] for group in groups if group in place]] = 1
    equations = equations[equations.any(axis=1)]
    given = np.diag(np.linalg.pinv(equations) @ equations) > 1 - 1e-9
    for j in np.flatnonzero(given):
        near = {group for groups in sums if unknown[j] in groups for group in groups}
        other = next((i for i in order if i in near and i not in hidden), None)
        if other is not None:
            hidden.add(other)
            return
