# SPDX-License-Identifier: Apache-2.0
"""What this machine does: processes, load by others, disks."""
import ctypes, os, platform, shutil, signal, subprocess, time

TICK = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count()


def say(text):
    print("bench: " + text, file=__import__("sys").stderr, flush=True)


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """VmRSS, RssAnon, RssFile in MB."""
    out = {}
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith(("VmRSS", "RssAnon", "RssFile")):
                k, v = line.split(":")
                out[k] = int(v.split()[0]) * 1024 / 1e6
    return out


def written(pid):
    """Bytes sent towards a device, less those whose pages were dropped before."""
    out = {}
    with open("/proc/%d/io" % pid) as f:
        for line in f:
            k, v = line.split(":")
            out[k] = int(v)
    return out["write_bytes"] - out["cancelled_write_bytes"]


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def wake_ups(pid):
    """How often each thread has gone to sleep, by its id."""
    out = {}
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid)) as f:
            out[tid] = next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return out


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


# ---- load by others

def pressure():
    """Seconds in which somebody waited for a CPU, since the start."""
    try:
        with open("/proc/pressure/cpu") as f:
            return int(f.readline().rsplit("total=", 1)[1]) / 1e6
    except (OSError, IndexError):
        return 0.0


def busy():
    """(seconds of CPU used by anybody, seconds taken by the host), since the start; interrupts are nobody's."""
    with open("/proc/stat") as f:
        v = [int(x) / TICK for x in f.readline().split()[1:]]
    return v[0] + v[1] + v[2], v[7]


def kernel_threads():
    """Seconds of CPU that the kernel's own threads used: they write for those who are measured."""
    total = 0
    for p in os.listdir("/proc"):
        if p.isdigit():
            try:
                with open("/proc/%s/stat" % p) as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[1] == "2":
                total += int(fields[11]) + int(fields[12])
    return total / TICK


def wait_until_quiet(limit):
    """Waits until for one second less than 10 % of it was waited for a CPU; returns the last share."""
    end = time.monotonic() + limit
    while True:
        p, t = pressure(), time.monotonic()
        time.sleep(1)
        share = (pressure() - p) / (time.monotonic() - t)
        if share < 0.10 or time.monotonic() >= end:
            return share


class Load:
    """How much of the machine others used meanwhile: `with Load(pids) as l: ..`; l.others, l.steal are shares of all CPUs."""

    def __init__(self, pids):
        self.pids = pids

    def ours(self):
        t = os.times()
        return sum(cpu(p) for p in self.pids if os.path.exists("/proc/%d" % p)) + t.user + t.system + t.children_user + t.children_system + kernel_threads()

    def __enter__(self):
        self.t, (self.busy, self.stolen), self.own = time.monotonic(), busy(), self.ours()
        return self

    def __exit__(self, *_):
        all_ = (time.monotonic() - self.t) * CPUS
        b, s = busy()
        self.others = max(0.0, (b - self.busy - (self.ours() - self.own)) / all_)
        self.steal = max(0.0, (s - self.stolen) / all_)


# ---- disks

def write_back(folder, drop=False):
    """Writes back all files below a folder, and drops them from the page cache; no privilege is needed."""
    for path, _, names in os.walk(folder):
        for n in names:
            try:
                fd = os.open(os.path.join(path, n), os.O_RDONLY)
            except OSError:
                continue
            os.fdatasync(fd)
            if drop:
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def read_rate(files):
    """MB/s of reading files once, one after the other."""
    t, n = time.monotonic(), 0
    for f in files:
        with open(f, "rb", buffering=0) as h:
            while True:
                part = len(h.read(1 << 20))
                n += part
                if part == 0:
                    break
    return n / 1e6 / (time.monotonic() - t)


def disk_floor(folder):
    """Writing half a GB, and 200 times 4 KiB with a flush each."""
    path, piece, out = os.path.join(folder, "disk"), os.urandom(1 << 20), {}
    with open(path, "wb", buffering=0) as f:
        t = time.monotonic()
        for _ in range(512):
            f.write(piece)
        os.fdatasync(f.fileno())
        out["disk_write_mb_per_s"] = 512 * (1 << 20) / 1e6 / (time.monotonic() - t)
        t = time.monotonic()
        for i in range(200):
            os.pwrite(f.fileno(), piece[:4096], i * 4096)
            os.fdatasync(f.fileno())
        out["disk_flush_ms"] = (time.monotonic() - t) * 1000 / 200
    os.unlink(path)
    return out


def free_gb(folder):
    return shutil.disk_usage(folder).free / 1e9


# ---- who we are

def first_line(*argv):
    try:
        r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
        return r.stdout.decode(errors="replace").strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "-"


def describe(folder, source):
    model = "-"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as f:
        mem = int(f.readline().split()[1]) / 1e6
    return {"cpus": CPUS, "cpu": model, "memory_gb": round(mem, 1), "kernel": platform.release(),
            "filesystem": first_line("findmnt", "-n", "-o", "FSTYPE", "-T", folder), "free_gb": round(free_gb(folder), 1),
            "load": round(os.getloadavg()[0], 2), "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC",
            "commit": first_line("git", "-C", source, "describe", "--always", "--dirty")}
