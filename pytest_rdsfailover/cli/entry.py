"""The program `rdsfailover`: Ctrl-C ends it without a traceback, also while it is being imported."""

INTERRUPTED = 130  # as shells say it


def main() -> int:
    """Run the command and return its exit status."""
    try:
        from pytest_rdsfailover.cli.main import main

        return main()
    except KeyboardInterrupt:
        return INTERRUPTED
