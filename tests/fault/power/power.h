/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker on a simulated disk, clients that remember what they were told, and power cuts at any call on the disk. What
 * was told must be true after every cut: wire.c (frames), node.c (the broker, the cut), model.c (what was told), load.c
 * (what clients do), check.c and compacted.c (the comparison), power.c (seeds and forks). A real process whose calls on
 * the disk are recorded has the same clients and comparisons, and a node.c of its own: tests/fault/shim.
 *
 * One process, one thread. At a cut the process forks: the child goes on without power, its parent as if nothing had
 * happened, so that one life is cut at many places. A child that finds a broken promise says so on standard error and
 * exits with 1.
 */
#ifndef POWER_H
#define POWER_H

#include "broker/broker.h"
#include "put.h"
#include "record/record.h"
#include "sim/sim.h"

#include <glib.h>
#include <inttypes.h>

typedef struct Life Life;
typedef struct Topic Topic;
typedef struct Part Part;
typedef struct Call Call;

/* ---- wire.c: frames over the simulated network */

enum
{
  LINKS = 3
};

typedef struct Answer
{
  const uint8_t *at, *end;
} Answer;

typedef struct Link
{
  void *peer; /* NULL: not connected */
  int32_t correlation;
  GByteArray *in;
  GQueue calls; /* of Call, in the order of their answers */
} Link;

struct Call
{
  /* a NULL: the connection was lost, nobody knows. */
  void (*answered) (Life *l, Call *c, Answer *a);
  int32_t correlation;
  Topic *topic;
  Part *part;
  GPtrArray *sent; /* of Sent */
  int64_t number;
  bool *done; /* set when it is over; may be NULL */
};

int64_t take_int (Answer *a, int bytes);
/* g_free it; NULL: null. */
char *take_text (Answer *a);
StokerBytes take_bytes (Answer *a);
/* Fetch 10, of one partition. */
void put_fetch (StokerBuf *b, const Part *p, int64_t from, int32_t wait_ms, int32_t most);
typedef struct Fetched
{
  int64_t error, end;
  StokerBytes records;
} Fetched;
Fetched take_fetched (Answer *a);
/* What is said of the one topic of CreateTopics and DeleteTopics, behind the throttle time. */
int64_t take_topic_error (Answer *a);
/* Sends the body (which it empties). The call is taken over. */
void link_call (Life *l, Link *k, int key, int version, StokerBuf *body, Call *c);
/* Deals with the answers that have come; `all`: also with those on their way. */
void links_poll (Life *l, bool all);
/* Connects those that are not. */
void links_open (Life *l);
void links_close (Life *l);
/* Waits for the flag, or something is broken. */
void wait_for (Life *l, const bool *flag, const char *what);

/* ---- model.c: what was sent and told */

typedef struct Sent
{
  int64_t stamp; /* its base timestamp, which no other batch has */
  uint32_t crc;
  int32_t records, sequence;
  bool idempotent;
  Part *part;
  int64_t offset; /* -1: not known */
  bool told;      /* answered, or read by somebody: it must stay */
  bool lost;      /* it was not there when somebody looked: it must not come back */
  bool found;     /* of check.c */
  uint32_t keys;  /* of a compacted topic: four bits for each record */
  uint32_t there; /* and which of them check.c found */
  StokerBuf wire;
} Sent;

struct Part
{
  Topic *topic;
  int32_t index;
  GPtrArray *sent; /* of Sent, in order of sending */
  int64_t pid;     /* -1: none yet */
  int32_t next_sequence;
  bool asked_pid, known;       /* known: to the broker */
  int refusal;                 /* error code of the last one */
  GPtrArray *open;             /* of Sent, with sequences, unanswered */
  unsigned flying;             /* of them are on their way */
  bool again;                  /* one was refused: all of `open` are sent again when none is on its way */
  int64_t shown;               /* the highest end that anybody was told */
  int64_t cut_asked, cut_told; /* DeleteRecords */
  int64_t commit_asked, commit_told;
};

typedef enum TopicState
{
  TOPIC_MAKING,
  TOPIC_THERE,
  TOPIC_GOING,
  TOPIC_GONE,
} TopicState;

struct Topic
{
  char *name;
  TopicState state;
  int32_t n;
  Part *parts;
  int64_t segment_bytes;                 /* the smallest that was ever asked for: no batch may be larger */
  int64_t largest;                       /* batch that was sent */
  int64_t retention_bytes, retention_ms; /* the smallest that was ever asked for; INT64_MAX: none */
  bool recoded;                          /* batches are compressed anew */
  bool compacted;                        /* its records have keys */
};

