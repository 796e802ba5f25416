"""Names that somebody may give a team, a stage, an owner or a segment,
and that some place could take for an order."""

NAMES = (
    # words that stand for the whole, for nothing, or for a column
    "all", "All", "ALL", "company", "Company", "whole", "team", "teams", "deal_id", "outcome_team", "_all",
    "_row", "n", "value",
    "None", "none", "null", "nan", "NaN", "inf", "true", "0", "-1", "?", "*", "%", "Others", "other",
    "unknown", "none of these",
    # places
    "..", ".", "...", "../..", "/", "/etc/passwd", "a/b", "a-b", "a b", "a\\b", "C:\\x", "~", "~root", "con",
    "CON.txt", "nul",
    "index.html", "run.json", ".lock", ".work", "template", "book", "agenda.html", "West/North", "North/",
    "/North",
    # what looks alike
    "Noord", "noord", "NOORD", "Nóord", "Noord\u200b", "\u202eNoord", "Nοord", "straße", "strasse", "STRASSE",
    # long, or of no letters
    "x" * 300, "x" * 299 + "y", "é" * 300, "日本", "日本語", "🙂", "--", "--team", "--all-teams", "-p", "=1+1",
    "@2026-07-01T00:00:00Z",
    "{team}", "%s", "<b>x</b>", "a\nb", "a\tb", "$(id)", "'; DROP TABLE x",
)  # fmt: skip
