#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents name in backticks is there: paths of the tree (or what the build makes of it), functions of ours, settings."""
import glob
import os
import re
import sys

top = os.environ['top_srcdir']
DOCS = [f for f in ('README.md', 'HACKING.md', 'SECURITY.md') if os.path.exists(os.path.join(top, f))] + sorted(
    os.path.relpath(p, top) for folder in ('doc', 'modules', 'tests') for p in glob.glob(os.path.join(top, folder, '**', '*.md'), recursive=True)
    if '/node_modules/' not in p and '/golden/' not in p)
TICKED = re.compile(r'(?<!`)`([^`\n]+)`(?!`)')
ROOTS = ('src', 'modules', 'include', 'tests', 'doc', 'conf', 'contrib', 'm4')
FILE = re.compile(r'^[\w-]+\.(?:c|h|cc|py|sh|am|\[ch\])$')
DOTTED = re.compile(r'^([a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)+)(?: = .*|=.*)?$')  # a setting, an event, a metric
NOT_OURS = re.compile(r'^(?:vm|kernel|net)\.|\.so$')
FUNCTION = re.compile(r'^((?:stk|stoker|seg)_[a-z0-9_]+)(?: ?\(.*\))?$')


def read(path):
    with open(os.path.join(top, path), encoding='utf-8', errors='replace') as f:
        return f.read()


def files(*folders, endings):
    for folder in folders:
        for path, _, names in os.walk(os.path.join(top, folder)):
            for name in names:
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(path, name), top)


def braces(path):
    """a/{b,c}.h -> a/b.h, a/c.h"""
    m = re.search(r'\{([^{}]*)\}', path)
    if not m:
        return [path]
    return [p for part in m.group(1).split(',') for p in braces(path[:m.start()] + part.strip() + path[m.end():])]


def path_in(text):
    """The path that the words in backticks begin with or are, else None."""
    word = text.split()[0].rstrip('.,:;') if text.split() else ''
    word = re.sub(r'^(\./|\$top_srcdir/)', '', word)
    if '/' not in word or word.split('/')[0] not in ROOTS or '..' in word or re.search(r'[A-Z]{2,}|[<>$…]', word.rsplit('/', 1)[0]):
        return None
    return word


def unnamed(doc, text):
    """What a document that lists things leaves out."""
    if doc == 'HACKING.md':
        for folder in ('src', 'tests'):
            for name in sorted(os.listdir(os.path.join(top, folder))):
                if os.path.isdir(os.path.join(top, folder, name)) and '`%s`' % name not in text and not name.startswith(('_', '.')):
                    yield '%s/%s' % (folder, name)
    if doc == 'doc/internals/README.md':
        for name in sorted(os.listdir(os.path.join(top, 'doc/internals'))):
            if name.endswith('.md') and name != 'README.md' and '(%s)' % name not in text:
                yield name


def main():
    fragments = '\n'.join(read(f) for f in ['Makefile.am', 'configure.ac'] + list(files('src', 'modules', 'tests', 'doc', 'conf', endings='.am')))
    sources = '\n'.join(read(f) for f in files('src', 'modules', 'include', 'tests', endings=('.c', '.h', '.cc')))
    identifiers = set(re.findall(r'\w+', sources))
    dotted = set(re.findall(r'[a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)+', sources + '\n'.join(read(f) for f in files('conf', endings=''))))
    names = {os.path.basename(f) for f in files(*ROOTS, endings='')} | set(os.listdir(top))

    def there(path):
        path = re.sub(r'(:\d+)+$', '', path.rstrip('/'))
        path = re.sub(r'\b(NAME|KIND|AREA|N+|Name|name)\b', '*', path)
        return bool(glob.glob(os.path.join(top, path))) or '*' not in path and re.search(r'(^|[\s/])%s(\s|$)' % re.escape(path), fragments)

    print('1..%d' % len(DOCS))
    failed = 0
    for n, doc in enumerate(DOCS, 1):
        text = re.sub(r'^```.*?^```', lambda m: '\n' * m.group(0).count('\n'), read(doc), flags=re.S | re.M)
        problems = []
        for number, line in enumerate(text.split('\n'), 1):
            for ticked in TICKED.findall(line):
                path, function = path_in(ticked), FUNCTION.match(ticked)
                if path:
                    problems += ['%s:%d: there is no %s' % (doc, number, p) for p in braces(path) if not there(p)]
                elif FILE.match(ticked):
                    each = [ticked[:-4] + x for x in ('c', 'h')] if ticked.endswith('.[ch]') else [ticked]
                    problems += ['%s:%d: there is no %s' % (doc, number, x) for x in each if x not in names]
                elif DOTTED.match(ticked) and ticked not in names and not NOT_OURS.search(ticked) and DOTTED.match(ticked).group(1) not in dotted:
                    problems.append('%s:%d: there is no %s' % (doc, number, ticked))
                elif function and function.group(1) not in identifiers and '_noun_' not in function.group(1):
                    problems.append('%s:%d: there is no %s' % (doc, number, function.group(1)))
        problems += ['%s does not name %s' % (doc, x) for x in unnamed(doc, text)]
        failed += bool(problems)
        print('%s %d - %s' % ('not ok' if problems else 'ok', n, doc))
        for p in problems:
            print('# ' + p)
    return failed > 0


sys.exit(main())
