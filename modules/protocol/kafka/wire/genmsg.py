#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn message definitions (messages/*.msg) into C.

    genmsg.py WHAT FILE.msg.. > OUTPUT

WHAT: header   structs, prototypes and init functions of every message
      hot      decode and encode functions of the messages in HOT (optimised for speed)
      rest     the same of all others (optimised for size)
      table    one row per API: key, versions, name
      test-h, test-c   for tests and tools: random values, a dump as JSON, a table of all messages

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
import sys

HOT = ('Produce', 'Fetch', 'Metadata')
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


# ---- header

def gen_header(msgs):
    o = ['/* Generated by genmsg.py from messages/: do not edit. */', '#ifndef STOKER_KAFKA_MESSAGES_H',
         '#define STOKER_KAFKA_MESSAGES_H', '', '#include "modules/protocol/kafka/wire/wire.h"', '']
    o += ['/* Per message: km_NAME_init sets the defaults; km_NAME_decode reads the body (0, or KM_MALFORMED and the reader says',
          ' * why; *out is then not to be used); km_NAME_encode writes it, record data is handed over. Versions must be within',
          ' * the message\'s range. Comments: versions that have the field. An array is X *name with n_name, -1 is null. */', '']
    for m in msgs:
        o.append('/* %s, versions %d-%d%s */' % (m.name, m.lo, m.hi, ', flexible from %d' % m.flex if m.flex <= m.hi else ''))
        for s in m.structs:
            o += ['typedef struct %s' % s.c, '{']
            for f in s.fields:
                for i, x in enumerate(members(f)):
                    o.append('  ' + x + (note(f, m) if i == 0 else ''))
            if not s.fields:
                o.append('  char empty_;')
            o += ['} %s;' % s.c]
        for s in m.structs:
            init = []
            for f in s.fields:
                d = default_of(f)
                if f.array and d != '0':
                    init.append('.n_%s = %s' % (f.name, d))
                elif not f.array and d is not None:
                    init.append('.%s = %s' % (f.name, d))
            o += ['KM_INLINE void', '%s_init (%s *m)' % (s.fn, s.c), '{',
                  '  *m = (%s){ %s };' % (s.c, ', '.join(init) if init else '0')]
            for f in s.fields:
                if f.struct and not f.array:
                    o.append('  %s_init (&m->%s);' % (f.struct.fn, f.name))
            o += ['}']
        o += ['int %s_decode (KmReader *r, int16_t version, StokerArena *arena, %s *out);' % (m.top.fn, m.top.c),
              'void %s_encode (KmWriter *w, int16_t version, const %s *in);' % (m.top.fn, m.top.c), '']
    o += ['#endif']
    return o


# ---- decode

def read_value(f, m, x, pad):
    """Statements that read field f (not tagged, or inside its tagged field) into x.NAME."""
    fl, nl, v = flexible(m), nullable(f, m), '%s->%s' % (x, f.name)
    if f.array and not f.struct:
        return [pad + '%s = km_r_%s_array (r, %s, %s, arena, &%s->n_%s);' % (v, f.type, fl, nl, x, f.name)]
    if f.array:
        c = f.struct
        return [pad + '{',
                pad + '  int32_t n = km_r_count (r, %s, %s, %d, sizeof *%s);' % (fl, nl, min_size(c, m), v),
                pad + '  %s->n_%s = n;' % (x, f.name),
                pad + '  %s = n > 0 ? stoker_arena_alloc (arena, (size_t) n * sizeof *%s) : NULL;' % (v, v),
                pad + '  for (int32_t i = 0; i < n && !r->error; i++)',
                pad + '    %s_read (r, version, arena, &%s[i]);' % (c.fn, v),
                pad + '}']
    if f.struct:
        call = '%s_read (r, version, arena, &%s);' % (f.struct.fn, v)
        if f.null is not None:
            return [pad + '%s->has_%s = km_r_i8 (r) >= 0 && !r->error;' % (x, f.name),
                    pad + 'if (%s->has_%s)' % (x, f.name), pad + '  ' + call]
        return [pad + call]
    if f.type in LENGTHY:
        return [pad + '%s = km_r_%s (r, %s, %s%s);' % (v, f.type, fl, nl, ', arena' if f.type == 'records' else '')]
    return [pad + '%s = km_r_%s (r);' % (v, f.type)]


