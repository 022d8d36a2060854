/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/format.h"

#include "cli/out.h"

#include <inttypes.h>
#include <string.h>

typedef struct Part
{
  char what; /* the letter; 0: plain text */
  char *text;
  size_t len;
} Part;

struct CliFormat
{
  GArray *parts;
};

static void
add_text (CliFormat *f, const char *from, size_t n)
{
  g_autofree char *raw = g_strndup (from, n);
  Part p = { 0 };

  if (n == 0)
    return;
  p.text = cli_unescape (raw, &p.len);
  g_array_append_val (f->parts, p);
}

CliFormat *
cli_format_new (const char *text, StokerError *err)
{
  CliFormat *f = g_new0 (CliFormat, 1);
  const char *from = text ? text : (text = "%v\\n");

  f->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  for (const char *p = text; *p; p++) {
    Part part = { .what = p[0] == '%' ? p[1] : 0 };
    if (*p != '%')
      continue;
    if (p[1] == '\0' || strchr ("vksSKtpoThD%", p[1]) == NULL) {
      stoker_error_set (err, STOKER_ERROR_CONFIG,
                        "--format: there is no %%%c; known are %%v %%k %%t %%p %%o %%T %%D %%h %%S %%K %%%%",
                        p[1] ? p[1] : ' ');
      cli_format_free (f);
      return NULL;
    }
    add_text (f, from, (size_t)(p - from));
    g_array_append_val (f->parts, part);
    from = ++p + 1;
  }
  add_text (f, from, strlen (from));
  return f;
}

void
cli_format_free (CliFormat *f)
{
  if (f == NULL)
    return;
  for (guint i = 0; i < f->parts->len; i++)
    g_free (g_array_index (f->parts, Part, i).text);
  g_array_free (f->parts, TRUE);
  g_free (f);
}

static void
write_headers (const rd_kafka_message_t *m, FILE *to)
{
  rd_kafka_headers_t *headers;
  const char *name;
  const void *value;
  size_t size;

  if (rd_kafka_message_headers (m, &headers))
    return;
  for (size_t i = 0; rd_kafka_header_get_all (headers, i, &name, &value, &size) == 0; i++) {
    fprintf (to, "%s%s=", i ? "," : "", name);
    fwrite (value ? value : "", 1, value ? size : 0, to);
  }
}

static void
write_part (char what, const rd_kafka_message_t *m, FILE *to)
{
  char when[32];

  switch (what) {
  case 'v':
  case 's':
    fwrite_unlocked (m->payload ? m->payload : "", 1, m->payload ? m->len : 0, to);
    break;
  case 'k':
    fwrite_unlocked (m->key ? m->key : "", 1, m->key ? m->key_len : 0, to);
    break;
  case 'S':
    fprintf (to, "%" PRId64, m->payload ? (int64_t)m->len : -1);
    break;
  case 'K':
    fprintf (to, "%" PRId64, m->key ? (int64_t)m->key_len : -1);
    break;
  case 't':
    fputs (rd_kafka_topic_name (m->rkt), to);
    break;
  case 'p':
    fprintf (to, "%" PRId32, m->partition);
    break;
  case 'o':
    fprintf (to, "%" PRId64, m->offset);
    break;
  case 'T':
    fprintf (to, "%" PRId64, rd_kafka_message_timestamp (m, NULL));
    break;
  case 'D':
    cli_format_time (rd_kafka_message_timestamp (m, NULL), when);
    fputs (when, to);
    break;
  case 'h':
    write_headers (m, to);
    break;
  default:
    fputc ('%', to);
  }
}

void
cli_format_write (const CliFormat *f, const rd_kafka_message_t *m, FILE *to)
{
  for (guint i = 0; i < f->parts->len; i++) {
    const Part *p = &g_array_index (f->parts, Part, i);
    if (p->what)
      write_part (p->what, m, to);
    else
      fwrite_unlocked (p->text, 1, p->len, to);
  }
}

/* ---- JSON */

/* Bytes that are not UTF-8 text go out as base64 under another name. */
static void
json_bytes (CliJson *j, const char *key, const char *key_base64, const void *data, size_t len)
{
  if (data && !g_utf8_validate_len (data, len, NULL)) {
    g_autofree char *text = g_base64_encode (data, len);
    cli_json_text (j, key_base64, text);
    return;
  }
  cli_json_str (j, key, (StokerStr){ data, len });
}

static void
json_headers (CliJson *j, const rd_kafka_message_t *m)
{
  rd_kafka_headers_t *headers;
  const char *name;
  const void *value;
  size_t size;

  if (rd_kafka_message_headers (m, &headers))
    return;
  cli_json_begin (j, "headers", '[');
  for (size_t i = 0; rd_kafka_header_get_all (headers, i, &name, &value, &size) == 0; i++) {
    cli_json_begin (j, NULL, '{');
    cli_json_text (j, "name", name);
    json_bytes (j, "value", "value_base64", value, size);
    cli_json_end (j, '}');
  }
  cli_json_end (j, ']');
}

void
cli_format_json (const rd_kafka_message_t *m, FILE *to)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "topic", rd_kafka_topic_name (m->rkt));
  cli_json_int (&j, "partition", m->partition);
  cli_json_int (&j, "offset", m->offset);
  cli_json_int (&j, "timestamp", rd_kafka_message_timestamp (m, NULL));
  json_bytes (&j, "key", "key_base64", m->key, m->key ? m->key_len : 0);
  json_bytes (&j, "value", "value_base64", m->payload, m->payload ? m->len : 0);
  json_headers (&j, m);
  cli_json_end (&j, '}');
  g_string_append_c (j.out, '\n');
  fwrite_unlocked (j.out->str, 1, j.out->len, to);
  g_string_free (j.out, TRUE);
}
