/* SPDX-License-Identifier: Apache-2.0 */
#include "group/internal.h"

#include <string.h>

#define INDEX_FROM 16u /* members: below, a scan is as fast and costs no memory */

const char *
stk_group_state_name (StkGroupState s)
{
  static const char *const names[] = { "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead" };

  return names[s];
}

StkGroup *
stk_group_new (StkGroups *groups, StokerStr id)
{
  StkGroup *g = g_new0 (StkGroup, 1);

  g->groups = groups;
  g->id = stk_str_dup (id);
  g->state_since_ms = -1;
  return g;
}

void
stk_group_free (StkGroup *g)
{
  StkGroupsHost *host = &g->groups->host;

  host->timer_cancel (host->user, &g->timer);
  while (g->n_members)
    stk_group_drop_member (g, g->members[g->n_members - 1]);
  while (g->pending)
    stk_group_drop_pending (g, g->pending);
  if (g->index)
    g_hash_table_destroy (g->index);
  g_free (g->members);
  stk_offsets_clear (&g->offsets);
  g_free ((char *)g->protocol_type.data);
  g_free ((char *)g->protocol.data);
  g_free ((char *)g->id.data);
  g_free (g);
}

void
stk_group_kill (StkGroup *g)
{
  StkGroupsHost *host = &g->groups->host;

  g_assert (g->state != STK_GROUP_DEAD && g->n_members == 0);
  host->timer_cancel (host->user, &g->timer);
  while (g->pending)
    stk_group_drop_pending (g, g->pending);
  g->state = STK_GROUP_DEAD;
  g_hash_table_remove (g->groups->table, &g->id);
  stoker_metric_add (stk_metrics_core (host->metrics, STK_METRIC_GROUPS), -1);
  if (g->writes == 0 && g->holds == 0)
    stk_group_free (g);
}

void
stk_group_unref_write (StkGroup *g)
{
  g_assert (g->writes > 0);
  g->writes--;
  stk_group_hold (g);
  stk_group_release (g);
}

void
stk_group_hold (StkGroup *g)
{
  g->holds++;
}

void
stk_group_release (StkGroup *g)
{
  g_assert (g->holds > 0);
  if (--g->holds || g->writes)
    return;
  if (g->state == STK_GROUP_DEAD)
    stk_group_free (g);
  else if (g->state == STK_GROUP_EMPTY && !g->stored && g->pending == NULL && !stk_offsets_any (&g->offsets))
    stk_group_kill (g);
}

void
stk_group_set_state (StkGroup *g, StkGroupState s)
{
  StkGroupsHost *host = &g->groups->host;

  g->state = s;
  g->state_since_ms = host->now_ms (host->user);
}

/* ---- members */

StkMember *
stk_group_member (const StkGroup *g, StokerStr id)
{
  if (id.data == NULL)
    return NULL;
  if (g->index)
    return g_hash_table_lookup (g->index, &id);
  for (uint32_t i = 0; i < g->n_members; i++)
    if (stoker_str_equal (g->members[i]->id, id))
      return g->members[i];
  return NULL;
}

StkMember *
stk_group_static_member (const StkGroup *g, StokerStr instance_id)
{
  if (instance_id.data == NULL)
    return NULL;
  for (uint32_t i = 0; i < g->n_members; i++)
    if (stoker_str_equal (g->members[i]->instance_id, instance_id))
      return g->members[i];
  return NULL;
}

static void
index_member (StkGroup *g, StkMember *m)
{
  if (g->index == NULL && g->n_members > INDEX_FROM) {
    g->index = g_hash_table_new (stk_str_hash, stk_str_equal);
    for (uint32_t i = 0; i < g->n_members; i++)
      g_hash_table_insert (g->index, &g->members[i]->id, g->members[i]);
  } else if (g->index) {
    g_hash_table_insert (g->index, &m->id, m);
  }
}