def guard(cond, body, pad='  '):
    if not cond:
        return [pad + b[4:] if b.startswith('    ') else b for b in body]
    if len(body) == 1:
        return [pad + 'if (%s)' % cond] + body
    return [pad + 'if (%s) {' % cond] + body + [pad + '}']


def gen_decode(m, o):
    for s in m.structs:
        o += ['static void', '%s_read (KmReader *r, int16_t version, StokerArena *arena, %s *out)' % (s.fn, s.c), '{']
        if flexible(m) == 'flex':
            o.append('  const bool flex = version >= %d;' % m.flex)
        o.append('  %s_init (out);' % s.fn)
        tagged = sorted((f for f in s.fields if f.tag is not None), key=lambda f: f.tag)
        for f in s.fields:
            if f.tag is None:
                o += guard(within(f, m), read_value(f, m, 'out', '    '))
        if m.flex <= m.hi:
            body = ['    km_r_skip_tags (r);']
            if tagged:
                body = ['    KmTags t = km_r_tags (r);', '    while (km_r_tag (r, &t)) {', '      switch (t.tag) {']
                for f in tagged:
                    body += ['      case %d:' % f.tag]
                    c = within(f, m)
                    if f.lo <= max(m.flex, m.lo) and f.hi == m.hi:
                        c = ''
                    x = read_value(f, m, 'out', '        ' if not c else '          ')
                    body += x if not c else ['        if (%s) {' % c] + x + ['        }']
                    body += ['        break;']
                body += ['      default:', '        break; /* unknown: skipped */', '      }', '    }']
            c = {'flex': 'flex', 'true': ''}[flexible(m)]
            o += guard(c, body) if c else ['  {'] + body + ['  }']
        o += ['}', '']
    o += ['int', '%s_decode (KmReader *r, int16_t version, StokerArena *arena, %s *out)' % (m.top.fn, m.top.c), '{',
          '  %s_read (r, version, arena, out);' % m.top.fn, '  return r->error ? KM_MALFORMED : KM_OK;', '}', '']


# ---- encode

def write_value(f, m, x, pad):
    fl, nl, v = flexible(m), nullable(f, m), '%s->%s' % (x, f.name)
    if f.array and not f.struct:
        return [pad + 'km_w_%s_array (w, %s, %s, %s, %s->n_%s);' % (f.type, fl, nl, v, x, f.name)]
    if f.array:
        return [pad + 'km_w_count (w, %s, %s, %s->n_%s);' % (fl, nl, x, f.name),
                pad + 'for (int32_t i = 0; i < %s->n_%s; i++)' % (x, f.name),
                pad + '  %s_write (w, version, &%s[i]);' % (f.struct.fn, v)]
    if f.struct:
        call = '%s_write (w, version, &%s);' % (f.struct.fn, v)
        if f.null is not None:
            return [pad + 'km_w_i8 (w, %s->has_%s ? 1 : -1);' % (x, f.name), pad + 'if (%s->has_%s)' % (x, f.name),
                    pad + '  ' + call]
        return [pad + call]
    if f.type in LENGTHY:
        return [pad + 'km_w_%s (w, %s, %s, %s%s);' % (f.type, fl, nl, '&' if f.type == 'records' else '', v)]
    return [pad + 'km_w_%s (w, %s);' % (f.type, v)]


