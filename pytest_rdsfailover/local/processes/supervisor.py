"""Keeps servers for one process, and ends them and their files when that process ends.

A program of its own, standard library only, so that it starts in a few hundredths of a second:
`python -S -E -I supervisor.py OWNER_PID BASE...`. The first BASE gets a run directory of mode 0700,
locked while this program lives; run directories in any BASE that nobody locks are leftovers of a
crash and are removed. Requests come as JSON lines on standard input, reports go to standard output:

    {"do": "spawn", "key": 1, "name": "server", "argv": [...], "env": {...},
     "told": "", "grace": 0.0}                                          -> {"key": 1, "pid": 99}
    {"do": "signal", "key": 1, "signal": 19}                            -> {"key": 1, "sent": [7, 9]}
                                                       when a program ends    -> {"key": 1, "status": 9}

`sent` are the nanoseconds of the monotonic clock between which the signal took effect; this process
has no other threads that would blur them. Standard output and error of a program go to NAME.out and
NAME.log in the run directory; its standard input is a pipe that begins with what it is told and ends
when this program does. When our own standard input ends, or the owner does, every program is killed
and the run directory removed. A program with a grace is not killed at once: the end of its input
tells it to clean up, even when somebody has killed this program.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Iterator

PREFIX = "rdsfo"
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
LINUX = sys.platform == "linux"
# This signal wakes us when our owner ends, so that even a stopped supervisor learns of it.
OWNER_ENDED_SIGNAL = signal.SIGCONT
PRCTL = ctypes.CDLL(None).prctl if LINUX else None
LEAST_ROOM = 1 << 20  # bytes that a run directory must have room for
GIVE_UP_REMOVING = 5.0  # seconds
LOOK_EVERY = 0.01  # seconds between two looks whether a program has ended in its grace
LOOK_AT_OWNER_EVERY = 500  # milliseconds, where the system cannot tell that the owner ended


def create_run_directory(base: str) -> tuple[str, int]:
    """Make and lock a new directory in *base*; return its path and the descriptor of the lock."""
    while True:
        path = os.path.join(base, f"{PREFIX}-{os.getuid()}-{os.urandom(4).hex()}")  # noqa: PTH118 - pathlib costs a third of the start
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)  # noqa: PTH102
            held = os.open(path, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
            # A sweeper may have taken the directory for a leftover before it was locked.
            if os.path.exists(path):  # noqa: PTH110
                return path, held
            os.close(held)


def first_directory(bases: list[str]) -> str | None:
    """Return a run directory in the first base that takes one; report why if none does."""
    problems = []
    for base in bases:
        try:
            path = create_run_directory(base)[0]
        except OSError as error:
            problems.append(f"{base}: {error.strerror}")
            continue
        try:
            check_room(path)
        except OSError as error:
            remove(path)
            problems.append(f"{base}: {error.strerror}")
        else:
            return path
    os.write(1, json.dumps({"error": "; ".join(problems)}).encode() + b"\n")
    return None


def check_room(directory: str) -> None:
    """Raise OSError if there is no room in a directory: else whoever writes there would say so."""
    if hasattr(os, "posix_fallocate"):
        path = f"{directory}/room"
        number = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(number, 0, LEAST_ROOM)
        finally:
            os.close(number)
            os.unlink(path)  # noqa: PTH108


def leftovers(base: str) -> Iterator[str]:
    """Yield this user's run directories in *base*, those in use included."""
    start = f"{PREFIX}-{os.getuid()}-"
    with os.scandir(base) as entries:
        for entry in entries:
            named = entry.name.startswith(start) and entry.is_dir(follow_symlinks=False)
            if named and entry.stat(follow_symlinks=False).st_uid == os.getuid():
                yield entry.path


def sweep(base: str) -> None:
    """Remove the run directories that nobody holds any more."""
    for path in leftovers(base):
        with contextlib.suppress(OSError):
            held = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
            finally:
                os.close(held)


def remove(path: str) -> None:
    """Delete a directory with all that is in it, again until nothing is left or time is up."""
    deadline = time.monotonic() + GIVE_UP_REMOVING
    while os.path.lexists(path) and time.monotonic() < deadline:
        for root, folders, files in os.walk(path, topdown=False):
            for name in files:
                with contextlib.suppress(OSError):
                    os.unlink(f"{root}/{name}")  # noqa: PTH108
            for name in folders:
                full = f"{root}/{name}"
                with contextlib.suppress(OSError):
                    (os.unlink if stat.S_ISLNK(os.lstat(full).st_mode) else os.rmdir)(full)
        with contextlib.suppress(OSError):
            os.rmdir(path)  # noqa: PTH106


class Program:
    """One running program, in a process group of its own.

    Attributes:
        pid: its process id, valid until it is reaped.
        grace: seconds that it has for its end, once its standard input has ended.
    """

    def __init__(
        self, directory: str, name: str, argv: list[str], env: dict[str, str],
        told: str = "", grace: float = 0.0,
    ) -> None:  # fmt: skip
        self.grace = grace
        theirs, self._stdin = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            become(parent, theirs, f"{directory}/{name}", argv, env, dies_with_us=not grace)
        os.close(theirs)
        with contextlib.suppress(OSError):  # it may have ended already
            os.write(self._stdin, told.encode())
        with contextlib.suppress(OSError):  # the child does the same; whoever comes first
            os.setpgid(self.pid, self.pid)

    def kill(self) -> None:
        """Kill it and whatever it started in its group."""
        for send in (os.kill, os.killpg):
            with contextlib.suppress(ProcessLookupError):
                send(self.pid, signal.SIGKILL)

    def release(self) -> None:
        """Close our end of its standard input."""
        os.close(self._stdin)


