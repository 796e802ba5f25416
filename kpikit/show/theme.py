"""One set of tokens for pages and pictures: colours as CSS variables, so that light, dark and print are one chart."""

from __future__ import annotations

from kpikit.schema import Look

#: token → (light, dark). Contrast with the paper is at least 4.5 : 1 wherever a token colours text.
COLOURS = {
    "paper": ("#fdfdfb", "#14171a"),
    "ink": ("#1b1f24", "#e8eaed"),
    "muted": ("#59616b", "#a8b0ba"),
    "line": ("#d5d9de", "#3a4149"),
    "wash": ("#f3f4f1", "#1d2125"),
    "now": ("#12477d", "#86b9f2"),
    "before": ("#6b727b", "#9aa2ac"),
    "waiting": ("#a85a00", "#f0a94a"),
    "on": ("#00629b", "#5ba8dc"),
    "back": ("#6fb7e0", "#a9d6f2"),
    "lost": ("#6b727b", "#8d959f"),
    "other": ("#b9bfc6", "#565e67"),
    "in_on": ("#ffffff", "#14171a"),
    "in_back": ("#14171a", "#14171a"),
    "in_lost": ("#ffffff", "#14171a"),
    "in_other": ("#14171a", "#ffffff"),
    "in_waiting": ("#ffffff", "#14171a"),
}
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif'


def colour(token: str) -> str:
    """The CSS colour of a token, for use in a chart that is drawn into a page."""
    return f"var(--{token}, {COLOURS[token][0]})"


def vega_config() -> dict:
    """The look of every chart: no frame, no grid where labels do, quiet axes."""
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "labelColor": colour("muted"), "titleColor": colour("muted"), "domainColor": colour("line"),
            "tickColor": colour("line"), "gridColor": colour("line"), "labelFontSize": 12, "titleFontSize": 12,
            "titleFontWeight": "normal", "labelLimit": 220,
        },
        "text": {"color": colour("ink"), "fontSize": 13},
    }  # fmt: skip


def colours(look: Look) -> dict[str, tuple[str, str]]:
    """Every token's colour, light and dark; one's own colours are lightened for the dark."""
    own = {"now": look.now, "before": look.before, "waiting": look.waiting}
    return COLOURS | {name: (value, lightened(value)) for name, value in own.items() if value}


def lightened(colour: str) -> str:
    """The colour mixed with white until it can be read on dark paper, however dark it was."""
    mixed = (round(int(colour[i : i + 2], 16) * 0.45 + 255 * 0.55) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in mixed)


#: our own look
PLAIN = Look()


def variables(look: Look = PLAIN) -> str:
    """The tokens as CSS: light by default, dark where the reader's system is, light again on paper."""
    tokens = colours(look)
    light = "".join(f"--{name}:{values[0]};" for name, values in tokens.items())
    dark = "".join(f"--{name}:{values[1]};" for name, values in tokens.items())
    font = f'"{look.font}",{FONT}' if look.font else FONT
    return (
        f":root{{color-scheme:light dark;--font:{font};{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