def gen_encode(m, o):
    for s in m.structs:
        o += ['static void', '%s_write (KmWriter *w, int16_t version, const %s *in)' % (s.fn, s.c), '{']
        if flexible(m) == 'flex':
            o.append('  const bool flex = version >= %d;' % m.flex)
        tagged = sorted((f for f in s.fields if f.tag is not None), key=lambda f: f.tag)
        for f in s.fields:
            if f.tag is None:
                o += guard(within(f, m), write_value(f, m, 'in', '    '))
        if m.flex <= m.hi:
            body = ['    km_w_uvarint (w, 0);']
            if tagged:
                body = []
                for f in tagged:
                    c = within(f, m)
                    if f.lo <= max(m.flex, m.lo) and f.hi == m.hi:
                        c = ''
                    body.append('    const bool t%d = %s!(%s);' % (f.tag, c + ' && ' if c else '', equals_default(f, m, '(*in)')))
                body.append('    km_w_uvarint (w, (uint32_t) (%s));' % ' + '.join('t%d' % f.tag for f in tagged))
                for f in tagged:
                    body += ['    if (t%d) {' % f.tag, '      size_t mark = km_w_tag_begin (w, %d);' % f.tag]
                    body += write_value(f, m, 'in', '      ')
                    body += ['      km_w_tag_end (w, mark);', '    }']
            c = {'flex': 'flex', 'true': ''}[flexible(m)]
            o += guard(c, body) if c else ['  {'] + body + ['  }']
        o += ['}', '']
    o += ['void', '%s_encode (KmWriter *w, int16_t version, const %s *in)' % (m.top.fn, m.top.c), '{',
          '  %s_write (w, version, in);' % m.top.fn, '}', '']


def gen_code(msgs, hot):
    o = ['/* Generated by genmsg.py from messages/: do not edit. */',
         '#include "modules/protocol/kafka/wire/kafka-messages.h"', '']
    for m in msgs:
        if (m.api in HOT) == hot:
            gen_decode(m, o)
            gen_encode(m, o)
    return o


# ---- table

def gen_table(msgs):
    o = ['/* Generated by genmsg.py from messages/: do not edit. */', '#include "modules/protocol/kafka/wire/wire.h"', '',
         'static const KmApi apis[] = {']
    rows = sorted((m for m in msgs if m.section == 'request'), key=lambda m: m.key)
    for m in rows:
        o.append('  { %d, %d, %d, %s, "%s" },' % (m.key, m.lo, m.hi, 'INT16_MAX' if m.flex == NEVER else m.flex, m.api))
    o += ['};', '', 'const KmApi *', 'km_apis (size_t *n)', '{', '  *n = sizeof apis / sizeof apis[0];', '  return apis;', '}', '']
    o += ['const KmApi *', 'km_api (int16_t key)', '{', '  switch (key) {']
    for i, m in enumerate(rows):
        o += ['  case %d:' % m.key, '    return &apis[%d];' % i]
    o += ['  default:', '    return NULL;', '  }', '}']
    return o


# ---- for tests and tools

def gen_test_header(msgs):
    o = ['/* Generated by genmsg.py from messages/: do not edit. */', '#ifndef STOKER_KAFKA_MESSAGES_TEST_H',
         '#define STOKER_KAFKA_MESSAGES_TEST_H', '', '#include "modules/protocol/kafka/wire/kafka-messages.h"',
         '#include "modules/protocol/kafka/wire/wire-test.h"', '']
    for m in msgs:
        o += ['void %s_random (KmRandom *g, int16_t version, StokerArena *arena, %s *out);' % (m.top.fn, m.top.c),
              'void %s_dump (StokerBuf *b, int16_t version, const %s *in);' % (m.top.fn, m.top.c)]
    o += ['', '#endif']
    return o


def random_value(f, m, x, pad):
    nl, v = nullable(f, m), '%s->%s' % (x, f.name)
    if f.array and not f.struct:
        return [pad + '%s = km_random_%s_array (g, %s, arena, &%s->n_%s);' % (v, f.type, nl, x, f.name)]
    if f.array:
        return [pad + '%s->n_%s = km_random_count (g, %s);' % (x, f.name, nl),
                pad + 'if (%s->n_%s > 0)' % (x, f.name),
                pad + '  %s = stoker_arena_calloc (arena, (size_t) %s->n_%s, sizeof *%s);' % (v, x, f.name, v),
                pad + 'for (int32_t i = 0; i < %s->n_%s; i++)' % (x, f.name),
                pad + '  %s_fill (g, version, arena, &%s[i]);' % (f.struct.fn, v)]
    if f.struct:
        call = '%s_fill (g, version, arena, &%s);' % (f.struct.fn, v)
        if f.null is not None:
            return [pad + '%s->has_%s = km_random_bool (g);' % (x, f.name), pad + 'if (%s->has_%s)' % (x, f.name), pad + '  ' + call]
        return [pad + call]
    if f.type in LENGTHY:
        return [pad + '%s = km_random_%s (g, %s, arena);' % (v, f.type, nl)]
    return [pad + '%s = km_random_%s (g);' % (v, f.type)]