struct Life
{
  uint64_t seed;
  StkSim *sim;
  StkWorld *machine; /* its disk is the one that is cut */
  void *node;        /* of node.c */
  StokerBroker *broker;
  bool started, stopped, fatal;
  StokerError err;
  StkCodecContexts *codecs;
  GRand *dice;
  Link links[LINKS];
  GPtrArray *topics;  /* of Topic, all that ever were */
  GHashTable *stamps; /* -> Sent */
  GHashTable *pids;   /* of int64_t, every one that was given out */
  int64_t last_stamp;
  const char *settings; /* more lines of the configuration */
  bool two_dirs;        /* it has two log directories, and logs move from one to the other */
  bool compacts;        /* one of the topics is compacted */
  bool dark;            /* the power was just cut */
  bool tales;
  const char *damaged; /* this file is; NULL: none */
  unsigned missing;    /* batches that were told and are not served */
  bool trouble;        /* calls on the disk fail: errors are answers */
  /* The disk's calls. */
  uint64_t calls, cut_at;                                         /* 0: no cut is due */
  void (*cut) (Life *l);                                          /* what happens then; it may return */
  int (*meddle) (Life *l, StkSimDiskCall call, const char *path); /* NULL: nobody does */
  void *meddler;
  int depth;     /* cuts so far */
  uint64_t held; /* bytes that were compared */
};

Life *life_new (uint64_t seed, const char *settings);
void life_free (Life *l);
/* A promise is broken: ends the process. */
void broken (Life *l, const char *fmt, ...) G_GNUC_PRINTF (2, 3) G_GNUC_NORETURN;
/* What happens, for whoever looks at one cut (STOKER_SEED=s:k). */
void tale (Life *l, const char *fmt, ...) G_GNUC_PRINTF (2, 3);
int64_t dice (Life *l, int64_t from, int64_t below);
Topic *topic_new (Life *l, const char *name, int32_t n);
/* The newest of the name that is not gone; NULL. */
Topic *topic_find (Life *l, const char *name);
/* A new batch of the partition, which is not sent yet. */
Sent *sent_new (Life *l, Part *p, bool idempotent, size_t bytes);
/* The batch that stands at `data` was shown at this place. NULL: the empty one that a compaction leaves of another. */
Sent *batch_seen (Life *l, Part *p, const StokerBatch *b, const uint8_t *data);

/* ---- compacted.c */
uint8_t key_of (const Sent *s, int32_t i);
/* Takes note of the records of a batch of which some may be gone. */
void compacted_seen (Life *l, Sent *s, const StokerBatch *b, const uint8_t *data);
/* When all was read that is there. */
void check_compacted (Life *l, Part *p, int64_t start);

/* ---- node.c: the broker, its clock, its network */
int64_t now_us (Life *l);
int64_t now_ms (Life *l);
/* Lets so much time pass, or so much work be done. */
void pass_us (Life *l, int64_t us);
void pass_steps (Life *l, int64_t n);
/* As stk_sim_connect, _send, _poll and _close. */
void *peer_open (Life *l);
bool peer_send (Life *l, void *peer, const void *data, size_t len);
ssize_t peer_poll (Life *l, void *peer, void *to, size_t len, bool all);
void peer_close (Life *l, void *peer);
/* Starts a broker on the machine and waits until it is there. False: it refused, life->err says why. */
bool node_start (Life *l);
void node_stop (Life *l);
/* One of its log directories; g_free. */
char *node_dir (Life *l, int which);
/* After a start that failed. */
void node_gone (Life *l);
/* The broker's power is gone; the machine is another one afterwards. The old broker is never freed. */
void node_cut (Life *l);

/* ---- trial.c */
/* Runs fn in a child that has all of this process. NULL: it went well; else what it said and how it ended, g_free.
 * here: not in a child, and the process ends with it. */
char *trial (Life *l, void (*fn) (Life *l), bool here);

/* ---- load.c */
/* What clients do at random, for so many actions. */
void load (Life *l, int actions);
/* Waits for all answers and sends again what was refused, until nothing is open. */
void load_settle (Life *l);

/* ---- check.c */
/* After a start: is everything there that was told? The model is then what was found. */
void check (Life *l);
/* On damaged files: what is served must be what was sent, at its place; what is not is counted in life->missing. */
void check_lenient (Life *l);

#endif
