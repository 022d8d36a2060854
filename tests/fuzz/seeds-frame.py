#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/fuzz/corpus/frame of the captured frames (tests/golden/kafka-3.9.1/frames.tar.xz, unpacked):
seeds-frame.py FRAMES CORPUS. Per message the first and the last version that is there, of each the largest frame that is still
small; without headers, as fuzz-frame.c reads it."""
import glob, os, re, struct, sys
MESSAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../modules/protocol/kafka/wire/messages")
LARGEST = 400


def definition(path):
    """Key: (first version, first flexible version)"""
    text = open(path).read()
    flexible = re.search(r"^flexible (\d+)", text, re.M)
    return int(os.path.basename(path)[:2]), (int(re.search(r"^versions (\d+)", text, re.M)[1]), int(flexible[1]) if flexible else 99)


def header(data, key, flexible, response):
    """Length of the header."""
    if response:
        return 4 + (flexible and key != 18)
    return 10 + max(struct.unpack_from(">h", data, 8)[0], 0) + flexible


messages = dict(map(definition, glob.glob(os.path.join(MESSAGES, "[0-9][0-9]-*.msg"))))
best = {}
for path in glob.glob(os.path.join(sys.argv[1], "*.hex")):
    key, version, kind = re.match(r"(\d+)-\w+\.v(\d+)\.(request|response)", os.path.basename(path)).groups()
    key, version, response = int(key), int(version), kind == "response"
    if key not in messages or version == 99:
        continue
    data = bytes.fromhex(open(path).read())
    body = data[header(data, key, version >= messages[key][1], response):]
    if len(body) <= LARGEST:
        best.setdefault((key, response), {}).setdefault(version, []).append((len(body), body))
os.makedirs(sys.argv[2], exist_ok=True)
for (key, response), versions in best.items():
    for version in {min(versions), max(versions)}:
        with open(os.path.join(sys.argv[2], "%02d.%d.v%d" % (key, response, version)), "wb") as out:
            out.write(struct.pack("<BBB", key, response, version - messages[key][0]) + max(versions[version])[1])
