# SPDX-License-Identifier: Apache-2.0
"""The conditions under which brokers are measured, so that a figure tells of the broker and not of the virtual machine: a memory
cgroup for each broker (MemoryGroup), and idle processors that are not halted (Awake). README.md of this folder says why. Both need
the superuser, as a rule; without, `missing` texts say so and nothing else changes. No parameter of the kernel is touched."""
import contextlib, os, struct, sys, time

MIB = 1 << 20
DEVICE = "/dev/cpu_dma_latency"


def read(path):
    with open(path) as f:
        return f.read().strip()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


# ---- memory

def hierarchy():
    """Where the memory controller is mounted, and its version; None: nowhere."""
    two = None
    for line in read("/proc/self/mounts").splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup" and "memory" in options.split(","):
            return where, 1
        with contextlib.suppress(OSError):
            if kind == "cgroup2" and "memory" in read(os.path.join(where, "cgroup.controllers")).split():
                two = where, 2
    return two


def parents(where, version):
    """Folders in which a group may be made: the root, then those that we are in (one of which may have been left to this user)."""
    yield where
    for line in read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if ("memory" in controllers.split(",")) if version == 1 else controllers == "":
            parts = [p for p in path.split("/") if p]
            for i in range(1, len(parts)):
                yield os.path.join(where, *parts[:i])


class MemoryGroup:
    """A memory cgroup: what its processes use, page cache that they were the first to touch included, stays below a limit."""

    def __init__(self, name, mb):
        found = hierarchy()
        if found is None:
            raise OSError("no memory controller of control groups is mounted")
        where, self.version = found
        self.bytes, problem = mb * MIB, None
        for parent in parents(where, self.version):
            self.folder = os.path.join(parent, name)
            try:
                if self.version == 2 and "memory" not in read(os.path.join(parent, "cgroup.subtree_control")).split():
                    write(os.path.join(parent, "cgroup.subtree_control"), "+memory")
                os.mkdir(self.folder)
            except OSError as e:
                problem = problem or e
                continue
            try:
                self.limit(True)
                return
            except OSError as e:
                problem = problem or e
                os.rmdir(self.folder)
        raise OSError("no memory cgroup can be made (%s)" % problem)

    def file(self, v1, v2):
        return os.path.join(self.folder, v1 if self.version == 1 else v2)

    def limit(self, on):
        """Turns the limit on or off."""
        none = "-1" if self.version == 1 else "max"
        for attempt in range(50):
            try:
                return write(self.file("memory.limit_in_bytes", "memory.max"), str(self.bytes) if on else none)
            except OSError:  # what is dirty cannot be given back at once
                if attempt == 49 or not self.usage():
                    raise
                time.sleep(0.1)

    def join(self):
        """The calling process goes into the group, and whatever it becomes or starts."""
        write(os.path.join(self.folder, "cgroup.procs"), "0")

    def usage(self):
        return int(read(self.file("memory.usage_in_bytes", "memory.current")))

    def warm_up(self, path, seconds):
        """Uses up what the limit leaves, so that every further page is one that was in use just now: files are written in pieces of 64 KiB,
        as logs are (pages that were read are given back in larger blocks, and the kernel then takes others). True: it has come to
        the limit."""
        enough, full, until = self.bytes * 93 // 100, self.bytes * 99 // 100, time.monotonic() + seconds
        children = []
        for half in range(2 if self.usage() < enough else 0):
            pid = os.fork()
            if pid == 0:
                self.fill("%s.%d" % (path, half), full, until)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        return self.usage() >= enough

    def fill(self, path, full, until):
        """Of a child; does not return."""
        code = 1
        try:
            self.join()
            fd, piece, n = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), bytes(1 << 16), 0
            while n < self.bytes and time.monotonic() < until and (n % (8 * MIB) or self.usage() < full):
                n += os.write(fd, piece)
            os.fdatasync(fd)
            code = 0
        finally:
            os._exit(code)

    def remove(self):
        """After its processes have ended (and their files are gone: what is left in the page cache stays until somebody needs the
        room)."""
        for _ in range(100):
            try:
                return os.rmdir(self.folder)
            except FileNotFoundError:
                return None
            except OSError:
                time.sleep(0.05)
        print("bench: %s could not be removed" % self.folder, file=sys.stderr)


def memory_missing(mb):
    """Why there can be no group; None: there can, or none is wanted."""
    if mb <= 0:
        return None
    try:
        MemoryGroup("stoker-bench-%d-try" % os.getpid(), mb).remove()
    except OSError as e:
        return str(e)
    return None


# ---- processors

@contextlib.contextmanager
def awake(wanted):
    """Meanwhile idle processors poll instead of being halted: the kernel's interface for it (PM QoS) is a file that is held open."""
    if not wanted:
        yield
        return
    fd = os.open(DEVICE, os.O_RDWR)
    try:
        os.write(fd, struct.pack("i", 0))
        yield
    finally:
        os.close(fd)


def awake_missing():
    """Why processors cannot be kept awake; None: they can."""
    try:
        with awake(True):
            return None
    except OSError as e:
        return "%s: %s" % (DEVICE, e.strerror)


class Conditions:
    """Those of a run: memory_mb (0: no limit), awake, and what is to be said about them."""

    def __init__(self, memory_mb, stay_awake):
        self.notes = []
        why = memory_missing(memory_mb)
        if why:
            self.notes.append("no limit of memory: " + why)
        self.memory_mb = 0 if why else memory_mb
        why = awake_missing() if stay_awake else None
        if why:
            self.notes.append("idle processors are halted as always: " + why)
        self.awake = stay_awake and not why

    def group(self, name):
        return MemoryGroup("stoker-bench-%d-%s" % (os.getpid(), name), self.memory_mb) if self.memory_mb else None

    def said(self):
        return {"memory_mb": self.memory_mb, "awake": self.awake, "notes": self.notes}


def text(said):
    """One sentence for the head of the table; `said` may be None in results of before."""
    if said is None:
        return ""
    memory = "each broker in a memory cgroup of %d MiB that is full (page cache is reused, as on a machine that has run for a while)" % said["memory_mb"] \
        if said["memory_mb"] else "no limit of memory (the first touch of memory is in the figures)"
    idle = "idle processors are not halted in the rows of latency and their floors" if said["awake"] else "idle processors are halted as always"
    return "Conditions: %s; %s.%s" % (memory, idle, "".join(" (%s%s.)" % (n[0].upper(), n[1:]) for n in said["notes"]))
