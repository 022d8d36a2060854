/* SPDX-License-Identifier: Apache-2.0
 *
 * A partition's folder: small files first, for what they say of the log must be in it when it is read later.
 */
#include "config.h"

#include "cli/verify.h"

#include <inttypes.h>
#include <string.h>

typedef struct Partition
{
  PartitionFacts facts;
  GArray *bases;     /* int64_t of the .log files, ascending */
  GArray *snapshots; /* int64_t */
  GPtrArray *orphans; /* names of index files without their log */
  guint at;          /* the segment in turn .. */
  SegmentState before, state; /* .. and what was known at its beginning, and is behind it */
} Partition;

static int
ascending (const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

  return x < y ? -1 : x > y;
}

int64_t
verify_base_offset (const char *name)
{
  static const char *const suffixes[] = { ".log", ".snapshot", ".index", ".timeindex", ".txnindex" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (strspn (name, "0123456789") == 20 && strcmp (name + 20, suffixes[i]) == 0)
      return g_ascii_strtoll (name, NULL, 10);
  return -1;
}

/* Sorts the files of the folder; false: it cannot be read. */
static bool
list (Verify *v, Partition *p)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (p->facts.path, 0, &error);
  const char *name;

  if (dir == NULL) {
    verify_unread (v, p->facts.path, g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? ENOENT : EIO);
    return false;
  }
  while ((name = g_dir_read_name (dir)) != NULL) {
    int64_t base = verify_base_offset (name);
    if (base < 0)
      continue;
    if (g_str_has_suffix (name, ".log"))
      g_array_append_val (p->bases, base);
    else if (g_str_has_suffix (name, ".snapshot"))
      g_array_append_val (p->snapshots, base);
    else
      g_ptr_array_add (p->orphans, g_strdup (name));
  }
  verify_unsettled_bases (v->unsettled, p->facts.path, p->bases);
  g_array_sort (p->bases, ascending);
  return true;
}

static void
check_small (Verify *v, void *user)
{
  Partition *p = user;
  g_autofree char *epochs = g_build_filename (p->facts.path, "leader-epoch-checkpoint", NULL);
  g_autofree char *metadata = g_build_filename (p->facts.path, "partition.metadata", NULL);

  g_array_set_size (p->bases, 0);
  g_array_set_size (p->snapshots, 0);
  g_ptr_array_set_size (p->orphans, 0);
  stoker_epochs_clear (&p->facts.epochs);
  g_hash_table_remove_all (p->facts.last_batches);
  if (!list (v, p))
    return;
  if (g_file_test (epochs, G_FILE_TEST_EXISTS))
    verify_epochs (v, epochs, &p->facts.epochs);
  if (g_file_test (metadata, G_FILE_TEST_EXISTS))
    verify_metadata (v, metadata);
  for (guint i = 0; i < p->snapshots->len; i++) {
    int64_t offset = g_array_index (p->snapshots, int64_t, i);
    g_autofree char *name = g_strdup_printf ("%020" PRId64 ".snapshot", offset);
    g_autofree char *path = g_build_filename (p->facts.path, name, NULL);
    verify_snapshot (v, path, offset, p->facts.last_batches);
  }
  for (guint i = 0; i < p->orphans->len; i++) {
    int64_t base = g_ascii_strtoll (p->orphans->pdata[i], NULL, 10);
    g_autofree char *path = g_build_filename (p->facts.path, p->orphans->pdata[i], NULL);
    if (p->bases->len == 0 || bsearch (&base, p->bases->data, p->bases->len, sizeof base, ascending) == NULL)
      verify_found (v, path, -1, base, "an index without its .log");
  }
}

static void
check_segment (Verify *v, void *user)
{
  Partition *p = user;
  int64_t base = g_array_index (p->bases, int64_t, p->at);
  int64_t limit = p->at + 1 < p->bases->len ? g_array_index (p->bases, int64_t, p->at + 1) : INT64_MAX;

  p->state = p->before;
  verify_segment (v, &p->facts, base, limit, &p->state);
}

/* What the directory's checkpoints promise must be there. */
static void
check_marks (Verify *v, const Partition *p, const VerifyMarks *m)
{
  const struct
  {
    const char *what;
    int64_t offset;
  } marks[] = { { "recovery-point-offset-checkpoint", m->recovery },
                { "log-start-offset-checkpoint", m->start },
                { "replication-offset-checkpoint", m->hw } };

  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (marks[i].offset > p->state.next) {
      verify_found (v, p->facts.path, -1, p->state.next, "the log ends here, but %s has %" PRId64, marks[i].what,
                    marks[i].offset);
      verify_is (v, FINDING_ENDS);
    }
}

typedef struct MarksCheck
{
  const Partition *p;
  const VerifyMarks *marks;
} MarksCheck;

static void
check_ends (Verify *v, void *user)
{
  MarksCheck *c = user;

  check_marks (v, c->p, c->marks);
}

void
verify_partition (Verify *v, const char *path, const VerifyMarks *marks)
{
  Partition p = { .facts = { .path = path },
                  .bases = g_array_new (FALSE, FALSE, sizeof (int64_t)),
                  .snapshots = g_array_new (FALSE, FALSE, sizeof (int64_t)),
                  .orphans = g_ptr_array_new_with_free_func (g_free),
                  .before = { 0, -1 },
                  .state = { 0, -1 } };
  bool online = v->online;

  p.facts.last_batches = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  v->counts.partitions++;
  verify_try (v, check_small, &p);
  for (p.at = 0; p.at < p.bases->len; p.at++) {
    verify_try (v, check_segment, &p);
    p.before = p.state;
  }
  /* A log with nothing in it may begin anywhere; one that was removed meanwhile promises nothing. */
  if (marks && p.bases->len > 0 && g_file_test (path, G_FILE_TEST_IS_DIR)) {
    MarksCheck c = { &p, marks };
    v->online = false; /* the marks were read before the log: looking again shows nothing new */
    verify_try (v, check_ends, &c);
    v->online = online;
  }
  stoker_epochs_clear (&p.facts.epochs);
  g_hash_table_unref (p.facts.last_batches);
  g_array_unref (p.bases);
  g_array_unref (p.snapshots);
  g_ptr_array_unref (p.orphans);
}
