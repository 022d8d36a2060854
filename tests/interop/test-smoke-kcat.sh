#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kcat against a broker with default settings, everything but transactions.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
command -v kcat >/dev/null || skip_all "kcat is not installed"
broker_start 'num.partitions = 4' || exit 1
SKIP=txn smoke "$ACCEPTANCE/smoke-kcat"
check "clean stop" broker_stop
tap_done