static void
session_over (StkTimer *t)
{
  StkMember *m = (StkMember *)((char *)t - offsetof (StkMember, timer));
  StkGroup *g = m->group;
  StkGroupsHost *host = &g->groups->host;

  /* Heartbeats only move the deadline: the timer catches up here. */
  if (m->deadline_us > host->now_us (host->user)) {
    host->timer_set (host->user, &m->timer, m->deadline_us);
    return;
  }
  /* Who waits for us is alive; its clock starts anew with the answer. */
  if (!m->is_new && (m->join || m->sync))
    return;
  stk_groups_log (g->groups, STOKER_LOG_INFO, "group.member-expired", "a member's session is over | group=%s member=%s",
                  g->id.data, m->id.data);
  stk_group_hold (g);
  stk_group_remove_member (g, m);
  stk_group_release (g);
}

StkMember *
stk_group_add_member (StkGroup *g, StokerStr id, const StokerJoinGroup *req)
{
  StkMember *m = g_new0 (StkMember, 1);
  StokerStr host = stoker_str (req->call.ctx ? req->call.ctx->client_host : "");
  char *shown = g_malloc (host.len + 2);

  shown[0] = '/';
  memcpy (shown + 1, host.data, host.len);
  shown[host.len + 1] = '\0';
  m->group = g;
  m->id = stk_str_dup (id);
  m->instance_id = stk_str_dup (req->instance_id);
  m->client_id = stk_str_dup (req->call.client_id.data ? req->call.client_id : stoker_str (""));
  m->client_host = (StokerStr){ shown, host.len + 1 };
  m->session_timeout_ms = req->session_timeout_ms;
  m->rebalance_timeout_ms = req->rebalance_timeout_ms >= 0 ? req->rebalance_timeout_ms : req->session_timeout_ms;
  m->is_new = true;
  m->timer.fire = session_over;
  stk_member_set_protocols (m, req->protocols, req->n_protocols);
  if (g->n_members == 0) {
    StokerStr old = g->protocol_type;
    g->protocol_type = stk_str_dup (req->protocol_type);
    g_free ((char *)old.data);
  }
  if (g->n_members == g->cap_members) {
    g->cap_members = g->cap_members ? g->cap_members * 2 : 1;
    g->members = g_renew (StkMember *, g->members, g->cap_members);
  }
  g->members[g->n_members++] = m;
  index_member (g, m);
  if (g->leader == NULL)
    g->leader = m;
  return m;
}

void
stk_group_rename_member (StkGroup *g, StkMember *m, StokerStr id)
{
  StokerStr old = m->id;

  if (g->index)
    g_hash_table_remove (g->index, &m->id);
  m->id = stk_str_dup (id);
  if (g->index)
    g_hash_table_insert (g->index, &m->id, m);
  g_free ((char *)old.data);
}

void
stk_member_set_protocols (StkMember *m, const StokerGroupProtocol *p, int32_t n)
{
  size_t size = sizeof (StkProtocols) + (size_t)n * sizeof *p;
  StkProtocols *out;
  char *at;

  for (int32_t i = 0; i < n; i++)
    size += p[i].name.len + p[i].metadata.len;
  out = g_malloc (size);
  out->n = n;
  at = (char *)&out->p[n];
  for (int32_t i = 0; i < n; i++) {
    out->p[i].name = (StokerStr){ at, p[i].name.len };
    memcpy (at, p[i].name.data, p[i].name.len);
    at += p[i].name.len;
    out->p[i].metadata = (StokerBytes){ (uint8_t *)at, p[i].metadata.len };
    if (p[i].metadata.len)
      memcpy (at, p[i].metadata.data, p[i].metadata.len);
    at += p[i].metadata.len;
  }
  g_free (m->protocols);
  m->protocols = out;
}

