/* The synchronous calls on znodes. */
#include "suite.h"

static int modes(const char *path) {
  const struct {
    int mode;
    const char *wish, *is;
    int64_t ttl;
  } cases[] = {
      {ZOO_PERSISTENT, "p", "p", -1},
      {ZOO_EPHEMERAL, "e", "e", -1},
      {ZOO_PERSISTENT_SEQUENTIAL, "ps-", "ps-0000000002", -1},
      {ZOO_EPHEMERAL_SEQUENTIAL, "es-", "es-0000000003", -1},
      {ZOO_CONTAINER, "c", "c", -1},
      {ZOO_PERSISTENT_WITH_TTL, "t", "t", 600000},
      {ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, "ts-", "ts-0000000006", 600000},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char real[PATH_MAX_LENGTH];
    struct Stat made, seen;
    OK(zoo_create2_ttl(a, join(path, cases[i].wish), "12", 2, &ZOO_OPEN_ACL_UNSAFE, cases[i].mode,
                       cases[i].ttl, real, sizeof real, &made));
    SAME_TEXT(real, join(path, cases[i].is));
    OK(sync_path(b, real));
    OK(zoo_exists(b, real, 0, &seen));
    IS_TRUE(same_stat(&made, &seen));
    EQUAL(seen.dataLength, 2);
    EQUAL(seen.ephemeralOwner, cases[i].mode & ZOO_EPHEMERAL && i < 4 ? zoo_client_id(a)->client_id : 0);
  }
  struct Stat parent;
  OK(zoo_exists(b, path, 0, &parent));
  EQUAL(parent.cversion, 7);
  EQUAL(parent.numChildren, 7);
  return 0;
}

static int create_plain(const char *path) {
  char real[PATH_MAX_LENGTH];
  struct Stat stat;
  OK(zoo_create(a, join(path, "x"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, real, sizeof real));
  SAME_TEXT(real, join(path, "x"));
  OK(zoo_create2(a, join(path, "y"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, real, sizeof real, &stat));
  SAME_TEXT(real, join(path, "y0000000001"));
  EQUAL(stat.ephemeralOwner, zoo_client_id(a)->client_id);
  OK(zoo_create_ttl(a, join(path, "z"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 600000, real, sizeof real));
  return 0;
}

static int create_errors(const char *path) {
  OK(make(a, join(path, "x"), "", ZOO_PERSISTENT));
  OK(make(a, join(path, "e"), "", ZOO_EPHEMERAL));
  OK(sync_path(b, path));
  EQUAL(make(b, join(path, "x"), "", ZOO_PERSISTENT), ZNODEEXISTS);
  EQUAL(make(b, join(path, "none/x"), "", ZOO_PERSISTENT), ZNONODE);
  EQUAL(make(b, join(path, "e/x"), "", ZOO_PERSISTENT), ZNOCHILDRENFOREPHEMERALS);
  EQUAL(make(b, join(path, "e/x"), "", ZOO_PERSISTENT_SEQUENTIAL), ZNOCHILDRENFOREPHEMERALS);
  EQUAL(make(b, "relative", "", ZOO_PERSISTENT), ZBADARGUMENTS);
  EQUAL(make(b, join(path, "x/../y"), "", ZOO_PERSISTENT), ZBADARGUMENTS);
  EQUAL(make(b, "/zookeeper/x/y", "", ZOO_PERSISTENT), ZNONODE);
  EQUAL(zoo_create_ttl(b, join(path, "t"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 0, NULL, 0), ZBADARGUMENTS);
  return 0;
}

static int versions(const char *path) {
  const char *node = join(path, "x");
  char text[16];
  struct Stat stat, read;
  OK(make(a, node, "0", ZOO_PERSISTENT));
  OK(zoo_set2(a, node, "11", 2, 0, &stat));
  EQUAL(stat.version, 1);
  OK(sync_path(b, node));
  OK(read_text(b, node, text, sizeof text, &read));
  SAME_TEXT(text, "11");
  IS_TRUE(same_stat(&stat, &read));
  EQUAL(zoo_set(b, node, "2", 1, 0), ZBADVERSION);
  OK(zoo_set(b, node, "2", 1, -1));
  EQUAL(zoo_delete(b, node, 1), ZBADVERSION);
  OK(zoo_delete(b, node, 2));
  EQUAL(zoo_delete(b, node, -1), ZNONODE);
  EQUAL(zoo_set(b, node, "2", 1, -1), ZNONODE);
  EQUAL(zoo_get(b, node, 0, text, &(int){sizeof text}, NULL), ZNONODE);
  EQUAL(zoo_exists(b, node, 0, NULL), ZNONODE);
  EQUAL(zoo_delete(b, "/", -1), ZBADARGUMENTS);
  return 0;
}

static int children(const char *path) {
  OK(make(a, join(path, "x"), "", ZOO_PERSISTENT));
  OK(make(a, join(path, "y"), "", ZOO_PERSISTENT));
  OK(make(a, join(path, "y/z"), "", ZOO_PERSISTENT));
  OK(sync_path(b, path));
  struct String_vector names;
  struct Stat stat;
  OK(zoo_get_children2(b, path, 0, &names, &stat));
  EQUAL(names.count, 2);
  EQUAL(stat.numChildren, 2);
  SAME_TEXT(children_text(b, path), "x,y");
  EQUAL(zoo_delete(b, join(path, "y"), -1), ZNOTEMPTY);
  EQUAL(count_children(b, join(path, "none")), ZNONODE);
  EQUAL(count_children(b, join(path, "x")), 0);
  return 0;
}

static int data(const char *path) {
  int length = 1000000;
  char *large = malloc((size_t)length), *back = malloc((size_t)length);
  for (int i = 0; i < length; i++) large[i] = (char)(i * 31);
  OK(zoo_create(a, join(path, "large"), large, length, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0));
  OK(sync_path(b, path));
  OK(zoo_get(b, join(path, "large"), 0, back, &length, NULL));
  EQUAL(length, 1000000);
  EQUAL(memcmp(large, back, (size_t)length), 0);
  /* No data is not the same as empty data. */
  OK(make(a, join(path, "null"), NULL, ZOO_PERSISTENT));
  OK(make(a, join(path, "empty"), "", ZOO_PERSISTENT));
  OK(sync_path(b, path));
  length = 100;
  OK(zoo_get(b, join(path, "null"), 0, back, &length, NULL));
  EQUAL(length, -1);
  length = 100;
  OK(zoo_get(b, join(path, "empty"), 0, back, &length, NULL));
  EQUAL(length, 0);
  return 0;
}

static int names(const char *path) {
  const char *odd[] = {"with space", "\xc3\xa9t\xc3\xa9", "a.b..c", "%2F"};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    OK(make(a, join(path, odd[i]), odd[i], ZOO_PERSISTENT));
    OK(sync_path(b, path));
    char text[64];
    OK(read_text(b, join(path, odd[i]), text, sizeof text, NULL));
    SAME_TEXT(text, odd[i]);
  }
  /* Beyond the first plane, of the private area, a control character. */
  const char *refused[] = {"\xf0\x9f\x90\xb5", "\xee\x80\x80", "\x01"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    EQUAL(make(a, join(path, refused[i]), "", ZOO_PERSISTENT), ZBADARGUMENTS);
  }
  return 0;
}

void add_node_checks(void) {
  check("create: every mode, with its stat", modes);
  check("create: the four calls", create_plain);
  check("create: errors", create_errors);
  check("set, get, delete: versions", versions);
  check("children: names and stat", children);
  check("data: large, none, empty", data);
  check("names: those allowed, those not", names);
}
