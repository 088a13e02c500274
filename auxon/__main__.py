"""``python -m auxon``."""

import signal


def main() -> None:
    """Run the command line; a Ctrl-C that no command handles ends it without a traceback."""
    from .cli import app

    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


if __name__ == "__main__":
    main()
