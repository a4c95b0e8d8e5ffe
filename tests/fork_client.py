"""``edgarchive`` for a shell of the tests: has the server of `tests.processes` run it, and ends as it ends.

Arguments: those of edgarchive. It has this process's streams, environment and working folder. `FORK_SERVER` is the
number of the open socket to the server. Without site packages, its own start takes a few milliseconds.
"""

import array
import json
import os
import signal
import socket
import sys


def main() -> None:
    """Ask for the command, and wait for it."""
    environment = dict(os.environ)
    requests = socket.socket(fileno=int(environment.pop("FORK_SERVER")))
    report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = {
        "arguments": sys.argv[1:],
        "code": None,
        "environment": environment,
        "folder": os.getcwd(),  # noqa: PTH109 — pathlib takes long to import
        "limits": {},
        "new_session": False,
    }
    descriptors = array.array("i", [0, 1, 2, theirs.fileno()])
    requests.sendmsg([json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    theirs.close()
    report.recv(100)  # its number
    code = int(report.recv(100) or 1)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
