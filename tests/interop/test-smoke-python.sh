#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kafka-python and confluent-kafka, everything but transactions.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
need_client python
broker_start 'num.partitions = 4' || exit 1
SKIP="kp:txn ck:txn" PYTHON=$CLIENTS/python/bin/python smoke "$ACCEPTANCE/smoke-python"
check "clean stop" broker_stop
tap_done
