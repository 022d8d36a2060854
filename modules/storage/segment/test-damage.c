/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are torn, damaged, missing or left over: named, rebuilt where that can be done, cut where it cannot.
 */
#include "tests/conformance/storage/kit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

extern const StokerModule stoker_module_storage_segment;

/* Three segments and more, an idempotent producer, an aborted transaction, two leader epochs. */
static Kit *
filled (void)
{
  Kit *k = kit_small (&stoker_module_storage_segment);

  for (int i = 0; i < 60; i++) {
    Maker m = maker (2);
    m.producer_id = 5;
    m.producer_epoch = 0;
    m.sequence = i * 2;
    m.value = 60;
    m.timestamp = 1000 + i * 10;
    m.leader_epoch = i / 40;
    g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  }
  kit_txn (k, 6, 0, 2);
  kit_marker (k, 6, 0, false, 1);
  k->ops->set_hw (k->engine, k->log, 123);
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), >=, 3);
  return k;
}

static bool
count_aborted (void *user, const StokerAborted *a)
{
  *(int *)user += 1;
  return true;
}

/* Everything is as it was. */
static void
check (Kit *k)
{
  StokerTimeFound f;
  StokerAppend again;
  Maker m = maker (2);
  int aborted = 0;

  kit_assert_ends (k, 0, 123);
  g_assert_cmpint (kit_count (k, 0, 123, 1000), ==, 123);
  for (int64_t at = 0; at < 120; at += 11)
    g_assert_cmpint (kit_count (k, at, 123, 300), >=, 123 - at);
  g_assert_cmpint (k->ops->find_time (k->engine, k->log, 1300, 123, &f), ==, 0);
  g_assert_cmpint (f.offset, ==, 60);
  g_assert_cmpint (k->ops->aborted (k->engine, k->log, 0, 123, count_aborted, &aborted), ==, 0);
  g_assert_cmpint (aborted, ==, 1);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, 1);
  m.producer_id = 5;
  m.producer_epoch = 0;
  m.sequence = 110;
  again = kit_append (k, &m, STOKER_ORIGIN_CLIENT);
  g_assert_true (again.duplicate);
  g_assert_cmpint (again.first_offset, ==, 110);
}

static void
stop (Kit *k)
{
  kit_stop (k, true);
  test_host_tolerate (k->host, "segment.damaged");
  test_host_tolerate (k->host, "segment.missing");
}

static void
go_on (Kit *k, bool clean)
{
  kit_start (k, clean);
  k->log = kit_open (k, "t", 0);
}

static char *
log_file (Kit *k, const char *name)
{
  return g_build_filename (k->path, "t-0", name, NULL);
}

static void
spoil (Kit *k, const char *name, const char *content)
{
  g_autofree char *path = log_file (k, name);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

/* Names of the files of the log that end in `suffix`, sorted. */
static GPtrArray *
names (Kit *k, const char *suffix)
{
  g_autofree char *path = g_build_filename (k->path, "t-0", NULL);
  GPtrArray *all = g_ptr_array_new_with_free_func (g_free);
  GDir *d = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (d)) != NULL)
    if (g_str_has_suffix (name, suffix)) {
      guint at = 0;
      while (at < all->len && strcmp (all->pdata[at], name) < 0)
        at++;
      g_ptr_array_insert (all, (gint)at, g_strdup (name));
    }
  g_dir_close (d);
  return all;
}

static void
for_each (Kit *k, const char *suffix, const char *content)
{
  g_autoptr (GPtrArray) all = names (k, suffix);

  for (guint i = 0; i < all->len; i++) {
    g_autofree char *path = log_file (k, all->pdata[i]);
    if (content)
      g_assert_true (g_file_set_contents (path, content, -1, NULL));
    else
      g_assert_cmpint (g_unlink (path), ==, 0);
  }
}

