/* SPDX-License-Identifier: Apache-2.0
 *
 * ListGroups and DescribeGroups (kafka-facts 9.3).
 */
#include "group/internal.h"

static bool
wanted (const StokerStr *list, int32_t n, const char *name)
{
  for (int32_t i = 0; i < n; i++)
    if (list[i].len == strlen (name) && g_ascii_strncasecmp (list[i].data, name, list[i].len) == 0)
      return true;
  return n <= 0;
}

static StokerStr
or_empty (StokerArena *a, StokerStr s)
{
  return s.data ? stoker_arena_str (a, s) : stoker_str ("");
}

void
stk_groups_list (StkGroups *gs, StokerListGroups *req)
{
  StokerArena *a = req->call.arena;
  GHashTableIter it;
  void *p;

  req->n_groups = 0;
  req->groups = NULL;
  req->error = gs->state == STK_GROUPS_ACTIVE    ? STOKER_OK
               : gs->state == STK_GROUPS_LOADING ? STOKER_COORDINATOR_LOAD_IN_PROGRESS
                                                 : STOKER_COORDINATOR_NOT_AVAILABLE;
  if (gs->state == STK_GROUPS_ACTIVE && wanted (req->types, req->n_types, "classic")) {
    req->groups = stoker_arena_calloc (a, g_hash_table_size (gs->table), sizeof *req->groups);
    g_hash_table_iter_init (&it, gs->table);
    while (g_hash_table_iter_next (&it, NULL, &p)) {
      const StkGroup *g = p;
      const char *state = stk_group_state_name (g->state);
      if (!wanted (req->states, req->n_states, state)
          || stk_groups_authorize (gs, &req->call, STK_ACL_DESCRIBE, STK_ACL_GROUP, g->id))
        continue;
      req->groups[req->n_groups++] = (StokerGroupListing){ stoker_arena_str (a, g->id), or_empty (a, g->protocol_type),
                                                           stoker_str (state), stoker_str ("classic") };
    }
  }
  stk_groups_finish (gs, &req->call);
}

static void
describe_member (StokerArena *a, const StkGroup *g, const StkMember *m, StokerGroupMember *out)
{
  bool stable = g->state == STK_GROUP_STABLE; /* otherwise both are of the past */
  StokerBytes metadata = stk_member_metadata (m, g->protocol);
  static const uint8_t nothing[1];

  *out = (StokerGroupMember){
    .member_id = stoker_arena_str (a, m->id),
    .instance_id = stoker_arena_str (a, m->instance_id),
    .client_id = stoker_arena_str (a, m->client_id),
    .client_host = stoker_arena_str (a, m->client_host),
    .metadata = stoker_arena_bytes (a, stable ? metadata.data : nothing, stable ? metadata.len : 0),
    .assignment = stoker_arena_bytes (a, stable && m->assignment.data ? m->assignment.data : nothing,
                                      stable ? m->assignment.len : 0),
  };
}

static void
describe_one (StkGroups *gs, const StokerDescribeGroups *req, StokerGroupInfo *info)
{
  StokerArena *a = req->call.arena;
  const StkGroup *g;

  info->state = info->protocol_type = info->protocol = stoker_str ("");
  info->members = NULL;
  info->n_members = 0;
  info->authorized_operations = INT32_MIN;
  info->error = stk_groups_authorize (gs, &req->call, STK_ACL_DESCRIBE, STK_ACL_GROUP, info->group_id);
  if (info->error == 0)
    info->error = stk_groups_check (gs, info->group_id, true);
  if (info->error)
    return;
  if (req->include_operations)
    info->authorized_operations = 1 << STK_ACL_READ | 1 << STK_ACL_DELETE | 1 << STK_ACL_DESCRIBE;
  g = stk_groups_find (gs, info->group_id);
  if (g == NULL) {
    info->state = stoker_str (stk_group_state_name (STK_GROUP_DEAD));
    if (req->call.api_version >= 6)
      info->error = STOKER_GROUP_ID_NOT_FOUND;
    return;
  }
  info->state = stoker_str (stk_group_state_name (g->state));
  info->protocol_type = or_empty (a, g->protocol_type);
  if (g->state == STK_GROUP_STABLE)
    info->protocol = or_empty (a, g->protocol);
  info->members = stoker_arena_calloc (a, g->n_members, sizeof *info->members);
  info->n_members = (int32_t)g->n_members;
  for (uint32_t i = 0; i < g->n_members; i++)
    describe_member (a, g, g->members[i], &info->members[i]);
}

void
stk_groups_describe (StkGroups *gs, StokerDescribeGroups *req)
{
  for (int32_t i = 0; i < req->n_groups; i++)
    describe_one (gs, req, &req->groups[i]);
  stk_groups_finish (gs, &req->call);
}
