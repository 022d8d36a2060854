/* SPDX-License-Identifier: Apache-2.0
 *
 * A small blocking Kafka client for what librdkafka cannot ask: it sends any message that the generated encoder knows.
 */
#ifndef STK_CLI_CLIENT_H
#define STK_CLI_CLIENT_H

#include "kafka-messages.h"

#include <stoker/error.h>
#include <stoker/memory.h>

/* A connection to one broker. */
typedef struct Client Client;
/* The brokers: bootstrap addresses, and connections by node once they are known. */
typedef struct Cluster Cluster;

/* Encoder and decoder of one message pair: CLIENT_API (metadata, Metadata) makes client_api_metadata in the file. */
typedef struct ClientApi
{
  int16_t key, max_version;
  void (*encode) (KmWriter *w, int16_t version, const void *in);
  int (*decode) (KmReader *r, int16_t version, StokerArena *a, void *out);
} ClientApi;

#define CLIENT_API(name_, Type_, key_, max_)                                                                           \
  static void name_##_encode_any (KmWriter *w, int16_t v, const void *in)                                              \
  {                                                                                                                    \
    km_##name_##_request_encode (w, v, (const Km##Type_##Request *)in);                                                \
  }                                                                                                                    \
  static int name_##_decode_any (KmReader *r, int16_t v, StokerArena *a, void *out)                                    \
  {                                                                                                                    \
    return km_##name_##_response_decode (r, v, a, (Km##Type_##Response *)out);                                         \
  }                                                                                                                    \
  static const ClientApi client_api_##name_ = { key_, max_, name_##_encode_any, name_##_decode_any }

/* Connects to the first of "host:port,host:port" that answers. NULL with *err. */
Cluster *cluster_open (const char *bootstrap, int timeout_ms, StokerError *err);
void cluster_free (Cluster *c);
/* From now on; until now it was the one of cluster_open. */
void cluster_set_timeout (Cluster *c, int timeout_ms);
/* What everything decoded is allocated from; lives as long as the cluster. */
StokerArena *cluster_arena (Cluster *c);

/* Which connection a call goes over. NULL with *err. */
Client *cluster_any (Cluster *c);
Client *cluster_node (Cluster *c, int32_t id, StokerError *err);
Client *cluster_controller (Cluster *c, StokerError *err);
Client *cluster_coordinator (Cluster *c, const char *group, StokerError *err);

/* Asks, in the newest version that both know, and waits. 0; -1 with *err. out is initialised by the decoder. */
int client_call (Client *cl, const ClientApi *api, const void *in, void *out, StokerError *err);
/* "host:port (broker 1)"; g_free. */
char *client_address (const Client *cl);
/* Does the broker know the API at all? */
bool client_knows (const Client *cl, int16_t key);

/* names NULL: all topics. The answer is kept for cluster_node too. */
int cluster_metadata (Cluster *c, const char *const *names, int32_t n, KmMetadataResponse *out, StokerError *err);
/* One topic, waiting until it has leaders; create: let the broker make it when it may. NULL with *err. */
const KmMetadataResponseTopics *cluster_topic (Cluster *c, const char *name, bool create, StokerError *err);
/* The offset for `timestamp` (-1 end, -2 beginning, or a time) of each partition of a topic, by its leader: offsets[p],
 * -1 where there is none; codes[p] (codes may be NULL): why, 0: nothing that late. 0; -1 with *err. */
int cluster_list_offsets (Cluster *c, const KmMetadataResponseTopics *topic, int64_t timestamp, int64_t *offsets,
                          int16_t *codes, StokerError *err);
/* What is wrong with partitions[0..n) of a topic, "orders [3]: KAFKA_STORAGE_ERROR" of the first such; NULL: nothing that the brokers know
 * of. g_free. */
char *cluster_trouble (Cluster *c, const char *topic, const int32_t *partitions, int32_t n);

/* "text (NAME)" of an error code and the broker's message. g_free. */
char *client_error_text (int16_t code, StokerStr message);

#endif