bool
stk_member_offers_same (const StkMember *m, const StokerGroupProtocol *p, int32_t n)
{
  if (m->protocols->n != n)
    return false;
  for (int32_t i = 0; i < n; i++) {
    const StokerGroupProtocol *own = &m->protocols->p[i];
    if (!stoker_str_equal (own->name, p[i].name) || own->metadata.len != p[i].metadata.len
        || (p[i].metadata.len && memcmp (own->metadata.data, p[i].metadata.data, p[i].metadata.len) != 0))
      return false;
  }
  return true;
}

StokerBytes
stk_member_metadata (const StkMember *m, StokerStr protocol)
{
  for (int32_t i = 0; i < m->protocols->n; i++)
    if (stoker_str_equal (m->protocols->p[i].name, protocol))
      return m->protocols->p[i].metadata;
  return (StokerBytes){ (uint8_t *)"", 0 };
}

void
stk_group_drop_member (StkGroup *g, StkMember *m)
{
  StkGroupsHost *host = &g->groups->host;
  uint32_t i = 0;

  host->timer_cancel (host->user, &m->timer);
  if (m->join)
    g->n_joined--;
  if (g->index)
    g_hash_table_remove (g->index, &m->id);
  while (g->members[i] != m)
    i++;
  memmove (&g->members[i], &g->members[i + 1], (g->n_members - i - 1) * sizeof *g->members);
  g->n_members--;
  if (g->leader == m)
    g->leader = g->n_members ? g->members[0] : NULL;
  g_free ((char *)m->id.data);
  g_free ((char *)m->instance_id.data);
  g_free ((char *)m->client_id.data);
  g_free ((char *)m->client_host.data);
  g_free (m->protocols);
  g_free (m->assignment.data);
  g_free (m->next.data);
  g_free (m);
}

int16_t
stk_group_check_member (const StkGroup *g, StokerStr id, StokerStr instance_id, StkMember **out)
{
  StkMember *m = stk_group_member (g, id);

  *out = m;
  if (instance_id.data) {
    if (m && stoker_str_equal (m->instance_id, instance_id))
      return STOKER_OK;
    return stk_group_static_member (g, instance_id) ? STOKER_FENCED_INSTANCE_ID : STOKER_UNKNOWN_MEMBER_ID;
  }
  return m ? STOKER_OK : STOKER_UNKNOWN_MEMBER_ID;
}

int32_t
stk_group_rebalance_timeout_ms (const StkGroup *g)
{
  int32_t most = 0;

  for (uint32_t i = 0; i < g->n_members; i++)
    most = MAX (most, g->members[i]->rebalance_timeout_ms);
  return most;
}

static bool
member_offers (const StkMember *m, StokerStr protocol)
{
  for (int32_t i = 0; i < m->protocols->n; i++)
    if (stoker_str_equal (m->protocols->p[i].name, protocol))
      return true;
  return false;
}

static bool
all_offer (const StkGroup *g, StokerStr protocol)
{
  for (uint32_t i = 0; i < g->n_members; i++)
    if (!member_offers (g->members[i], protocol))
      return false;
  return true;
}

bool
stk_group_supports (const StkGroup *g, StokerStr type, const StokerGroupProtocol *p, int32_t n)
{
  if (g->state == STK_GROUP_EMPTY)
    return type.len > 0 && n > 0;
  if (!stoker_str_equal (g->protocol_type, type))
    return false;
  for (int32_t i = 0; i < n; i++)
    if (all_offer (g, p[i].name))
      return true;
  return false;
}

/* Each member votes for the first of its own list that all offer. Candidates are in the order of the first member's
 * list, which also settles ties. */