/* Side files gone or full of nonsense, after a clean stop and after none. */
static void
test_side_files (void)
{
  static const char *const suffixes[]
      = { ".index", ".timeindex", ".snapshot", "leader-epoch-checkpoint", "partition.metadata" };
  static const char *const garbage[]
      = { NULL, "", "x", "all this is nonsense, and not short either: it goes on and on" };

  for (gsize s = 0; s < G_N_ELEMENTS (suffixes); s++)
    for (gsize g = 0; g < G_N_ELEMENTS (garbage); g++)
      for (int clean = 0; clean < 2; clean++) {
        Kit *k = filled ();
        bool blind
            = clean && strcmp (suffixes[s], ".timeindex") == 0 && garbage[g] != NULL; /* believed after a clean stop */
        stop (k);
        if (!clean) { /* as a crash leaves it: nothing is known to be flushed */
          g_autofree char *path = g_build_filename (k->path, "recovery-point-offset-checkpoint", NULL);
          g_unlink (path);
        }
        for_each (k, suffixes[s], garbage[g]);
        go_on (k, clean);
        if (blind)
          g_assert_cmpint (kit_count (k, 0, 123, 1000), ==, 123);
        else
          check (k);
        kit_reopen (k);
        if (!blind)
          check (k);
        kit_free (k);
      }
}

static void
test_checkpoints (void)
{
  static const char *const files[]
      = { "recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint" };
  static const char *const garbage[] = { "", "1\n0\n", "0\n2\nt 0 5\n", "0\n1\nt 0 five\n", "0\n1\nt 0\n" };

  for (gsize f = 0; f < G_N_ELEMENTS (files); f++)
    for (gsize g = 0; g < G_N_ELEMENTS (garbage); g++) {
      Kit *k = filled ();
      g_autofree char *path = g_build_filename (k->path, files[f], NULL);
      stop (k);
      g_assert_true (g_file_set_contents (path, garbage[g], -1, NULL));
      go_on (k, true);
      g_assert_cmpuint (test_host_logged (k->host, "segment.damaged"), >, 0);
      check (k);
      kit_free (k);
    }
}

static void
forget_marks (Kit *k)
{
  static const char *const files[] = { "recovery-point-offset-checkpoint", "replication-offset-checkpoint" };

  for (unsigned i = 0; i < 2; i++) {
    g_autofree char *path = g_build_filename (k->path, files[i], NULL);
    g_assert_true (g_file_set_contents (path, "0\n0\n", -1, NULL));
  }
}

/* How many records can be read, and how many offsets are refused. */
static void
count_offsets (Kit *k, int64_t end, int64_t *good, int64_t *bad)
{
  *good = *bad = 0;
  for (int64_t at = 0; at < end; at++) {
    StokerRead req = { .offset = at, .limit = end, .max_bytes = 1 };
    StokerBuf b = { 0 };
    int rc = kit_read (k, &req, &b, NULL);
    g_assert_true (rc == 0 || rc == STOKER_CORRUPT_MESSAGE);
    *(rc == 0 ? good : bad) += 1;
    stoker_buf_clear (&b);
  }
}

/* The same where it is known that all of it was acknowledged, or nobody knows: what follows is kept and served, and what is lost is
 * refused, whatever happened to it. */
