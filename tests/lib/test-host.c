/* SPDX-License-Identifier: Apache-2.0 */
#include "test-host.h"

#include "module/instance.h"
#include "module/option.h"
#include "world/disk.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <stdatomic.h>

typedef struct Call
{
  void (*fn) (void *user);
  void *user;
} Call;

struct TestHost
{
  StokerHost host; /* first */
  GMutex lock;
  GCond changed;
  GQueue control; /* Call */
  GThreadPool *pool;
  unsigned working; /* calls given to the pool and not yet done */
  bool inline_work;
  StokerDisk *posix;
  _Atomic int64_t fake_ms; /* < 0: the real clock */
  _Atomic uint64_t seed;
  GString *log;
  GHashTable *events;   /* id -> count */
  GPtrArray *expected;  /* ids */
  GPtrArray *tolerated; /* ids */
  GPtrArray *instances; /* oldest first */
  StokerInstance *codecs[8];
};

static int64_t
now_ms (void *user)
{
  TestHost *h = user;
  int64_t fake = atomic_load (&h->fake_ms);

  return fake >= 0 ? fake : g_get_real_time () / 1000;
}

static int64_t
monotonic_us (void *user)
{
  TestHost *h = user;
  int64_t fake = atomic_load (&h->fake_ms);

  return fake >= 0 ? fake * 1000 : g_get_monotonic_time ();
}

