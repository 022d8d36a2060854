#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include what: include-edges.txt beside this file, and: modules include only <stoker/..>, libraries, their own folder
and the generated wire encoder; public headers include only each other and libc."""
import os
import re
import sys

top = os.environ['top_srcdir']
here = os.path.join(top, 'tests/lint')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)


def sources(folder):
    for path, _, names in os.walk(os.path.join(top, folder)):
        for name in sorted(names):
            if name.endswith(('.c', '.h', '.cc', '.hh')):
                yield os.path.relpath(os.path.join(path, name), top)


def includes(path):
    with open(os.path.join(top, path), encoding='utf-8') as f:
        for kind, name in INCLUDE.findall(f.read()):
            yield kind, name


def read_edges():
    edges, libraries = {}, {}
    for line in open(os.path.join(here, 'include-edges.txt'), encoding='utf-8'):
        line = line.split('#')[0].strip()
        if ' @' in line:
            name, _, paths = line.partition(' @')
            libraries[name.strip()] = paths.split()
        elif line:
            name, _, others = line.partition(':')
            edges[name] = set(others.split())
    return edges, libraries


def check_core(edges):
    for path in sources('src'):
        folder = path.split('/')[1]
        for kind, name in includes(path):
            if kind != '"' or name == 'config.h':
                continue
            other = name.split('/')[0] if '/' in name else folder
            if other == 'src':
                other = name.split('/')[1]
            if folder not in edges:
                yield '%s: the folder src/%s has no line in include-edges.txt' % (path, folder)
            elif other == 'modules' and folder == 'cli' and '/wire/' in name:
                continue
            elif other != folder and other not in edges[folder]:
                yield '%s includes "%s": src/%s may not see %s' % (path, name, folder, other)


def check_libraries(libraries):
    for folder in ('src', 'modules', 'include', 'conf'):
        for path in sources(folder):
            for kind, name in includes(path):
                for library, allowed in libraries.items():
                    inside = name.startswith(library) if library.endswith(('/', '.h')) else name.startswith(library)
                    if inside and not any(path.startswith(p) for p in allowed):
                        yield '%s includes <%s>: only %s may' % (path, name, ' '.join(allowed) or 'nobody')


def is_test(path):
    return os.path.basename(path).startswith(('test-', 'test_')) or '/test' in path


def check_modules():
    for path in sources('modules'):
        if is_test(path):
            continue
        own = '/'.join(path.split('/')[:3])
        for kind, name in includes(path):
            if kind == '<' or name == 'config.h':
                continue
            beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if name.startswith('modules/protocol/kafka/wire/') or name.startswith(own + '/'):
                continue
            if os.path.exists(os.path.join(top, beside)) and beside.startswith(own):
                continue
            if os.path.exists(os.path.join(top, own, name)):
                continue
            if not os.path.exists(os.path.join(top, 'src', name)):
                continue  # generated into the build folder
            yield '%s includes "%s": a module sees only <stoker/..> and its own folder' % (path, name)


def check_public():
    libc = {'stdbool.h', 'stddef.h', 'stdint.h', 'string.h', 'sys/types.h', 'sys/uio.h', 'stdarg.h', 'limits.h'}
    for path in sources('include'):
        for kind, name in includes(path):
            if kind == '"' or not (name.startswith('stoker/') or name in libc):
                yield '%s includes %s: public headers include only each other and libc' % (path, name)


def main():
    edges, libraries = read_edges()
    checks = [('folders of the core', check_core(edges)), ('headers of libraries', check_libraries(libraries)),
              ('modules', check_modules()), ('public headers', check_public())]
    print('1..%d' % len(checks))
    failed = 0
    for n, (name, problems) in enumerate(checks, 1):
        problems = list(problems)
        failed += bool(problems)
        print('%s %d - %s' % ('not ok' if problems else 'ok', n, name))
        for p in problems:
            print('# ' + p)
    return failed > 0


sys.exit(main())
