/* SPDX-License-Identifier: Apache-2.0
 *
 * The session of a former run. ZooKeeper keeps the registration of a broker that was killed until its session times out, and a restart
 * would find its own id taken; whoever knows a session's id and password can end it at once (foundation.md 3.3). So both are kept
 * in a file beside the logs while a session lives. Any disk thread; one at a time.
 */
#ifndef ZOOKEEPER_FORMER_H
#define ZOOKEEPER_FORMER_H

#include <stoker/host.h>

#include <zookeeper/zookeeper.h>

#define ZK_FORMER_FILE "zookeeper.session"

/* Remembers a session of this ensemble; 0 or a negative errno. */
int zk_former_save (StokerDisk *disk, const char *path, const char *hosts, const clientid_t *id);
/* Ends the session that the file tells of, when it is of this ensemble, and removes the file. Waits at most limit_ms for a server; false:
 * there was none, and the session may live on. */
bool zk_former_end (StokerDisk *disk, const char *path, const char *hosts, int limit_ms, log_callback_fn log);
/* The session was ended in order. */
void zk_former_forget (StokerDisk *disk, const char *path);

#endif