def become(
    parent: int, stdin: int, path: str, argv: list[str], env: dict[str, str], *, dies_with_us: bool
) -> None:
    """Turn this fresh child into the program; never returns."""
    try:
        os.setpgid(0, 0)
        if PRCTL is not None and dies_with_us:
            PRCTL(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we had asked to be told
            os._exit(1)
        os.dup2(stdin, 0)
        for target, suffix in ((1, "out"), (2, "log")):
            os.dup2(
                os.open(f"{path}.{suffix}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), target
            )
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; programs expect not
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.execve(argv[0], argv, env)  # noqa: S606 - starting programs is the purpose
    except OSError as error:
        os.write(2, f"cannot run {argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


class SupervisorLoop:
    """The programs, and the loop that serves requests about them."""

    def __init__(self, directory: str, owner: int) -> None:
        self._directory, self._owner = directory, owner
        self._programs: dict[int, Program] = {}
        self._ending = False

    def serve(self) -> None:
        """Serve until the owner ends or wants us to."""
        signals, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK) if LINUX else portable_pipe()
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: setattr(self, "_ending", True))
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(signals, select.POLLIN)
        watched = watch(self._owner)
        if watched is not None:
            poll.register(watched, select.POLLIN)
        buffer = b""
        # Processes that the owner forked may keep its pipe open, so its process id is looked at,
        # too.
        while not self._ending and os.getppid() == self._owner:
            ready = dict(poll.poll(LOOK_AT_OWNER_EVERY))
            if signals in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(signals, 4096)
            self._reap()
            if 0 in ready:
                received = os.read(0, 65536)
                if not received:
                    return
                *lines, buffer = (buffer + received).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _obey(self, request: dict[str, object]) -> None:
        key = int(str(request["key"]))
        if request["do"] == "spawn":
            asked = {name: request[name] for name in ("name", "argv", "env", "told", "grace")}
            program = Program(self._directory, **asked)  # type: ignore[arg-type]
            self._programs[key] = program
            self._report(key=key, pid=program.pid)
        elif request["do"] == "signal":
            self._signal(key, int(str(request["signal"])))

    def _signal(self, key: int, number: int) -> None:
        before = time.monotonic_ns()
        program = self._programs.get(key)  # only programs not yet reaped: no id is ever stale
        if program is not None and number == signal.SIGKILL:
            program.kill()
        elif program is not None:
            os.kill(program.pid, number)
            if number == signal.SIGSTOP:
                # All its threads have stopped when this returns; its end is left to be reaped.
                os.waitid(os.P_PID, program.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self._report(key=key, sent=[before, time.monotonic_ns()])

    def _reap(self) -> None:
        for key, program in list(self._programs.items()):
            pid, status = os.waitpid(program.pid, os.WNOHANG)
            if pid:
                del self._programs[key]
                program.release()
                self._report(key=key, status=os.waitstatus_to_exitcode(status))

    def _report(self, **facts: object) -> None:
        try:
            os.write(1, json.dumps(facts).encode() + b"\n")
        except OSError:  # nobody listens any more
            self._ending = True

    def end(self) -> None:
        """Kill every program and wait until they are gone; those with a grace get it."""
        for program in self._programs.values():
            program.release()
        released = time.monotonic()
        for program in sorted(self._programs.values(), key=lambda program: program.grace):
            while not ended(program.pid) and time.monotonic() < released + program.grace:
                time.sleep(LOOK_EVERY)
            program.kill()
            os.waitpid(program.pid, 0)


def ended(pid: int) -> bool:
    """Tell whether a child has ended; it is left to be reaped, so that its id stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def portable_pipe() -> tuple[int, int]:
    """Return a pipe that does not block, where pipe2 is missing."""
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def watch(pid: int) -> int | None:
    """Return a descriptor that is readable once the process has ended, where there is such."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def main(owner: int, bases: list[str]) -> None:
    """Run until the owner ends."""
    os.umask(0o077)
    if PRCTL is not None:
        PRCTL(PARENT_DEATH_SIGNAL, OWNER_ENDED_SIGNAL, 0, 0, 0)
    for base in bases:
        with contextlib.suppress(OSError):
            sweep(base)
    directory = first_directory(bases)
    if directory is None:
        return
    supervisor = SupervisorLoop(directory, owner)
    try:
        # Whatever goes wrong in here is told in a file that supervisor_client.py shows.
        os.dup2(os.open(f"{directory}/supervisor.log", os.O_WRONLY | os.O_CREAT, 0o600), 2)
        os.write(1, json.dumps({"directory": directory}).encode() + b"\n")
        supervisor.serve()
    finally:
        supervisor.end()
        remove(directory)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
