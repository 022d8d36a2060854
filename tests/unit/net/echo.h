/* SPDX-License-Identifier: Apache-2.0
 *
 * A small protocol for tests of the network layer. A frame is a 4 byte little-endian length (of all of it), one letter
 * and a body; what the letter asks for stands in echo.c.
 */
#ifndef TEST_NET_ECHO_H
#define TEST_NET_ECHO_H

#include <stoker/protocol.h>

#include <stdatomic.h>

#define ECHO_MAX (8u << 20)

typedef struct EchoState
{
  StokerFile *file; /* 'f' answers with ranges of it */
  atomic_int open, closed, inputs, ends, drained;
  atomic_bool refuse, stay; /* stay: no connection is movable */
  /* One call per frame on the I/O thread, when not NULL. */
  void (*frame) (void *user, const StokerContext *ctx, uint8_t letter, size_t len);
  void *user;
} EchoState;

extern const StokerModule stoker_module_protocol_echo;

#endif
