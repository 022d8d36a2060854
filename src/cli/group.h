/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands about consumer groups share: a group with its members, and the partitions that it has to do with.
 * Everything is allocated from the cluster's arena.
 */
#ifndef STK_CLI_GROUP_H
#define STK_CLI_GROUP_H

#include "cli/client.h"

#include <glib.h>

typedef struct GroupMember
{
  StokerStr id, instance, client, host;
  size_t bytes;    /* of the assignment, as the leader gave it */
  bool subscribed; /* `subscription` could be read */
  bool readable;   /* `assignment` could be; both only in groups of consumers, once they are stable */
  KmConsumerProtocolSubscription subscription;
  KmConsumerProtocolAssignment assignment;
  int32_t n_assigned;
  const char *waits; /* why it has no partition; NULL: it has, or nobody can say */
} GroupMember;

typedef struct Group
{
  StokerStr id, state, type, protocol; /* Dead: there is no such group */
  bool consumers;                      /* of the protocol type "consumer": its bytes mean something to us */
  GroupMember *members;
  int32_t n_members;
  Client *coordinator;
} Group;

/* Asks the group's coordinator. A group that does not exist is Dead, no error. 0; -1 with *err. */
int cli_group_load (Cluster *c, const char *name, Group *out, StokerError *err);
/* Fills in `waits`. 0; -1 with *err. */
int cli_group_explain (Cluster *c, Group *g, StokerError *err);
/* Why a member of a group has no partition, asked with connections of its own; NULL: nobody can say just now. g_free. */
char *cli_group_why (const char *bootstrap, int timeout_ms, const char *group, const char *member);
/* The error code of a request about a group in words that say what to do. */
char *cli_group_trouble (const char *group, int16_t code); /* g_free */

/* A partition that a group has to do with. */
typedef struct GroupPlace
{
  StokerStr topic;
  int32_t partition;
  int64_t committed;  /* -1: nothing is */
  int64_t start, end; /* of the log; -1: not known */
  int64_t found;      /* what cli_places_log asked for by time; -1: nothing that late */
  int64_t new;        /* where it is to stand; -1: not decided */
  int16_t code;       /* why start or end is not known */
  StokerStr metadata;
  const GroupMember *owner;
  const char *note;
} GroupPlace;

/* Each partition once. */
typedef struct GroupPlaces
{
  StokerArena *arena;
  GPtrArray *list; /* of GroupPlace * */
  GHashTable *index;
} GroupPlaces;

GroupPlaces *cli_places_new (Cluster *c);
void cli_places_free (GroupPlaces *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GroupPlaces, cli_places_free)
/* Finds it, or adds it. topic must live as long as the cluster. */
GroupPlace *cli_places_get (GroupPlaces *p, StokerStr topic, int32_t partition);
/* Is "TOPIC" or "TOPIC:0,2,5-7" written well? */
bool cli_places_spelt (const char *text);
/* Adds what such a text (one that is spelt well) names; a topic alone: all its partitions, so it must exist. 0; -1 with *err. */
int cli_places_add (GroupPlaces *p, Cluster *c, const char *text, StokerError *err);
/* Fills in what the group has committed; add: also of partitions that are not in the list yet. 0; -1 with *err. */
int cli_places_committed (GroupPlaces *p, const Group *g, bool add, StokerError *err);
/* Asks the leaders: -2 fills in start, -1 end, a time in ms `found`. What one partition has no answer for stands in its code. 0; -1
 * with *err. */
int cli_places_log (GroupPlaces *p, Cluster *c, int64_t timestamp, StokerError *err);
void cli_places_sort (GroupPlaces *p);
static inline GroupPlace *
cli_place_at (const GroupPlaces *p, guint i)
{
  return p->list->pdata[i];
}

/* "0-2,5"; g_free. */
char *cli_partition_ranges (const int32_t *v, int32_t n);

#endif