def dump_value(f, m, x, pad):
    v = '%s->%s' % (x, f.name)
    if f.array:
        call = '%s_show (b, version, &%s[i]);' % (f.struct.fn, v) if f.struct else 'km_dump_%s (b, %s[i]);' % (f.type, v)
        return [pad + 'km_dump_open (b, %s->n_%s);' % (x, f.name),
                pad + 'for (int32_t i = 0; i < %s->n_%s; i++) {' % (x, f.name),
                pad + '  km_dump_comma (b, i > 0);', pad + '  ' + call, pad + '}',
                pad + 'km_dump_close (b, %s->n_%s);' % (x, f.name)]
    if f.struct:
        call = '%s_show (b, version, &%s);' % (f.struct.fn, v)
        if f.null is not None:
            return [pad + 'if (%s->has_%s)' % (x, f.name), pad + '  ' + call, pad + 'else', pad + '  km_dump_null (b);']
        return [pad + call]
    return [pad + 'km_dump_%s (b, %s%s);' % (f.type, '&' if f.type == 'records' else '', v)]


def gen_test_code(msgs):
    o = ['/* Generated by genmsg.py from messages/: do not edit. */',
         '#include "modules/protocol/kafka/wire/kafka-messages-test.h"', '']
    for m in msgs:
        for s in m.structs:
            o += ['static void', '%s_fill (KmRandom *g, int16_t version, StokerArena *arena, %s *out)' % (s.fn, s.c), '{',
                  '  %s_init (out);' % s.fn]
            for f in s.fields:
                c = within(f, m)
                if f.tag is not None:
                    c = (c + ' && ' if c else '') + 'km_random_bool (g)'
                o += guard(c, random_value(f, m, 'out', '    '))
            o += ['}', '', 'static void', '%s_show (StokerBuf *b, int16_t version, const %s *in)' % (s.fn, s.c), '{',
                  '  bool more = false;', '  km_dump_begin (b);']
            for f in s.fields:
                o += guard(within(f, m), ['    more = km_dump_name (b, more, "%s");' % f.name] + dump_value(f, m, 'in', '    '))
            o += ['  (void) more;', '  km_dump_end (b);', '}', '']
        o += ['void', '%s_random (KmRandom *g, int16_t version, StokerArena *arena, %s *out)' % (m.top.fn, m.top.c), '{',
              '  %s_fill (g, version, arena, out);' % m.top.fn, '}', '',
              'void', '%s_dump (StokerBuf *b, int16_t version, const %s *in)' % (m.top.fn, m.top.c), '{',
              '  %s_show (b, version, in);' % m.top.fn, '}', '']
    for m in msgs:
        t = m.top
        o += ['static int', '%s_decode_any (KmReader *r, int16_t version, StokerArena *arena, void *out)' % t.fn, '{',
              '  return %s_decode (r, version, arena, out);' % t.fn, '}', '',
              'static void', '%s_encode_any (KmWriter *w, int16_t version, const void *in)' % t.fn, '{',
              '  %s_encode (w, version, in);' % t.fn, '}', '',
              'static void', '%s_random_any (KmRandom *g, int16_t version, StokerArena *arena, void *out)' % t.fn, '{',
              '  %s_fill (g, version, arena, out);' % t.fn, '}', '',
              'static void', '%s_dump_any (StokerBuf *b, int16_t version, const void *in)' % t.fn, '{',
              '  %s_show (b, version, in);' % t.fn, '}', '']
    o += ['static const KmMessage messages[] = {']
    for m in msgs:
        o += ['  { "%s", %d, %s, %d, %d, sizeof (%s), %s_decode_any, %s_encode_any, %s_random_any, %s_dump_any },'
              % (m.name, m.key, 'true' if m.section == 'response' else 'false', m.lo, m.hi, m.top.c, m.top.fn, m.top.fn,
                 m.top.fn, m.top.fn)]
    o += ['};', '', 'const KmMessage *', 'km_messages (size_t *n)', '{', '  *n = sizeof messages / sizeof messages[0];',
          '  return messages;', '}']
    return o


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
