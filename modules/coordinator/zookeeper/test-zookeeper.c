/* SPDX-License-Identifier: Apache-2.0
 *
 * What coordinator/zookeeper does without a server; what it does with one is in tests/conformance/coordinator.
 */
#include "zookeeper/acl.h"
#include "zookeeper/connect.h"
#include "zookeeper/former.h"

#include "test-host.h"

#include <glib.h>
#include <string.h>

static void
good (const char *text, const char *hosts, const char *chroot)
{
  Connect c = { 0 };
  StokerError err = { 0 };

  if (zk_connect_parse (text, &c, &err) < 0)
    g_error ("%s: %s", text, err.text);
  g_assert_cmpstr (c.hosts, ==, hosts);
  g_assert_cmpstr (c.chroot, ==, chroot);
  zk_connect_clear (&c);
}

static void
bad (const char *text, const char *why)
{
  Connect c = { 0 };
  StokerError err = { 0 };

  g_assert_cmpint (zk_connect_parse (text, &c, &err), <, 0);
  if (strstr (err.text, why) == NULL)
    g_error ("%s: %s", text, err.text);
}

static void
test_connect (void)
{
  good ("h", "h:2181", "");
  good ("h:1", "h:1", "");
  good (" a:1 , b ,c:3/", "a:1,b:2181,c:3", "");
  good ("a:1,b:2/kafka/one", "a:1,b:2", "/kafka/one");
  good ("[::1]:7,[fe80::1]", "[::1]:7,[fe80::1]:2181", "");
  bad (NULL, "no host");
  bad ("", "no host");
  bad ("a:1,,b", "no name");
  bad (":1", "no name");
  bad ("a:0", "a port");
  bad ("a:65536", "a port");
  bad ("a:1x", "a port");
  bad ("a:", "a port");
  bad ("[::1", "bracket");
  bad ("a/b//c", "not the path");
  bad ("a/b/", "not the path");
  bad ("a/../b", "not the path");
}

static void
test_chroot (void)
{
  Connect c = { 0 };
  g_autofree char *root = NULL, *node = NULL;

  g_assert_cmpint (zk_connect_parse ("h/a/b", &c, NULL), ==, 0);
  root = zk_connect_full (&c, "/");
  node = zk_connect_full (&c, "/x/y");
  g_assert_cmpstr (root, ==, "/a/b");
  g_assert_cmpstr (node, ==, "/a/b/x/y");
  g_assert_cmpstr (zk_connect_strip (&c, root), ==, "/");
  g_assert_cmpstr (zk_connect_strip (&c, node), ==, "/x/y");
  g_assert_null (zk_connect_strip (&c, "/a"));
  g_assert_null (zk_connect_strip (&c, "/a/bc"));
  zk_connect_clear (&c);
}

static void
test_acl (void)
{
  Acls open, set;

  zk_acls_init (&open, false);
  zk_acls_init (&set, true);
  g_assert_true (zk_acls_of (&open, "/config/users/u") == &open.open);
  g_assert_true (zk_acls_of (&set, "/config/users") == &set.secret);
  g_assert_true (zk_acls_of (&set, "/config/brokers/1") == &set.secret);
  g_assert_true (zk_acls_of (&set, "/config/users2") == &set.creator);
  g_assert_true (zk_acls_of (&set, "/brokers/ids/0") == &set.creator);
  g_assert_cmpint (set.creator.count, ==, 2);
  g_assert_cmpint (set.creator.data[1].perms, ==, ZOO_PERM_READ);
}

static void
quiet (const char *message)
{
}

/* A file that is none of ours, or of another ensemble, ends nothing and waits for nobody. */
static void
test_former (void)
{
  TestHost *h = test_host_new ();
  StokerDisk *disk = stoker_host_disk (test_host_get (h));
  char *dir = test_dir_new ();
  g_autofree char *path = g_build_filename (dir, ZK_FORMER_FILE, NULL);
  clientid_t id = { .client_id = 0x1234 };
  StokerPathInfo info;

  g_assert_true (zk_former_end (disk, path, "127.0.0.1:1", 10000, quiet));
  g_assert_true (g_file_set_contents (path, "nonsense\n", -1, NULL));
  g_assert_true (zk_former_end (disk, path, "127.0.0.1:1", 10000, quiet));
  g_assert_cmpint (zk_former_save (disk, path, "other:1", &id), ==, 0);
  g_assert_true (zk_former_end (disk, path, "127.0.0.1:1", 10000, quiet));
  g_assert_cmpint (stoker_disk_stat (disk, path, &info), ==, 0);
  /* Nobody answers: the note stays for the next time. */
  g_assert_cmpint (zk_former_save (disk, path, "127.0.0.1:1", &id), ==, 0);
  g_assert_false (zk_former_end (disk, path, "127.0.0.1:1", 200, quiet));
  g_assert_cmpint (stoker_disk_stat (disk, path, &info), ==, 0);
  zk_former_forget (disk, path);
  g_assert_cmpint (stoker_disk_stat (disk, path, &info), <, 0);
  test_host_free (h);
  test_dir_free (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/zookeeper/connect", test_connect);
  g_test_add_func ("/zookeeper/chroot", test_chroot);
  g_test_add_func ("/zookeeper/acl", test_acl);
  g_test_add_func ("/zookeeper/former", test_former);
  return g_test_run ();
}
