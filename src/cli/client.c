/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"

#include <errno.h>
#include <glib.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ANSWER (256 << 20)

struct Client
{
  Cluster *cluster;
  char *host;
  int port, fd;
  int32_t node;
  int32_t correlation;
  KmApiVersionsResponse versions;
};

struct Cluster
{
  StokerArena *arena;
  GPtrArray *clients;
  int timeout_ms;
  KmMetadataResponse metadata;
  bool have_metadata;
};

CLIENT_API (api_versions, ApiVersions, 18, 3);
CLIENT_API (metadata, Metadata, 3, 12);
CLIENT_API (find_coordinator, FindCoordinator, 10, 3);

/* ---- sockets */

static int
wait_for (int fd, short events, int64_t deadline)
{
  struct pollfd p = { fd, events, 0 };
  int64_t left = deadline - g_get_monotonic_time () / 1000;
  int n = poll (&p, 1, (int)MAX (left, 0));

  return n > 0 ? 0 : -1;
}

static int
connect_one (const struct addrinfo *a, int timeout_ms)
{
  int fd = socket (a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol), e = 0;
  socklen_t len = sizeof e;

  if (fd < 0)
    return -1;
  if (connect (fd, a->ai_addr, a->ai_addrlen) == 0)
    return fd;
  if (errno == EINPROGRESS && wait_for (fd, POLLOUT, g_get_monotonic_time () / 1000 + timeout_ms) == 0
      && getsockopt (fd, SOL_SOCKET, SO_ERROR, &e, &len) == 0 && e == 0)
    return fd;
  if (errno == EINPROGRESS)
    errno = e ? e : ETIMEDOUT;
  e = errno;
  close (fd);
  errno = e;
  return -1;
}

static int
connect_to (const char *host, int port, int timeout_ms, StokerError *err)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
  char service[12];
  int fd = -1, rc;

  g_snprintf (service, sizeof service, "%d", port);
  rc = getaddrinfo (host, service, &hints, &list);
  if (rc)
    return stoker_error_set (err, STOKER_ERROR_IO, "no address for %s: %s", host, gai_strerror (rc));
  for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
    fd = connect_one (a, timeout_ms);
  freeaddrinfo (list);
  if (fd < 0)
    return stoker_error_set (err, STOKER_ERROR_IO, "cannot connect to %s:%d: %s; is a broker running there?", host,
                             port, g_strerror (errno));
  return fd;
}

static int
broken (const Client *cl, const char *what, StokerError *err)
{
  return stoker_error_set (err, STOKER_ERROR_IO, "%s:%d: %s", cl->host, cl->port, what);
}

static int
send_all (Client *cl, const uint8_t *data, size_t len, int64_t deadline, StokerError *err)
{
  while (len) {
    ssize_t n = send (cl->fd, data, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN) {
      if (wait_for (cl->fd, POLLOUT, deadline))
        return broken (cl, "does not take the request in time", err);
      continue;
    }
    if (n < 0)
      return broken (cl, g_strerror (errno), err);
    data += n;
    len -= (size_t)n;
  }
  return 0;
}

static int
read_all (Client *cl, uint8_t *data, size_t len, int64_t deadline, StokerError *err)
{
  while (len) {
    ssize_t n = recv (cl->fd, data, len, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN) {
      if (wait_for (cl->fd, POLLIN, deadline))
        return broken (cl, "does not answer in time", err);
      continue;
    }
    if (n <= 0)
      return broken (cl, n ? g_strerror (errno) : "closed the connection; is it a Kafka listener without TLS?", err);
    data += n;
    len -= (size_t)n;
  }
  return 0;
}

/* ---- one request */

static int
exchange (Client *cl, const ClientApi *api, int16_t version, const void *in, void *out, StokerError *err)
{
  KmRequestHeader head = { api->key, version, ++cl->correlation, STOKER_STR_LIT ("stoker") };
  int64_t deadline = g_get_monotonic_time () / 1000 + cl->cluster->timeout_ms;
  StokerOut frame = { 0 };
  uint8_t prefix[4], *answer;
  uint32_t size;
  int32_t correlation;
  KmWriter w;
  KmReader r;
  int rc;

  km_writer_init (&w, &frame);
  km_w_i32 (&w, 0);
  km_request_header_encode (&w, &head);
  api->encode (&w, version, in);
  size = GUINT32_TO_BE ((uint32_t)(frame.head.len - 4));
  memcpy (frame.head.data, &size, 4);
  rc = send_all (cl, frame.head.data, frame.head.len, deadline, err);
  stoker_out_clear (&frame);
  if (rc || read_all (cl, prefix, 4, deadline, err))
    return -1;
  memcpy (&size, prefix, 4);
  size = GUINT32_FROM_BE (size);
  if (size > MAX_ANSWER)
    return broken (cl, "does not speak Kafka's protocol", err);
  answer = stoker_arena_alloc (cl->cluster->arena, size);
  if (read_all (cl, answer, size, deadline, err))
    return -1;
  km_reader_init (&r, answer, size);
  if (km_response_header_decode (&r, api->key, version, &correlation) || correlation != head.correlation_id
      || api->decode (&r, version, cl->cluster->arena, out))
    return broken (cl, r.error ? r.error : "the answer is not one to this request", err);
  return 0;
}

