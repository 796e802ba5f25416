"""Imported last, in a server that is about to be forked: what every child would read again is read once.

Text and code only. Nothing here may compute with polars or draw: a thread that one of them starts is not in the
children, and what it held they would wait for.
"""

import gc

from kpikit.languages import LANGUAGES
from kpikit.words import Words

for language in LANGUAGES:
    Words(language).say("header.all")
gc.set_threshold(100_000, 50, 100)  # a child lives for a second, and nearly all it makes is freed at once
gc.freeze()  # what is here now outlives every child: no collector needs to look at it, and no page of it is copied
