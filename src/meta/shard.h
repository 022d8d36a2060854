/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the 256 sorted arrays that index a snapshot's topics; private to src/meta. Snapshots share shards; a builder
 * owns the ones it has changed until it ends.
 */
#ifndef STK_META_SHARD_H
#define STK_META_SHARD_H

#include "meta/snapshot.h"

struct StkMetaShard
{
  _Atomic int refs;
  int32_t n, cap;
  const StkMetaTopic *topics[]; /* each with a reference */
};

/* Orders a topic against a key; the two indexes have one each. */
typedef struct StkMetaKey
{
  uint32_t hash;
  StokerStr name;
  StokerUuid id;
} StkMetaKey;
typedef int (*StkMetaCompare) (const StkMetaTopic *t, const StkMetaKey *key);

int stk_meta_compare_name (const StkMetaTopic *t, const StkMetaKey *key);
int stk_meta_compare_id (const StkMetaTopic *t, const StkMetaKey *key);
StkMetaKey stk_meta_key_name (StokerStr name);

StkMetaShard *stk_meta_shard_ref (StkMetaShard *s); /* NULL gives NULL */
void stk_meta_shard_unref (StkMetaShard *s);
/* A copy with one reference, and room to grow; of NULL: an empty one. */
StkMetaShard *stk_meta_shard_copy (const StkMetaShard *s);
const StkMetaTopic *stk_meta_shard_find (const StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key);
/* On a shard that nobody else holds: puts the topic (takes a reference) in place of the one with the key, or adds it.
 * Returns the shard, which may have moved. */
StkMetaShard *stk_meta_shard_put (StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key,
                                  const StkMetaTopic *t);
void stk_meta_shard_remove (StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key);

#endif