static void
test_acknowledged (void)
{
  for (int what = 0; what < 3; what++)
    for (int known = 0; known < 2; known++) {
      Kit *k = filled ();
      g_autoptr (GPtrArray) logs = NULL;
      g_autofree char *path = NULL, *content = NULL, *text = NULL;
      int64_t good, bad;
      gsize len;
      stop (k);
      if (known == 0) {
        g_autofree char *hw = g_build_filename (k->path, "replication-offset-checkpoint", NULL),
                        *recovery = g_build_filename (k->path, "recovery-point-offset-checkpoint", NULL);
        g_unlink (hw);
        g_unlink (recovery);
      } else {
        g_autofree char *recovery = g_build_filename (k->path, "recovery-point-offset-checkpoint", NULL);
        g_unlink (recovery); /* all of it is checked */
      }
      logs = names (k, ".log");
      path = log_file (k, logs->pdata[1]);
      g_assert_true (g_file_get_contents (path, &content, &len, NULL));
      if (what == 0)
        content[len / 2] ^= 4;
      else if (what == 1)
        len -= 10;
      if (what == 2)
        g_unlink (path);
      else
        g_assert_true (g_file_set_contents (path, content, (gssize)len, NULL));
      go_on (k, false);
      kit_assert_ends (k, 0, 123);
      if (what < 2) {
        count_offsets (k, 123, &good, &bad);
        g_assert_cmpint (bad, >, 0);
        g_assert_cmpint (bad, <, 5);
      } else {
        g_assert_cmpuint (test_host_logged (k->host, "segment.missing"), ==, 1);
      }
      text = test_host_log_text (k->host);
      g_assert_nonnull (strstr (text, what == 2 ? "segment.missing" : path));
      g_assert_cmpint (kit_put (k, 1), ==, 123);
      kit_reopen (k);
      kit_assert_ends (k, 0, 124);
      kit_free (k);
    }
}

/* A time index that says that a segment is older than it is: retention by time looks at the batches before it believes that. */
static void
test_older_than_it_is (void)
{
  Kit *k = filled ();
  g_autoptr (GPtrArray) logs = NULL;
  g_autofree char *path = NULL, *content = NULL;
  StokerError err = { 0 };
  StokerSegmentRow rows[64];
  gsize len, at;
  int64_t base;

  stop (k);
  logs = names (k, ".timeindex");
  path = log_file (k, logs->pdata[0]);
  base = g_ascii_strtoll (logs->pdata[1], NULL, 10);
  g_assert_true (g_file_get_contents (path, &content, &len, NULL));
  g_assert_cmpuint (len, >=, 12);
  for (at = len - 12; content[at] == 0; at++)
    ;
  content[at] = 0;
  g_assert_true (g_file_set_contents (path, content, (gssize)len, NULL));
  go_on (k, true);
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, rows, 64), >, 1);
  g_assert_cmpint (k->ops->drop (k->engine, k->log, base, "time", &err), ==, 0);
  kit_assert_ends (k, 0, 123);
  g_assert_cmpuint (test_host_logged (k->host, "segment.damaged"), ==, 1);
  g_assert_cmpint (k->ops->drop (k->engine, k->log, base, "time", &err), ==, 0); /* it is known now: whoever asks has seen that */
  kit_assert_ends (k, base, 123);
  kit_free (k);
}

/* Files that somebody removed, after a clean stop. */
static void
test_removed (void)
{
  for (guint which = 0; which < 3; which++) {
    Kit *k = filled ();
    g_autoptr (GPtrArray) logs = NULL;
    static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".snapshot" };
    g_autofree char *path = NULL, *text = NULL, *range = NULL;
    int64_t base, next = 123;
    stop (k);
    logs = names (k, ".log");
    g_assert_cmpuint (logs->len, >, 3);
    path = log_file (k, logs->pdata[which == 2 ? logs->len - 1 : which]);
    base = g_ascii_strtoll (strrchr (path, '/') + 1, NULL, 10);
    if (which < 2)
      next = g_ascii_strtoll (logs->pdata[which + 1], NULL, 10);
    path[strlen (path) - 4] = '\0';
    for (unsigned i = 0; i < G_N_ELEMENTS (suffixes); i++) {
      g_autofree char *file = g_strconcat (path, suffixes[i], NULL);
      g_unlink (file);
    }
    go_on (k, true);
    text = test_host_log_text (k->host);
    range = which < 2 ? g_strdup_printf ("offsets %d to %d are not there", (int)base, (int)next - 1)
                      : g_strdup_printf ("it is at %d, everything below 123", (int)base);
    g_assert_nonnull (strstr (text, range));
    kit_assert_ends (k, which == 0 ? next : 0, which == 2 ? base : 123);
    kit_free (k);
  }
}

