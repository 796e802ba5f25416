"""Time in stage at size: the kernel beside what a good analyst writes in DuckDB, and in pandas, on the same Parquet.

    python benchmarks/velocity.py [--events 10m] [--runs 3]
    python benchmarks/velocity.py --events 10m 100m --runs 1     (12 GB of disk for the larger book)

Each figure is a process of its own, so that its peak memory is the operating system's; the three tables must be equal.
A book of more than ten million events is a Parquet folder in buckets of deals, comes in through the trusted door, and
is asked without its peers.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

EVENTS_PER_DEAL = 5
STAGES = [f"Stage {i}" for i in range(1, 9)]
DAY = 86_400_000_000
#: deals in one file; a book of more files is opened at the trusted door
BUCKET = 2_000_000
PEER = """
with ordered as (
  select deal_id, stage, epoch_us(entered_at) ts,
         lag(stage) over (partition by deal_id order by entered_at) previous
  from events),
collapsed as (select deal_id, stage, ts from ordered where previous is distinct from stage),
spells as (
  select deal_id, stage, ts,
         lead(ts)    over (partition by deal_id order by ts) left_ts,
         lead(stage) over (partition by deal_id order by ts) next_stage,
         row_number() over (partition by deal_id, stage order by ts) visit
  from collapsed)
select d.team, s.stage, (coalesce(s.left_ts, $asof) - s.ts) // 86400000000 as bin,
       case when n.position > p.position then 'advance' when n.position < p.position then 'back'
            else 'open' end as kind,
       count(*) n, sum(coalesce(s.left_ts, $asof) - s.ts) us
from spells s
join deals d using (deal_id)
join stages p on p.stage = s.stage
left join stages n on n.stage = s.next_stage
where s.visit = 1
group by all
"""


def make(folder: Path, n_deals: int) -> None:
    """Deals with 18-character ids in 200 teams, five events each, mostly forward, in no order."""
    import polars as pl

    stages = {"pipeline": ["New"] * 8, "stage": STAGES, "position": list(range(1, 9))}
    folder.mkdir(parents=True)
    pl.DataFrame(stages).write_parquet(folder / "stages.parquet")
    for part, first in enumerate(range(0, n_deals, BUCKET)):
        for name, table in made(first, min(BUCKET, n_deals - first)).items():
            file = folder / f"{name}.parquet"
            if n_deals > BUCKET:
                file.mkdir(exist_ok=True)
                file = file / f"{part:03}.parquet"
            table.write_parquet(file)
    print("{}")


def made(first: int, n_deals: int) -> dict:
    """The deals from this number on, and their events."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(1 + first)
    number = first + rng.permutation(n_deals)
    ids = pl.Series(number).cast(pl.String).str.zfill(12)
    ids = pl.select(pl.concat_str(pl.lit("006Qd0"), ids)).to_series()
    created = 19_723 * DAY + rng.integers(0, 700 * DAY, n_deals)  # from 1 January 2024 on
    team = pl.Series(rng.integers(0, 200, n_deals)).cast(pl.String)
    deals = pl.DataFrame({"deal_id": ids}).with_columns(
        pipeline=pl.lit("New"),
        outcome=pl.lit("open"),
        team=pl.concat_str(pl.lit("Team "), team),
        created_at=pl.Series(created).cast(pl.Datetime("us", "UTC")),
    )
    gaps = rng.exponential(12 * DAY, (n_deals, EVENTS_PER_DEAL)).astype(np.int64) + 1
    gaps[:, 0] = 0
    at = created[:, None] + gaps.cumsum(axis=1)
    step = rng.choice([1, 1, 1, 1, 2, -1, 0], (n_deals, EVENTS_PER_DEAL))
    step[:, 0] = 0
    place = np.clip(step.cumsum(axis=1), 0, len(STAGES) - 1)
    deal = np.repeat(np.arange(n_deals), EVENTS_PER_DEAL)
    events = pl.DataFrame({"deal": deal, "at": at.ravel(), "place": place.ravel()}).select(
        pl.lit(ids).gather(pl.col("deal")).alias("deal_id"),
        pl.col("place").replace_strict(dict(enumerate(STAGES)), return_dtype=pl.String).alias("stage"),
        pl.col("at").cast(pl.Datetime("us", "UTC")).alias("entered_at"),
    )
    return {"deals": deals, "stage_events": events.sample(fraction=1, shuffle=True, seed=2)}


def kpikit_table(folder: Path):
    """The table from the prepared book."""
    import kpikit

    started = time.perf_counter()
    book = kpikit.open_book(folder / "prepared")
    opened = time.perf_counter() - started
    table = kpikit.engine.histogram(book, by=["team"])
    return table, {"open": opened}


def duckdb_table(folder: Path):
    """The peer's table."""
    import duckdb
    import polars as pl

    connection = duckdb.connect()
    for view, file in (("events", "stage_events"), ("deals", "deals"), ("stages", "stages")):
        connection.execute(f"create view {view} as select * from '{folder / file}.parquet'")
    as_of = json.loads((folder / "as_of.json").read_text())
    return pl.from_arrow(connection.sql(PEER, params={"asof": as_of}).to_arrow_table()), {}


