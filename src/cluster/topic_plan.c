/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a new topic allowed, and where do its replicas go (kafka-facts 3.7)?
 */
#include "broker/ensure_topic.h"
#include "cluster/topics_private.h"
#include "module/registry.h"

static void
refuse (StkTopicPlan *plan, int16_t error, const char *fmt, ...) G_GNUC_PRINTF (3, 4);

static void
refuse (StkTopicPlan *plan, int16_t error, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  plan->error = error;
  g_free (plan->message);
  plan->message = g_strdup_vprintf (fmt, ap);
  va_end (ap);
}

/* ---- placement */

void
stk_topic_place (StkTopics *t, StkTopicState *state, int32_t from, int32_t count, int32_t factor)
{
  const StkSnapshot *s = stk_meta_store_peek (t->b->meta, -1);
  int32_t n = s->n_brokers, start, shift;

  g_assert (factor >= 1 && factor <= n);
  start = (int32_t)(stk_world_random (t->b->world) % (uint64_t)n);
  shift = (int32_t)(stk_world_random (t->b->world) % (uint64_t)n);
  stk_topic_state_grow (state, from + count);
  for (int32_t p = from; p < from + count; p++) {
    int32_t first = (p + start) % n;
    int32_t *ids = g_new (int32_t, factor);
    if (p > from && p % n == 0)
      shift++;
    ids[0] = s->brokers[first]->id;
    for (int32_t j = 1; j < factor; j++)
      ids[j] = s->brokers[(first + 1 + (shift + j - 1) % (n - 1)) % n]->id;
    stk_ids_clear (&state->partitions[p].replicas);
    state->partitions[p].replicas = (StkIds){ ids, factor };
  }
}

static bool
valid_replicas (const StkSnapshot *s, const StokerAssignment *a, int32_t want, char **message)
{
  if (a->n_brokers < 1 || a->n_brokers != want) {
    *message = g_strdup ("every partition must have the same number of replicas, at least one");
    return false;
  }
  for (int32_t i = 0; i < a->n_brokers; i++) {
    if (stk_snapshot_broker (s, a->brokers[i]) == NULL) {
      *message = g_strdup_printf ("broker %d is not alive", a->brokers[i]);
      return false;
    }
    for (int32_t k = 0; k < i; k++)
      if (a->brokers[k] == a->brokers[i]) {
        *message = g_strdup_printf ("broker %d is named twice for one partition", a->brokers[i]);
        return false;
      }
  }
  return true;
}

bool
stk_topic_assign (StkTopics *t, StkTopicState *state, int32_t from, int32_t count, const StokerAssignment *given, char **message)
{
  const StkSnapshot *s = stk_meta_store_peek (t->b->meta, -1);
  int32_t factor = from > 0 ? state->partitions[0].replicas.n : given[0].n_brokers;

  stk_topic_state_grow (state, from + count);
  for (int32_t i = 0; i < count; i++) {
    /* CreateTopics numbers its partitions, CreatePartitions lists them in order. */
    int32_t p = from > 0 ? from + i : given[i].partition;
    if (p < from || p >= from + count || state->partitions[p].replicas.n > 0) {
      *message = g_strdup ("partitions must be numbered 0, 1, .. without gaps or repetitions");
      return false;
    }
    if (!valid_replicas (s, &given[i], factor, message))
      return false;
    state->partitions[p].replicas = stk_ids_copy (given[i].brokers, given[i].n_brokers);
  }
  return true;
}

/* ---- checks */

/* '.' and '_' fall together in metric names, so two topics must not differ in them only. */
static char
unified (char c)
{
  return c == '.' ? '_' : c;
}

static const char *
collision (const StkSnapshot *s, StokerStr name)
{
  g_autofree const StkMetaTopic **all = NULL;
  bool plain = true;

  for (size_t i = 0; i < name.len; i++)
    plain = plain && name.data[i] != '.' && name.data[i] != '_';
  if (plain)
    return NULL;
  all = g_new (const StkMetaTopic *, s->n_topics + 1);
  stk_snapshot_topics (s, all);
  for (int32_t i = 0; i < s->n_topics; i++) {
    size_t k = 0;
    if (all[i]->name_len != name.len)
      continue;
    while (k < name.len && unified (all[i]->name[k]) == unified (name.data[k]))
      k++;
    if (k == name.len)
      return all[i]->name;
  }
  return NULL;
}

