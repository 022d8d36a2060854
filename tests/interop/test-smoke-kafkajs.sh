#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kafkajs, everything but transactions and ACLs.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
need_client node
broker_start 'num.partitions = 4' || exit 1
SKIP="txn acls" KAFKAJS_DIR=$CLIENTS/node smoke "$ACCEPTANCE/smoke-kafkajs"
check "clean stop" broker_stop
tap_done
