/* SPDX-License-Identifier: Apache-2.0
 *
 * Every frame that was captured from real clients and a real Kafka 3.9.1 decodes and encodes back to the same bytes.
 */
#include "golden.h"
#include "modules/protocol/kafka/wire/kafka-messages-test.h"

typedef struct
{
  const char *file, *sender;
  int16_t key, version;
  bool response;
} Frame;

static guint8 *
read_hex (const char *path, size_t *len)
{
  g_autofree char *text = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (path, &text, &n, NULL));
  g_strchomp (text);
  *len = strlen (text) / 2;
  guint8 *b = g_malloc (*len);
  for (size_t i = 0; i < *len; i++)
    b[i] = (guint8)(g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]));
  return b;
}

static const KmMessage *
find (int16_t key, bool response)
{
  size_t n;
  const KmMessage *m = km_messages (&n);
  for (size_t i = 0; i < n; i++)
    if (m[i].key == key && m[i].response == response)
      return &m[i];
  return NULL;
}

/* Requests of librdkafka that really have bytes too many at their end, which a broker ignores (README of the data). */
static bool
has_extra_bytes (const Frame *f)
{
  return !f->response && g_str_has_prefix (f->sender, "librdkafka")
         && ((f->key == 3 && f->version == 12) || (f->key == 51 && f->version == 0));
}

static void
decode_header (const Frame *f, KmReader *r, KmWriter *w)
{
  KmRequestHeader h;
  int32_t id;

  if (f->response) {
    g_assert_cmpint (km_response_header_decode (r, f->key, f->version, &id), ==, KM_OK);
    km_response_header_encode (w, f->key, f->version, id);
    return;
  }
  g_assert_cmpint (km_request_header_decode (r, &h), ==, KM_OK);
  g_assert_cmpint (h.api_key, ==, f->key);
  g_assert_cmpint (h.api_version, ==, f->version);
  km_request_header_encode (w, &h);
}

static void
check_frame (const char *dir, const Frame *f)
{
  g_autofree char *path = g_build_filename (dir, f->file, NULL);
  size_t len;
  g_autofree guint8 *data = read_hex (path, &len);
  const KmMessage *m = find (f->key, f->response);
  StokerArena *arena = stoker_arena_new (0);
  StokerOut out = { 0 };
  StokerBuf flat = { 0 };
  KmReader r;
  KmWriter w;
  /* The answer to a version of ApiVersions that the broker does not know has the body of version 0. */
  int16_t version = f->key == KM_API_VERSIONS && f->version == 99 ? 0 : f->version;

  g_assert_nonnull (m);
  km_reader_init (&r, data, len);
  km_writer_init (&w, &out);
  decode_header (f, &r, &w);
  if (version == f->version || f->response) {
    void *v = stoker_arena_alloc (arena, m->size);
    if (m->decode (&r, version, arena, v) != KM_OK)
      g_error ("%s: %s at %zu", f->file, r.error, r.error_at);
    if (km_reader_left (&r) && !has_extra_bytes (f))
      g_error ("%s: %zu bytes left", f->file, km_reader_left (&r));
    m->encode (&w, version, v);
    stoker_out_flatten (&out, &flat);
    if (flat.len != len - km_reader_left (&r) || memcmp (flat.data, data, flat.len) != 0)
      g_error ("%s: not the same bytes", f->file);
  }
  stoker_buf_clear (&flat);
  stoker_out_clear (&out);
  stoker_arena_free (arena);
}

static void
test_frames (void)
{
  g_autofree char *archive = golden_path ("frames.tar.xz");
  g_autofree char *dir = g_dir_make_tmp ("stoker-frames-XXXXXX", NULL);
  g_autofree char *frames = g_build_filename (dir, "frames", NULL);
  g_autofree char *index = g_build_filename (frames, "index.tsv", NULL);
  g_autofree char *text = NULL;
  const char *unpack[] = { "tar", "-xJf", archive, "-C", dir, NULL }, *clean[] = { "rm", "-rf", "--", dir, NULL };
  int status = -1, n = 0;

  g_assert_true (
      g_spawn_sync (NULL, (char **)unpack, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (index, &text, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (int i = 1; lines[i] && *lines[i]; i++, n++) {
    g_auto (GStrv) c = g_strsplit (lines[i], "\t", -1);
    Frame f = { c[0], c[5], (int16_t)atoi (c[1]), (int16_t)atoi (c[3]), strcmp (c[4], "response") == 0 };
    check_frame (frames, &f);
  }
  g_test_message ("%d frames", n);
  g_assert_cmpint (n, >, 1100);
  g_spawn_sync (NULL, (char **)clean, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/golden/frames", test_frames);
  return g_test_run ();
}
