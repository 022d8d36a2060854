/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a log's directory, and clearing what a crash has left over there.
 */
#ifndef SEG_LISTING_H
#define SEG_LISTING_H

#include "engine.h"

/* ---- listing.c */
/* What a listing of the directory shows. */
typedef struct Listing
{
  StokerLog *log;
  GArray *logs;        /* int64_t: bases of .log */
  GArray *snapshots;   /* int64_t: offsets of .snapshot files */
  GHashTable *indexed; /* bases with .index */
  GHashTable *timed;   /* bases with .timeindex */
  GHashTable *txn;     /* bases with .txnindex */
  GPtrArray *extras;   /* names of .index, .timeindex and .txnindex files */
  GPtrArray *swaps;    /* names of .swap files */
  GPtrArray *rubbish;  /* names of files to delete */
  int64_t cleaned;     /* smallest base of a .cleaned file */
} Listing;

/* 0, or a negative errno. Free what it says with seg_listing_free, whatever the result. */
int seg_listing_read (StokerLog *log, Listing *out);
void seg_listing_free (Listing *l);
/* Deletes and renames what was left over; true: the listing is out of date now. */
bool seg_listing_clean (Listing *l);
/* A file of the log's directory; that it fails is not said. */
void seg_listing_delete (StokerLog *log, const char *name);
/* For bsearch in Listing.logs. */
int seg_ascending (const void *a, const void *b);

#endif
