/* SPDX-License-Identifier: Apache-2.0
 *
 * A client of raw frames for tests that run brokers in their own process: over a socket, or over the simulated network.
 * What does not work fails the test. Requests may be sent ahead of the answers.
 */
#ifndef TEST_SYSTEM_FRAMES_H
#define TEST_SYSTEM_FRAMES_H

#include "put.h"
#include "sim/sim.h"

#include <stoker/memory.h>

#include <glib.h>

typedef struct Client
{
  int fd;           /* -1: */
  StkSimPeer *peer; /* of the simulated network */
  int32_t asked, answered;
} Client;

Client client_dial (uint16_t port);
Client client_sim (StkSim *s, uint16_t port);
void client_close (Client *c);

/* A number of an answer, big-endian. */
int64_t int_at (const GByteArray *a, size_t at, int bytes);

/* Sends the body (which it empties) under a v1 header. */
void ask (Client *c, int key, int version, StokerBuf *body);
/* The body of the next answer. */
void take (Client *c, GByteArray *answer);
/* Both. */
void call (Client *c, int key, int version, StokerBuf *body, GByteArray *answer);

/* A batch of n records that say who made them. */
void frame_batch (StokerBuf *out, int64_t now_ms, int who, int n);
/* Produce v3, acks all, one batch. */
void ask_produce (Client *c, const char *topic, int32_t partition, const StokerBuf *batch);
/* Its answer: without an error; the base offset. */
int64_t take_produced (Client *c);
/* Fetch v4 of at least one byte. */
void ask_fetch (Client *c, const char *topic, int32_t partition, int64_t offset, int32_t wait_ms);

#endif
