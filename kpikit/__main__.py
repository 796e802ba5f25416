"""``python -m kpikit``."""

from kpikit.cli import main

main()
