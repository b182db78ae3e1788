/* Access lists and authentication. */
#include "suite.h"

static void on_auth(int rc, const void *data) {
  note((struct notes *)data, "%d", rc);
}

static int add_auth(zhandle_t *zh, const char *user) {
  struct notes *notes = notes_new();
  int rc = zoo_add_auth(zh, "digest", user, (int)strlen(user), on_auth, notes);
  return rc == ZOK ? atoi(notes_text(notes, 1)) : rc;
}

static int digest(const char *path) {
  zhandle_t *owner = client(second_host, NULL), *wrong = client(second_host, NULL);
  const char *own = join(path, "own");
  char text[16];
  OK(add_auth(owner, "owner:secret"));
  OK(add_auth(wrong, "owner:guess"));
  OK(zoo_create(owner, own, "mine", 4, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
  OK(read_text(owner, own, text, sizeof text, NULL));
  EQUAL(read_text(wrong, own, text, sizeof text, NULL), ZNOAUTH);
  EQUAL(zoo_set(wrong, own, "", 0, -1), ZNOAUTH);
  EQUAL(make(wrong, join(own, "x"), "", ZOO_PERSISTENT), ZNOAUTH);
  EQUAL(count_children(wrong, own), ZNOAUTH);
  EQUAL(zoo_set_acl(wrong, own, -1, &ZOO_OPEN_ACL_UNSAFE), ZNOAUTH);
  /* ZooKeeper answers who may not read the znode up to 3.8, and refuses since 3.9. */
  int seen = zoo_exists(wrong, own, 0, NULL);
  if (seen != ZOK) EQUAL(seen, ZNOAUTH);
  /* More identities may be added to a connection. */
  OK(add_auth(wrong, "owner:secret"));
  OK(read_text(wrong, own, text, sizeof text, NULL));
  SAME_TEXT(text, "mine");
  /* Deleting asks the parent's list only. */
  OK(sync_path(a, own));
  OK(zoo_delete(a, own, -1));
  zookeeper_close(owner);
  zookeeper_close(wrong);
  return 0;
}

static int lists(const char *path) {
  const char *x = join(path, "x");
  struct ACL_vector acl;
  struct Stat stat;
  OK(zoo_create(a, x, "", 0, &ZOO_READ_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0));
  OK(zoo_get_acl(a, x, &acl, &stat));
  EQUAL(acl.count, 1);
  EQUAL(acl.data[0].perms, ZOO_PERM_READ);
  SAME_TEXT(acl.data[0].id.scheme, "world");
  SAME_TEXT(acl.data[0].id.id, "anyone");
  EQUAL(stat.aversion, 0);
  EQUAL(zoo_set(a, x, "", 0, -1), ZNOAUTH);
  EQUAL(zoo_set_acl(a, x, -1, &ZOO_OPEN_ACL_UNSAFE), ZNOAUTH);
  const char *y = join(path, "y");
  OK(make(a, y, "", ZOO_PERSISTENT));
  EQUAL(zoo_set_acl(a, y, 3, &ZOO_READ_ACL_UNSAFE), ZBADVERSION);
  OK(zoo_set_acl(a, y, 0, &ZOO_READ_ACL_UNSAFE));
  OK(sync_path(b, y));
  OK(zoo_get_acl(b, y, &acl, &stat));
  EQUAL(stat.aversion, 1);
  EQUAL(zoo_set_acl(a, join(path, "none"), -1, &ZOO_OPEN_ACL_UNSAFE), ZNONODE);
  return 0;
}

static int invalid(const char *path) {
  struct ACL odd[] = {{ZOO_PERM_ALL, {"nosuch", "x"}}};
  struct ACL_vector unknown = {1, odd}, empty = {0, NULL};
  EQUAL(zoo_create(a, join(path, "x"), "", 0, &unknown, ZOO_PERSISTENT, NULL, 0), ZINVALIDACL);
  EQUAL(zoo_create(a, join(path, "x"), "", 0, &empty, ZOO_PERSISTENT, NULL, 0), ZINVALIDACL);
  /* Nobody has proven who they are. */
  EQUAL(zoo_create(a, join(path, "x"), "", 0, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0), ZINVALIDACL);
  struct ACL local[] = {{ZOO_PERM_ALL, {"ip", "127.0.0.1"}}}, far[] = {{ZOO_PERM_ALL, {"ip", "10.1.2.0/24"}}};
  struct ACL_vector near_list = {1, local}, far_list = {1, far};
  char text[16];
  OK(zoo_create(a, join(path, "near"), "1", 1, &near_list, ZOO_PERSISTENT, NULL, 0));
  OK(zoo_create(a, join(path, "far"), "1", 1, &far_list, ZOO_PERSISTENT, NULL, 0));
  OK(read_text(a, join(path, "near"), text, sizeof text, NULL));
  EQUAL(read_text(a, join(path, "far"), text, sizeof text, NULL), ZNOAUTH);
  return 0;
}

static int unknown_scheme(const char *path) {
  (void)path;
  struct notes *states = notes_new(), *answer = notes_new();
  zhandle_t *zh = client(first_host, states);
  zoo_add_auth(zh, "nosuch", "x", 1, on_auth, answer);
  char expected[16];
  snprintf(expected, sizeof expected, "%d", ZAUTHFAILED);
  SAME_TEXT(notes_text(answer, 1), expected);
  SAME_TEXT(notes_text(states, 2), "connected,authfailed");
  EQUAL(zoo_exists(zh, "/", 0, NULL), ZINVALIDSTATE);
  zookeeper_close(zh);
  return 0;
}

static int super_user(const char *path) {
  zhandle_t *owner = client(first_host, NULL), *root = client(second_host, NULL);
  const char *own = join(path, "own");
  char text[16];
  OK(add_auth(owner, "owner:secret"));
  OK(zoo_create(owner, own, "mine", 4, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
  OK(add_auth(root, "super:test"));
  OK(sync_path(root, own));
  OK(read_text(root, own, text, sizeof text, NULL));
  OK(zoo_set(root, own, "", 0, -1));
  zookeeper_close(owner);
  zookeeper_close(root);
  return 0;
}

void add_access_checks(void) {
  check("acl: digest, who may what", digest);
  check("acl: lists and their versions", lists);
  check("acl: invalid ones, addresses", invalid);
  check("auth: an unknown scheme fails", unknown_scheme);
  check("auth: the super user", super_user);
}
