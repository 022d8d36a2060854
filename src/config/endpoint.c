/* SPDX-License-Identifier: Apache-2.0 */
#include "config/endpoint.h"

#include <glib.h>

static bool
valid_listener_name (const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!g_ascii_isalnum (s[i]) && s[i] != '_' && s[i] != '-')
      return false;
  return n > 0;
}

static bool
valid_host (const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!g_ascii_isalnum (s[i]) && !strchr (".-_:%", s[i]))
      return false;
  return true;
}

int
stk_endpoint_parse (const char *text, StkEndpoint *out, StokerError *err)
{
  const char *host = strstr (text, "://"), *end, *port;
  guint64 number;

  if (host == NULL || !valid_listener_name (text, (size_t)(host - text)))
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not of the form PLAINTEXT://HOST:PORT", text);
  host += 3;
  if (*host == '[') {
    end = strchr (++host, ']');
    port = end && end[1] == ':' ? end + 2 : NULL;
  } else {
    end = strrchr (host, ':');
    port = end ? end + 1 : NULL;
    if (end && memchr (host, ':', (size_t)(end - host)))
      return stoker_error_set (err, STOKER_ERROR_CONFIG,
                               "\"%s\": an IPv6 address stands in brackets: PLAINTEXT://[::1]:9092", text);
  }
  if (port == NULL || !valid_host (host, (size_t)(end - host)))
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not of the form PLAINTEXT://HOST:PORT", text);
  if (!g_ascii_string_to_unsigned (port, 10, 0, 65535, &number, NULL))
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\": the port is not a number from 0 to 65535", text);
  out->name = g_strndup (text, (gsize)(strstr (text, "://") - text));
  out->host = g_strndup (host, (gsize)(end - host));
  out->port = (uint16_t)number;
  return 0;
}

void
stk_endpoint_clear (StkEndpoint *e)
{
  g_free ((char *)e->name);
  g_free ((char *)e->host);
  *e = (StkEndpoint){ 0 };
}
