"""``python -m auxon``."""

import os
import signal

# measured: kernels run as fast as at LLVM's level 3, and the first run compiles in 17 s, not 20
os.environ.setdefault("NUMBA_OPT", "1")


def main() -> None:
    """Run the command line; a Ctrl-C that no command handles ends it without a traceback."""
    from .cli import app

    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


if __name__ == "__main__":
    main()