char *
client_address (const Client *cl)
{
  if (cl->node < 0)
    return g_strdup_printf ("%s:%d", cl->host, cl->port);
  return g_strdup_printf ("%s:%d (broker %d)", cl->host, cl->port, cl->node);
}

bool
client_knows (const Client *cl, int16_t key)
{
  for (int32_t i = 0; i < cl->versions.n_api_keys; i++)
    if (cl->versions.api_keys[i].api_key == key)
      return true;
  return false;
}

int
client_call (Client *cl, const ClientApi *api, const void *in, void *out, StokerError *err)
{
  const KmApi *known = km_api (api->key);

  for (int32_t i = 0; i < cl->versions.n_api_keys; i++) {
    const KmApiVersionsResponseApiKeys *k = &cl->versions.api_keys[i];
    int16_t version = MIN (k->max_version, api->max_version);
    if (k->api_key != api->key)
      continue;
    if (version < k->min_version || version < known->min_version)
      break;
    return exchange (cl, api, version, in, out, err);
  }
  return stoker_error_set (err, STOKER_ERROR_FAILED, "%s:%d does not offer %s in a version that this tool knows",
                           cl->host, cl->port, known ? known->name : "a request");
}

/* ---- connections */

static void
client_free (void *p)
{
  Client *cl = p;

  if (cl->fd >= 0)
    close (cl->fd);
  g_free (cl->host);
  g_free (cl);
}

static int
ask_versions (Client *cl, StokerError *err)
{
  KmApiVersionsRequest in;

  km_api_versions_request_init (&in);
  in.client_software_name = stoker_str ("stoker");
  in.client_software_version = stoker_str (STOKER_VERSION);
  if (exchange (cl, &client_api_api_versions, 3, &in, &cl->versions, err))
    return -1;
  if (cl->versions.error_code == STOKER_UNSUPPORTED_VERSION)
    return exchange (cl, &client_api_api_versions, 0, &in, &cl->versions, err);
  return 0;
}

static Client *
open_client (Cluster *c, const char *host, int port, StokerError *err)
{
  Client *cl = g_new0 (Client, 1);

  cl->cluster = c;
  cl->host = g_strdup (host);
  cl->port = port;
  cl->node = -1;
  cl->fd = connect_to (host, port, c->timeout_ms, err);
  if (cl->fd < 0 || ask_versions (cl, err)) {
    client_free (cl);
    return NULL;
  }
  g_ptr_array_add (c->clients, cl);
  return cl;
}

Cluster *
cluster_open (const char *bootstrap, int timeout_ms, StokerError *err)
{
  Cluster *c = g_new0 (Cluster, 1);
  g_auto (GStrv) list = g_strsplit (bootstrap, ",", -1);

  c->arena = stoker_arena_new (0);
  c->clients = g_ptr_array_new_with_free_func (client_free);
  c->timeout_ms = timeout_ms;
  stoker_error_set (err, STOKER_ERROR_FAILED, "no broker address in \"%s\"", bootstrap);
  for (char **a = list; *a; a++) {
    g_autofree char *host = NULL;
    int port;
    if (!cli_address (g_strstrip (*a), &host, &port))
      stoker_error_set (err, STOKER_ERROR_FAILED, "\"%s\" is not HOST:PORT", *a);
    else if (open_client (c, host, port, err)) {
      *err = (StokerError){ 0 };
      return c;
    }
  }
  cluster_free (c);
  return NULL;
}

void
cluster_free (Cluster *c)
{
  if (c == NULL)
    return;
  g_ptr_array_free (c->clients, TRUE);
  stoker_arena_free (c->arena);
  g_free (c);
}

void
cluster_set_timeout (Cluster *c, int timeout_ms)
{
  c->timeout_ms = timeout_ms;
}

StokerArena *
cluster_arena (Cluster *c)
{
  return c->arena;
}

Client *
cluster_any (Cluster *c)
{
  return c->clients->pdata[0];
}

