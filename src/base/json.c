/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>

typedef struct Parser
{
  StokerArena *arena;
  const char *begin, *at, *end;
  const char *wrong; /* what is wrong at `at`; NULL: nothing so far */
  int depth;
} Parser;

static bool parse_value (Parser *p, StkJson *out);

static bool
fail (Parser *p, const char *what)
{
  if (p->wrong == NULL)
    p->wrong = what;
  return false;
}

static char
peek (Parser *p)
{
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
    p->at++;
  return p->at < p->end ? *p->at : '\0';
}

static bool
take (Parser *p, char c)
{
  if (peek (p) != c || p->at == p->end)
    return false;
  p->at++;
  return true;
}

static bool
word (Parser *p, const char *w)
{
  size_t n = strlen (w);

  if ((size_t)(p->end - p->at) < n || memcmp (p->at, w, n) != 0)
    return fail (p, "no value");
  p->at += n;
  return true;
}

static bool
parse_number (Parser *p, StkJson *out)
{
  char text[64], *last;
  size_t n = 0;
  bool whole = true;

  for (; p->at < p->end && (g_ascii_isdigit (*p->at) || strchr ("+-.eE", *p->at)) && *p->at; p->at++) {
    if (n + 1 == sizeof text)
      return fail (p, "a number that long");
    whole = whole && (g_ascii_isdigit (*p->at) || *p->at == '-');
    text[n++] = *p->at;
  }
  text[n] = '\0';
  errno = 0;
  if (whole) {
    out->type = STK_JSON_INT;
    out->u.i = g_ascii_strtoll (text, &last, 10);
    if (errno == 0 && n > 0 && *last == '\0')
      return true;
  }
  out->type = STK_JSON_DOUBLE;
  out->u.d = g_ascii_strtod (text, &last);
  return (n > 0 && *last == '\0' && text[n - 1] != '-') || fail (p, "a bad number");
}

static bool
hex4 (Parser *p, gunichar *out)
{
  *out = 0;
  if (p->end - p->at < 4)
    return fail (p, "a cut escape");
  for (int i = 0; i < 4; i++, p->at++) {
    int digit = g_ascii_xdigit_value (*p->at);
    if (digit < 0)
      return fail (p, "a bad escape");
    *out = *out << 4 | (gunichar)digit;
  }
  return true;
}

/* Behind "\u"; appends the character. */
static bool
escaped_char (Parser *p, char **to)
{
  gunichar c, low;

  if (!hex4 (p, &c))
    return false;
  if (c >= 0xd800 && c < 0xdc00) {
    if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
      return fail (p, "half a surrogate pair");
    p->at += 2;
    if (!hex4 (p, &low) || low < 0xdc00 || low > 0xdfff)
      return fail (p, "half a surrogate pair");
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  } else if (c >= 0xdc00 && c < 0xe000) {
    return fail (p, "half a surrogate pair");
  }
  *to += g_unichar_to_utf8 (c, *to);
  return true;
}

static bool
escape (Parser *p, char **to)
{
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  char c = p->at < p->end ? *p->at++ : '\0';
  const char *found = c ? strchr (from, c) : NULL;

  if (found)
    *(*to)++ = into[found - from];
  else if (c != 'u')
    return fail (p, "a bad escape");
  return found || escaped_char (p, to);
}

static bool
parse_string (Parser *p, const char **out, size_t *out_len)
{
  const char *close;
  char *text, *to;

  if (!take (p, '"'))
    return fail (p, "no string");
  for (close = p->at; close < p->end && *close != '"'; close++)
    if (*close == '\\' && close + 1 < p->end)
      close++;
  /* An escape is never shorter than the character it stands for. */
  text = to = stoker_arena_alloc (p->arena, (size_t)(close - p->at) + 1);
  while (p->at < p->end && *p->at != '"') {
    if ((unsigned char)*p->at < 0x20)
      return fail (p, "a control character in a string");
    if (*p->at != '\\') {
      *to++ = *p->at++;
      continue;
    }
    p->at++;
    if (!escape (p, &to))
      return false;
  }
  if (p->at == p->end)
    return fail (p, "a string without an end");
  p->at++;
  *to = '\0';
  *out = text;
  *out_len = (size_t)(to - text);
  return true;
}

/* The values of an array or object up to `close`. */
static bool
parse_inside (Parser *p, StkJson *out, char close)
{
  const StkJson **tail = &out->u.first;
  size_t ignored;

  out->type = close == '}' ? STK_JSON_OBJECT : STK_JSON_ARRAY;
  out->u.first = NULL;
  if (++p->depth > STK_JSON_DEPTH)
    return fail (p, "too many levels");
  for (bool more = !take (p, close); more; more = take (p, ',')) {
    StkJson *v = stoker_arena_calloc (p->arena, 1, sizeof *v);
    if (close == '}' && (!parse_string (p, &v->name, &ignored) || !take (p, ':')))
      return fail (p, "no name and colon of a member");
    if (!parse_value (p, v))
      return false;
    *tail = v;
    tail = &v->next;
    out->n++;
  }
  p->depth--;
  if (out->n > 0 && !take (p, close))
    return fail (p, "no comma and no end");
  return true;
}

static bool
parse_value (Parser *p, StkJson *out)
{
  switch (peek (p)) {
  case '{':
    p->at++;
    return parse_inside (p, out, '}');
  case '[':
    p->at++;
    return parse_inside (p, out, ']');
  case '"':
    out->type = STK_JSON_STRING;
    return parse_string (p, &out->u.s, &out->n);
  case 't':
  case 'f':
    out->type = STK_JSON_BOOL;
    out->u.b = *p->at == 't';
    return word (p, out->u.b ? "true" : "false");
  case 'n':
    out->type = STK_JSON_NULL;
    return word (p, "null");
  default:
    return parse_number (p, out);
  }
}

const StkJson *
stk_json_parse (StokerArena *arena, const void *data, size_t len, StokerError *err)
{
  Parser p = { arena, data, data, (const char *)data + len, NULL, 0 };
  StkJson *root = stoker_arena_calloc (arena, 1, sizeof *root);

  if (len == 0 || !g_utf8_validate ((const char *)data, (gssize)len, NULL)) {
    (void)stoker_error_set (err, STOKER_ERROR_CORRUPT, "not JSON: %s", len ? "not UTF-8" : "empty");
    return NULL;
  }
  if (parse_value (&p, root) && (peek (&p), p.at < p.end))
    (void)fail (&p, "more behind the value");
  if (p.wrong == NULL)
    return root;
  (void)stoker_error_set (err, STOKER_ERROR_CORRUPT, "not JSON: %s at byte %zu", p.wrong, (size_t)(p.at - p.begin));
  return NULL;
}

const StkJson *
stk_json_member (const StkJson *o, const char *name)
{
  const StkJson *found = NULL;

  if (o && o->type == STK_JSON_OBJECT)
    for (const StkJson *v = o->u.first; v; v = v->next)
      if (strcmp (v->name, name) == 0)
        found = v;
  return found;
}

const StkJson *
stk_json_typed (const StkJson *o, const char *name, StkJsonType type)
{
  const StkJson *v = stk_json_member (o, name);

  return v && v->type == type ? v : NULL;
}

const char *
stk_json_text (const StkJson *o, const char *name, const char *def)
{
  const StkJson *v = stk_json_typed (o, name, STK_JSON_STRING);

  return v ? v->u.s : def;
}

int64_t
stk_json_int (const StkJson *o, const char *name, int64_t def)
{
  const StkJson *v = stk_json_typed (o, name, STK_JSON_INT);

  return v ? v->u.i : def;
}
