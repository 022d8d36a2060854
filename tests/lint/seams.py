#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time, chance, files, sockets, threads and sleep are reached through the seams only: a broker must run on a simulated world.
Where they may be called directly stands in seams-allow.txt beside this file."""
import os
import re
import sys

top = os.environ['top_srcdir']
FORBIDDEN = '''time gettimeofday clock_gettime clock ftime
  random rand srand srandom rand_r getrandom arc4random drand48 g_random_int g_random_int_range g_random_double g_rand_new
  open openat creat fopen freopen fdopen mkstemp opendir unlink rename mkdir rmdir stat lstat fstat truncate ftruncate pread pwrite preadv pwritev
  pwritev2 preadv2 fsync fdatasync syncfs flock realpath
  g_file_get_contents g_file_set_contents g_dir_open g_unlink g_rename g_mkdir g_mkdir_with_parents g_stat g_open g_fopen g_file_test
  socket connect bind listen accept accept4 socketpair getaddrinfo
  pthread_create g_thread_new g_thread_try_new g_thread_pool_new thrd_create
  sleep usleep nanosleep clock_nanosleep g_usleep poll select
  g_get_real_time g_get_monotonic_time g_date_time_new_now g_date_time_new_now_utc g_timeout_add g_timeout_add_seconds g_idle_add'''.split()
CALL = re.compile(r'(?<![\w.>*])(' + '|'.join(FORBIDDEN) + r')\s*\(')
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group(0))


def allowed_list():
    rules = []
    for line in open(os.path.join(top, 'tests/lint/seams-allow.txt'), encoding='utf-8'):
        line = line.split('#')[0].strip()
        if line:
            path, _, names = line.partition(':')
            rules.append((path, names.split()))
    return rules


def problems():
    rules = allowed_list()
    for folder in ('src', 'modules'):
        for path, _, names in os.walk(os.path.join(top, folder)):
            for name in sorted(names):
                full = os.path.join(path, name)
                rel = os.path.relpath(full, top)
                if not name.endswith(('.c', '.h')) or name.startswith(('test-', 'test_', 'fuzz')):
                    continue
                with open(full, encoding='utf-8') as f:
                    text = NOISE.sub(blank, f.read())
                # a function of the file's own with such a name, as style has it: return type on its own line
                own = set(re.findall(r'^(\w+) \(', text, re.M))
                for m in CALL.finditer(text):
                    if m.group(1) in own:
                        continue
                    if any(rel.startswith(p) and ('*' in n or m.group(1) in n) for p, n in rules):
                        continue
                    yield '%s:%d: calls %s' % (rel, text.count('\n', 0, m.start()) + 1, m.group(1))


def main():
    found = list(problems())
    print('1..1')
    print('%s 1 - the world is reached through its seams' % ('not ok' if found else 'ok'))
    for p in found:
        print('# ' + p)
    return len(found) > 0


sys.exit(main())
