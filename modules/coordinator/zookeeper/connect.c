/* SPDX-License-Identifier: Apache-2.0 */
#include "connect.h"

#include "../path.h"

#include <glib.h>
#include <string.h>

#define DEFAULT_PORT 2181

static int
bad (StokerError *err, const char *text, const char *why)
{
  return stoker_error_set (err, STOKER_ERROR_CONFIG, "zookeeper.connect is \"%.200s\": %s; it is HOST:PORT,HOST:PORT/CHROOT", text, why);
}

/* One HOST:PORT, HOST or [IPV6]:PORT. NULL, or what is wrong. */
static const char *
add_host (GString *out, const char *host)
{
  const char *end = host[0] == '[' ? strchr (host, ']') : NULL;
  const char *colon = strrchr (end ? end : host, ':');
  gint64 port = DEFAULT_PORT;

  if (host[0] == '[' && end == NULL)
    return "a bracket is open";
  if (*host == '\0' || colon == host)
    return "a host has no name";
  if (colon && !g_ascii_string_to_signed (colon + 1, 10, 1, 65535, &port, NULL))
    return "a port is a number from 1 to 65535";
  if (out->len)
    g_string_append_c (out, ',');
  g_string_append_len (out, host, colon ? colon - host : (gssize)strlen (host));
  g_string_append_printf (out, ":%d", (int)port);
  return NULL;
}

int
zk_connect_parse (const char *text, Connect *out, StokerError *err)
{
  const char *slash = text ? strchr (text, '/') : NULL, *why = NULL;
  g_autofree char *hosts = text ? g_strndup (text, slash ? (gsize)(slash - text) : strlen (text)) : g_strdup ("");
  g_auto (GStrv) list = g_strsplit (hosts, ",", -1);
  GString *s = g_string_new (NULL);

  for (char **h = list; *h && why == NULL; h++)
    why = add_host (s, g_strstrip (*h));
  if (why == NULL && s->len == 0)
    why = "it names no host";
  if (why == NULL && slash && !coord_path_ok (slash, false))
    why = "what follows the hosts is not the path of a node";
  if (why) {
    g_string_free (s, TRUE);
    return bad (err, text ? text : "", why);
  }
  out->hosts = g_string_free (s, FALSE);
  out->chroot = g_strdup (slash && slash[1] ? slash : "");
  out->chroot_len = strlen (out->chroot);
  return 0;
}

void
zk_connect_clear (Connect *c)
{
  g_clear_pointer (&c->hosts, g_free);
  g_clear_pointer (&c->chroot, g_free);
}

char *
zk_connect_full (const Connect *c, const char *path)
{
  if (c->chroot_len && path[1] == '\0')
    return g_strdup (c->chroot);
  return g_strconcat (c->chroot, path, NULL);
}

const char *
zk_connect_strip (const Connect *c, const char *full)
{
  if (strncmp (full, c->chroot, c->chroot_len) != 0)
    return NULL;
  full += c->chroot_len;
  return *full == '/' ? full : *full == '\0' ? "/" : NULL;
}