/* splitmix64: the same numbers in every run. */
static uint64_t
random_bits (void *user)
{
  TestHost *h = user;
  uint64_t z = atomic_fetch_add (&h->seed, UINT64_C (0x9e3779b97f4a7c15));

  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

static void
work_run (void *data, void *user)
{
  TestHost *h = user;
  Call *c = data;

  c->fn (c->user);
  g_free (c);
  g_mutex_lock (&h->lock);
  h->working--;
  g_cond_broadcast (&h->changed);
  g_mutex_unlock (&h->lock);
}

static Call *
call_new (void (*fn) (void *arg), void *arg)
{
  Call *c = g_new (Call, 1);

  *c = (Call){ fn, arg };
  return c;
}

static void
work (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  TestHost *h = user;

  if (h->inline_work) {
    fn (arg);
    return;
  }
  g_mutex_lock (&h->lock);
  h->working++;
  if (h->pool == NULL)
    h->pool = g_thread_pool_new (work_run, h, 1, TRUE, NULL);
  (void)g_thread_pool_push (h->pool, call_new (fn, arg), NULL);
  g_mutex_unlock (&h->lock);
}

static void
post_control (void *user, void (*fn) (void *arg), void *arg)
{
  TestHost *h = user;

  g_mutex_lock (&h->lock);
  g_queue_push_tail (&h->control, call_new (fn, arg));
  g_cond_broadcast (&h->changed);
  g_mutex_unlock (&h->lock);
}

static StokerInstance *
codec (void *user, int codec_id)
{
  TestHost *h = user;

  return codec_id > 0 && codec_id < 8 ? h->codecs[codec_id] : NULL;
}

static const StkHostOps ops = { now_ms, monotonic_us, random_bits, work, post_control, codec, NULL, NULL, NULL };

/* With the log's lock held; `expected` is only touched here and under that lock. */
static void
grab (void *user, StokerLogLevel level, const char *event, const char *line, size_t len)
{
  TestHost *h = user;
  unsigned count;

  g_mutex_lock (&h->lock);
  g_string_append_len (h->log, line, (gssize)len);
  count = GPOINTER_TO_UINT (g_hash_table_lookup (h->events, event)) + 1;
  g_hash_table_replace (h->events, g_strdup (event), GUINT_TO_POINTER (count));
  if (level <= STOKER_LOG_WARN && !g_ptr_array_find_with_equal_func (h->tolerated, event, g_str_equal, NULL)) {
    guint at;
    if (!g_ptr_array_find_with_equal_func (h->expected, event, g_str_equal, &at))
      g_error ("the test did not expect this line: %s", line);
    g_ptr_array_remove_index (h->expected, at);
  }
  g_mutex_unlock (&h->lock);
}

TestHost *
test_host_new (void)
{
  TestHost *h = g_new0 (TestHost, 1);

  g_mutex_init (&h->lock);
  g_cond_init (&h->changed);
  g_queue_init (&h->control);
  h->posix = stk_posix_disk_new ();
  atomic_init (&h->fake_ms, -1);
  atomic_init (&h->seed, 1);
  h->log = g_string_new (NULL);
  h->events = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  h->expected = g_ptr_array_new_with_free_func (g_free);
  h->tolerated = g_ptr_array_new_with_free_func (g_free);
  h->instances = g_ptr_array_new ();
  h->host = (StokerHost){ &ops, h, h->posix, stk_log_new (now_ms, h, STK_LOG_TEXT, grab, h), stk_metrics_new () };
  stk_log_set_level (h->host.log, NULL, STOKER_LOG_DEBUG);
  return h;
}

void
test_host_free (TestHost *h)
{
  test_host_drain_work (h);
  while (h->instances->len > 0)
    stk_instance_free (g_ptr_array_steal_index (h->instances, h->instances->len - 1));
  do
    test_host_drain_work (h);
  while (test_host_run_control (h) > 0);
  if (h->expected->len > 0)
    g_error ("the expected event %s was not logged; the log:\n%s", (char *)g_ptr_array_index (h->expected, 0),
             h->log->str);
  if (h->pool)
    g_thread_pool_free (h->pool, FALSE, TRUE);
  stk_log_free (h->host.log);
  stk_metrics_free (h->host.metrics);
  stk_posix_disk_free (h->posix);
  g_ptr_array_unref (h->instances);
  g_ptr_array_unref (h->expected);
  g_ptr_array_unref (h->tolerated);
  g_hash_table_unref (h->events);
  g_string_free (h->log, TRUE);
  g_mutex_clear (&h->lock);
  g_cond_clear (&h->changed);
  g_free (h);
}

StokerHost *
test_host_get (TestHost *h)
{
  return &h->host;
}

void
test_host_inline_work (TestHost *h)
{
  h->inline_work = true;
}

void
test_host_drain_work (TestHost *h)
{
  g_mutex_lock (&h->lock);
  while (h->working > 0)
    g_cond_wait (&h->changed, &h->lock);
  g_mutex_unlock (&h->lock);
}

static Call *
next_control (TestHost *h)
{
  Call *c;

  g_mutex_lock (&h->lock);
  c = g_queue_pop_head (&h->control);
  g_mutex_unlock (&h->lock);
  return c;
}

unsigned
test_host_run_control (TestHost *h)
{
  unsigned n = 0;
  Call *c;

  while ((c = next_control (h)) != NULL) {
    c->fn (c->user);
    g_free (c);
    n++;
  }
  return n;
}

void
test_host_wait (TestHost *h, const bool *flag)
{
  int64_t deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  while (!__atomic_load_n (flag, __ATOMIC_ACQUIRE)) {
    if (test_host_run_control (h) > 0)
      continue;
    g_mutex_lock (&h->lock);
    if (g_queue_is_empty (&h->control))
      (void)g_cond_wait_until (&h->changed, &h->lock, g_get_monotonic_time () + 5 * G_TIME_SPAN_MILLISECOND);
    g_mutex_unlock (&h->lock);
    if (g_get_monotonic_time () > deadline)
      g_error ("waited 60 s in vain; the log:\n%s", h->log->str);
  }
}

void
test_host_fake_clock (TestHost *h, int64_t ms)
{
  atomic_store (&h->fake_ms, ms);
}

void
test_host_advance (TestHost *h, int64_t ms)
{
  g_assert_cmpint (atomic_load (&h->fake_ms), >=, 0);
  atomic_fetch_add (&h->fake_ms, ms);
}

void
test_host_set_disk (TestHost *h, StokerDisk *disk)
{
  h->host.disk = disk;
}

void
test_host_add_codec (TestHost *h, StokerInstance *instance)
{
  /* The id stands behind the head in StokerCodecOps (stoker/codec.h). */
  const StokerOpsHead *head = instance->module->ops;
  int32_t id = *(const int32_t *)(head + 1);

  g_assert_cmpint (id, >, 0);
  g_assert_cmpint (id, <, 8);
  h->codecs[id] = instance;
}

void
test_host_expect (TestHost *h, const char *event)
{
  g_mutex_lock (&h->lock);
  g_ptr_array_add (h->expected, g_strdup (event));
  g_mutex_unlock (&h->lock);
}

void
test_host_tolerate (TestHost *h, const char *event)
{
  g_mutex_lock (&h->lock);
  g_ptr_array_add (h->tolerated, g_strdup (event));
  g_mutex_unlock (&h->lock);
}

unsigned
test_host_logged (TestHost *h, const char *event)
{
  unsigned n;

  g_mutex_lock (&h->lock);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (h->events, event));
  g_mutex_unlock (&h->lock);
  return n;
}

