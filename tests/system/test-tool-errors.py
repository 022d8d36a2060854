# SPDX-License-Identifier: Apache-2.0
"""The stoker tool when things are wrong: every command gets wrong words, an unreachable or a silent broker, a reader that goes away, Ctrl-C;
partitions that are offline or damaged. One clear line, the right exit code, no hang; completion knows what --help knows."""
import json, os, re, shutil, signal, socket, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, SRC, Broker, Tap, free_port
from kapi import Client
from records import overwrite, pack, places

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))
os.environ.pop("STOKER_BOOTSTRAP", None)


def stoker(*args, stdin="", timeout=30, **more):
    """(exit code, standard output, standard error); 124: it did not end."""
    try:
        p = subprocess.run([STOKER] + list(args), input=stdin, capture_output=True, text=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired:
        return 124, "", "did not end"
    return p.returncode, p.stdout, p.stderr


def wrong(name, code, *args, word="", lines=2, **more):
    """It ends with that code, and one line says why (the next one where to look)."""
    rc, out, err = stoker(*args, **more)
    said = err.splitlines()
    good = rc == code and 1 <= len(said) <= lines and said[0].startswith("stoker") and word in said[0]
    return tap.ok(good, name, "%s: exit %s\n%s\n%s" % (" ".join(args), rc, out[-300:], err))


# ---- every command, by what the tool itself says there is
commands = [l.split("  ")[1].split() for l in stoker("--help")[1].splitlines() if l.startswith("  ")]
tap.ok(len(commands) >= 19 and ["log", "repair"] in commands, "the commands", commands)
helps = {" ".join(c): stoker(*c, "--help") for c in commands}
tap.eq([c for c, h in helps.items() if h[0] != 0 or not re.search("\nExamples:\n.*stoker %s" % c, h[1]) or h[2]], [], "--help of each, with examples")
options = {c: re.findall(r"^  (?:-(\w), |    )--([a-z-]+)(?: (\S+))?", h[1], re.M) for c, h in helps.items()}
tap.eq([c for c, o in options.items() if "help" not in [x[1] for x in o] or "json" not in [x[1] for x in o]], [], "each knows --help and --json")
online = [c for c, o in options.items() if "bootstrap" in [x[1] for x in o]]
need = {"topic create": ["t"], "topic alter": ["t", "--partitions", "9"], "topic delete": ["t"], "produce": ["t"],
        "consume": ["t"], "group describe": ["g"], "group delete": ["g"], "group delete-offsets": ["g", "t"],
        "group reset-offsets": ["g", "--to-earliest"], "log move": ["t:0", "/nowhere"]}
args = {c: c.split() + need.get(c, []) for c in helps}

for c in helps:
    w = c.split()
    wrong("%s: an unknown option" % c, 2, *w, "--no-such-option", word="--no-such-option")
    wrong("%s: an unknown letter" % c, 2, *w, "-?", word="-?")
    for brief, name, value in options[c]:
        if value:
            wrong("%s --%s without its value" % (c, name), 2, *w, "--" + name, word="--" + name)
        else:
            wrong("%s --%s with a value" % (c, name), 2, *w, "--%s=x" % name, word="--" + name)
        if value in ("N", "ID", "MS", "BYTES", "MB", "PID", "OFFSET", "S"):
            for bad in ("", "x", "10k", "99999999999999999999"):
                wrong("%s --%s %r" % (c, name, bad), 2, *args[c], "--%s=%s" % (name, bad), word="--" + name)
    if c in need or c in ("log dump", "log verify", "log repair", "log settle"):
        wrong("%s without its argument" % c, 2, *w)
    elif c.startswith("bench"):
        wrong("%s with an argument" % c, 2, *w, "what", word="what")
for w in (["no-such-command"], ["topic"], ["log", "no-such-command"], [""], ["topic", ""]):
    rc, out, err = stoker(*w)
    tap.ok(rc == 2 and err.startswith("stoker: ") and not out, "stoker %s" % " ".join(map(repr, w)), (rc, out, err[:200]))

# ---- brokers that are not there, or say nothing
nobody = "127.0.0.1:%d" % free_port()
deaf = socket.socket()
deaf.bind(("127.0.0.1", 0))
deaf.listen(64)
for c in online:
    wrong("%s: nobody listens" % c, 1, *args[c], "-b", nobody, "--timeout", "2000", word=nobody, lines=1, stdin="x\n")
    start = time.time()
    wrong("%s: nobody answers" % c, 1, *args[c], "-b", "127.0.0.1:%d" % deaf.getsockname()[1], "--timeout", "700", word="in time", lines=1, stdin="x\n")
    tap.ok(time.time() - start < 6, "%s: within its time" % c, time.time() - start)
    wrong("%s: an address without a host" % c, 2, *args[c], "-b", "", word="\"\"")
    wrong("%s: no time at all" % c, 2, *args[c], "--timeout", "0", word="--timeout")
deaf.close()
for c in ("log dump", "log verify", "log repair", "log settle"):
    wrong("%s of nothing" % c, 2, *c.split(), "/nothing/there", word="/nothing/there")
    wrong("%s of an empty name" % c, 2, *c.split(), "")

# ---- a broker
top = tempfile.mkdtemp(prefix="stoker-test.")
dirs = [os.path.join(top, "a"), os.path.join(top, "b")]
br = Broker("auto.create.topics.enable = true", "log.flush = os", "num.partitions = 3", "group.initial.rebalance.delay.ms = 0", data=",".join(dirs))
os.environ["STOKER_BOOTSTRAP"] = br.boot
c = Client(br.port)
c.create("t", 3, segment_bytes=20000)
c.create("damaged", 2)
c.create("gone", 2)
for i in range(300):
    c.produce("t", pack([(b"k", b"%04d" % i + b"." * 700)]), part=i % 3)
for i in range(20):
    for t in ("damaged", "gone"):
        c.produce(t, pack([(b"k", b"%04d" % i + b"." * 700)]), part=i % 2)

for bad in (["topic", "create", ""], ["topic", "create", "a/b"], ["topic", "describe", ""], ["topic", "describe", "nope"], ["topic", "alter", "nope", "-p", "3"],
            ["topic", "delete", "nope"], ["topic", "delete", ""], ["produce", "t", "-p", "3"], ["produce", ""], ["produce", "t", "/nothing/there"],
            ["consume", "nope", "-e"], ["consume", "", "-e"], ["consume", "t", "-e", "-p", "0", "-p", "3"], ["group", "describe", "nope"],
            ["group", "describe", ""], ["group", "delete", "nope"], ["group", "delete", ""], ["group", "delete-offsets", "nope", "t"],
            ["group", "delete-offsets", "", "t"], ["group", "delete-offsets", "nope", "nope"], ["group", "reset-offsets", "nope", "--to-latest"], ["group", "reset-offsets", "g", "nope", "--to-latest"],
            ["log", "dirs", "nope"], ["log", "dirs", "t", "nope"], ["log", "dirs", ""],
            ["log", "move", "t:0", "/not/one/of/them"], ["log", "move", "t:0", dirs[0], "--broker", "77"], ["log", "move", "t:7", dirs[0]],
            ["bench", "consume", "-t", "nope"]):
    wrong("stoker %s" % " ".join(map(repr, bad)), 1, *bad, lines=1, stdin="x\n")
    rc, out, err = stoker(*bad, "--json", stdin="x\n")
    try:
        rows = [json.loads(l) for l in out.splitlines()]
        tap.ok(rc == 1, "and with --json: a document or none", (rc, out, err))
    except ValueError:
        tap.ok(False, "and with --json: a document or none", out)
for bad in (["log", "move", "t", dirs[0]], ["log", "move", ":0", dirs[0]], ["log", "move", "t:x", dirs[0]], ["log", "move", "t:-1", dirs[0]], ["log", "move", "t:4294967296", dirs[0]],
            ["log", "move", "t:0", ""], ["topic", "alter", "t"], ["topic", "create", "x", "-p", "0"], ["topic", "create", "x", "-p", "-1"],
            ["topic", "create", "x", "-p", "9999999999"], ["topic", "create", "x", "-r", "0"], ["topic", "create", "x", "-r", "99999"], ["topic", "alter", "t", "-p", "4294967297"],
            ["produce", "t", "-p", "-2"], ["produce", "t", "-p", "4294967296"],
            ["consume", "t", "-p", "-1"], ["consume", "t", "-n", "0"], ["consume", "t", "-n", "-5"], ["consume", "t", "--from", "yesterday"], ["consume", "t", "-o", "x"],
            ["consume", "t", "-g", ""], ["group", "delete-offsets", "g"], ["group", "delete-offsets", "g", "t:x"], ["group", "reset-offsets", "g"], ["group", "reset-offsets", "", "--to-latest"],
            ["group", "reset-offsets", "g", "--to-latest", "--to-earliest"], ["group", "reset-offsets", "g", "--by-duration", "x"], ["log", "move", "t:0", dirs[0], "--broker", "-1"], ["log", "move", "t:0", dirs[0], "--broker", "4294967296"],
            ["bench", "produce", "--records", "0"], ["bench", "produce", "--records", "-1"], ["bench", "produce", "--records", "9223372036854775807"],
            ["bench", "consume", "--records", "0"], ["bench", "produce", "--records", "-9223372036854775808"]):
    wrong("stoker %s" % " ".join(map(repr, bad)), 2, *bad, stdin="x\n", timeout=15)
names = {t["name"] for t in json.loads(stoker("topic", "list", "--json")[1])}
tap.eq(names, {"t", "damaged", "gone"}, "nothing was made by all that")

# ---- --json is JSON, on everything that prints a result
for good in (["topic", "create", "made"], ["topic", "list"], ["topic", "describe"], ["topic", "alter", "made", "-p", "4"], ["topic", "delete", "made"], ["produce", "t"],
             ["consume", "t", "--from-beginning", "-e"], ["consume", "t", "-g", "g", "--from-beginning", "-e"], ["group", "list"], ["group", "describe", "g"],
             ["group", "reset-offsets", "g", "--to-earliest"], ["group", "reset-offsets", "g", "--to-earliest", "--execute"], ["group", "delete-offsets", "g", "t"], ["group", "delete", "g"], ["consume", "t", "-g", "g", "--from-beginning", "-e"],
             ["log", "dirs"], ["log", "dirs", "t"], ["log", "move", "t:0", dirs[0]],
             ["bench", "produce", "--records", "10"], ["bench", "consume", "-t", "t"], ["bench", "latency", "-d", "0.2", "-w", "0"],
             ["bench", "many-partitions", "--partitions", "8", "-d", "0.2", "-w", "0"]):
    rc, out, err = stoker(*good, "--json", stdin="x\n")
    try:
        rows = [json.loads(l) for l in out.splitlines()]
        tap.ok(rc == 0 and rows and not err, "stoker %s --json" % " ".join(good), (rc, out[-200:], err))
    except ValueError as e:
        tap.ok(False, "stoker %s --json" % " ".join(good), "%s: %s" % (e, out[-300:]))

# ---- a reader that goes away: quietly
for c_ in ("topic list", "topic describe", "consume t --from-beginning -e", "group list", "group describe g", "log dirs -p"):
    p = subprocess.Popen([STOKER] + c_.split(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.close()
    err = p.stderr.read()
    tap.eq((p.wait(timeout=20), err), (0, b""), "%s: nobody reads" % c_)
for c_ in ("topic list", "group list", "log dirs", "consume t --from-beginning -e"):
    with open("/dev/full", "w") as full:
        p = subprocess.run([STOKER] + c_.split(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    tap.ok(p.returncode == 1 and "cannot write" in p.stderr, "%s: a full disk is an error" % c_, (p.returncode, p.stderr))

# ---- Ctrl-C
for c_, code in (("consume t", 0), ("consume t -g live", 0), ("produce t", -2), ("bench produce -d 60", 1), ("bench latency -d 60", 1)):
    p = subprocess.Popen([STOKER] + c_.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1.2)
    p.send_signal(signal.SIGINT)
    try:
        p.wait(timeout=10)
    except subprocess.TimeoutExpired:
        p.kill()
    tap.eq(p.wait(), code, "%s: Ctrl-C" % c_)

# ---- a partition that cannot be read
br.stop()
path = [p for p in (os.path.join(d, "damaged-1", "00000000000000000000.log") for d in dirs) if os.path.exists(p)][0]
overwrite(path, places(path)[1][1] + 300)
here = [d for d in dirs if os.path.exists(os.path.join(d, "gone-1"))][0]
shutil.copytree(os.path.join(here, "gone-1"), os.path.join(dirs[here == dirs[0]], "gone-1"))  # a partition in two directories is offline
br.start()
Client(br.port).create("later", 1)
start = time.time()
rc, out, err = stoker("consume", "gone", "--from-beginning", "-e", "--timeout", "2000")
tap.ok(rc == 1 and "gone [1]: LEADER_NOT_AVAILABLE" in err and len(err.splitlines()) == 1, "consume -e ends on a partition that is offline, and names it", (rc, err))
tap.ok(len(out.splitlines()) == 10 and time.time() - start < 12, "after what the others have", (len(out.splitlines()), time.time() - start))
rc, out, err = stoker("consume", "gone", "-g", "g2", "--from-beginning", "-e", "--timeout", "2000")
tap.ok(rc == 1 and "gone [1]" in err and len(out.splitlines()) == 10, "in a group too", (rc, err, len(out.splitlines())))
wrong("consume --from a time", 1, "consume", "gone", "--from", "1h", "-e", "--timeout", "2000", word="gone [1]", lines=1)
wrong("bench consume", 1, "bench", "consume", "-t", "gone", "--timeout", "2000", word="gone [1]", lines=1)
start = time.time()
rc, out, err = stoker("consume", "damaged", "-p", "1", "--from-beginning", "-e", "--timeout", "3000")
tap.ok(rc == 1 and "damaged [1] at offset 1: damaged" in err and len(err.splitlines()) == 1, "consume -e ends at a damaged batch, and names it", (rc, err))
tap.ok(time.time() - start < 10, "soon", time.time() - start)
rc, out, err = stoker("consume", "damaged", "-p", "1", "-o", "2", "-e")
tap.eq((rc, len(out.splitlines())), (0, 8), "what is behind it can be read")
br.close()
shutil.rmtree(top, ignore_errors=True)

# ---- completion knows what --help knows
script = os.path.join(SRC, "contrib", "completion", "stoker")


def complete(*words):
    text = "PATH=%s:$PATH; . %s; COMP_WORDS=(%s); COMP_CWORD=%d; COMP_LINE='%s'; _stoker; printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
        os.path.dirname(STOKER), script, " ".join("'%s'" % w for w in words), len(words) - 1, " ".join(words))
    return set(subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60).stdout.split())


tap.eq(complete("stoker", "") - {"--help", "--version"}, {w[0] for w in commands}, "completion: areas")
for area in sorted({w[0] for w in commands if len(w) > 1}):
    tap.eq(complete("stoker", area, ""), {w[1] for w in commands if w[0] == area}, "completion: %s" % area)
for c_ in helps:
    tap.eq(complete("stoker", *c_.split(), "--"), {"--" + o[1] for o in options[c_]}, "completion: options of %s" % c_)
tap.done()
