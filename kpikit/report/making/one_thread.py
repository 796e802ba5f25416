"""Imported before polars, in a server whose children already take every core: one thread is enough for each of them."""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
