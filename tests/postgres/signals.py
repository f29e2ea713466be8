"""Signals for programs under test."""

import signal


def heed_ctrl_c() -> None:
    """Undo, in a program about to start, that a background job of a shell is deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
