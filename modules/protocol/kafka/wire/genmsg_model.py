# SPDX-License-Identifier: Apache-2.0
"""Message definitions as they are read, and what their fields are in C.

A definition is one file per API with all its versions:

    # comment (a '#' and a blank)
    api 3 Metadata            or: data OffsetCommitValue  (an on-disk message)
    versions 0-12
    flexible 9+               or: flexible never

    request                   (data messages: fields)
      name@3+: str? #t0 = null
      topics: []?1+
        name: str

Fields are on the wire in this order. @3+, @0-7, @2: versions in which the field exists (none: all). Types: bool i8 i16 i32
i64 f64 uuid str bytes records; []TYPE an array of them; [] alone an array of the struct indented below; {} that struct itself.
'?' nullable, '?2+' nullable from version 2. '#t0': a tagged field with tag 0. '= x': the value when absent (else 0, "", empty).
"""
import re

PRIMS = {  # C type, smallest encoding: plain, flexible
    'bool': ('bool', 1, 1), 'i8': ('int8_t', 1, 1), 'i16': ('int16_t', 2, 2), 'i32': ('int32_t', 4, 4),
    'i64': ('int64_t', 8, 8), 'f64': ('double', 8, 8), 'uuid': ('StokerUuid', 16, 16), 'str': ('StokerStr', 2, 1),
    'bytes': ('StokerBytes', 4, 1), 'records': ('StokerRecords', 4, 1)}
INTS = ('i8', 'i16', 'i32', 'i64')
LENGTHY = ('str', 'bytes', 'records')
ARRAYS = ('i8', 'i16', 'i32', 'i64', 'str', 'uuid')
NEVER = 32767


class Bad(Exception):
    pass


def camel(name):
    return ''.join(p[:1].upper() + p[1:] for p in name.split('_'))


def snake(name):
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name).lower()


def span(text, lo, hi):
    """'3+', '0-7', '2' -> (first, last), cut to the message's versions."""
    m = re.fullmatch(r'(\d+)(\+|-(\d+))?', text)
    if not m:
        raise Bad('bad version range "%s"' % text)
    a = int(m.group(1))
    b = a if not m.group(2) else hi if m.group(2) == '+' else int(m.group(3))
    return max(a, lo), min(b, hi)


class Field:
    pass


class Struct:
    def __init__(self, c, fn, fields):
        self.c, self.fn, self.fields = c, fn, fields


class Message:
    """One request, response or data message."""


FIELD = re.compile(r'(?P<name>[a-z][a-z0-9_]*)(@(?P<ver>[0-9+-]+))?:\s*(?P<array>\[\])?(?P<type>\{\}|[a-z0-9]+)?'
                   r'(?P<null>\?(?P<nullver>\d+\+)?)?(\s+#t(?P<tag>\d+))?(\s+=\s*(?P<dflt>\S+))?$')


def parse_fields(lines, indent, m):
    out = []
    while lines and lines[0][1] == indent:
        no, _, text = lines.pop(0)
        g = FIELD.match(text)
        if not g:
            raise Bad('line %d: not a field: %s' % (no, text))
        f = Field()
        f.name, f.array, f.type = g.group('name'), bool(g.group('array')), g.group('type')
        f.lo, f.hi = span(g.group('ver'), m.lo, m.hi) if g.group('ver') else (m.lo, m.hi)
        f.null = None
        if g.group('null'):
            f.null = span(g.group('nullver'), m.lo, m.hi)[0] if g.group('nullver') else m.lo
        f.tag = int(g.group('tag')) if g.group('tag') else None
        f.dflt = g.group('dflt')
        f.sub = None
        if (f.array and f.type is None) or (not f.array and f.type == '{}'):
            if not lines or lines[0][1] <= indent:
                raise Bad('line %d: a struct without fields' % no)
            f.sub = parse_fields(lines, lines[0][1], m)
            f.type = None
        elif f.type not in PRIMS or (f.array and f.type not in ARRAYS):
            raise Bad('line %d: unknown type' % no)
        if f.tag is not None and f.lo < m.flex:
            raise Bad('line %d: tagged before the first flexible version' % no)
        out.append(f)
    if lines and lines[0][1] > indent:
        raise Bad('line %d: indented too far' % lines[0][0])
    return out


