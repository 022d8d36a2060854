/* SPDX-License-Identifier: Apache-2.0
 *
 * A front without a broker behind it: real actors, a server, one listener with the echo protocol, and blocking clients.
 */
#ifndef TEST_NET_FRONT_H
#define TEST_NET_FRONT_H

#include "echo.h"
#include "net/server.h"

#define FRONT_IO 2

typedef struct Front
{
  StkWorld *world;
  StokerBroker broker;
  StkServer *server;
  EchoState state;
  StokerInstance echo;
  StkActor *io[FRONT_IO];
  uint16_t port;
  char *file_path;
} Front;

/* What a front listens with when nothing else is said. */
StkServerSettings front_settings (void);
void front_open (Front *f, const StkServerSettings *settings);
void front_close (Front *f);
/* Runs fn (user) on actor `a` and waits for it. */
void front_on (StkActor *a, void (*fn) (void *user), void *user);
/* The counts of all I/O actors together. */
StkConnCounts front_counts (Front *f);
/* Waits (10 s) until the counts satisfy `ok`. */
void front_wait (Front *f, bool (*ok) (const StkConnCounts *c, int64_t wanted), int64_t wanted);

/* A blocking client; from `host` when not NULL. */
int front_connect (Front *f, const char *from_host);
/* The same with a socket that is there already. */
void front_connect_fd (Front *f, int fd);
/* Sends all of it. */
void front_send (int fd, const void *data, size_t len);
/* A frame: letter and body. */
void front_frame (int fd, char letter, const void *body, size_t len);
/* Reads exactly len bytes; false at the end or an error. */
bool front_read (int fd, void *to, size_t len);
/* The next bytes are the frame that came back. */
void front_expect_frame (int fd, char letter, const void *body, size_t len);
/* The server has closed it. */
void front_expect_end (int fd);

#endif