/* A torn or damaged log that nobody was told of: cut before the first bad batch, what follows dropped, said by name and position. */
static void
test_torn (void)
{
  g_autoptr (GPtrArray) logs = NULL;

  for (int where = 0; where < 3; where++) {
    Kit *k = filled ();
    StokerLogEnds ends;
    g_autofree char *text = NULL, *path = NULL, *content = NULL;
    gsize len;
    stop (k);
    forget_marks (k);
    g_clear_pointer (&logs, g_ptr_array_unref);
    logs = names (k, ".log");
    path = log_file (k, logs->pdata[where == 2 ? logs->len - 1 : 1]);
    g_assert_true (g_file_get_contents (path, &content, &len, NULL));
    if (where == 0)
      content[len / 2] ^= 4; /* a bit of the second segment */
    else if (where == 1)
      len -= 10; /* the second segment is cut short */
    else
      memset (content + len - 5, 0, 5); /* the last batch was not written out */
    g_assert_true (g_file_set_contents (path, content, (gssize)len, NULL));
    go_on (k, false);
    ends = kit_ends (k);
    g_assert_cmpint (ends.end, <, 123);
    g_assert_cmpint (ends.hw, <=, ends.end);
    g_assert_cmpint (kit_count (k, 0, ends.end, 1000), ==, ends.end);
    if (where == 2)
      g_assert_cmpint (ends.end, ==, 122);
    text = test_host_log_text (k->host);
    g_assert_nonnull (strstr (text, "segment.damaged"));
    g_assert_nonnull (strstr (text, path));
    g_assert_nonnull (strstr (text, "position="));
    g_assert_cmpint (kit_put (k, 1), ==, ends.end); /* and it goes on there */
    kit_reopen (k);
    kit_assert_ends (k, 0, ends.end + 1);
    kit_free (k);
  }
}

/* Six batches of two records in one segment, and one with a header that names offsets it never had: nothing is believed of it, and
 * every start finds the same end. */
static void
test_false_offsets (void)
{
  static const struct
  {
    int batch, at; /* which one is damaged, at which byte of its header */
    bool astray;   /* its length too, so that a walk comes nowhere behind it */
    bool clean, marked;
    int64_t end, bad;
  } cases[] = {
    { 0, 23, true, false, true, 12, 2 }, { 0, 23, true, false, false, 12, 2 }, { 2, 23, false, false, true, 12, 2 },
    { 2, 4, false, false, true, 12, 2 }, { 2, 4, false, false, false, 12, 2 }, { 2, 4, false, true, true, 12, 2 },
    { 0, 23, true, true, true, 12, 2 },  { 2, 23, false, true, true, 12, 2 },  { 5, 23, false, true, true, 10, 0 },
    { 5, 3, false, true, false, 10, 0 },
  };
  static const char *const marks[] = { "recovery-point-offset-checkpoint", "replication-offset-checkpoint" };

  for (guint c = 0; c < G_N_ELEMENTS (cases); c++) {
    Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
    g_autofree char *path = log_file (k, "00000000000000000000.log"), *content = NULL;
    int64_t good, bad, end = cases[c].end;
    gsize len, batch;

    for (int i = 0; i < 6; i++)
      kit_put (k, 2);
    k->ops->set_hw (k->engine, k->log, 12);
    stop (k);
    for (unsigned i = 0; i < G_N_ELEMENTS (marks) && !cases[c].marked; i++) {
      g_autofree char *mark = g_build_filename (k->path, marks[i], NULL);
      g_unlink (mark);
    }
    g_assert_true (g_file_get_contents (path, &content, &len, NULL));
    batch = len / 6 * (gsize)cases[c].batch;
    content[batch + (gsize)cases[c].at] ^= 0x10;
    if (cases[c].astray)
      content[batch + 11]--;
    g_assert_true (g_file_set_contents (path, content, (gssize)len, NULL));
    for (int i = 0; i < 3; i++, end++) {
      go_on (k, cases[c].clean);
      kit_assert_ends (k, 0, end);
      count_offsets (k, end, &good, &bad);
      g_assert_cmpint (bad, ==, cases[c].bad);
      g_assert_cmpint (good, ==, end - cases[c].bad);
      g_assert_cmpint (kit_put (k, 1), ==, end);
      stop (k);
    }
    g_assert_cmpuint (test_host_logged (k->host, "segment.damaged"), >, 0);
    kit_start (k, true);
    k->log = kit_open (k, "t", 0);
    kit_free (k);
  }
}

