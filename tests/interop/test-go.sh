#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# franz-go: topics, every codec, a consumer group that resumes.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
need_client go
broker_start || exit 1
smoke "$CLIENTS/go/interop"
check "clean stop" broker_stop
tap_done
