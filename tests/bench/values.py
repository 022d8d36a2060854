# SPDX-License-Identifier: Apache-2.0
"""Of many measurements: medians, ranges, and how they are written."""
import statistics

COLUMNS = [("stoker", "flushed"), ("stoker", "unflushed"), ("kafka", "flushed"), ("kafka", "unflushed")]
DEVICE = "device"  # a key: bytes to the device per byte produced


class Values:
    """Medians of what was measured; all(..) are the single ones. A key is a path, such as server/cpu_s_per_gb; mode None: any."""

    def __init__(self, measured):
        self.measured = measured

    def all(self, row, broker, mode, key):
        out = []
        for m in self.measured:
            if m["row"] == row and m["broker"] == broker and mode in (None, m["mode"]):
                v = per_byte(m["result"]) if key == DEVICE else inside(m["result"], key)
                if v is not None:
                    out.append(v)
        return out

    def __call__(self, row, broker, mode, key):
        v = self.all(row, broker, mode, key)
        return statistics.median(v) if v else None

    def busy(self, row):
        return any(m.get("busy") for m in self.measured if m["row"] == row)

    def text(self, row, broker, mode, key, form, unit="", scale=1.0):
        """The median, and the range when there are several."""
        v = [x * scale for x in self.all(row, broker, mode, key)]
        if not v:
            return "-"
        out, low, high = form % statistics.median(v), form % min(v), form % max(v)
        return out + (" (%s-%s)" % (low, high) if len(v) > 1 and low != high else "") + unit

    def triple(self, row, broker, mode, part):
        """Three percentiles in ms; the ranges of the first two."""
        p = [self.all(row, broker, mode, "%s/%s" % (part, q)) for q in ("p50", "p99", "p99.9")]
        if not p[0]:
            return "-"
        out = " / ".join("%.2f" % statistics.median(v) for v in p)
        return out + (" (%.2f-%.2f / %.2f-%.2f)" % (min(p[0]), max(p[0]), min(p[1]), max(p[1])) if len(p[0]) > 1 else "") + " ms"


def inside(v, key):
    for part in key.split("/"):
        v = v[int(part)] if isinstance(v, list) else v.get(part) if isinstance(v, dict) else None
    return v


def per_byte(result):
    written, made = inside(result, "server/written_bytes"), result.get("bytes")
    return written / made if written is not None and made else None


def times(a, b):
    return None if a is None or b is None else a * b


def over(a, b):
    return None if a is None or not b else a / b


# Conditions of a bar: None (not measured) or a truth.

def at_least(a, b):
    return None if a is None or b is None else a >= b


def at_most(a, b):
    return None if a is None or b is None else a <= b


def met(*conditions):
    if any(c is False for c in conditions):
        return "no"
    return "?" if any(c is None for c in conditions) else "yes"
