/* SPDX-License-Identifier: Apache-2.0 */
#include "handle.h"

#include "former.h"

#include <errno.h>
#include <string.h>

#define FORMER_LIMIT_MS 3000

/* ---- called by the library's threads */

/* It has no argument that would say whose it is. Shown with G_MESSAGES_DEBUG=zookeeper. */
static void
on_log (const char *message)
{
  g_log ("zookeeper", G_LOG_LEVEL_DEBUG, "%s", message);
}

static void
on_state (zhandle_t *zh, int type, int state, const char *path, void *handle)
{
  Handle *h = handle;
  Message m = { .kind = MESSAGE_SESSION, .handle = h, .subject = zh, .number = state };

  if (type != ZOO_SESSION_EVENT)
    return;
  if (state == ZOO_CONNECTED_STATE)
    m.session_id = zoo_client_id (zh)->client_id;
  (void)zk_inbox_put (h->conf.inbox, &m);
}

void
zk_handle_on_event (zhandle_t *zh, int type, int state, const char *path, void *handle)
{
  Handle *h = handle;
  Message m = { .kind = MESSAGE_EVENT, .handle = h, .number = type };

  if (type == ZOO_SESSION_EVENT) /* on_state hears it */
    return;
  m.path = g_strdup (path);
  if (!zk_inbox_put (h->conf.inbox, &m))
    g_free (m.path);
}

static void
on_auth (int rc, const void *data)
{
  /* What is wrong with it comes as the state AUTH_FAILED. */
}

/* ---- on a disk thread */

typedef struct Job
{
  Handle *handle;
  HandleConf conf;
  zhandle_t *zh;
  bool last;
  clientid_t id;
} Job;

static Job *
job_new (Handle *h)
{
  Job *j = g_new (Job, 1);

  *j = (Job){ .handle = h, .conf = h->conf, .zh = h->zh };
  j->conf.ref (j->conf.owner);
  return j;
}

static void
job_free (Job *j)
{
  j->conf.unref (j->conf.owner);
  g_free (j);
}

static void
make (void *user)
{
  Job *j = user;
  Message m = { .kind = MESSAGE_HANDLE, .handle = j->handle };
  zhandle_t *zh;

  /* Once at most: when it is gone there is no file. */
  if (j->conf.former)
    (void)zk_former_end (stoker_host_disk (j->conf.host), j->conf.former, j->conf.hosts, FORMER_LIMIT_MS, on_log);
  errno = 0;
  zh = zookeeper_init2 (j->conf.hosts, on_state, j->conf.timeout_ms, NULL, j->handle, 0, on_log);
  m.number = errno;
  m.subject = zh;
  if (zh && j->conf.auth)
    (void)zoo_add_auth (zh, "digest", j->conf.auth, (int)strlen (j->conf.auth), on_auth, NULL);
  if (!zk_inbox_put (j->conf.inbox, &m))
    zk_handle_end (j->handle, zh);
  job_free (j);
}

static void
end (void *user)
{
  Job *j = user;
  Message m = { .kind = MESSAGE_CLOSED, .handle = j->handle };

  (void)zookeeper_close (j->zh);
  if (j->last && j->conf.former)
    zk_former_forget (stoker_host_disk (j->conf.host), j->conf.former);
  if (!zk_inbox_put (j->conf.inbox, &m))
    zk_handle_free (j->handle);
  job_free (j);
}

static void
save (void *user)
{
  Job *j = user;

  /* Without it the next start waits for the session's end, if this one ends badly. */
  (void)zk_former_save (stoker_host_disk (j->conf.host), j->conf.former, j->conf.hosts, &j->id);
  job_free (j);
}

/* ---- control thread */

Handle *
zk_handle_new (const HandleConf *conf)
{
  Handle *h = g_new0 (Handle, 1);

  h->conf = *conf;
  stoker_host_work (conf->host, -1, make, job_new (h));
  return h;
}

void
zk_handle_close (Handle *h, bool last)
{
  Job *j = job_new (h);

  h->closing = true;
  j->last = last;
  stoker_host_work (h->conf.host, -1, end, j);
}

void
zk_handle_save (Handle *h)
{
  Job *j;

  if (h->conf.former == NULL)
    return;
  j = job_new (h);
  j->id = *zoo_client_id (h->zh);
  stoker_host_work (h->conf.host, -1, save, j);
}

void
zk_handle_end (Handle *h, zhandle_t *zh)
{
  if (zh)
    (void)zookeeper_close (zh);
  zk_handle_free (h);
}

void
zk_handle_free (Handle *h)
{
  g_free (h);
}
