/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets, inside src/net: addresses, and a stream over a connected socket.
 */
#ifndef STK_NET_SOCKET_H
#define STK_NET_SOCKET_H

#include "world/impl.h"

#include <netdb.h>
#include <sys/socket.h>

/* A stream over `fd` (connected, non-blocking), which it takes over. Thread of `io`. */
StkStream *stk_socket_stream_new (StkActor *io, int fd);

/* Looks up host:port for listening (host "" or NULL: every address of this machine) or connecting; numbers are never
 * looked up. Free with freeaddrinfo. May block for names. */
int stk_address_lookup (const char *host, uint16_t port, bool passive, bool numeric_only, struct addrinfo **out,
                        StokerError *err);
/* The text of an address, an IPv4 one in IPv6 clothes as IPv4. */
void stk_address_format (const struct sockaddr *sa, char *host, size_t size, uint16_t *port);

/* src/net/connect.c */
typedef struct StkConnector StkConnector;
StkConnector *stk_connector_new (StkWorld *w);
void stk_connector_free (StkConnector *c);
void stk_connector_connect (StkConnector *c, StkActor *io, const char *host, uint16_t port,
                            void (*connected) (void *user, StkStream *s, int error), void *user);

#endif
