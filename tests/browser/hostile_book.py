"""A book with hostile text in every field that holds text."""

import csv

RUNS = "window.ran=(window.ran||0)+1"
HOSTILE = {
    "name": f"<img src=x onerror={RUNS}>",
    "goal": f"</p></script><script>{RUNS}</script>",
    "next_step": f"<svg onload={RUNS}><a href='javascript:{RUNS}'>x</a></svg>",
    "stage": f"<b onclick={RUNS}>Talk</b>",
    "meaning": f"{{{{constructor.constructor('{RUNS}')()}}}} ${{{RUNS}}}",
    "criterion": f'\'"><iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>',
    "note": f"[x](javascript:{RUNS}) <details open ontoggle={RUNS}>",
    "story": f"<style>*{{display:none}}</style><math><mtext></p><img src=x onerror={RUNS}>",
    "segment": "\u202edeesrever & <marquee>Small</marquee>",
    "deal_id": f'D-1"><script>{RUNS}</script>',
    "said": f"<input autofocus onfocus={RUNS}> datum.constructor.constructor('{RUNS}')()",
}


def _write(folder, table, rows):
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def write(folder):
    """The book's tables as files; the first deal is open, the others have ended."""
    ids = [HOSTILE["deal_id"], *(f"E{i}" for i in range(12))]
    stages = [HOSTILE["stage"], "Offer"]
    _write(folder, "stages", [
        {"pipeline": "New", "stage": stage, "position": i + 1, "meaning": HOSTILE["meaning"]}
        for i, stage in enumerate(stages)
    ])  # fmt: skip
    _write(
        folder, "criteria", [{"pipeline": "New", "stage": stage, "criterion": HOSTILE["criterion"]} for stage in stages]
    )
    _write(folder, "deals", [
        {"deal_id": deal, "team": "All", "owner": f"p{i % 4}", "name": HOSTILE["name"], "pipeline": "New",
         "stage": stages[0], "segment": HOSTILE["segment"], "amount": 1000 + i, "created_at": "2026-01-05T10:00:00Z",
         "outcome": "open" if i == 0 else "won" if i % 2 else "lost",
         "outcome_at": "" if i == 0 else f"2026-02-{i + 1:02}T10:00:00Z", "expected_close_on": "2026-02-01",
         "next_step": HOSTILE["next_step"], "next_step_on": "2026-03-20", "customer_goal": HOSTILE["goal"]}
        for i, deal in enumerate(ids)
    ])  # fmt: skip
    _write(folder, "stage_events", [
        {"deal_id": deal, "stage": stages[0], "entered_at": "2026-01-05T10:00:00Z"} for deal in ids
    ])  # fmt: skip
    _write(folder, "activities", [
        {"activity_id": "a1", "deal_id": ids[0], "kind": HOSTILE["note"], "direction": "customer",
         "happened_at": "2026-01-10T10:00:00Z"},
        {"activity_id": "a2", "deal_id": ids[1], "kind": "call", "direction": "us",
         "happened_at": "2026-03-06T09:00:00Z"},
    ])  # fmt: skip
    _write(folder, "notes", [
        {"deal_id": ids[0], "at": "2026-01-11T10:00:00Z", "kind": "listening", "text": HOSTILE["note"]}
    ])  # fmt: skip
    _write(folder, "interviews", [
        {"deal_id": deal, "held_at": "2026-02-20T10:00:00Z", "language": "en", "story": HOSTILE["story"],
         "permission": "true", "quotable": "true"}
        for deal in ids[1:3]
    ])  # fmt: skip
    (folder / "kpikit.toml").write_text(
        '[settings]\ntime_zone = "Europe/Amsterdam"\ncurrency = "EUR"\n', encoding="utf-8"
    )
