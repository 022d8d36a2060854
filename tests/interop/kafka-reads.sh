# SPDX-License-Identifier: Apache-2.0
# Sourced first by the tests in which Apache Kafka reads what we wrote (peer.sh): all that they need, or they are skipped.
#
#   ours_start OPTION..    our broker, as broker_start
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
. "$top_srcdir/tests/interop/java.sh"
need_client java; need_client python
command -v kcat >/dev/null || skip_all "kcat is not installed"
export KCAT_CONFIG=/dev/null
. "$top_srcdir/tests/interop/peer.sh"

ours_start () {
  broker_start "$@" || exit 1
  trap 'peer_stop; broker_cleanup' EXIT # broker_start has set another
}