def parse(path):
    """The messages of one file."""
    lines = []
    for no, raw in enumerate(open(path, encoding='utf-8'), 1):
        text = re.sub(r'(^|\s)#(\s.*)?$', '', raw.rstrip('\n'))
        if text.strip():
            lines.append((no, len(text) - len(text.lstrip()), text.strip()))

    def head(word, pattern):
        if not lines:
            raise Bad('ends early')
        no, _, text = lines.pop(0)
        g = re.fullmatch(word + r'\s+' + pattern, text)
        if not g:
            raise Bad('line %d: expected "%s", found "%s"' % (no, word, text))
        return g

    g = head('(?P<kind>api|data)', r'((?P<key>\d+)\s+)?(?P<name>\w+)')
    kind, key, name = g.group('kind'), g.group('key'), g.group('name')
    if (kind == 'api') != (key is not None):
        raise Bad('an api has a key, a data message has none')
    g = head('versions', r'(?P<lo>\d+)(-(?P<hi>\d+))?')
    lo = int(g.group('lo'))
    hi = int(g.group('hi')) if g.group('hi') else lo
    g = head('flexible', r'(?P<f>never|\d+)\+?')
    flex = NEVER if g.group('f') == 'never' else int(g.group('f'))
    out = []
    for section in ('request', 'response') if kind == 'api' else ('fields',):
        if not lines or lines[0][2] != section or lines[0][1] != 0:
            raise Bad('no section "%s"' % section)
        lines.pop(0)
        m = Message()
        m.api, m.key, m.lo, m.hi, m.flex = name, int(key) if key else -1, lo, hi, flex
        m.section = section
        m.name = name + (section.capitalize() if kind == 'api' else '')
        m.structs = []
        fields = parse_fields(lines, lines[0][1], m) if lines and lines[0][1] > 0 else []
        m.top = collect(m, 'Km' + m.name, 'km_' + snake(m.name), fields)
        out.append(m)
    if lines:
        raise Bad('line %d: text after the last section' % lines[0][0])
    return out


def collect(m, c, fn, fields):
    """Names the structs of a message, innermost first."""
    for f in fields:
        f.struct = collect(m, c + camel(f.name), fn + '_' + f.name, f.sub) if f.sub is not None else None
    s = Struct(c, fn, fields)
    m.structs.append(s)
    return s


# ---- what a field is in C

def ctype(f):
    return f.struct.c if f.struct else PRIMS[f.type][0]


def default_of(f):
    d = f.dflt
    if f.array:
        return '-1' if d == 'null' else '0'
    if f.struct:
        return None
    if f.type == 'str':
        return 'STOKER_STR_NULL' if d == 'null' else 'STOKER_STR_LIT ("")'
    if f.type == 'bytes':
        return 'STOKER_BYTES_NULL' if d == 'null' else '{ (uint8_t *) "", 0 }'
    if f.type == 'records':
        return '{ .is_null = true }'
    if f.type == 'uuid':
        return None
    if d is None or d == 'false':
        return None
    return {'INT_MAX': 'INT32_MAX', 'INT_MIN': 'INT32_MIN'}.get(d, d)


def members(f):
    if f.array:
        return ['%s *%s;' % (ctype(f), f.name), 'int32_t n_%s;' % f.name]
    if f.struct and f.null is not None:
        return ['bool has_%s;' % f.name, '%s %s;' % (ctype(f), f.name)]
    return ['%s %s;' % (ctype(f), f.name)]


def note(f, m):
    t = []
    if (f.lo, f.hi) != (m.lo, m.hi):
        t.append('%d+' % f.lo if f.hi == m.hi else '%d' % f.lo if f.lo == f.hi else '%d-%d' % (f.lo, f.hi))
    if f.null is not None:
        t.append('nullable' + (' %d+' % f.null if f.null > max(m.lo, f.lo) else '') + (': -1' if f.array else ''))
    if f.tag is not None:
        t.append('tag %d' % f.tag)
    return '  /* %s */' % ', '.join(t) if t else ''


def within(f, m):
    """The condition under which a field exists; '' if always."""
    c = []
    if f.lo > m.lo:
        c.append('version >= %d' % f.lo)
    if f.hi < m.hi:
        c.append('version <= %d' % f.hi)
    return ' && '.join(c)


def nullable(f, m):
    if f.null is None:
        return 'false'
    return 'true' if f.null <= max(m.lo, f.lo) else 'version >= %d' % f.null


def flexible(m):
    return 'true' if m.flex <= m.lo else 'false' if m.flex > m.hi else 'flex'


def need_flex(s, m):
    if flexible(m) != 'flex':
        return False
    return True


def min_size(s, m):
    """The fewest bytes that the struct can take in any version."""
    best = None
    for v in range(m.lo, m.hi + 1):
        fl = v >= m.flex
        n = 1 if fl else 0
        for f in s.fields:
            if not f.lo <= v <= f.hi or f.tag is not None:
                continue
            if f.array:
                n += 1 if fl else 4
            elif f.struct:
                n += 1 if f.null is not None else min_size(f.struct, m)
            else:
                n += PRIMS[f.type][2 if fl else 1]
        best = n if best is None else min(best, n)
    return max(best, 1)


def equals_default(f, m, x):
    if f.array:
        return '%s.n_%s == %s' % (x, f.name, default_of(f))
    v = '%s.%s' % (x, f.name)
    if f.struct:
        if f.null is not None:
            return '!%s.has_%s' % (x, f.name)
        return '(' + ' && '.join(equals_default(g, m, v) for g in f.struct.fields) + ')'
    if f.type == 'str':
        return '%s.data == NULL' % v if f.dflt == 'null' else '%s.len == 0' % v
    if f.type in ('bytes', 'records'):
        raise Bad('tagged bytes are not supported')
    if f.type == 'uuid':
        return 'stoker_uuid_is_zero (%s)' % v
    return '%s == %s' % (v, default_of(f) or '0')
