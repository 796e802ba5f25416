"""``python -m kpikit``, and the command ``kpikit``."""

from kpikit.processes import stopping


def main() -> None:
    """The command line; a request to stop is heard from the first moment on."""
    stopping.note()
    from kpikit.cli import main as run

    run()


if __name__ == "__main__":
    main()
