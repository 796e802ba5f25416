# ruff: noqa
# pyright: basic, reportOverlappingOverload=false, reportIncompatibleMethodOverride=false
"""Written by docs/answer_stub.py from answers.py and polars 2.1.0; do not edit it by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO, IOBase
from kpikit.book import DealBook
from pathlib import Path
from polars import DataFrame, DataType, Expr, LazyFrame, Series
from polars._typing import (
    Alignment,
    ArrowSchemaExportable,
    AsofJoinStrategy,
    AvroCompression,
    ClosedInterval,
    ColumnFormatDict,
    ColumnNameOrSelector,
    ColumnTotalsDefinition,
    ColumnWidthsDefinition,
    ConditionalFormatDict,
    ConnectionOrCursor,
    CsvQuoteStyle,
    DbWriteEngine,
    DbWriteMode,
    FillNullStrategy,
    FloatFmt,
    IndexOrder,
    IntoExpr,
    IntoExprColumn,
    IpcCompression,
    JoinBuildSide,
    JoinStrategy,
    JoinValidation,
    JoinWhereStrategy,
    Label,
    MaintainOrderJoin,
    MultiColSelector,
    MultiIndexSelector,
    OneOrMoreDataTypes,
    ParquetCompression,
    ParquetMetadata,
    PivotAgg,
    PolarsDataType,
    PythonDataType,
    QuantileMethod,
    RowTotalsDefinition,
    SchemaDict,
    SelectorType,
    SerializationFormat,
    SingleColSelector,
    SingleIndexSelector,
    SizeUnit,
    StartBy,
    StorageOptionsDict,
    UniqueKeepStrategy,
    UnstackDirection,
)
from polars._utils.various import NoDefault
from polars.config import TableFormatNames
from polars.dataframe.group_by import DynamicGroupBy, GroupBy, RollingGroupBy
from polars.dataframe.plotting import DataFramePlot
from polars.interchange.protocol import CompatLevel
from polars.io.cloud import CredentialProviderFunction
from polars.io.parquet.encryption import ParquetEncryptionProperties
from polars.schema import Schema
from polars.selectors import Selector
from typing import Any, Concatenate, IO, Literal, NoReturn, ParamSpec, TypeVar, overload
from weakref import ReferenceType
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

T = TypeVar("T")
P = ParamSpec("P")
PROTOCOLS: frozenset[str]
CHANGING: frozenset[str]

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

    @property
    def book(self) -> DealBook:
        """The book that was asked, for as long as something else holds it."""
        ...

    def to_pandas(self) -> pd.DataFrame:
        """The frame as pandas, whichever it is."""
        ...

    def __dir__(self) -> list[str]: ...
    def __arrow_c_stream__(self, requested_schema: object | None = ...) -> object: ...
    def __narwhals_dataframe__(self) -> object: ...
    def __reduce__(self) -> tuple[type[Answer], tuple[object, ...]]: ...
    def __repr__(self) -> str: ...
    def _repr_html_(self) -> str: ...
    def _ipython_key_completions_(self) -> list[str]: ...
    @property
    def plot(self) -> DataFramePlot:
        """Create a plot namespace."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Get the shape of the DataFrame."""
        ...

    @property
    def height(self) -> int:
        """Get the number of rows."""
        ...

    @property
    def width(self) -> int:
        """Get the number of columns."""
        ...

    @property
    def columns(self) -> list[str]:
        """Get or set column names."""
        ...

    @property
    def dtypes(self) -> list[DataType]:
        """Get the column data types."""
        ...

    @property
    def flags(self) -> dict[str, dict[str, bool]]:
        """Get flags that are set on the columns of this DataFrame."""
        ...

    @property
    def schema(self) -> Schema:
        """Get an ordered mapping of column names to their data type."""
        ...

    def __array__(self, dtype: np.dtype[Any] | None = ..., copy: bool | None = ...) -> np.ndarray[Any, Any]:
        """Return a NumPy ndarray with the given data type."""
        ...

    def __bool__(self) -> NoReturn: ...
    def __eq__(self, other: object) -> DataFrame: ...
    def __ne__(self, other: object) -> DataFrame: ...
    def __contains__(self, key: str) -> bool: ...
    def __iter__(self) -> Iterator[Series]: ...
    @overload
    def __getitem__(self, key: tuple[SingleIndexSelector, SingleColSelector]) -> Any: ...
    @overload
    def __getitem__(self, key: str | tuple[MultiIndexSelector, SingleColSelector]) -> Series: ...
    @overload
    def __getitem__(
        self,
        key: SingleIndexSelector
        | MultiIndexSelector
        | MultiColSelector
        | tuple[SingleIndexSelector, MultiColSelector]
        | tuple[MultiIndexSelector, MultiColSelector],
    ) -> DataFrame: ...
    def __len__(self) -> int: ...
    def collect_schema(self) -> Schema:
        """Get an ordered mapping of column names to their data type."""
        ...

    def item(self, row: int | None = ..., column: int | str | None = ...) -> Any:
        """Return the DataFrame as a scalar, or return the element at the given row/column."""
        ...

    def to_arrow(self, *, compat_level: CompatLevel | None = ...) -> pa.Table:
        """Collect the underlying arrow arrays in an Arrow Table."""
        ...

    @overload
    def to_dict(self, *, as_series: Literal[True] = ...) -> dict[str, Series]: ...
    @overload
    def to_dict(self, *, as_series: Literal[False]) -> dict[str, list[Any]]: ...
    @overload
    def to_dict(self, *, as_series: bool) -> dict[str, Series] | dict[str, list[Any]]: ...
    def to_dicts(self) -> list[dict[str, Any]]:
        """Convert every row to a dictionary of Python-native values."""
        ...

    @overload
    def to_numpy(
        self,
        *,
        order: IndexOrder = ...,
        writable: bool = ...,
        allow_copy: bool = ...,
        structured: bool = ...,
        masked: Literal[False] = ...,
    ) -> np.ndarray[Any, Any]: ...
    @overload
    def to_numpy(
        self,
        *,
        order: IndexOrder = ...,
        writable: bool = ...,
        allow_copy: bool = ...,
        structured: bool = ...,
        masked: Literal[True],
    ) -> np.ma.MaskedArray[Any, Any]: ...
    @overload
    def to_numpy(
        self,
        *,
        order: IndexOrder = ...,
        writable: bool = ...,
        allow_copy: bool = ...,
        structured: bool = ...,
        masked: bool,
    ) -> np.ndarray[Any, Any]: ...
    def to_series(self, index: int = ...) -> Series:
        """Select column as Series at index location."""
        ...

    def to_init_repr(self, n: int = ...) -> str:
        """Convert DataFrame to instantiable string representation."""
        ...

    @overload
    def serialize(self, file: None = ..., *, format: Literal["binary"] = ...) -> bytes: ...
    @overload
    def serialize(self, file: None = ..., *, format: Literal["json"]) -> str: ...
    @overload
    def serialize(self, file: IOBase | str | Path, *, format: SerializationFormat = ...) -> None: ...
    @overload
    def write_json(self, file: None = ...) -> str: ...
    @overload
    def write_json(self, file: IOBase | str | Path) -> None: ...
    @overload
    def write_ndjson(
        self,
        file: None = ...,
        *,
        compression: Literal["uncompressed", "gzip", "zstd"] = ...,
        compression_level: int | None = ...,
        check_extension: bool = ...,
    ) -> str: ...
    @overload
    def write_ndjson(
        self,
        file: str | Path | IO[bytes] | IO[str],
        *,
        compression: Literal["uncompressed", "gzip", "zstd"] = ...,
        compression_level: int | None = ...,
        check_extension: bool = ...,
    ) -> None: ...
    @overload
    def write_csv(
        self,
        file: None = ...,
        *,
        include_bom: bool = ...,
        compression: Literal["uncompressed", "gzip", "zstd"] = ...,
        compression_level: int | None = ...,
        check_extension: bool = ...,
        include_header: bool = ...,
        separator: str = ...,
        line_terminator: str = ...,
        quote_char: str = ...,
        batch_size: int = ...,
        datetime_format: str | None = ...,
        date_format: str | None = ...,
        time_format: str | None = ...,
        float_scientific: bool | None = ...,
        float_precision: int | None = ...,
        decimal_comma: bool = ...,
        null_value: str | None = ...,
        quote_style: CsvQuoteStyle | None = ...,
        storage_options: StorageOptionsDict | None = ...,
        credential_provider: CredentialProviderFunction | Literal["auto"] | None = ...,
    ) -> str: ...
    @overload
    def write_csv(
        self,
        file: str | Path | IO[str] | IO[bytes],
        *,
        include_bom: bool = ...,
        compression: Literal["uncompressed", "gzip", "zstd"] = ...,
        compression_level: int | None = ...,
        check_extension: bool = ...,
        include_header: bool = ...,
        separator: str = ...,
        line_terminator: str = ...,
        quote_char: str = ...,
        batch_size: int = ...,
        datetime_format: str | None = ...,
        date_format: str | None = ...,
        time_format: str | None = ...,
        float_scientific: bool | None = ...,
        float_precision: int | None = ...,
        decimal_comma: bool = ...,
        null_value: str | None = ...,
        quote_style: CsvQuoteStyle | None = ...,
        storage_options: StorageOptionsDict | None = ...,
        credential_provider: CredentialProviderFunction | Literal["auto"] | None = ...,
    ) -> None: ...
    def write_clipboard(self, *, separator: str = ..., **kwargs: Any) -> None:
        """Copy `DataFrame` in csv format to the system clipboard with `write_csv`."""
        ...

    def write_avro(self, file: str | Path | IO[bytes], compression: AvroCompression = ..., name: str = ...) -> None:
        """Write to Apache Avro file."""
        ...

    def write_excel(
        self,
        workbook: str | Workbook | IO[bytes] | Path | None = ...,
        worksheet: str | Worksheet | None = ...,
        *,
        position: tuple[int, int] | str = ...,
        table_style: str | dict[str, Any] | None = ...,
        table_name: str | None = ...,
        column_formats: ColumnFormatDict | None = ...,
        dtype_formats: dict[OneOrMoreDataTypes, str] | None = ...,
        conditional_formats: ConditionalFormatDict | None = ...,
        header_format: dict[str, Any] | None = ...,
        column_totals: ColumnTotalsDefinition | None = ...,
        column_widths: ColumnWidthsDefinition | None = ...,
        row_totals: RowTotalsDefinition | None = ...,
        row_heights: dict[int | tuple[int, ...], int] | int | None = ...,
        sparklines: dict[str, Sequence[str] | dict[str, Any]] | None = ...,
        formulas: dict[str, str | dict[str, str]] | None = ...,
        float_precision: int = ...,
        include_header: bool = ...,
        autofilter: bool = ...,
        autofit: bool = ...,
        hidden_columns: Sequence[str] | SelectorType | None = ...,
        hide_gridlines: bool = ...,
        sheet_zoom: int | None = ...,
        freeze_panes: str | tuple[int, int] | tuple[str, int, int] | tuple[int, int, int, int] | None = ...,
        use_zip64: bool = ...,
    ) -> Workbook:
        """Write frame data to a table in an Excel workbook/worksheet."""
        ...

    @overload
    def write_ipc(
        self,
        file: None,
        *,
        compression: IpcCompression = ...,
        compat_level: CompatLevel | None = ...,
        record_batch_size: int | None = ...,
        storage_options: StorageOptionsDict | None = ...,
        credential_provider: CredentialProviderFunction | Literal["auto"] | None = ...,
    ) -> BytesIO: ...
    @overload
    def write_ipc(
        self,
        file: str | Path | IO[bytes],
        *,
        compression: IpcCompression = ...,
        compat_level: CompatLevel | None = ...,
        record_batch_size: int | None = ...,
        storage_options: StorageOptionsDict | None = ...,
        credential_provider: CredentialProviderFunction | Literal["auto"] | None = ...,
    ) -> None: ...
    @overload
    def write_ipc_stream(
        self, file: None, *, compression: IpcCompression = ..., compat_level: CompatLevel | None = ...
    ) -> BytesIO: ...
    @overload
    def write_ipc_stream(
        self, file: str | Path | IO[bytes], *, compression: IpcCompression = ..., compat_level: CompatLevel | None = ...
    ) -> None: ...
    def write_parquet(
        self,
        file: str | Path | IO[bytes],
        *,
        compression: ParquetCompression = ...,
        compression_level: int | None = ...,
        statistics: bool | str | dict[str, bool] = ...,
        row_group_size: int | None = ...,
        data_page_size: int | None = ...,
        use_pyarrow: bool = ...,
        pyarrow_options: dict[str, Any] | None = ...,
        partition_by: str | Sequence[str] | None = ...,
        partition_chunk_size_bytes: int = ...,
        storage_options: StorageOptionsDict | None = ...,
        credential_provider: CredentialProviderFunction | Literal["auto"] | None = ...,
        metadata: ParquetMetadata | None = ...,
        arrow_schema: ArrowSchemaExportable | None = ...,
        encryption: ParquetEncryptionProperties | None = ...,
        mkdir: bool = ...,
    ) -> None:
        """Write to Apache Parquet file."""
        ...

    def write_database(
        self,
        table_name: str,
        connection: ConnectionOrCursor | str,
        *,
        if_table_exists: DbWriteMode = ...,
        engine: DbWriteEngine | None = ...,
        engine_options: dict[str, Any] | None = ...,
    ) -> int:
        """Write the data in a Polars DataFrame to a database."""
        ...

    def estimated_size(self, unit: SizeUnit = ...) -> int | float:
        """Return an estimation of the total (heap) allocated size of the `DataFrame`."""
        ...

    def transpose(
        self, *, include_header: bool = ..., header_name: str = ..., column_names: str | Iterable[str] | None = ...
    ) -> DataFrame:
        """Transpose a DataFrame over the diagonal."""
        ...

    def reverse(self) -> DataFrame:
        """Reverse the DataFrame."""
        ...

    def rename(self, mapping: Mapping[str, str] | Callable[[str], str], *, strict: bool = ...) -> DataFrame:
        """Rename column names."""
        ...

    def filter(
        self,
        *predicates: IntoExprColumn | Iterable[IntoExprColumn] | bool | list[bool] | np.ndarray[Any, Any],
        **constraints: Any,
    ) -> DataFrame:
        """Filter rows, retaining those that match the given predicate expression(s)."""
        ...

    def remove(
        self,
        *predicates: IntoExprColumn | Iterable[IntoExprColumn] | bool | list[bool] | np.ndarray[Any, Any],
        **constraints: Any,
    ) -> DataFrame:
        """Remove rows, dropping those that match the given predicate expression(s)."""
        ...

    @overload
    def glimpse(
        self, *, max_items_per_column: int = ..., max_colname_length: int = ..., return_type: None = ...
    ) -> None: ...
    @overload
    def glimpse(
        self, *, max_items_per_column: int = ..., max_colname_length: int = ..., return_type: Literal["string"]
    ) -> str: ...
    @overload
    def glimpse(
        self, *, max_items_per_column: int = ..., max_colname_length: int = ..., return_type: Literal["frame", "self"]
    ) -> DataFrame: ...
    def describe(
        self, percentiles: Sequence[float] | float | None = ..., *, interpolation: QuantileMethod = ...
    ) -> DataFrame:
        """Summary statistics for a DataFrame."""
        ...

    def get_column_index(self, name: str) -> int:
        """Find the index of a column by name."""
        ...

    def sort(
        self,
        by: IntoExpr | Iterable[IntoExpr],
        *more_by: IntoExpr,
        descending: bool | Sequence[bool] = ...,
        nulls_last: bool | Sequence[bool] = ...,
        multithreaded: bool = ...,
        maintain_order: bool = ...,
    ) -> DataFrame:
        """Sort the dataframe by the given columns."""
        ...

    def sql(self, query: str, *, table_name: str = ...) -> DataFrame:
        """Execute a SQL query against the DataFrame."""
        ...

    def top_k(self, k: int, *, by: IntoExpr | Iterable[IntoExpr], reverse: bool | Sequence[bool] = ...) -> DataFrame:
        """Return the `k` largest rows."""
        ...

    def bottom_k(self, k: int, *, by: IntoExpr | Iterable[IntoExpr], reverse: bool | Sequence[bool] = ...) -> DataFrame:
        """Return the `k` smallest rows."""
        ...

    def equals(self, other: DataFrame, *, null_equal: bool = ...) -> bool:
        """Check whether the DataFrame is equal to another DataFrame."""
        ...

    def slice(self, offset: int, length: int | None = ...) -> DataFrame:
        """Get a slice of this DataFrame."""
        ...

    def head(self, n: int = ...) -> DataFrame:
        """Get the first `n` rows."""
        ...

    def tail(self, n: int = ...) -> DataFrame:
        """Get the last `n` rows."""
        ...

    def limit(self, n: int = ...) -> DataFrame:
        """Get the first `n` rows."""
        ...

    def drop_nans(self, subset: ColumnNameOrSelector | Collection[ColumnNameOrSelector] | None = ...) -> DataFrame:
        """Drop all rows that contain one or more NaN values."""
        ...

    def drop_nulls(self, subset: ColumnNameOrSelector | Collection[ColumnNameOrSelector] | None = ...) -> DataFrame:
        """Drop all rows that contain one or more null values."""
        ...

    def pipe(self, function: Callable[Concatenate[DataFrame, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Offers a structured way to apply a sequence of user-defined functions (UDFs)."""
        ...

    def map_columns(
        self,
        column_names: str | Sequence[str] | Selector,
        function: Callable[Concatenate[Series, P], Series],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> DataFrame:
        """Apply eager functions to columns of a DataFrame."""
        ...

    def with_row_index(self, name: str = ..., offset: int = ...) -> DataFrame:
        """Add a row index as the first column in the DataFrame."""
        ...

    def group_by(self, *by: IntoExpr | Iterable[IntoExpr], maintain_order: bool = ..., **named_by: IntoExpr) -> GroupBy:
        """Start a group by operation."""
        ...

    def rolling(
        self,
        index_column: IntoExpr,
        *,
        period: str | timedelta,
        offset: str | timedelta | None = ...,
        closed: ClosedInterval = ...,
        group_by: IntoExpr | Iterable[IntoExpr] | None = ...,
    ) -> RollingGroupBy:
        """Create rolling groups based on a temporal or integer column."""
        ...

    def group_by_dynamic(
        self,
        index_column: IntoExpr,
        *,
        every: str | timedelta,
        period: str | timedelta | None = ...,
        offset: str | timedelta | None = ...,
        include_boundaries: bool = ...,
        closed: ClosedInterval = ...,
        label: Label = ...,
        group_by: IntoExpr | Iterable[IntoExpr] | None = ...,
        start_by: StartBy = ...,
    ) -> DynamicGroupBy:
        """Group based on a time value (or index value of type Int32, Int64)."""
        ...

    def upsample(
        self,
        time_column: str,
        *,
        every: str | timedelta,
        group_by: str | Sequence[str] | None = ...,
        maintain_order: bool = ...,
    ) -> DataFrame:
        """Upsample a DataFrame at a regular frequency."""
        ...

    def join_asof(
        self,
        other: DataFrame,
        *,
        left_on: str | None | Expr = ...,
        right_on: str | None | Expr = ...,
        on: str | None | Expr = ...,
        by_left: str | Sequence[str] | None = ...,
        by_right: str | Sequence[str] | None = ...,
        by: str | Sequence[str] | None = ...,
        strategy: AsofJoinStrategy = ...,
        suffix: str = ...,
        tolerance: str | int | float | timedelta | None = ...,
        allow_parallel: bool = ...,
        force_parallel: bool = ...,
        coalesce: bool = ...,
        allow_exact_matches: bool = ...,
        check_sortedness: bool = ...,
    ) -> DataFrame:
        """Perform an asof join."""
        ...

    def join(
        self,
        other: DataFrame,
        on: str | Expr | Sequence[str | Expr] | None = ...,
        how: JoinStrategy = ...,
        *,
        left_on: str | Expr | Sequence[str | Expr] | None = ...,
        right_on: str | Expr | Sequence[str | Expr] | None = ...,
        suffix: str = ...,
        validate: JoinValidation = ...,
        nulls_equal: bool = ...,
        coalesce: bool | None = ...,
        maintain_order: MaintainOrderJoin | None = ...,
        build_side: JoinBuildSide = ...,
    ) -> DataFrame:
        """Join in SQL-like fashion."""
        ...

    def join_where(
        self, other: DataFrame, *predicates: Expr | Iterable[Expr], how: JoinWhereStrategy = ..., suffix: str = ...
    ) -> DataFrame:
        """Perform a join based on one or multiple (in)equality predicates."""
        ...

    def gather(
        self, indices: int | Sequence[int] | IntoExpr | Series | np.ndarray[Any, Any], *, null_on_oob: bool = ...
    ) -> DataFrame:
        """Selects rows from this DataFrame at the given indices."""
        ...

    def map_rows(
        self,
        function: Callable[[tuple[Any, ...]], Any],
        return_dtype: PolarsDataType | None = ...,
        *,
        inference_size: int = ...,
    ) -> DataFrame:
        """Apply a custom/user-defined function (UDF) over the rows of the DataFrame."""
        ...

    def hstack(self, columns: list[Series] | DataFrame, *, in_place: bool = ...) -> DataFrame:
        """Return a new DataFrame grown horizontally by stacking multiple Series to it."""
        ...

    def vstack(self, other: DataFrame, *, in_place: bool = ...) -> DataFrame:
        """Grow this DataFrame vertically by stacking a DataFrame to it."""
        ...

    def drop(self, *columns: ColumnNameOrSelector | Iterable[ColumnNameOrSelector], strict: bool = ...) -> DataFrame:
        """Remove columns from the dataframe."""
        ...

    def cast(
        self,
        dtypes: Mapping[ColumnNameOrSelector | PolarsDataType, PolarsDataType | PythonDataType]
        | PolarsDataType
        | Schema,
        *,
        strict: bool = ...,
    ) -> DataFrame:
        """Cast DataFrame column(s) to the specified dtype(s)."""
        ...

    def clear(self, n: int = ...) -> DataFrame:
        """Create an empty (n=0) or `n`-row null-filled (n>0) copy of the DataFrame."""
        ...

    def clone(self) -> DataFrame:
        """Create a copy of this DataFrame."""
        ...

    def get_columns(self) -> list[Series]:
        """Get the DataFrame as a List of Series."""
        ...

    @overload
    def get_column(self, name: str, *, default: Series | NoDefault = ...) -> Series: ...
    @overload
    def get_column(self, name: str, *, default: Any) -> Any: ...
    def fill_null(
        self,
        value: Any | Expr | None = ...,
        strategy: FillNullStrategy | None = ...,
        limit: int | None = ...,
        *,
        matches_supertype: bool = ...,
    ) -> DataFrame:
        """Fill null values using the specified value or strategy."""
        ...

    def fill_nan(self, value: Expr | int | float | None) -> DataFrame:
        """Fill floating point NaN values by an Expression evaluation."""
        ...

    def explode(
        self,
        columns: ColumnNameOrSelector | Iterable[ColumnNameOrSelector],
        *more_columns: ColumnNameOrSelector,
        empty_as_null: bool = ...,
        keep_nulls: bool = ...,
    ) -> DataFrame:
        """Explode the dataframe to long format by exploding the given columns."""
        ...

    def pivot(
        self,
        on: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        on_columns: Sequence[Any] | pl.Series | pl.DataFrame | None = ...,
        *,
        index: ColumnNameOrSelector | Sequence[ColumnNameOrSelector] | None = ...,
        values: ColumnNameOrSelector | Sequence[ColumnNameOrSelector] | None = ...,
        aggregate_function: PivotAgg | Expr | None = ...,
        maintain_order: bool = ...,
        sort_columns: bool = ...,
        separator: str = ...,
        column_naming: Literal["auto", "combine"] = ...,
    ) -> DataFrame:
        """Create a spreadsheet-style pivot table as a DataFrame."""
        ...

    def unpivot(
        self,
        on: ColumnNameOrSelector | Sequence[ColumnNameOrSelector] | None = ...,
        *,
        index: ColumnNameOrSelector | Sequence[ColumnNameOrSelector] | None = ...,
        variable_name: str | None = ...,
        value_name: str | None = ...,
    ) -> DataFrame:
        """Unpivot a DataFrame from wide to long format."""
        ...

    def unstack(
        self,
        *,
        step: int,
        how: UnstackDirection = ...,
        columns: ColumnNameOrSelector | Sequence[ColumnNameOrSelector] | None = ...,
        fill_values: list[Any] | None = ...,
    ) -> DataFrame:
        """Unstack a long table to a wide form without doing an aggregation."""
        ...

    @overload
    def partition_by(
        self,
        by: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *more_by: ColumnNameOrSelector,
        maintain_order: bool = ...,
        include_key: bool = ...,
        as_dict: Literal[False] = ...,
    ) -> list[DataFrame]: ...
    @overload
    def partition_by(
        self,
        by: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *more_by: ColumnNameOrSelector,
        maintain_order: bool = ...,
        include_key: bool = ...,
        as_dict: Literal[True],
    ) -> dict[tuple[Any, ...], DataFrame]: ...
    @overload
    def partition_by(
        self,
        by: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *more_by: ColumnNameOrSelector,
        maintain_order: bool = ...,
        include_key: bool = ...,
        as_dict: bool,
    ) -> list[DataFrame] | dict[tuple[Any, ...], DataFrame]: ...
    def shift(self, n: int = ..., *, fill_value: IntoExpr | None = ...) -> DataFrame:
        """Shift values by the given number of indices."""
        ...

    def is_sorted(
        self,
        by: str | Iterable[str],
        *more_by: str,
        descending: bool | Sequence[bool] = ...,
        nulls_last: bool | Sequence[bool] = ...,
    ) -> bool:
        """Check whether the DataFrame is sorted by the given columns."""
        ...

    def is_duplicated(self) -> Series:
        """Get a mask of all duplicated rows in this DataFrame."""
        ...

    def is_unique(self) -> Series:
        """Get a mask of all unique rows in this DataFrame."""
        ...

    def lazy(self) -> LazyFrame:
        """Start a lazy query from this point. This returns a `LazyFrame` object."""
        ...

    def select(self, *exprs: IntoExpr | Iterable[IntoExpr], **named_exprs: IntoExpr) -> DataFrame:
        """Select columns from this DataFrame."""
        ...

    def select_seq(self, *exprs: IntoExpr | Iterable[IntoExpr], **named_exprs: IntoExpr) -> DataFrame:
        """Select columns from this DataFrame."""
        ...

    def with_columns(self, *exprs: IntoExpr | Iterable[IntoExpr], **named_exprs: IntoExpr) -> DataFrame:
        """Add columns to this DataFrame."""
        ...

    def with_columns_seq(self, *exprs: IntoExpr | Iterable[IntoExpr], **named_exprs: IntoExpr) -> DataFrame:
        """Add columns to this DataFrame."""
        ...

    @overload
    def n_chunks(self, strategy: Literal["first"] = ...) -> int: ...
    @overload
    def n_chunks(self, strategy: Literal["all"]) -> list[int]: ...
    def max(self) -> DataFrame:
        """Aggregate the columns of this DataFrame to their maximum value."""
        ...

    def max_horizontal(self) -> Series:
        """Get the maximum value horizontally across columns."""
        ...

    def min(self) -> DataFrame:
        """Aggregate the columns of this DataFrame to their minimum value."""
        ...

    def min_horizontal(self) -> Series:
        """Get the minimum value horizontally across columns."""
        ...

    def sum(self) -> DataFrame:
        """Aggregate the columns of this DataFrame to their sum value."""
        ...

    def sum_horizontal(self, *, ignore_nulls: bool = ...) -> Series:
        """Sum all values horizontally across columns."""
        ...

    def mean(self) -> DataFrame:
        """Aggregate the columns of this DataFrame to their mean value."""
        ...

    def mean_horizontal(self, *, ignore_nulls: bool = ...) -> Series:
        """Take the mean of all values horizontally across columns."""
        ...

    def std(self, ddof: int = ...) -> DataFrame:
        """Aggregate the columns of this DataFrame to their standard deviation value."""
        ...

    def var(self, ddof: int = ...) -> DataFrame:
        """Aggregate the columns of this DataFrame to their variance value."""
        ...

    def median(self) -> DataFrame:
        """Aggregate the columns of this DataFrame to their median value."""
        ...

    def product(self) -> DataFrame:
        """Aggregate the columns of this DataFrame to their product values."""
        ...

    def quantile(self, quantile: float, interpolation: QuantileMethod = ...) -> DataFrame:
        """Aggregate the columns of this DataFrame to their quantile value."""
        ...

    def to_dummies(
        self,
        columns: ColumnNameOrSelector | Sequence[ColumnNameOrSelector] | None = ...,
        *,
        separator: str = ...,
        drop_first: bool = ...,
        drop_nulls: bool = ...,
    ) -> DataFrame:
        """Convert categorical variables into dummy/indicator variables."""
        ...

    def unique(
        self,
        subset: IntoExpr | Collection[IntoExpr] | None = ...,
        *,
        keep: UniqueKeepStrategy = ...,
        maintain_order: bool = ...,
    ) -> DataFrame:
        """Drop duplicate rows from this DataFrame."""
        ...

    def n_unique(self, subset: IntoExpr | Collection[IntoExpr] | None = ...) -> int:
        """Return the number of unique rows, or the number of unique row-subsets."""
        ...

    def rechunk(self) -> DataFrame:
        """Rechunk the data in this DataFrame to a contiguous allocation."""
        ...

    def null_count(self) -> DataFrame:
        """Create a new DataFrame that shows the null counts per column."""
        ...

    def sample(
        self,
        n: int | Series | None = ...,
        *,
        fraction: float | Series | None = ...,
        with_replacement: bool = ...,
        shuffle: bool | None = ...,
        seed: int | None = ...,
    ) -> DataFrame:
        """Sample from this DataFrame."""
        ...

    def fold(self, operation: Callable[[Series, Series], Series]) -> Series:
        """Apply a horizontal reduction on a DataFrame."""
        ...

    @overload
    def row(
        self, index: int | None = ..., *, by_predicate: Expr | None = ..., named: Literal[False] = ...
    ) -> tuple[Any, ...]: ...
    @overload
    def row(
        self, index: int | None = ..., *, by_predicate: Expr | None = ..., named: Literal[True]
    ) -> dict[str, Any]: ...
    @overload
    def rows(self, *, named: Literal[False] = ...) -> list[tuple[Any, ...]]: ...
    @overload
    def rows(self, *, named: Literal[True]) -> list[dict[str, Any]]: ...
    @overload
    def rows_by_key(
        self,
        key: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *,
        named: Literal[False] = ...,
        include_key: bool = ...,
        unique: Literal[False] = ...,
    ) -> dict[Any, list[Any]]: ...
    @overload
    def rows_by_key(
        self,
        key: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *,
        named: Literal[False] = ...,
        include_key: bool = ...,
        unique: Literal[True],
    ) -> dict[Any, Any]: ...
    @overload
    def rows_by_key(
        self,
        key: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *,
        named: Literal[True],
        include_key: bool = ...,
        unique: Literal[False] = ...,
    ) -> dict[Any, list[dict[str, Any]]]: ...
    @overload
    def rows_by_key(
        self,
        key: ColumnNameOrSelector | Sequence[ColumnNameOrSelector],
        *,
        named: Literal[True],
        include_key: bool = ...,
        unique: Literal[True],
    ) -> dict[Any, dict[str, Any]]: ...
    @overload
    def iter_rows(self, *, named: Literal[False] = ..., buffer_size: int = ...) -> Iterator[tuple[Any, ...]]: ...
    @overload
    def iter_rows(self, *, named: Literal[True], buffer_size: int = ...) -> Iterator[dict[str, Any]]: ...
    def iter_columns(self) -> Iterator[Series]:
        """Returns an iterator over the columns of this DataFrame."""
        ...

    def iter_slices(self, n_rows: int = ...) -> Iterator[DataFrame]:
        """Returns a non-copying iterator of slices over the underlying DataFrame."""
        ...

    def shrink_to_fit(self, *, in_place: bool = ...) -> DataFrame:
        """Shrink DataFrame memory usage."""
        ...

    def gather_every(self, n: int, offset: int = ...) -> DataFrame:
        """Take every nth row in the DataFrame and return as a new DataFrame."""
        ...

    def hash_rows(self, seed: int = ...) -> Series:
        """Hash and combine the rows in this DataFrame."""
        ...

    def interpolate(self) -> DataFrame:
        """Interpolate intermediate values. The interpolation method is linear."""
        ...

    def is_empty(self) -> bool:
        """Returns `True` if the DataFrame contains no rows."""
        ...

    def to_struct(self, name: str = ...) -> Series:
        """Convert a `DataFrame` to a `Series` of type `Struct`."""
        ...

    def unnest(
        self,
        columns: ColumnNameOrSelector | Collection[ColumnNameOrSelector] | None = ...,
        *more_columns: ColumnNameOrSelector,
        separator: str | None = ...,
    ) -> DataFrame:
        """Decompose struct columns into separate columns for each of their fields."""
        ...

    def corr(self, *, label: str | None = ..., **kwargs: Any) -> DataFrame:
        """Return pairwise Pearson product-moment correlation coefficients between columns."""
        ...

    def merge_sorted(self, other: DataFrame, key: str | Sequence[str], *, maintain_order: bool = ...) -> DataFrame:
        """Take two sorted DataFrames and merge them by the sorted key."""
        ...

    def set_sorted(self, column: str, *, descending: bool = ..., nulls_last: bool = ...) -> DataFrame:
        """Flag a column as sorted."""
        ...

    def update(
        self,
        other: DataFrame,
        on: str | Sequence[str] | None = ...,
        how: Literal["left", "inner", "full"] = ...,
        *,
        left_on: str | Sequence[str] | None = ...,
        right_on: str | Sequence[str] | None = ...,
        include_nulls: bool = ...,
        maintain_order: MaintainOrderJoin | None = ...,
    ) -> DataFrame:
        """Update the values in this `DataFrame` with the values in `other`."""
        ...

    def count(self) -> DataFrame:
        """Return the number of non-null elements for each column."""
        ...

    def show(
        self,
        limit: int | None = ...,
        *,
        ascii_tables: bool | None = ...,
        decimal_separator: str | None = ...,
        thousands_separator: str | bool | None = ...,
        float_precision: int | None = ...,
        fmt_float: FloatFmt | None = ...,
        fmt_str_lengths: int | None = ...,
        fmt_table_cell_list_len: int | None = ...,
        tbl_cell_alignment: Alignment | None = ...,
        tbl_cell_numeric_alignment: Alignment | None = ...,
        tbl_cols: int | None = ...,
        tbl_column_data_type_inline: bool | None = ...,
        tbl_dataframe_shape_below: bool | None = ...,
        tbl_formatting: TableFormatNames | None = ...,
        tbl_hide_column_data_types: bool | None = ...,
        tbl_hide_column_names: bool | None = ...,
        tbl_hide_dtype_separator: bool | None = ...,
        tbl_hide_dataframe_shape: bool | None = ...,
        tbl_width_chars: int | None = ...,
        trim_decimal_zeros: bool | None = ...,
    ) -> None:
        """Show the first `n` rows."""
        ...

    def match_to_schema(
        self,
        schema: SchemaDict | Schema,
        *,
        missing_columns: Literal["insert", "raise"] | Mapping[str, Literal["insert", "raise"] | Expr] = ...,
        missing_struct_fields: Literal["insert", "raise"] | Mapping[str, Literal["insert", "raise"]] = ...,
        extra_columns: Literal["ignore", "raise"] = ...,
        extra_struct_fields: Literal["ignore", "raise"] | Mapping[str, Literal["ignore", "raise"]] = ...,
        integer_cast: Literal["upcast", "forbid"] | Mapping[str, Literal["upcast", "forbid"]] = ...,
        float_cast: Literal["upcast", "forbid"] | Mapping[str, Literal["upcast", "forbid"]] = ...,
    ) -> DataFrame:
        """Match or evolve the schema of a LazyFrame into a specific schema."""
        ...
