/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics that are made on demand: by Metadata (auto.create.topics.enable) and by FindCoordinator (__consumer_offsets).
 */
#ifndef STK_BROKER_ENSURE_TOPIC_H
#define STK_BROKER_ENSURE_TOPIC_H

#include "broker/call.h"

typedef struct StkEnsured
{
  StokerStr name;
  int16_t error; /* 0: created, or somebody else was faster */
} StkEnsured;

/* Creates the n topics with the defaults of the broker (internal ones with theirs) and waits, a bounded time, until
 * they have leaders in the metadata of this broker; then calls done on the I/O thread of `call`, which finishes the
 * call. The names must live as long as the call. I/O thread of the call. */
void stk_ensure_topics (StokerCall *call, const StokerStr *names, int n,
                        void (*done) (void *user, const StkEnsured *results, int n), void *user);

/* 1..249 characters of [A-Za-z0-9._-], not "." or "..". */
bool stk_topic_name_valid (StokerStr name);

#endif