StokerStr
stk_group_choose_protocol (const StkGroup *g)
{
  const StkProtocols *first = g->n_members ? g->members[0]->protocols : NULL;
  g_autofree uint32_t *votes = NULL;
  int32_t best = -1;

  if (first == NULL || first->n == 0)
    return STOKER_STR_NULL;
  votes = g_new0 (uint32_t, first->n);
  for (int32_t c = 0; c < first->n; c++)
    votes[c] = all_offer (g, first->p[c].name) ? 1 : 0; /* 1: a candidate without votes */
  for (uint32_t i = 0; i < g->n_members; i++) {
    const StkProtocols *own = g->members[i]->protocols;
    bool voted = false;
    for (int32_t j = 0; j < own->n && !voted; j++)
      for (int32_t c = 0; c < first->n && !voted; c++)
        if (votes[c] && stoker_str_equal (own->p[j].name, first->p[c].name)) {
          votes[c]++;
          voted = true;
        }
  }
  for (int32_t c = 0; c < first->n; c++)
    if (votes[c] && (best < 0 || votes[c] > votes[best]))
      best = c;
  return best < 0 ? STOKER_STR_NULL : first->p[best].name;
}

void
stk_member_alive_for (StkMember *m, int64_t ms)
{
  StkGroupsHost *host = &m->group->groups->host;

  m->deadline_us = host->now_us (host->user) + ms * 1000;
  if (m->timer.slot == 0 || m->timer.deadline_us > m->deadline_us)
    host->timer_set (host->user, &m->timer, m->deadline_us);
}

void
stk_member_alive (StkMember *m)
{
  stk_member_alive_for (m, m->session_timeout_ms);
}

/* ---- pending ids */

StkPending *
stk_group_pending (const StkGroup *g, StokerStr id)
{
  for (StkPending *p = g->pending; p; p = p->next)
    if (stoker_str_equal (p->id, id))
      return p;
  return NULL;
}

static void
pending_over (StkTimer *t)
{
  StkPending *p = (StkPending *)((char *)t - offsetof (StkPending, timer));
  StkGroup *g = p->group;

  stk_group_hold (g);
  stk_group_remove_pending (g, p);
  stk_group_release (g);
}

void
stk_group_add_pending (StkGroup *g, StokerStr id, int32_t session_timeout_ms)
{
  StkGroupsHost *host = &g->groups->host;
  StkPending *p = g_new0 (StkPending, 1);

  p->group = g;
  p->id = stk_str_dup (id);
  p->timer.fire = pending_over;
  p->next = g->pending;
  g->pending = p;
  g->n_pending++;
  host->timer_set (host->user, &p->timer, host->now_us (host->user) + (int64_t)session_timeout_ms * 1000);
}

void
stk_group_drop_pending (StkGroup *g, StkPending *p)
{
  StkGroupsHost *host = &g->groups->host;
  StkPending **at = &g->pending;

  while (*at != p)
    at = &(*at)->next;
  *at = p->next;
  g->n_pending--;
  host->timer_cancel (host->user, &p->timer);
  g_free ((char *)p->id.data);
  g_free (p);
}

/* ---- answers */

void
stk_member_answer_join_error (StkMember *m, int16_t error)
{
  StokerJoinGroup *req = m->join;

  if (req == NULL)
    return;
  m->join = NULL;
  m->group->n_joined--;
  req->error = error;
  req->generation = -1;
  req->leader = stoker_str ("");
  req->out_member_id = stoker_arena_str (req->call.arena, m->id);
  stk_groups_finish (m->group->groups, &req->call);
}

void
stk_member_answer_sync (StkMember *m, int16_t error)
{
  StokerSyncGroup *req = m->sync;
  StkGroup *g = m->group;

  if (req == NULL)
    return;
  m->sync = NULL;
  req->error = error;
  if (error == STOKER_OK) {
    req->out_protocol_type = stoker_arena_str (req->call.arena, g->protocol_type);
    req->out_protocol_name = stoker_arena_str (req->call.arena, g->protocol);
    req->assignment = stoker_arena_bytes (req->call.arena, m->assignment.data ? m->assignment.data : (uint8_t *)"",
                                          m->assignment.len);
  } else {
    req->out_protocol_type = req->out_protocol_name = STOKER_STR_NULL;
    req->assignment = (StokerBytes){ (uint8_t *)"", 0 };
  }
  stk_groups_finish (g->groups, &req->call);
}
