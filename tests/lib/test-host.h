/* SPDX-License-Identifier: Apache-2.0
 *
 * A host for unit tests of modules and of the core: real clock, this machine's disk, work on one helper thread or
 * inline, posts to control collected until the test runs them, the log grabbed. A WARN or ERROR line that the test did
 * not expect fails it.
 *
 *   TestHost *h = test_host_new ();
 *   StokerInstance *i = test_host_instance (h, &stoker_module_codec_zstd, "level = 3\n");   // init and start done
 *   ...
 *   test_host_free (h);   // stops and frees the instances too
 *
 * Or, with a host that belongs to the instance: test_instance_new .. test_instance_free.
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include "module/host.h"

typedef struct TestHost TestHost;

TestHost *test_host_new (void);
/* Finishes pending work, stops and frees its instances, checks that every expected event came. */
void test_host_free (TestHost *h);
StokerHost *test_host_get (TestHost *h);

/* Work runs on the calling thread inside stoker_host_work (default: on one helper thread). */
void test_host_inline_work (TestHost *h);
/* Waits until all work is done. */
void test_host_drain_work (TestHost *h);
/* Runs what was posted to control, on the calling thread, until nothing is left; how many. */
unsigned test_host_run_control (TestHost *h);
/* Works and runs control until *flag is set; fails the test after 60 s. */
void test_host_wait (TestHost *h, const bool *flag);

/* Time stands still at now_ms (and monotonic) and moves only by test_host_advance. Default: the real clock. */
void test_host_fake_clock (TestHost *h, int64_t now_ms);
void test_host_advance (TestHost *h, int64_t ms);
/* Another disk (fault injection); borrowed. */
void test_host_set_disk (TestHost *h, StokerDisk *disk);
/* What stoker_host_codec answers for the codec's id. */
void test_host_add_codec (TestHost *h, StokerInstance *codec);

/* The next WARN or ERROR with this event id is wanted. */
void test_host_expect (TestHost *h, const char *event);
/* Any number of WARN or ERROR lines with this event id is fine, none too. */
void test_host_tolerate (TestHost *h, const char *event);
/* How often the event was logged so far, at any level. */
unsigned test_host_logged (TestHost *h, const char *event);
/* Everything logged so far, text lines; g_free. */
char *test_host_log_text (TestHost *h);

/* An instance of the module under its own name, made from lines "option = value" (NULL: defaults), init and start
 * done; the test fails with the reason when that does not work. Freed with the host. */
StokerInstance *test_host_instance (TestHost *h, const StokerModule *m, const char *conf_text);
/* The same up to what goes wrong: NULL with *err. */
StokerInstance *test_host_try_instance (TestHost *h, const StokerModule *m, const char *conf_text, StokerError *err);

/* With a host of its own. */
StokerInstance *test_instance_new (const StokerModule *m, const char *conf_text);
void test_instance_free (StokerInstance *i);
TestHost *test_instance_host (StokerInstance *i);

/* A fresh directory under $TMPDIR; removed with all in it, and freed, by test_dir_free. */
char *test_dir_new (void);
void test_dir_free (char *dir);

#endif