/* Some clients look at these texts. */
static void
name_invalid (StokerStr name, StkTopicPlan *plan)
{
  if (name.len == 0)
    refuse (plan, STOKER_INVALID_TOPIC, "a topic needs a name of 1 to 249 characters");
  else if (name.len <= 2 && name.data[0] == '.')
    refuse (plan, STOKER_INVALID_TOPIC, "a topic cannot be called . or ..");
  else if (name.len > 249)
    refuse (plan, STOKER_INVALID_TOPIC, "topic name %.*s.. has more than 249 characters", (int)MIN (name.len, 260),
            name.data);
  else
    refuse (plan, STOKER_INVALID_TOPIC,
            "topic name '%.*s' may hold only letters, digits, '.', '_' and '-'", (int)name.len,
            name.data);
}

static bool
name_allowed (const StkSnapshot *s, const StokerCreateTopic *in, StkTopicPlan *plan)
{
  int len = (int)MIN (in->name.len, 260);
  const char *name = in->name.data ? in->name.data : "", *other;

  if (stoker_str_is (in->name, "__cluster_metadata"))
    refuse (plan, STOKER_INVALID_REQUEST, "%.*s is the name of a topic that only brokers may make", len, name);
  else if (stk_snapshot_topic (s, in->name))
    refuse (plan, STOKER_TOPIC_ALREADY_EXISTS, "topic %.*s exists", len, name);
  else if (!stk_topic_name_valid (in->name))
    name_invalid (in->name, plan);
  else if ((other = collision (s, in->name)) != NULL)
    refuse (plan, STOKER_INVALID_TOPIC, "%.*s collides with topic %s: they differ in '.' and '_' only, which are one in metric names", len, name, other);
  return plan->error == 0;
}

/* The broker's setting that an internal topic takes instead of num.partitions. */
static int32_t
default_partitions (const StkBrokerConfig *c, bool offsets)
{
  return (int32_t)(offsets ? c->offsets_topic_num_partitions : c->num_partitions);
}

static bool
shape (StkTopics *t, const StokerCreateTopic *in, bool offsets, int64_t *left, StkTopicPlan *plan)
{
  const StkBrokerConfig *c = t->b->config;
  const StkSnapshot *s = stk_meta_store_peek (t->b->meta, -1);
  int64_t parts = in->n_partitions == -1 ? default_partitions (c, offsets) : in->n_partitions;
  int64_t want = in->n_assignments > 0 ? in->n_assignments : parts;
  int64_t factor = in->replication_factor == -1 ? c->default_replication_factor : in->replication_factor;

  if (offsets && in->replication_factor == -1)
    factor = MIN (c->offsets_topic_replication_factor, s->n_brokers);
  if (want > *left && (want <= STK_TOPIC_MAX_PARTITIONS || in->n_assignments > 0)) {
    refuse (plan, STOKER_INVALID_PARTITIONS, "the topics of one request may have %d partitions together", STK_TOPIC_MAX_PARTITIONS);
  } else if (in->n_assignments > 0) {
    char *why = NULL;
    if (in->n_partitions != -1 || in->replication_factor != -1)
      refuse (plan, STOKER_INVALID_REQUEST, "give the numbers of partitions and replicas (then no assignment), or the assignment (then -1 for both)");
    else if (!stk_topic_assign (t, plan->state, 0, in->n_assignments, in->assignments, &why))
      refuse (plan, STOKER_INVALID_REPLICA_ASSIGNMENT, "%s", why);
    g_free (why);
  } else if (parts < 1 || parts > STK_TOPIC_MAX_PARTITIONS) {
    refuse (plan, STOKER_INVALID_PARTITIONS, "a topic has 1 to %d partitions, not %" G_GINT64_FORMAT, STK_TOPIC_MAX_PARTITIONS, parts);
  } else if (factor < 1) {
    refuse (plan, STOKER_INVALID_REPLICATION_FACTOR, "a partition needs at least one replica");
  } else if (factor > s->n_brokers) {
    refuse (plan, STOKER_INVALID_REPLICATION_FACTOR, "%" G_GINT64_FORMAT " replicas were asked for, but only %d brokers are alive", factor, s->n_brokers);
  } else {
    stk_topic_place (t, plan->state, 0, (int32_t)parts, (int32_t)factor);
  }
  *left -= plan->state->n_partitions;
  return plan->error == 0;
}

