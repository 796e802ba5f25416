"""Errors, and the faults that data can have.

An error carries a code and values, never a sentence of its own: :mod:`kpikit.words` turns codes into a language, so one
message reads the same in Python, in the terminal and in a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from kpikit.languages import LANGUAGES

Severity = Literal["error", "drop", "warning", "note"]
#: How grave each rule is: ``error`` the book does not open until it is settled; ``drop`` the row is not used;
#: ``warning`` used, but look at it; ``note`` what was understood, for the record.
SEVERITY: Mapping[str, Severity] = MappingProxyType(
    {
        # reading
        **dict.fromkeys(
            [
                "empty_file",
                "line_too_long",
                "broken_parquet",
                "broken_workbook",
                "not_a_table",
                "header_width",
                "which_sheet",
            ],
            "error",
        ),
        **dict.fromkeys(
            ["workbook_far_cell", "workbook_unpacks", "workbook_packed", "workbook_parts", "workbook_lies"], "error"
        ),
        **dict.fromkeys(
            ["workbook_entities", "workbook_memory", "workbook_slow", "file_too_large", "broken_archive"], "error"
        ),
        **dict.fromkeys(["broken_xml", "xes_too_large"], "error"),
        **dict.fromkeys(["short_row_dropped", "long_row_dropped", "missing_delimiter_dropped", "second_table"], "drop"),
        **dict.fromkeys(
            [
                "no_header",
                "two_headers",
                "header_cells",
                "header_wider",
                "repeated_column",
                "total_row",
                "swallowed_rows",
                "fused_rows",
                "saved_twice",
                "header_mended",
                "header_joined",
                "formulas_not_calculated",
                "merged_amounts",
            ],
            "warning",
        ),
        **dict.fromkeys(["short_row", "long_row", "missing_delimiter", "stray_quote", "other_delimiter"], "warning"),
        **dict.fromkeys(["nul_bytes", "mixed_encoding", "unreadable_bytes"], "warning"),
        **dict.fromkeys(
            [
                "hidden_rows",
                "hidden_column",
                "line_quoted",
                "text_formula",
                "invisible_characters",
                "preamble",
                "footer",
                "repeated_header",
                "unnamed_column",
                "trailing_delimiter",
                "stray_return",
            ],
            "note",
        ),
        **dict.fromkeys(
            ["encoding_guessed", "encoded_twice", "other_sheets", "hidden_sheets", "sheets_joined", "merged_filled"],
            "note",
        ),
        # parsing
        **dict.fromkeys(
            [
                "day_month_ambiguous",
                "day_month_mixed",
                "decimal_ambiguous",
                "decimal_mixed",
                "currency_mixed",
                "days_maybe_swapped",
            ],
            "error",
        ),
        **dict.fromkeys(
            [
                "unreadable_number",
                "number_notation",
                "date_notation",
                "unit_mixed",
                "unreadable_date",
                "unreadable_yes_no",
                "not_whole",
                "unknown_choice",
            ],
            "warning",
        ),
        **dict.fromkeys(
            [
                "days_swapped",
                "zone_two_meanings",
                "time_in_gap",
                "implausible_date",
                "excel_error",
                "percent_mixed",
                "id_scientific",
            ],
            "warning",
        ),
        **dict.fromkeys(
            ["sentinel_date", "read_as_empty", "placeholder_text", "percent", "unit", "epoch_time", "excel_serial"],
            "note",
        ),
        **dict.fromkeys(["time_ambiguous", "mixed_zones", "order_as_beside", "thousands_by_shape"], "note"),
        # mapping
        **dict.fromkeys(["lookup_missed", "lookup_repeated"], "warning"),
        **dict.fromkeys(["lookup_near", "value_unused", "file_taken", "columns_unused"], "note"),
        **dict.fromkeys(["rows_set_aside_first", "rows_set_aside_last", "columns_gone", "deals_gone"], "warning"),
        # stage histories
        **dict.fromkeys(["first_stage_unplaced", "log_begins_late", "log_gaps", "overwritten_visits"], "warning"),
        **dict.fromkeys(["before_first_snapshot", "gone_from_snapshots", "rows_not_kept"], "warning"),
        **dict.fromkeys(["history_disagrees", "time_in_stage_disagrees"], "warning"),
        **dict.fromkeys(
            ["never_moved", "log_fields_unused", "skipped_stages", "same_day_stages", "snapshot_days"], "note"
        ),
        **dict.fromkeys(["earlier_rows", "deals_from_history", "ends_from_history"], "note"),
        **dict.fromkeys(["reopened_cases", "cases_without_row"], "note"),
        "rows_without_case": "warning",
        # building (raised by the modules that put the book together)
        **dict.fromkeys(["undecided", "value_unknown", "no_such_column", "as_of_unclear", "too_many_dropped"], "error"),
        # a prepared book (raised before a figure is read from it)
        **dict.fromkeys(["book_file_missing", "book_file_changed", "book_file_unreadable"], "error"),
        # validation
        **dict.fromkeys(["missing_column", "column_type", "no_deals", "empty_deals", "id_15_18"], "error"),
        **dict.fromkeys(["no_deals_found", "no_deal_id"], "error"),
        **dict.fromkeys(["required_empty", "duplicate_id", "unknown_deal"], "drop"),
        **dict.fromkeys(
            ["header_only", "negative_amount", "probability_range", "unknown_stage", "stage_order"], "warning"
        ),
        "pipeline_without_stages": "warning",
        **dict.fromkeys(
            ["outcome_before_created", "outcome_before_first_contact", "closed_without_date", "after_all_else"],
            "warning",
        ),
        **dict.fromkeys(
            ["duplicate_row", "repeated_row", "future_activity", "open_with_end", "zero_amount_of_lost"], "note"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the data: where it stands, what came, and which rule it breaks.

    ``row`` is the row as a spreadsheet shows it (the header is row 1). ``n`` counts the rows that share this fault,
    of which ``row`` is the first. ``values`` fills the blanks of the rule's sentence.
    """

    rule: str
    table: str | None = None
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    n: int = 1
    values: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The fault as plain values, for ``--json``."""
        return asdict(self)


class KpikitError(Exception):
    """Something kpikit will not do, as a code with values; ``str()`` gives the English sentence."""

    exit_code = 1

    def __init__(self, code: str, /, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def sentence(self, language: str = "en") -> str:
        """The error as one sentence in the given language."""
        from kpikit.words import Words

        return Words(language).say(f"error.{self.code}", **self.values)

    def __str__(self) -> str:
        return self.sentence()


class UsageError(KpikitError):
    """A setting, argument or file name that cannot be used (exit code 2)."""

    exit_code = 2


def as_written(value: Any, most: int = 120) -> str:
    """A value from a file or a command line as part of a sentence: cut, whatever it is.

    >>> as_written("x" * 5000, 5)
    'xxxxx…'
    """
    try:
        text = str(value)
    except (ValueError, RecursionError):  # more digits than Python writes, or lists without end
        return "…"
    return text if len(text) <= most else f"{text[:most]}…"


def check_language(language: str) -> None:
    """Refuse a language that there are no words of.

    Raises:
        UsageError: there is none, with those that there are.
    """
    if language not in LANGUAGES:
        raise UsageError("language", language=language, allowed=", ".join(LANGUAGES))


class DataError(KpikitError):
    """The data breaks its contract; all faults at once (exit code 3)."""

    exit_code = 3

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("data", n=len(self.faults))

    def sentence(self, language: str = "en") -> str:
        """The heading and one line for each fault (at most forty are written out)."""
        from kpikit.words import Words

        words = Words(language)
        lines = [words.say("error.data", n=len(self.faults))]
        lines += [f"  {words.fault(fault)}" for fault in self.faults[:40]]
        if len(self.faults) > 40:
            lines.append("  " + words.say("error.data_more", n=len(self.faults) - 40))
        return "\n".join(lines)


def wrong_setting(setting: str, value: Any, allowed: str) -> UsageError:
    """A setting that cannot have this value, with those that it can."""
    return UsageError("setting_value", setting=setting, value=as_written(value), allowed=allowed)


class Refused(KpikitError):  # noqa: N818 - a refusal is an answer, not a failure
    """The book cannot answer this question; the code says why."""


class RankingRefused(Refused):
    """People are not compared, ranked or scored here (see docs/privacy)."""


class EstimateError(KpikitError, ValueError):
    """Arrays that no estimator can use; ``values["positions"]`` lists the first offending indices."""

    def sentence(self, language: str = "en") -> str:
        """The rule that the arrays break, and where."""
        from kpikit.words import Words

        words = Words(language)
        details = "; ".join(f"{name}: {value}" for name, value in self.values.items())
        rule = words.say(f"error.{self.code}")
        return f"{rule} ({details})" if details else rule
