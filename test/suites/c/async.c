/* The asynchronous calls: completions come in the order of the requests. */
#include "suite.h"

static struct notes *got;

static void on_string(int rc, const char *value, const void *data) {
  const char *name = rc == ZOK ? strrchr(value, '/') : NULL;
  note(got, "%s %d %s", (const char *)data, rc, name == NULL ? "" : name + 1);
}

static void on_string_stat(int rc, const char *value, const struct Stat *stat, const void *data) {
  const char *name = rc == ZOK ? strrchr(value, '/') : NULL;
  note(got, "%s %d %s %d", (const char *)data, rc, name == NULL ? "" : name + 1, rc == ZOK ? stat->dataLength : 0);
}

static void on_void(int rc, const void *data) {
  note(got, "%s %d", (const char *)data, rc);
}

static void on_stat(int rc, const struct Stat *stat, const void *data) {
  note(got, "%s %d v%d", (const char *)data, rc, rc == ZOK ? stat->version : -1);
}

static void on_data(int rc, const char *value, int length, const struct Stat *stat, const void *data) {
  note(got, "%s %d %.*s v%d", (const char *)data, rc, length < 0 ? 0 : length, value, rc == ZOK ? stat->version : -1);
}

static void on_strings_stat(int rc, const struct String_vector *names, const struct Stat *stat, const void *data) {
  note(got, "%s %d %d %d", (const char *)data, rc, rc == ZOK ? names->count : 0, rc == ZOK ? stat->cversion : 0);
}

static void on_strings(int rc, const struct String_vector *names, const void *data) {
  note(got, "%s %d %d", (const char *)data, rc, rc == ZOK ? names->count : 0);
}

static void on_acl(int rc, struct ACL_vector *acl, struct Stat *stat, const void *data) {
  note(got, "%s %d %d v%d", (const char *)data, rc, rc == ZOK ? acl->count : 0, rc == ZOK ? stat->aversion : -1);
}

static int every_call(const char *path) {
  got = notes_new();
  const char *x = join(path, "x");
  OK(zoo_acreate(a, x, "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, on_string, "create"));
  OK(zoo_acreate2(a, join(path, "s-"), "22", 2, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, on_string_stat, "create2"));
  OK(zoo_acreate_ttl(a, join(path, "t"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 600000, on_string, "ttl"));
  OK(zoo_aexists(a, x, 0, on_stat, "exists"));
  OK(zoo_aset(a, x, "2", 1, 0, on_stat, "set"));
  OK(zoo_aset(a, x, "3", 1, 0, on_stat, "set"));
  OK(zoo_aget(a, x, 0, on_data, "get"));
  OK(zoo_aget_children(a, path, 0, on_strings, "children"));
  OK(zoo_aget_children2(a, path, 0, on_strings_stat, "children2"));
  OK(zoo_aget_acl(a, x, on_acl, "acl"));
  OK(zoo_aset_acl(a, x, 0, &ZOO_READ_ACL_UNSAFE, on_void, "setacl"));
  OK(zoo_adelete(a, path, -1, on_void, "delete"));
  OK(zoo_async(a, path, on_string, "sync"));
  OK(zoo_adelete(a, x, -1, on_void, "delete"));
  const char *text = notes_text(got, 14);
  char expected[1024];
  snprintf(expected, sizeof expected,
           "create 0 x,create2 0 s-0000000001 2,ttl 0 t,exists 0 v0,set 0 v1,set -103 v-1,get 0 2 v1,"
           "children 0 3,children2 0 3 3,acl 0 1 v0,setacl 0,delete -111,sync 0 %s,delete 0",
           strrchr(path, '/') + 1);
  SAME_TEXT(text, expected);
  return 0;
}

static int pipeline(const char *path) {
  got = notes_new();
  int total = 500;
  for (int i = 0; i < total; i++) {
    OK(zoo_acreate(a, join(path, "n-"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, on_string, ""));
    if (i % 100 == 99) OK(zoo_aget_children(a, path, 0, on_strings, "children"));
  }
  const char *text = notes_text(got, total + 5);
  char want[64];
  const char *at = text;
  for (int i = 0; i < total; i++) {
    snprintf(want, sizeof want, " 0 n-%010d", i);
    IS_TRUE(strncmp(at, want, strlen(want)) == 0);
    at += strlen(want) + 1;
    if (i % 100 != 99) continue;
    snprintf(want, sizeof want, "children 0 %d", i + 1);
    IS_TRUE(strncmp(at, want, strlen(want)) == 0);
    at += strlen(want) + 1;
  }
  return 0;
}

void add_async_checks(void) {
  check("async: every call, in order", every_call);
  check("async: five hundred in flight, in order", pipeline);
}