bool
stk_topics_instance_exists (const StkTopics *t, StokerStr name, const char *value)
{
  uint32_t kind = stoker_str_is (name, "storage.engine") ? STOKER_KIND_STORAGE : stoker_str_is (name, "partitioner") ? STOKER_KIND_PARTITIONER : 0;

  return kind == 0 || value[0] == '\0' || stk_registry_get (t->b->registry, kind, value) != NULL;
}

static bool
settings (StkTopics *t, const StokerCreateTopic *in, StkTopicPlan *plan)
{
  GArray *pairs = g_array_new (FALSE, TRUE, sizeof (StkMetaPair));
  StokerError together = { 0 };

  for (int32_t i = 0; i < in->n_configs && plan->error == 0; i++) {
    StokerError why = { 0 };
    char *value = NULL;
    if (in->configs[i].value.data == NULL) {
      refuse (plan, STOKER_INVALID_CONFIG, "setting %.*s has no value", (int)MIN (in->configs[i].name.len, 100), in->configs[i].name.data);
    } else if (stk_topic_config_check (in->configs[i].name, in->configs[i].value, &value, &why) < 0) {
      refuse (plan, STOKER_INVALID_CONFIG, "%s", why.text);
    } else if (!stk_topics_instance_exists (t, in->configs[i].name, value)) {
      refuse (plan, STOKER_INVALID_CONFIG, "%s is not the name of a loaded module instance, which %.*s needs", value,
              (int)in->configs[i].name.len, in->configs[i].name.data);
      g_free (value);
    } else {
      StkMetaPair p = { g_strndup (in->configs[i].name.data, in->configs[i].name.len), value };
      g_array_append_val (pairs, p);
    }
  }
  plan->state->n_overrides = pairs->len;
  plan->state->overrides = (StkMetaPair *)(void *)g_array_free (pairs, FALSE);
  if (plan->error == 0 && stk_topic_config_check_set (t->b->config, plan->state->overrides, plan->state->n_overrides, &together) < 0)
    refuse (plan, STOKER_INVALID_CONFIG, "%s", together.text);
  return plan->error == 0;
}

void
stk_topic_plan (StkTopics *t, const StokerCreateTopic *in, bool internal_defaults, int64_t *left, StkTopicPlan *plan)
{
  const StkSnapshot *s = stk_meta_store_peek (t->b->meta, -1);

  *plan = (StkTopicPlan){ 0 };
  if (!name_allowed (s, in, plan))
    return;
  {
    g_autofree char *name = g_strndup (in->name.data, in->name.len);
    plan->state = stk_topic_state_new (name);
  }
  stk_ctl_random_id (t->b->controller, &plan->state->id);
  if (shape (t, in, internal_defaults && stoker_str_is (in->name, "__consumer_offsets"), left, plan))
    (void)settings (t, in, plan);
}

void
stk_topic_plan_apart (StkTopicPlan *plan, GHashTable *names)
{
  char *name;

  if (plan->error || plan->state == NULL)
    return;
  name = g_strdup (plan->state->name);
  for (char *p = name; *p; p++)
    *p = unified (*p);
  if (!g_hash_table_add (names, name))
    refuse (plan, STOKER_INVALID_TOPIC, "%s collides with another topic of the request: they differ in '.' and '_' only, which are one in metric names",
            plan->state->name);
}

void
stk_topic_plan_clear (StkTopicPlan *plan)
{
  stk_topic_state_unref (plan->state);
  g_free (plan->message);
  *plan = (StkTopicPlan){ 0 };
}
