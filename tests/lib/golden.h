/* SPDX-License-Identifier: Apache-2.0
 *
 * The golden data for tests: what a real Kafka 3.9.1 wrote (tests/golden/kafka-3.9.1).
 */
#ifndef STK_TEST_GOLDEN_H
#define STK_TEST_GOLDEN_H

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

/* The path of a file below tests/golden/kafka-3.9.1; g_free it. */
static inline char *
golden_path (const char *name)
{
  const char *top = g_getenv ("top_srcdir");
  return g_build_filename (top ? top : TEST_SRCDIR, "tests/golden/kafka-3.9.1", name, NULL);
}

/* Unpacks logs.tar.xz into a new folder; returns the path of its data directory. Give it to golden_logs_remove. */
static inline char *
golden_logs_unpack (void)
{
  g_autofree char *archive = golden_path ("logs.tar.xz");
  g_autofree char *dir = g_dir_make_tmp ("stoker-golden-XXXXXX", NULL);
  char *argv[] = { "tar", "-xJf", archive, "-C", dir, NULL };
  int status = -1;

  g_assert_nonnull (dir);
  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  return g_build_filename (dir, "data", NULL);
}

static inline void
golden_logs_remove (char *data)
{
  g_autofree char *dir = g_path_get_dirname (data);
  char *argv[] = { "rm", "-rf", "--", dir, NULL };

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (data);
}

/* Calls fn (path, content, length, user) for every file below `data` whose name ends in `suffix`; returns how many. */
static inline guint
golden_each (const char *data, const char *suffix,
             void (*fn) (const char *path, const guint8 *content, gsize len, void *user), void *user)
{
  guint n = 0;
  GDir *dir = g_dir_open (data, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (data, name, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
      n += golden_each (path, suffix, fn, user);
    } else if (g_str_has_suffix (name, suffix)) {
      g_autofree char *content = NULL;
      gsize len;
      g_assert_true (g_file_get_contents (path, &content, &len, NULL));
      fn (path, (const guint8 *)content, len, user);
      n++;
    }
  }
  g_dir_close (dir);
  return n;
}

#endif
