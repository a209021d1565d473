"""Runs checks and prints them as cmd/clients reads them."""

import contextlib
import os
import sys
import threading
import traceback

CHECK_LIMIT_SECONDS = 40


def restart_server():
    """Has the server killed and started again."""
    print("RESTART", flush=True)
    sys.stdin.readline()


def equal(what, got, want):
    if got != want:
        raise AssertionError(f"{what} is {got!r}, not {want!r}")


@contextlib.contextmanager
def raises(kind):
    try:
        yield
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def take(events, n):
    """The first n of an iterator of events."""
    return [event for _, event in zip(range(n), events)]  # in this order it asks for n, not n + 1


def _run(check, argument):
    """The problem of a check, or None. A check that hangs is left behind."""
    problem = ["still running"]

    def work():
        try:
            check(argument)
            problem[0] = None
        except BaseException as error:  # whatever it is, the check failed
            traceback.print_exc()
            problem[0] = f"{type(error).__name__}: {error}".replace("\n", " ")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(CHECK_LIMIT_SECONDS)
    return problem[0]


def run_all(checks, argument):
    """Runs (name, function) pairs and ends the process."""
    failed = 0
    for name, check in checks:
        problem = _run(check, argument)
        if problem is None:
            print(f"PASS {name}", flush=True)
        else:
            failed += 1
            print(f"FAIL {name}: {problem}", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    # Not sys.exit: the clients' threads may still wait for the server.
    os._exit(1 if failed else 0)
