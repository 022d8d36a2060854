#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn message definitions (messages/*.msg) into C.

    genmsg.py WHAT FILE.msg.. > OUTPUT

WHAT: header   structs, prototypes and init functions of every message
      hot      decode and encode functions of the messages in HOT (optimised for speed)
      rest     the same of all others (optimised for size)
      table    one row per API: key, versions, name
      test-h, test-c   for tests and tools: random values, a dump as JSON, a table of all messages

genmsg_model.py has the grammar of a definition and what a field is in C; genmsg_code.py and genmsg_test.py write what comes of it.
"""
import sys

sys.dont_write_bytecode = True  # the sources may lie where nothing may be written

from genmsg_code import gen_code, gen_header, gen_table
from genmsg_model import Bad, parse
from genmsg_test import gen_test_code, gen_test_header


def main(argv):
    if len(argv) < 3:
        sys.exit(__doc__)
    msgs = []
    for path in sorted(argv[2:], key=lambda p: p.rsplit('/', 1)[-1]):
        try:
            msgs += parse(path)
        except Bad as e:
            sys.exit('%s: %s' % (path, e))
    gen = {'header': gen_header, 'hot': lambda m: gen_code(m, True), 'rest': lambda m: gen_code(m, False), 'table': gen_table,
           'test-h': gen_test_header, 'test-c': gen_test_code}[argv[1]]
    sys.stdout.write('\n'.join(gen(msgs)) + '\n')


main(sys.argv)
