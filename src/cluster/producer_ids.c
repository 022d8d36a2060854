/* SPDX-License-Identifier: Apache-2.0
 *
 * Producer ids: blocks of 1000 are taken from /latest_producer_id_block on the condition that nobody else took one in
 * between. The next block is asked for when nine tenths of one are used, so that nobody waits for it.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

#define BLOCK 1000
#define PATH "/latest_producer_id_block"

/* A coordinator whose disk is full holds changes back; clients hear after this time that they should try again. */
#define PATIENCE_US (5 * INT64_C (1000000))

typedef struct Waiting
{
  StkTimer timer;
  StkController *c;
  void (*done) (void *user, int16_t error, int64_t id);
  void *user;
} Waiting;

typedef struct Asking
{
  StkController *c;
  int64_t start;
} Asking;

static void ask (StkController *c);

static void
serve (StkController *c)
{
  StkProducerBlock *b = &c->ids;

  for (;;) {
    Waiting *w;
    if (b->next == b->end && b->ahead_end > 0) {
      b->next = b->ahead;
      b->end = b->ahead_end;
      b->ahead_end = 0;
    }
    if (b->next == b->end || (w = g_queue_pop_head (&b->waiting)) == NULL)
      break;
    stk_actor_timer_cancel (c->b->control, &w->timer);
    w->done (w->user, STOKER_OK, b->next++);
    g_free (w);
  }
  if (!c->stopping && !b->asking && b->ahead_end == 0
      && (b->waiting.length > 0 || (b->end > 0 && b->end - b->next <= BLOCK / 10)))
    ask (c);
}

static void
tired (StkTimer *timer)
{
  Waiting *w = (Waiting *)(void *)((char *)timer - G_STRUCT_OFFSET (Waiting, timer));

  g_queue_remove (&w->c->ids.waiting, w);
  w->done (w->user, STOKER_COORDINATOR_LOAD_IN_PROGRESS, -1);
  g_free (w);
}

static void
refuse_all (StkController *c, int16_t error)
{
  Waiting *w;

  while ((w = g_queue_pop_head (&c->ids.waiting)) != NULL) {
    stk_actor_timer_cancel (c->b->control, &w->timer);
    w->done (w->user, error, -1);
    g_free (w);
  }
}

static void
on_written (void *user, const StokerCoordReply *reply)
{
  Asking *a = user;
  StkController *c = a->c;
  int64_t start = a->start;

  g_free (a);
  c->ids.asking = false;
  if (reply->code == STOKER_COORD_OK) {
    c->ids.ahead = start;
    c->ids.ahead_end = start + BLOCK;
    serve (c);
  } else if (reply->code == STOKER_COORD_BAD_VERSION)
    ask (c); /* another broker took that block */
  else
    refuse_all (c, STOKER_COORDINATOR_LOAD_IN_PROGRESS); /* clients try again */
}

static void
on_read (void *user, const StokerCoordReply *reply)
{
  StkController *c = user;
  StokerError err = { 0 };
  g_autofree char *data = NULL;
  int64_t end;
  Asking *a;

  if (reply->code != STOKER_COORD_OK || !stk_json_read_producer_block (reply->data, &end, &err)
      || end > INT64_MAX - BLOCK) {
    if (reply->code == STOKER_COORD_OK)
      stk_ctl_log (c, STOKER_LOG_ERROR, "producer-ids", PATH " in the coordinator's tree cannot be read: %s", err.text);
    c->ids.asking = false;
    refuse_all (c, reply->code == STOKER_COORD_OK ? STOKER_UNKNOWN_SERVER_ERROR : STOKER_COORDINATOR_LOAD_IN_PROGRESS);
    return;
  }
  a = g_new (Asking, 1);
  *a = (Asking){ c, end + 1 };
  data = stk_json_producer_block (c->b->id, end + 1, end + BLOCK);
  stk_tree_set (&c->tree, PATH, data, reply->stat.version, on_written, a);
}

static void
ask (StkController *c)
{
  c->ids.asking = true;
  stk_tree_get (&c->tree, PATH, STK_NO_WATCH, on_read, c);
}

void
stk_controller_producer_id (StkController *c, void (*done) (void *user, int16_t error, int64_t id), void *user)
{
  Waiting *w;

  if (c->stopping || !c->connected) {
    done (user, STOKER_COORDINATOR_LOAD_IN_PROGRESS, -1);
    return;
  }
  w = g_new (Waiting, 1);
  *w = (Waiting){ { .fire = tired }, c, done, user };
  stk_actor_timer_set (c->b->control, &w->timer, stk_actor_now_us (c->b->control) + PATIENCE_US);
  g_queue_push_tail (&c->ids.waiting, w);
  serve (c);
}

void
stk_ctl_producer_ids_stop (StkController *c)
{
  refuse_all (c, STOKER_COORDINATOR_LOAD_IN_PROGRESS);
}
