/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "net/socket.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>

int
stk_address_lookup (const char *host, uint16_t port, bool passive, bool numeric_only, struct addrinfo **out,
                    StokerError *err)
{
  struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
  char service[8];
  int rc;

  g_snprintf (service, sizeof service, "%u", port);
  if (host && *host == '\0')
    host = NULL;
  /* Numbers first: a name makes libc load its resolver modules, which costs more than the rest of the start. */
  hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST | (passive ? AI_PASSIVE : 0);
  rc = getaddrinfo (host, service, &hints, out);
  if (rc == EAI_NONAME && host && !numeric_only) {
    hints.ai_flags &= ~AI_NUMERICHOST;
    rc = getaddrinfo (host, service, &hints, out);
  }
  if (rc == 0)
    return 0;
  return stoker_error_set (err, STOKER_ERROR_IO, "no address for \"%s\": %s", host ? host : "", gai_strerror (rc));
}

void
stk_address_format (const struct sockaddr *sa, char *host, size_t size, uint16_t *port)
{
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

  g_strlcpy (host, "?", size);
  *port = 0;
  if (sa->sa_family == AF_INET) {
    inet_ntop (AF_INET, &v4->sin_addr, host, (socklen_t)size);
    *port = ntohs (v4->sin_port);
  } else if (sa->sa_family == AF_INET6) {
    if (IN6_IS_ADDR_V4MAPPED (&v6->sin6_addr))
      inet_ntop (AF_INET, &v6->sin6_addr.s6_addr[12], host, (socklen_t)size);
    else
      inet_ntop (AF_INET6, &v6->sin6_addr, host, (socklen_t)size);
    *port = ntohs (v6->sin6_port);
  }
}