def pandas_table(folder: Path):
    """Idiomatic pandas: sort, group, shift, merge."""
    import numpy as np
    import pandas as pd

    events = pd.read_parquet(folder / "stage_events.parquet").sort_values(["deal_id", "entered_at"], kind="stable")
    events = events[events["stage"] != events.groupby("deal_id")["stage"].shift()]
    by_deal = events.groupby("deal_id")
    events["next_stage"], events["left_at"] = by_deal["stage"].shift(-1), by_deal["entered_at"].shift(-1)
    events = events[events.groupby(["deal_id", "stage"]).cumcount() == 0]
    position = pd.read_parquet(folder / "stages.parquet").set_index("stage")["position"]
    step = events["next_stage"].map(position) - events["stage"].map(position)
    events["kind"] = np.select([step > 0, step < 0], ["advance", "back"], "open")
    as_of = pd.Timestamp(json.loads((folder / "as_of.json").read_text()), unit="us", tz="UTC")
    age = events["left_at"].fillna(as_of) - events["entered_at"]
    events["us"] = age.astype("timedelta64[us]").astype("int64")
    events["bin"] = events["us"] // DAY
    events = events.merge(pd.read_parquet(folder / "deals.parquet", columns=["deal_id", "team"]), on="deal_id")
    return events.groupby(["team", "stage", "bin", "kind"]).agg(n=("us", "size"), us=("us", "sum")).reset_index(), {}


def one(which: str, folder: Path) -> None:
    """One table in this process: its seconds, peak memory and a checksum."""
    import polars as pl

    started = time.perf_counter()
    table, more = {"kpikit": kpikit_table, "duckdb": duckdb_table, "pandas": pandas_table}[which](folder)
    seconds = time.perf_counter() - started
    frame = table if isinstance(table, pl.DataFrame) else pl.from_pandas(table)
    frame = frame.filter(pl.col("kind") != "entered_late").select(
        "team", "stage", pl.col("bin").cast(pl.Int64), "kind", pl.col("n").cast(pl.Int64), pl.col("us").cast(pl.Int64)
    )
    total = frame.sort("team", "stage", "bin", "kind").hash_rows(seed=1).sum() if frame.height else 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss / 1e6}
    print(json.dumps({**found, "rows": frame.height, "sum": total, **more}))


def prepare(folder: Path) -> None:
    """Make the prepared book, through the door that its size asks for; its as-of instant is the peers' too."""
    import polars as pl

    import kpikit
    from kpikit.book import trust

    started = time.perf_counter()
    if (folder / "deals.parquet").is_dir():
        names = ("deals", "stage_events", "stages")
        scans = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in names}
        prepared, opened = trust(folder / "prepared", **scans), 0.0
    else:
        book = kpikit.open_book(folder)
        opened = time.perf_counter() - started
        prepared = kpikit.prepare(book, folder / "prepared")
    as_of = round(prepared.as_of.timestamp() * 1e6)
    (folder / "as_of.json").write_text(json.dumps(as_of))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"open": opened, "prepare": time.perf_counter() - started - opened, "peak_gb": peak}))


def called(*arguments: str) -> dict:
    """Run a step of this file in a fresh process (this one stays small: a child's peak begins with its parent's)."""
    command = [sys.executable, __file__, *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def measured(n_events: int, peers: Sequence[str], runs: int) -> dict:
    """Make a book of that size, ask kpikit and its peers the same, and print; kpikit's figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "book"
        called("--step", "make", str(folder), "--events", str(n_events))
        print(f"{n_events // EVENTS_PER_DEAL:,} deals, {n_events:,} events; load {os.getloadavg()[0]:.1f}")
        print("prepared once:", {k: round(v, 2) for k, v in called("--step", "prepare", str(folder)).items()})
        found = {}
        for which in ("kpikit", *(peers if n_events <= BUCKET * EVENTS_PER_DEAL else ())):
            times = [called("--step", which, str(folder)) for _ in range(1 if which == "pandas" else runs)]
            found[which] = row = min(times, key=lambda run: run["seconds"])
            opened = f", opened in {1000 * row['open']:.0f} ms" if "open" in row else ""
            every = ", ".join(f"{run['seconds']:.1f} s wall {run['cpu']:.1f} s processor" for run in times)
            print(f"{which:<8}{row['seconds']:8.2f} s {row['peak_gb']:6.2f} GB  {row['rows']:,} rows{opened} ({every})")
        ours = found["kpikit"]
        for which in peers:
            if which in found:
                same = "the same table" if found[which]["sum"] == ours["sum"] else "A DIFFERENT TABLE"
                print(f"kpikit / {which}: {ours['seconds'] / found[which]['seconds']:.2f}  ({same})")
    return ours


def size(text: str) -> int:
    """``10m`` as ten million."""
    return int(float(text.lower().removesuffix("m")) * 1_000_000) if text.lower().endswith("m") else int(text)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=size, nargs="+", default=[10_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--step", nargs=2, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, folder = options.step[0], Path(options.step[1])
        if step == "make":
            make(folder, options.events[0] // EVENTS_PER_DEAL)
        elif step == "prepare":
            prepare(folder)
        else:
            one(step, folder)
        return
    peers = [which for which in ("duckdb", "pandas") if which not in options.without]
    found = {n: measured(n, peers, options.runs) for n in options.events}
    least = min(found)
    for n in sorted(found)[1:]:
        wall, cpu = (found[n][what] / found[least][what] for what in ("seconds", "cpu"))
        print(f"{n:,} events take {wall:.1f} x the time of {least:,} ({cpu:.1f} x its processor time)")


if __name__ == "__main__":
    main()
