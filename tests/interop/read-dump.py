# SPDX-License-Identifier: Apache-2.0
"""The records of Kafka's DumpLogSegments output (standard input) as "topic partition offset timestamp key value" lines, control records and
internal topics left out; keys and values as text, a missing one as NULL. To be compared with what a consumer prints."""
import re, sys

out, topic, part, control = [], None, None, False
for line in sys.stdin:
    line = line.rstrip("\n")
    m = re.search(r"Dumping .*?([^/ ]+)-(\d+)/\d+\.log", line)
    if m:
        topic, part = m.group(1), int(m.group(2))
        continue
    if line.startswith("baseOffset:"):
        control = "isControl: true" in line
        continue
    m = re.match(r"^\| offset: (\d+) (?:CreateTime|LogAppendTime): (-?\d+) keySize: (-?\d+) valueSize: (-?\d+)", line)
    if m and topic and not topic.startswith("__") and not control and "endTxnMarker" not in line:
        out.append("%s %d %d %s %s %s" % (topic, part, int(m.group(1)), m.group(2), m.group(3), m.group(4)))
print("\n".join(out))
