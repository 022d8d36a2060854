/* SPDX-License-Identifier: Apache-2.0
 *
 * The two check sums of Kafka's formats. CRC-32C (batches of magic 2, snapshots) is public: stoker_crc32c in
 * stoker/record.h. CRC-32 IEEE is what messages of magic 0 and 1 carry; it is rare and stays simple.
 * Thread: pure functions.
 */
#ifndef STK_CRC_H
#define STK_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 (IEEE 802.3) of a range, continuing from `crc` (0 to begin); the same as zlib's crc32(). */
uint32_t stk_crc32 (uint32_t crc, const void *data, size_t len);
/* CRC-32C without special instructions: what stoker_crc32c does where the processor lacks them; for tests too. */
uint32_t stk_crc32c_soft (uint32_t crc, const void *data, size_t len);

#endif
