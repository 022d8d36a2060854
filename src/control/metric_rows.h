/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's metrics, one row each: STK_METRIC_ROW (ID, name, kind, unit, labels, text). No include guard: whoever
 * includes it defines the macro. Add a row, then count with stoker_metric_add (stk_metrics_core (m, STK_METRIC_ID), 1).
 */
STK_METRIC_ROW (CONNECTIONS, "connections", GAUGE, "connections", NULL, "open client connections")
STK_METRIC_ROW (CONNECTIONS_ACCEPTED, "connections.accepted", COUNTER, "connections", NULL, "connections accepted")
STK_METRIC_ROW (CONNECTIONS_REFUSED, "connections.refused", COUNTER, "connections", NULL,
                "connections refused for a limit")
STK_METRIC_ROW (CONNECTIONS_MOVED, "connections.moved", COUNTER, "connections", NULL,
                "connections handed from one I/O thread to another")
STK_METRIC_ROW (CONNECTIONS_BROKEN, "connections.broken", COUNTER, "connections", NULL,
                "connections closed because the peer broke the protocol")
STK_METRIC_ROW (NETWORK_BYTES_IN, "network.bytes.in", COUNTER, "bytes", NULL, "bytes read from clients")
STK_METRIC_ROW (NETWORK_BYTES_OUT, "network.bytes.out", COUNTER, "bytes", NULL, "bytes written to clients")
STK_METRIC_ROW (PRODUCE_BATCHES, "produce.batches", COUNTER, "batches", NULL, "record batches appended for producers")
STK_METRIC_ROW (PRODUCE_RECORDS, "produce.records", COUNTER, "records", NULL, "records appended for producers")
STK_METRIC_ROW (PRODUCE_BYTES, "produce.bytes", COUNTER, "bytes", NULL, "bytes of batches appended for producers")
STK_METRIC_ROW (PRODUCE_REFUSED, "produce.refused", COUNTER, "batches", NULL, "batches refused with an error")
STK_METRIC_ROW (FETCH_BYTES, "fetch.bytes", COUNTER, "bytes", NULL, "bytes of batches sent to consumers")
STK_METRIC_ROW (FETCH_WAITING, "fetch.waiting", GAUGE, "requests", NULL, "fetch requests that wait for data")
STK_METRIC_ROW (FETCH_SESSIONS, "fetch.sessions", GAUGE, "sessions", NULL, "incremental fetch sessions kept")
STK_METRIC_ROW (TOPICS, "topics", GAUGE, "topics", NULL, "topics of the cluster")
STK_METRIC_ROW (PARTITIONS, "partitions", GAUGE, "partitions", NULL, "partitions with a replica on this broker")
STK_METRIC_ROW (PARTITIONS_OPENING, "partitions.opening", GAUGE, "partitions", NULL,
                "partitions whose logs are still to be opened (and recovered, after a crash) since the start")
STK_METRIC_ROW (PARTITIONS_OFFLINE, "partitions.offline", GAUGE, "partitions", NULL,
                "partitions without a usable leader")
STK_METRIC_ROW (LOG_DIRS_OFFLINE, "log.dirs.offline", GAUGE, "directories", NULL,
                "log directories taken offline after a disk error")
STK_METRIC_ROW (GROUPS, "groups", GAUGE, "groups", NULL, "consumer groups coordinated here")
STK_METRIC_ROW (GROUP_REBALANCES, "group.rebalances", COUNTER, "rebalances", NULL,
                "generations of consumer groups begun")
STK_METRIC_ROW (OFFSET_COMMITS, "offset.commits", COUNTER, "partitions", NULL, "partition offsets committed")
STK_METRIC_ROW (CLEANER_READ, "cleaner.bytes.read", COUNTER, "bytes", NULL, "bytes of logs read to compact them")
STK_METRIC_ROW (CLEANER_WRITTEN, "cleaner.bytes.written", COUNTER, "bytes", NULL, "bytes of compacted logs written")
STK_METRIC_ROW (CLEANER_TIME, "cleaner.time", COUNTER, "ms", NULL, "time that compactions took, pauses included")
STK_METRIC_ROW (CLEANER_DIRTY, "cleaner.dirty.max", GAUGE, "percent", NULL,
                "largest part of a compacted log that is not compacted yet")
STK_METRIC_ROW (CLEANER_UNCLEANABLE, "cleaner.uncleanable", GAUGE, "partitions", NULL,
                "partitions whose log cannot be compacted because it is damaged")