/* The length of a damaged batch leads to the very end: those between are not lost with it. */
static void
test_length_to_the_end (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  g_autofree char *path = log_file (k, "00000000000000000000.log"), *content = NULL;
  int64_t good, bad;
  gsize len, rest;

  for (int i = 0; i < 6; i++)
    kit_put (k, 2);
  k->ops->set_hw (k->engine, k->log, 12);
  stop (k);
  spoil (k, "../recovery-point-offset-checkpoint", "0\n0\n");
  g_assert_true (g_file_get_contents (path, &content, &len, NULL));
  rest = len - len / 6 * 2 - 12;
  content[len / 6 * 2 + 10] = (char)(rest >> 8);
  content[len / 6 * 2 + 11] = (char)(rest & 0xff);
  g_assert_true (g_file_set_contents (path, content, (gssize)len, NULL));
  for (int clean = 0; clean < 2; clean++) {
    go_on (k, clean);
    kit_assert_ends (k, 0, 12);
    count_offsets (k, 12, &good, &bad);
    g_assert_cmpint (good, ==, 10);
    g_assert_cmpint (bad, ==, 2);
    stop (k);
  }
  go_on (k, true);
  kit_free (k);
}

/* Bytes behind the last batch, after a stop that claims to be clean. */
static void
test_tail_garbage (void)
{
  Kit *k = filled ();
  g_autoptr (GPtrArray) logs = NULL;
  g_autofree char *path = NULL;
  FILE *f;

  stop (k);
  logs = names (k, ".log");
  path = log_file (k, logs->pdata[logs->len - 1]);
  f = fopen (path, "a");
  fputs ("what is this doing here?", f);
  fclose (f);
  go_on (k, true);
  g_assert_cmpuint (test_host_logged (k->host, "segment.damaged"), ==, 1);
  check (k);
  kit_free (k);
}

