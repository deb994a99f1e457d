"""`python -m edgeserve`, and the script `edgeserve`."""

import signal


def main() -> None:
    """Run the process's command line and end the process."""
    # Ctrl-C ends the imports, too; they take most of a short command's time.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edgeserve.tooling.signals import end_by_signals  # noqa: PLC0415 - as above

    end_by_signals()
    from edgeserve.cli.main import main as run_command_line  # noqa: PLC0415 - as above

    run_command_line()


if __name__ == "__main__":
    main()
