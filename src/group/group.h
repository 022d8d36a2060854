/* SPDX-License-Identifier: Apache-2.0
 *
 * One classic group: its state, members and offsets, and the moves of the state machine that several requests share.
 * Inside src/group only; control actor only.
 */
#ifndef STK_GROUP_GROUP_H
#define STK_GROUP_GROUP_H

#include "group/groups.h"
#include "group/offsets.h"

#include <glib.h>

typedef struct StkGroup StkGroup;
typedef struct StkMember StkMember;

typedef enum StkGroupState
{
  STK_GROUP_EMPTY = 0,
  STK_GROUP_PREPARING = 1,  /* waits for members to join */
  STK_GROUP_COMPLETING = 2, /* waits for the leader's assignment */
  STK_GROUP_STABLE = 3,
  STK_GROUP_DEAD = 4, /* out of the table; only writes on their way hold it */
} StkGroupState;

/* The protocols a member offers, in its order of preference; one allocation. */
typedef struct StkProtocols
{
  int32_t n;
  StokerGroupProtocol p[];
} StkProtocols;

struct StkMember
{
  StkGroup *group;
  StokerStr id, instance_id, client_id, client_host; /* owned; instance_id null: dynamic */
  int32_t session_timeout_ms, rebalance_timeout_ms;
  StkProtocols *protocols;
  StokerBytes assignment; /* of the present generation; owned */
  StokerBytes next;       /* the leader's, while it is being stored; owned */
  StokerJoinGroup *join;  /* parked */
  StokerSyncGroup *sync;  /* parked */
  bool is_new;            /* has not been through a rebalance: its session runs although its join is parked */
  bool owes_sync;         /* was told of the generation, has not synced */
  int64_t deadline_us;    /* of its session; the timer may be set earlier and moves on when it fires */
  StkTimer timer;
};

/* A member id that was given out (MEMBER_ID_REQUIRED) and has not come back. */
typedef struct StkPending
{
  struct StkPending *next;
  StkGroup *group;
  StokerStr id;
  StkTimer timer;
} StkPending;

struct StkGroup
{
  StkGroups *groups;
  StokerStr id; /* owned */
  StkGroupState state;
  int32_t generation;
  int64_t state_since_ms;            /* -1: not known (never stored) */
  StokerStr protocol_type, protocol; /* owned; null: none */
  StkMember **members;               /* in the order they joined */
  uint32_t n_members, cap_members;
  uint32_t n_joined; /* members with a parked join */
  GHashTable *index; /* id -> member, only in big groups */
  StkMember *leader;
  StkPending *pending;
  uint32_t n_pending;
  StkOffsets offsets;
  StkTimer timer;        /* PREPARING: the rebalance's end; then: the end of waiting for syncs */
  int64_t delay_left_us; /* initial delay: how much longer it may be extended */
  bool initial_delay;    /* PREPARING out of EMPTY: does not end early */
  bool member_added;     /* since the initial delay was last extended */
  bool stored;           /* the store holds a state of it */
  uint8_t made;          /* the store's: which nodes there are */
  uint32_t state_writes; /* ever made */
  uint32_t writes;       /* on their way: it cannot be freed */
  uint32_t holds;        /* code is running that uses it */
};

/* ---- life */
StkGroup *stk_group_new (StkGroups *groups, StokerStr id);
/* Takes it out of the table for good; freed at once or with its last write. Its members must be gone. */
void stk_group_kill (StkGroup *g);
void stk_group_unref_write (StkGroup *g);
/* Around everything that may end a group: it stays in memory until released; then an Empty one that holds nothing and
 * was never stored is forgotten at once. */
void stk_group_hold (StkGroup *g);
void stk_group_release (StkGroup *g);
void stk_group_free (StkGroup *g);
const char *stk_group_state_name (StkGroupState s);
void stk_group_set_state (StkGroup *g, StkGroupState s);

/* ---- members */
StkMember *stk_group_member (const StkGroup *g, StokerStr id);
StkMember *stk_group_static_member (const StkGroup *g, StokerStr instance_id);
StkMember *stk_group_add_member (StkGroup *g, StokerStr id, const StokerJoinGroup *req);
/* Gives it another id (static members that return). */
void stk_group_rename_member (StkGroup *g, StkMember *m, StokerStr id);
void stk_member_set_protocols (StkMember *m, const StokerGroupProtocol *p, int32_t n);
bool stk_member_offers_same (const StkMember *m, const StokerGroupProtocol *p, int32_t n);
StokerBytes stk_member_metadata (const StkMember *m, StokerStr protocol);
/* Takes it out without answering what is parked (the caller did) and frees it. */
void stk_group_drop_member (StkGroup *g, StkMember *m);
/* The member that a request names: 0, 25 or 82. *out may be NULL on error. */
int16_t stk_group_check_member (const StkGroup *g, StokerStr id, StokerStr instance_id, StkMember **out);
int32_t stk_group_rebalance_timeout_ms (const StkGroup *g);
/* May somebody who offers these join? */
bool stk_group_supports (const StkGroup *g, StokerStr type, const StokerGroupProtocol *p, int32_t n);
/* The one that most members prefer among those all offer; null without members. Borrowed. */
StokerStr stk_group_choose_protocol (const StkGroup *g);
/* Restarts the session clock. */
void stk_member_alive (StkMember *m);
void stk_member_alive_for (StkMember *m, int64_t ms);

/* ---- pending ids */
StkPending *stk_group_pending (const StkGroup *g, StokerStr id);
void stk_group_add_pending (StkGroup *g, StokerStr id, int32_t session_timeout_ms);
void stk_group_drop_pending (StkGroup *g, StkPending *p);

/* ---- answers to what is parked. Nothing happens when nothing is. */
void stk_member_answer_join_error (StkMember *m, int16_t error);
void stk_member_answer_sync (StkMember *m, int16_t error);

/* ---- the state machine (rebalance.c) */
void stk_group_rebalance (StkGroup *g);    /* from Empty, Completing or Stable: begin; otherwise nothing */
void stk_group_check_joined (StkGroup *g); /* in PreparingRebalance: has everybody joined? */
void stk_group_remove_member (StkGroup *g, StkMember *m); /* it left or died */
void stk_group_remove_pending (StkGroup *g, StkPending *p);
void stk_group_fail_sync (StkGroup *g, int16_t error); /* assignments void, parked syncs answered */
void stk_group_synced (StkGroup *g, StkMember *m);     /* it no longer owes a sync */
void stk_group_fill_join (StkGroup *g, StkMember *m, StokerJoinGroup *req, bool with_members);

/* ---- the durable record (record.c): JSON, doc/internals/groups.md */
void stk_group_record_write (const StkGroup *g, bool next_assignment, StokerBuf *out);
/* Fills a group without members from a record; false when it is not one. */
bool stk_group_record_read (StkGroup *g, StokerBytes record);
/* Do the members' subscriptions name the topic? Yes also when they are not known (subscription.c). */
bool stk_group_subscribes (const StkGroup *g, StokerStr topic);

#endif
