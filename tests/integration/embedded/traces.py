"""What a server left in a place: its files and its processes."""

from pathlib import Path

import psutil

from uow_events.embedded import keeper


def traces(place: Path) -> list[str]:
    return [path.name for path in place.iterdir()] + [str(process) for process in processes(place)]


def processes(place: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if works_in(process, place)]


def works_in(process: psutil.Process, place: Path) -> bool:
    """A server names the place in its arguments; a keeper has it in its environment."""
    try:
        arguments = process.cmdline()
        keeps = keeper.__file__ in arguments and process.environ().get("TMPDIR") == str(place)
        return keeps or any(f"{place}/" in argument for argument in arguments)
    except psutil.Error:
        return False
