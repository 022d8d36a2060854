/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests about topics and configurations (stoker/service/topics.h; kafka-facts 3.7, 3.8): checks them, writes what
 * they ask for into the tree, and answers when the controller has carried it out.
 *
 * Thread: control actor; the services themselves (stoker_create_topics ..) are called on I/O threads and come over.
 */
#ifndef STK_CLUSTER_TOPICS_H
#define STK_CLUSTER_TOPICS_H

#include "broker/broker.h"

/* Needs b->controller, b->meta, b->config. */
StkTopics *stk_topics_new (StokerBroker *b);
/* Answers what waits with NOT_CONTROLLER; nothing is accepted any more. Before the controller stops. */
void stk_topics_stop (StkTopics *t);
void stk_topics_free (StkTopics *t);

/* Creates the topics that are not there yet, with the broker's defaults (__consumer_offsets and __transaction_state
 * with their own settings). `done` comes once, perhaps inside the call, when all have leaders or failed: errors[i] is 0
 * also when the topic was there already. The names are copied. Control actor. */
void stk_topics_auto_create (StkTopics *t, const StokerStr *names, int32_t n,
                             void (*done) (void *user, const int16_t *errors), void *user);

#endif