static void
test_leftovers (void)
{
  Kit *k = filled ();
  g_autofree char *doomed = g_build_filename (k->path, "old-3.0123456789abcdef0123456789abcdef-delete", NULL);
  g_autofree char *inside = g_build_filename (doomed, "00000000000000000000.log", NULL);
  g_autofree char *second = NULL, *swap = NULL;
  g_autoptr (GPtrArray) logs = NULL, rest = NULL;

  stop (k);
  g_assert_cmpint (g_mkdir (doomed, 0750), ==, 0);
  g_assert_true (g_file_set_contents (inside, "x", 1, NULL));
  spoil (k, "00000000000000000007.log.deleted", "x");
  spoil (k, "00000000000000005000.log.cleaned", "x");
  spoil (k, "00000000000000005000.log.swap", "x"); /* not below the smallest .cleaned: dropped */
  spoil (k, "00000000000000009000.index", "x");    /* no .log */
  spoil (k, "leader-epoch-checkpoint.tmp", "x");
  logs = names (k, ".log"); /* a compaction that was swapping the second segment in when it was stopped */
  second = log_file (k, logs->pdata[1]);
  swap = g_strconcat (second, ".swap", NULL);
  g_assert_cmpint (g_rename (second, swap), ==, 0);
  g_assert_true (g_file_set_contents (second, "stale", -1, NULL));
  go_on (k, true);
  check (k);
  k->ops->tick (k->engine, k->now_ms);
  g_assert_false (g_file_test (doomed, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (swap, G_FILE_TEST_EXISTS));
  rest = names (k, "");
  for (guint i = 0; i < rest->len; i++) {
    const char *name = rest->pdata[i];
    g_assert_null (strstr (name, ".deleted"));
    g_assert_null (strstr (name, ".cleaned"));
    g_assert_null (strstr (name, ".tmp"));
    g_assert_null (strstr (name, "00000000000000009000"));
    g_assert_null (strstr (name, "00000000000000005000"));
  }
  kit_free (k);
}

/* The log ends below its start: as if all of it had been deleted. */
static void
test_end_below_start (void)
{
  Kit *k = filled ();
  g_autofree char *path = g_build_filename (k->path, "log-start-offset-checkpoint", NULL);

  stop (k);
  g_assert_true (g_file_set_contents (path, "0\n1\nt 0 1000\n", -1, NULL));
  go_on (k, true);
  kit_assert_ends (k, 1000, 1000);
  g_assert_cmpint (kit_put (k, 1), ==, 1000);
  kit_reopen (k);
  kit_assert_ends (k, 1000, 1001);
  kit_free (k);
}

/* Index files as Kafka leaves them when it is killed: full length, zeros at the end. */
static void
test_zeros_in_index (void)
{
  Kit *k = filled ();
  g_autoptr (GPtrArray) all = NULL;

  stop (k);
  all = names (k, "index");
  for (guint i = 0; i < all->len; i++) {
    g_autofree char *path = log_file (k, all->pdata[i]);
    if (!g_str_has_suffix (path, ".txnindex"))
      g_assert_cmpint (truncate (path, g_str_has_suffix (path, ".timeindex") ? 12000 : 8000), ==, 0);
  }
  spoil (k, "../recovery-point-offset-checkpoint", "0\n0\n");
  go_on (k, false);
  check (k);
  kit_free (k);
}

static void
test_legacy_is_refused (void)
{
  Kit *k = filled ();
  g_autofree char *path = NULL, *content = NULL;
  g_autoptr (GPtrArray) logs = NULL;
  gsize len;
  StokerLogSpec spec = { .topic = STOKER_STR_LIT ("t"), .dir = &k->dir, .config = &k->config };
  StokerLog *log = NULL;
  StokerError err = { 0 };
  g_autofree char *after = NULL;
  gsize after_len;

  stop (k);
  logs = names (k, ".log");
  path = log_file (k, logs->pdata[0]);
  g_assert_true (g_file_get_contents (path, &content, &len, NULL));
  content[16] = 1;
  g_assert_true (g_file_set_contents (path, content, (gssize)len, NULL));
  spoil (k, "../recovery-point-offset-checkpoint", "0\n0\n");
  kit_start (k, false);
  g_assert_cmpint (k->ops->open (k->engine, &spec, &log, &err), ==, STOKER_KAFKA_STORAGE_ERROR);
  g_assert_nonnull (strstr (err.text, path));
  g_assert_true (g_file_get_contents (path, &after, &after_len, NULL)); /* untouched */
  g_assert_cmpmem (after, after_len, content, len);
  g_assert_cmpint (k->ops->dir_detach (k->engine, 0, NULL), ==, 0);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/damage/side-files", test_side_files);
  g_test_add_func ("/segment/damage/checkpoints", test_checkpoints);
  g_test_add_func ("/segment/damage/acknowledged", test_acknowledged);
  g_test_add_func ("/segment/damage/removed", test_removed);
  g_test_add_func ("/segment/damage/older-than-it-is", test_older_than_it_is);
  g_test_add_func ("/segment/damage/torn", test_torn);
  g_test_add_func ("/segment/damage/false-offsets", test_false_offsets);
  g_test_add_func ("/segment/damage/length-to-the-end", test_length_to_the_end);
  g_test_add_func ("/segment/damage/tail-garbage", test_tail_garbage);
  g_test_add_func ("/segment/damage/leftovers", test_leftovers);
  g_test_add_func ("/segment/damage/end-below-start", test_end_below_start);
  g_test_add_func ("/segment/damage/zeros-in-index", test_zeros_in_index);
  g_test_add_func ("/segment/damage/legacy-is-refused", test_legacy_is_refused);
  return g_test_run ();
}
