/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of groups, as the files of this folder see it.
 */
#ifndef STK_GROUP_INTERNAL_H
#define STK_GROUP_INTERNAL_H

#include "broker/authorize.h"
#include "group/store.h"

typedef enum StkGroupsState
{
  STK_GROUPS_NEW = 0,
  STK_GROUPS_LOADING = 1,
  STK_GROUPS_ACTIVE = 2,
  STK_GROUPS_STOPPED = 3,
} StkGroupsState;

struct StkGroups
{
  StkGroupsHost host;
  StkGroupsConfig config;
  StkGroupsState state;
  GHashTable *table; /* StokerStr * (in the group) -> StkGroup */
  StkStore *store;
  StkTimer expiry;
  void (*loaded) (void *user);
  void *loaded_user;
};

/* What a request asks before anything else: the group id is one, and this broker coordinates it. 0, 24, 14, 15, 16.
 * empty_ok: offset and admin requests take the empty id. */
int16_t stk_groups_check (const StkGroups *gs, StokerStr id, bool empty_ok);
StkGroup *stk_groups_find (const StkGroups *gs, StokerStr id);
StkGroup *stk_groups_add (StkGroups *gs, StokerStr id);
void stk_groups_log (const StkGroups *gs, StokerLogLevel level, const char *event, const char *fmt, ...)
    STOKER_PRINTF (4, 5);
void stk_groups_finish (StkGroups *gs, StokerCall *call);
int16_t stk_groups_authorize (const StkGroups *gs, const StokerCall *call, int operation, int resource, StokerStr name);

/* Deletes committed offsets, in the store and from memory; w as in drop_offsets. Each key once, all there. (delete.c)
 */
int16_t stk_group_drop_offsets (StkGroup *g, const StkOffsetKey *keys, size_t n, StkWrite *w);

/* expire.c */
void stk_groups_expire_start (StkGroups *gs);
void stk_groups_expire_now (StkGroups *gs);

/* A write of a group's state. `then` is called once: with 0 when it is durable, 15 when it takes too long, or why it
 * failed. */
typedef struct StkStateWrite StkStateWrite;
struct StkStateWrite
{
  StkWrite write;
  StkGroup *group;
  int32_t generation; /* of the group when it was made */
  uint32_t number;    /* of the group's writes; the newest has group->state_writes */
  StokerCall *call;   /* the one that asked, or NULL */
  bool told;
  void (*then) (StkStateWrite *w, int16_t error);
};
/* `size` zeroed bytes that begin with a StkStateWrite. Counts as one of the group's writes; frees itself. */
void *stk_state_write_new (size_t size, StkGroup *g, StokerCall *call, void (*then) (StkStateWrite *w, int16_t error));
/* Puts the group's state; next_assignment: with the assignments that are being stored. A refusal by the store is told
 * through `then` inside this call. */
void stk_state_write_put (StkStateWrite *w, bool next_assignment);

#endif
