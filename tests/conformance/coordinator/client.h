/* SPDX-License-Identifier: Apache-2.0
 *
 * A client of a coordinator instance for tests: every call waits for its answer, or notes it in a journal of what came
 * in which order.
 */
#ifndef CONFORMANCE_COORDINATOR_CLIENT_H
#define CONFORMANCE_COORDINATOR_CLIENT_H

#include "suite.h"

#include <glib.h>

typedef struct Client
{
  const CoordFactory *factory;
  TestHost *host;
  StokerInstance *self;
  const StokerCoordinatorOps *ops;
  int64_t session_id;
  bool connected;
  char *base;       /* the test's own node */
  GString *journal; /* what came, a word each, blank after each */
  GPtrArray *notes;
  /* The newest answer, copied. */
  bool answered;
  int code;
  StokerCoordStat stat;
  char *path, *data;   /* data NULL: null */
  GPtrArray *children; /* sorted */
  int codes[16];
  size_t n_codes;
} Client;

/* A session on the factory's store; makes `base` with everything below it gone. */
Client *client_new (const CoordFactory *f, const char *base);
/* The same without touching the tree. */
Client *client_again (const CoordFactory *f, const char *base);
void client_close (Client *c); /* closes the session, frees everything */
void client_crash (Client *c);

/* The path below base; lives until the test ends. "" is base itself. */
const char *at (Client *c, const char *below);

int client_create (Client *c, const char *below, const char *data, uint32_t flags);
int client_get (Client *c, const char *below);
int client_exists (Client *c, const char *below);
int client_children (Client *c, const char *below);
int client_set (Client *c, const char *below, const char *data, int32_t version);
int client_remove (Client *c, const char *below, int32_t version);
int client_multi (Client *c, const StokerCoordOp *ops, size_t n);
void client_wait (Client *c);

/* A watch that notes "WORD:event" in the journal. */
StokerCoordWatch client_watch (Client *c, const char *word);
/* Lets everything that is under way arrive, then empties the journal and checks what it held. */
void client_flush (Client *c, const char *journal);

/* done and user of a request whose answer is noted as "WORD:code". */
void client_note (void *user, const StokerCoordReply *reply);
void *client_note_as (Client *c, const char *word);

#endif
