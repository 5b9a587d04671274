"""The child process that opens a stranger's file: `python -m geo.files.worker`.

One request on standard input, JSON lines on standard output (progress, rows, then one of
result, info, error), nothing on standard error that matters. Started by `geo.files.isolate`.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping

from geo.files import wire
from geo.files.gdal import check_drivers
from geo.files.model import FileError, Limits
from geo.files.reading import inspect_file, read_areas

_MAX_OPEN_FILES = 64
_GRACE_SECONDS = 5
Send = Callable[[Mapping[str, object]], None]


def main() -> None:
    """Serve one request and end."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak into the answer

    def send(message: Mapping[str, object]) -> None:
        out.write(wire.dump(message))
        if message["t"] == "progress":
            out.flush()

    try:
        serve(sys.stdin.buffer.readline(), send)
    except FileError as error:
        send({"t": "error", "code": error.code, "detail": error.detail})
    except MemoryError:
        send({"t": "error", "code": "memory", "detail": {}})
    except Exception as error:  # the parent must get an answer; the text may quote the file
        send({"t": "error", "code": "crashed", "detail": {"type": type(error).__name__}})
    out.flush()


def serve(line: bytes, send: Send) -> None:
    """Do what one request line asks. Raises FileError."""
    task, path, filename, options, limits = wire.parse_request(line)
    limit_self(limits)
    check_drivers()
    if task == "inspect":
        send(wire.info_message(inspect_file(path, filename, limits, options)))
        return

    def progress(done: int, total: int) -> None:
        send({"t": "progress", "done": done, "total": total})

    result = read_areas(path, filename, options, limits, progress)
    for row in result.rows:
        send(wire.row_message(row))
    send(wire.result_message(result))


def limit_self(limits: Limits) -> None:
    """Give up what an honest file never needs. The alarm holds even if the parent has died."""
    _lower(resource.RLIMIT_AS, limits.max_memory_bytes)
    _lower(resource.RLIMIT_CPU, limits.max_seconds + _GRACE_SECONDS)
    _lower(resource.RLIMIT_FSIZE, max(limits.max_unzipped_bytes, limits.max_file_bytes))
    _lower(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    signal.alarm(limits.max_seconds + _GRACE_SECONDS)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    main()