char *
test_host_log_text (TestHost *h)
{
  char *text;

  g_mutex_lock (&h->lock);
  text = g_strdup (h->log->str);
  g_mutex_unlock (&h->lock);
  return text;
}

static int
read_conf (const StokerModule *m, const char *text, void *conf, StokerError *err)
{
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++) {
    g_auto (GStrv) parts = g_strsplit (*line, "=", 2);
    const StokerOption *row;
    if (g_strstrip (*line)[0] == '\0')
      continue;
    if (parts[0] == NULL || parts[1] == NULL)
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not of the form option = value", *line);
    row = stk_option_find (m->options, m->n_options, g_strstrip (parts[0]));
    if (row == NULL)
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "module %s has no option %s", m->name, parts[0]);
    if (stk_option_parse (row, g_strstrip (parts[1]), NULL, conf, err) < 0)
      return stoker_error_prefix (err, "%s", row->name);
  }
  return 0;
}

StokerInstance *
test_host_try_instance (TestHost *h, const StokerModule *m, const char *conf_text, StokerError *err)
{
  void *conf;
  StokerInstance *i;

  g_assert_cmpuint (m->size, ==, sizeof *m);
  if (stk_options_check_table (m->options, m->n_options, m->conf_size, err) < 0)
    return NULL;
  conf = stk_conf_new (m);
  if (read_conf (m, conf_text, conf, err) < 0) {
    stk_conf_free (m, conf);
    return NULL;
  }
  i = stk_instance_new (m, m->name, &h->host, conf);
  if (stk_instance_init (i, err) < 0 || stk_instance_start (i, err) < 0) {
    stk_instance_free (i);
    return NULL;
  }
  g_ptr_array_add (h->instances, i);
  return i;
}

StokerInstance *
test_host_instance (TestHost *h, const StokerModule *m, const char *conf_text)
{
  StokerError err = { 0 };
  StokerInstance *i = test_host_try_instance (h, m, conf_text, &err);

  if (i == NULL)
    g_error ("no instance of module %s: %s", m->name, err.text);
  return i;
}

StokerInstance *
test_instance_new (const StokerModule *m, const char *conf_text)
{
  return test_host_instance (test_host_new (), m, conf_text);
}

TestHost *
test_instance_host (StokerInstance *i)
{
  return (TestHost *)i->host;
}

void
test_instance_free (StokerInstance *i)
{
  if (i)
    test_host_free (test_instance_host (i));
}

char *
test_dir_new (void)
{
  GError *error = NULL;
  char *dir = g_dir_make_tmp ("stoker-test-XXXXXX", &error);

  g_assert_no_error (error);
  return dir;
}

static void
remove_tree (const char *path)
{
  GDir *d = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (d && (name = g_dir_read_name (d)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    remove_tree (child);
  }
  if (d)
    g_dir_close (d);
  (void)g_remove (path);
}

void
test_dir_free (char *dir)
{
  if (dir)
    remove_tree (dir);
  g_free (dir);
}
