"""Write docs/kpi/ from the definition cards (kpikit/kpi/*.toml): one page a KPI, and a list of all."""

from pathlib import Path

from kpikit.kpi import Card, cards

FOLDER = Path(__file__).parent / "kpi"
KINDS = {
    "action": "action: something people do and control",
    "result": "result: something that happened",
    "insight": "insight: helps to understand, and judges nobody",
}
SCOPES = {
    "all": "all, renewals and expansions included",
    "new": "of new customers",
    "renewal": "renewals",
    "expansion": "expansions of customers",
}


COUNTS = {
    "created": "deals begun in the window",
    "closed": "deals closed in the window",
    "won": "deals won in the window",
    "visits": "visits to each stage",
    "customers": "customers",
}


def floor_of(card: Card) -> str:
    """From how many on there is a figure, and why; what a group of a breakdown must have enough of."""
    floor = card.floor
    events = f", and {floor.n_events} in the numerator" if floor.n_events else ""
    least = f"at least {floor.n}{events}" if floor.n else "none"
    groups = f". Groups: by their {COUNTS[floor.counts]}" if floor.counts else ""
    return f"{least}: {floor.why}{groups}"


def page(card: Card) -> str:
    """One card as Markdown."""
    rows = {
        "Kind": KINDS[card.kind],
        "Which deals": card.population,
        "Scope": SCOPES[card.scope],
        "Clock": card.clock,
        "Numerator": card.numerator,
        "Denominator": card.denominator,
        "Unit": card.unit,
        "Floor": floor_of(card),
        "How it misleads": card.misleads,
        "How it is gamed": card.gamed,
        "Needs": ", ".join(f"`{need}`" for need in card.needs) or "deals only",
        "Source": card.source,
        "Version": str(card.version),
    }
    lines = [f"# {card.id}", "", card.question, "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows.items()]
    lines += ["", "## Honest acts that make it look worse", ""]
    lines += [f"- {act}" for act in card.honest_acts]
    lines += ["", "## What changed", ""]
    lines += [f"- {line}" for line in card.changelog]
    return "\n".join(
        [*lines, "", f"*Written from `kpikit/kpi/{card.id}.toml` by `docs/kpi_pages.py`; edit the card.*", ""]
    )


def contents() -> str:
    """The list of all cards."""
    lines = [
        "# Definitions",
        "",
        "Each figure's version stands in its result frame and at the end of every report.",
        "",
    ]
    lines += ["| figure | question | version |", "|---|---|---|"]
    lines += [f"| [{card.id}]({card.id}.md) | {card.question} | {card.version} |" for card in cards().values()]
    return "\n".join([*lines, "", "*Written by `docs/kpi_pages.py`.*", ""])


def pages() -> dict[str, str]:
    """All pages by file name."""
    return {f"{card.id}.md": page(card) for card in cards().values()} | {"README.md": contents()}


def main() -> None:
    """Write them, and remove pages of cards that are gone."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
