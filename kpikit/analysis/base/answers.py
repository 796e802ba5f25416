"""An answer: the frame of codes and numbers that a question gave, with what was asked.

For a type checker its methods stand in ``answers.pyi``, which ``docs/answer_stub.py`` writes from here and from polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ReferenceType

import polars as pl

from kpikit.book import DealBook
from kpikit.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

#: what other libraries take a frame by, beside its public names
PROTOCOLS = frozenset({"__dataframe__"})
#: an answer keeps what it shows: what changes a frame in place is not passed on
CHANGING = frozenset({"drop_in_place", "extend", "insert_column", "replace_column"})


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """What a question answered; the methods of a frame work on it and give plain frames.

    ``frame`` holds codes and numbers: a polars frame, or pandas if the book came from pandas. ``kpi`` is the card of
    what was asked, ``asked`` the arguments (windows as periods; only what is plain, such as names and numbers), and
    ``by`` the columns that name a row's group. The book itself is not kept: ``book`` reaches it while it lives.
    Where polars asks for a DataFrame (``pl.concat``, ``frame.join``), write ``answer.frame``.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> rate = kpikit.winloss.win_rate(book, definition="finished", during="FY2026Q2")
        >>> rate.kpi, rate.asked["during"].name, rate.select("status").item()
        ('win_rate_finished', 'FY2026Q2', 'ok')
        >>> type(rate.filter(status="ok")).__name__
        'DataFrame'
    """

    frame: pl.DataFrame
    kpi: str
    asked: Mapping[str, object]
    by: tuple[str, ...] = ()
    _book: ReferenceType[DealBook] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", MappingProxyType(dict(self.asked)))

    @property
    def book(self) -> DealBook:
        """The book that was asked, for as long as something else holds it.

        Raises:
            UsageError: it is gone; open it again.
        """
        book = None if self._book is None else self._book()
        if book is None:
            raise UsageError("book_gone")
        return book

    def to_pandas(self) -> pd.DataFrame:
        """The frame as pandas, whichever it is."""
        return self.frame.to_pandas() if isinstance(self.frame, pl.DataFrame) else self.frame

    __hash__: ClassVar[None] = None  # type: ignore[assignment] - as of frames, whose == compares cells

    def __getattr__(self, name: str) -> Any:
        """What a frame has under this name."""
        own = name in CHANGING or name == "frame" or (name.startswith("_") and name not in PROTOCOLS)
        if own:
            raise AttributeError(f"'Answer' object has no attribute {name!r}")
        return getattr(self.frame, name)

    def __dir__(self) -> list[str]:
        passed = {name for name in dir(self.frame) if not name.startswith("_")} - CHANGING
        return sorted({*object.__dir__(self), *passed})

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[pl.Series]:
        return iter(self.frame)

    def __contains__(self, key: str) -> bool:
        return key in self.frame

    def __getitem__(self, key: Any) -> Any:
        return self.frame[key]

    def __eq__(self, other: object) -> pl.DataFrame:  # type: ignore[override] - cell by cell, as frames do
        return self.frame == (other.frame if isinstance(other, Answer) else other)

    def __ne__(self, other: object) -> pl.DataFrame:  # type: ignore[override]
        return self.frame != (other.frame if isinstance(other, Answer) else other)

    def __bool__(self) -> bool:
        return bool(self.frame)  # frames refuse this, in their own words

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.frame.__array__(dtype, copy)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)

    def __narwhals_dataframe__(self) -> object:
        import narwhals as nw

        return nw.from_native(self.frame)._compliant_frame

    def __reduce__(self) -> tuple[type[Answer], tuple[object, ...]]:
        return Answer, (self.frame, self.kpi, dict(self.asked), self.by)

    def __repr__(self) -> str:
        return repr(self.frame)

    def _repr_html_(self) -> str:
        return self.frame._repr_html_()

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.frame.columns)