static int
ensure_metadata (Cluster *c, StokerError *err)
{
  KmMetadataResponse all;

  return c->have_metadata ? 0 : cluster_metadata (c, (const char *[]){ NULL }, 0, &all, err);
}

Client *
cluster_node (Cluster *c, int32_t id, StokerError *err)
{
  for (guint i = 0; i < c->clients->len; i++)
    if (((Client *)c->clients->pdata[i])->node == id)
      return c->clients->pdata[i];
  if (ensure_metadata (c, err))
    return NULL;
  for (int32_t i = 0; i < c->metadata.n_brokers; i++) {
    const KmMetadataResponseBrokers *b = &c->metadata.brokers[i];
    g_autofree char *host = g_strndup (b->host.data, b->host.len);
    Client *first = cluster_any (c), *cl;
    if (b->node_id != id)
      continue;
    /* The bootstrap connection serves when it led there. */
    if (first->node < 0 && first->port == b->port && strcmp (first->host, host) == 0)
      cl = first;
    else
      cl = open_client (c, host, b->port, err);
    if (cl)
      cl->node = id;
    return cl;
  }
  stoker_error_set (err, STOKER_ERROR_FAILED, "broker %d is not there", id);
  return NULL;
}

Client *
cluster_controller (Cluster *c, StokerError *err)
{
  if (ensure_metadata (c, err))
    return NULL;
  return c->metadata.controller_id < 0 ? cluster_any (c) : cluster_node (c, c->metadata.controller_id, err);
}

Client *
cluster_coordinator (Cluster *c, const char *group, StokerError *err)
{
  int64_t deadline = g_get_monotonic_time () / 1000 + c->timeout_ms;
  KmFindCoordinatorRequest in;
  KmFindCoordinatorResponse out;

  km_find_coordinator_request_init (&in);
  in.key = stoker_str (group);
  for (;;) {
    if (client_call (cluster_any (c), &client_api_find_coordinator, &in, &out, err))
      return NULL;
    /* Just being made: come again. */
    if (out.error_code != STOKER_COORDINATOR_NOT_AVAILABLE || g_get_monotonic_time () / 1000 > deadline)
      break;
    g_usleep (100 * 1000);
  }
  if (out.error_code) {
    g_autofree char *text = client_error_text (out.error_code, out.error_message);
    stoker_error_set (err, STOKER_ERROR_FAILED, "no coordinator for group %s: %s", group, text);
    return NULL;
  }
  return cluster_node (c, out.node_id, err);
}

/* ---- questions that several commands have */

static int
ask_metadata (Cluster *c, const char *const *names, int32_t n, bool create, KmMetadataResponse *out, StokerError *err)
{
  KmMetadataRequest in;

  km_metadata_request_init (&in);
  in.allow_auto_topic_creation = create;
  in.n_topics = names ? n : -1;
  in.topics = stoker_arena_calloc (c->arena, (size_t)MAX (n, 0), sizeof *in.topics);
  for (int32_t i = 0; names && i < n; i++)
    in.topics[i].name = stoker_str (names[i]);
  if (client_call (cluster_any (c), &client_api_metadata, &in, out, err))
    return -1;
  c->metadata = *out;
  c->have_metadata = true;
  return 0;
}

int
cluster_metadata (Cluster *c, const char *const *names, int32_t n, KmMetadataResponse *out, StokerError *err)
{
  return ask_metadata (c, names, n, false, out, err);
}

const KmMetadataResponseTopics *
cluster_topic (Cluster *c, const char *name, bool create, StokerError *err)
{
  int64_t deadline = g_get_monotonic_time () / 1000 + c->timeout_ms;
  KmMetadataResponse m;
  int16_t code;

  for (;;) {
    if (ask_metadata (c, &name, 1, create, &m, err))
      return NULL;
    code = m.n_topics == 1 ? m.topics[0].error_code : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
    if (code == 0 && m.topics[0].n_partitions > 0)
      return &m.topics[0];
    /* One that is just being made has no leader yet. */
    if ((code != STOKER_LEADER_NOT_AVAILABLE && !(create && code == STOKER_UNKNOWN_TOPIC_OR_PARTITION))
        || g_get_monotonic_time () / 1000 > deadline)
      break;
    g_usleep (50 * 1000);
  }
  stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s: %s", name, stoker_code_name (code));
  return NULL;
}

char *
client_error_text (int16_t code, StokerStr message)
{
  if (message.len)
    return g_strdup_printf ("%.*s (%s)", (int)message.len, message.data, stoker_code_name (code));
  return g_strdup (stoker_code_name (code));
}
