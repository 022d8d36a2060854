/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of Kafka's own topics, decoded: __consumer_offsets (kafka-facts 9.5) and __transaction_state (10.6). What is not known
 * is left to the caller, who shows it as bytes.
 */
#include "cli/dump.h"

#include <inttypes.h>
#include <string.h>

/* Fields of a key or value; a read beyond the end sets `bad` and gives nothing. */
typedef struct Cursor
{
  const uint8_t *at, *end;
  bool bad, flexible;
} Cursor;

/* Where the fields go: JSON, or text. */
typedef struct Fields
{
  CliJson *json; /* NULL: text */
  GString *text;
} Fields;

static int64_t
num (Cursor *c, size_t n)
{
  int64_t v;

  if ((size_t)(c->end - c->at) < n) {
    c->bad = true;
    c->at = c->end;
    return 0;
  }
  v = (int8_t)c->at[0];
  for (size_t i = 1; i < n; i++)
    v = (int64_t)((uint64_t)v << 8 | c->at[i]);
  c->at += n;
  return v;
}

static uint32_t
uvarint (Cursor *c)
{
  uint32_t v = 0;

  for (int shift = 0; shift < 35; shift += 7) {
    uint8_t b = (uint8_t)num (c, 1);
    v |= (uint32_t)(b & 127) << (shift & 31);
    if (!(b & 128))
      return v;
  }
  c->bad = true;
  return 0;
}

/* A length of a text (short) or of bytes and arrays; -1: null. */
static int64_t
length (Cursor *c, size_t width)
{
  return c->flexible ? (int64_t)uvarint (c) - 1 : num (c, width);
}

static StokerBytes
take (Cursor *c, int64_t len)
{
  StokerBytes b = { (uint8_t *)c->at, (size_t)MAX (len, 0) };

  if (len < 0)
    return (StokerBytes){ 0 };
  if (len > c->end - c->at) {
    c->bad = true;
    c->at = c->end;
    return (StokerBytes){ 0 };
  }
  c->at += len;
  return b;
}

static void
skip_tags (Cursor *c)
{
  for (uint32_t n = c->flexible ? uvarint (c) : 0; n > 0 && !c->bad; n--) {
    (void)uvarint (c);
    (void)take (c, uvarint (c));
  }
}

/* ---- fields */

static void
put_int (Fields *f, const char *name, int64_t v)
{
  if (f->json)
    cli_json_int (f->json, name, v);
  else
    g_string_append_printf (f->text, "%s%s=%" PRId64, f->text->len ? " " : "", name, v);
}

static void
put_str (Fields *f, const char *name, StokerBytes b)
{
  if (f->json) {
    cli_json_str (f->json, name, (StokerStr){ (const char *)b.data, b.len });
  } else {
    g_autofree char *valid = b.data ? g_utf8_make_valid ((const char *)b.data, (gssize)b.len) : g_strdup ("null");
    g_autofree char *plain = g_strescape (valid, NULL);
    g_string_append_printf (f->text, "%s%s=%s", f->text->len ? " " : "", name, plain);
  }
}

static void
put_text (Fields *f, const char *name, const char *text)
{
  put_str (f, name, (StokerBytes){ (uint8_t *)text, strlen (text) });
}

static void
list_begin (Fields *f, const char *name)
{
  if (f->json)
    cli_json_begin (f->json, name, '[');
  else
    g_string_append_printf (f->text, " %s=[", name);
}

static void
list_end (Fields *f)
{
  if (f->json)
    cli_json_end (f->json, ']');
  else
    g_string_append (f->text, " ]");
}

static void
item_begin (Fields *f)
{
  if (f->json)
    cli_json_begin (f->json, NULL, '{');
  else
    g_string_append (f->text, " {");
}

static void
item_end (Fields *f)
{
  if (f->json)
    cli_json_end (f->json, '}');
  else
    g_string_append (f->text, " }");
}

/* ---- __consumer_offsets */

static void
offset_value (Cursor *c, Fields *f, int64_t version)
{
  c->flexible = version >= 4;
  put_int (f, "offset", num (c, 8));
  if (version >= 3)
    put_int (f, "leader_epoch", num (c, 4));
  put_str (f, "metadata", take (c, length (c, 2)));
  put_int (f, "commit_timestamp", num (c, 8));
  if (version == 1)
    put_int (f, "expire_timestamp", num (c, 8));
  skip_tags (c);
}

static void
group_member (Cursor *c, Fields *f, int64_t version)
{
  item_begin (f);
  put_str (f, "member_id", take (c, length (c, 2)));
  if (version >= 3)
    put_str (f, "group_instance_id", take (c, length (c, 2)));
  put_str (f, "client_id", take (c, length (c, 2)));
  put_str (f, "client_host", take (c, length (c, 2)));
  if (version >= 1)
    put_int (f, "rebalance_timeout", num (c, 4));
  put_int (f, "session_timeout", num (c, 4));
  put_int (f, "subscription_size", (int64_t)take (c, length (c, 4)).len);
  put_int (f, "assignment_size", (int64_t)take (c, length (c, 4)).len);
  skip_tags (c);
  item_end (f);
}

static void
group_value (Cursor *c, Fields *f, int64_t version)
{
  int64_t n;

  c->flexible = version >= 4;
  put_str (f, "protocol_type", take (c, length (c, 2)));
  put_int (f, "generation", num (c, 4));
  put_str (f, "protocol", take (c, length (c, 2)));
  put_str (f, "leader", take (c, length (c, 2)));
  if (version >= 2)
    put_int (f, "current_state_timestamp", num (c, 8));
  n = length (c, 4);
  list_begin (f, "members");
  while (n-- > 0 && !c->bad)
    group_member (c, f, version);
  list_end (f);
  skip_tags (c);
}

static bool
consumer_offsets (Cursor *key, Cursor *value, Fields *f)
{
  static const char *const names[] = { "offset", "offset", "group", "consumer group epoch", "consumer group partitions",
                                       "consumer group member", "target assignment epoch", "target assignment", "current assignment" };
  int64_t kind = num (key, 2), version;

  if (key->bad || kind < 0 || kind >= (int64_t)G_N_ELEMENTS (names))
    return false;
  put_text (f, "record", names[kind]);
  put_str (f, "group", take (key, length (key, 2)));
  if (kind <= 1) {
    put_str (f, "topic", take (key, length (key, 2)));
    put_int (f, "partition", num (key, 4));
  }
  if (kind == 5 || kind >= 7)
    put_str (f, "member_id", take (key, length (key, 2)));
  if (value == NULL) {
    put_text (f, "value", "deleted");
    return !key->bad;
  }
  version = num (value, 2);
  if (kind <= 1 && version >= 0 && version <= 4)
    offset_value (value, f, version);
  else if (kind == 2 && version >= 0 && version <= 4)
    group_value (value, f, version);
  else if ((kind == 3 || kind == 6) && version == 0)
    put_int (f, "epoch", num (value, 4));
  else
    put_int (f, "value_size", value->end - value->at);
  return !key->bad;
}

/* ---- __transaction_state */

static bool
transaction_state (Cursor *key, Cursor *value, Fields *f)
{
  static const char *const states[] = { "Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
                                        "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence" };
  int64_t version, state, n;

  if (num (key, 2) != 0)
    return false;
  put_text (f, "record", "transaction");
  put_str (f, "transactional_id", take (key, length (key, 2)));
  if (value == NULL) {
    put_text (f, "value", "deleted");
    return !key->bad;
  }
  version = num (value, 2);
  if (version < 0 || version > 1)
    return false;
  value->flexible = version >= 1;
  put_int (f, "producer_id", num (value, 8));
  put_int (f, "producer_epoch", num (value, 2));
  put_int (f, "timeout", num (value, 4));
  state = num (value, 1);
  put_text (f, "state", state >= 0 && state < (int64_t)G_N_ELEMENTS (states) ? states[state] : "?");
  n = length (value, 4);
  list_begin (f, "partitions");
  while (n-- > 0 && !value->bad) {
    int64_t k;
    item_begin (f);
    put_str (f, "topic", take (value, length (value, 2)));
    list_begin (f, "ids");
    for (k = length (value, 4); k > 0 && !value->bad; k--)
      if (f->json)
        cli_json_int (f->json, NULL, num (value, 4));
      else
        g_string_append_printf (f->text, " %" PRId64, num (value, 4));
    list_end (f);
    skip_tags (value);
    item_end (f);
  }
  list_end (f);
  put_int (f, "last_update", num (value, 8));
  put_int (f, "start", num (value, 8));
  return !key->bad;
}

/* ---- which topic is it? */

DumpDecoder
dump_decoder_for (const char *path)
{
  g_autofree char *full = g_canonicalize_filename (path, NULL), *dir = g_path_get_dirname (full), *name = g_path_get_basename (dir);

  if (g_str_has_prefix (name, "__consumer_offsets-"))
    return DUMP_CONSUMER_OFFSETS;
  return g_str_has_prefix (name, "__transaction_state-") ? DUMP_TRANSACTION_STATE : DUMP_NO_DECODER;
}

bool
dump_decode (DumpDecoder d, const StkRecord *r, CliJson *j, GString *text)
{
  Cursor key = { r->key.data, r->key.data + r->key.len, false, false };
  Cursor value = { r->value.data, r->value.data + r->value.len, false, false };
  Cursor *v = r->value.data ? &value : NULL;
  Fields f = { j, text };
  bool ok;

  if (d == DUMP_NO_DECODER || r->key.data == NULL)
    return false;
  ok = d == DUMP_CONSUMER_OFFSETS ? consumer_offsets (&key, v, &f) : transaction_state (&key, v, &f);
  if (ok && value.bad)
    put_text (&f, "damaged", "the value ends too early");
  return ok;
}
