/* Watches: one-time ones of all kinds, removed ones. */
#include "suite.h"

static int data_watch(const char *path) {
  struct notes *notes = notes_new();
  const char *x = join(path, "x");
  char text[16];
  int length = sizeof text;
  EQUAL(zoo_wexists(a, x, watch_note, notes, NULL), ZNONODE);
  OK(make(b, x, "1", ZOO_PERSISTENT));
  SAME_TEXT(notes_text(notes, 1), "created x");
  OK(zoo_wget(a, x, watch_note, notes, text, &length, NULL));
  OK(zoo_set(b, x, "2", 1, -1));
  SAME_TEXT(notes_text(notes, 2), "created x,changed x");
  /* It has fired: nothing more until it is set again. */
  OK(zoo_set(b, x, "3", 1, -1));
  OK(sync_path(a, x));
  OK(zoo_wexists(a, x, watch_note, notes, NULL));
  OK(zoo_delete(b, x, -1));
  SAME_TEXT(notes_text(notes, 3), "created x,changed x,deleted x");
  return 0;
}

static int child_watch(const char *path) {
  struct notes *notes = notes_new();
  struct String_vector names;
  struct Stat stat;
  OK(zoo_wget_children(a, path, watch_note, notes, &names));
  OK(make(b, join(path, "x"), "1", ZOO_PERSISTENT));
  notes_text(notes, 1);
  OK(zoo_wget_children2(a, path, watch_note, notes, &names, &stat));
  EQUAL(names.count, 1);
  /* Data of a child is nothing to it. */
  OK(zoo_set(b, join(path, "x"), "2", 1, -1));
  OK(zoo_delete(b, join(path, "x"), -1));
  notes_text(notes, 2);
  OK(zoo_wget_children(a, path, watch_note, notes, &names));
  EQUAL(names.count, 0);
  OK(zoo_delete(b, path, -1));
  char expected[PATH_MAX_LENGTH * 4];
  const char *name = strrchr(path, '/') + 1;
  snprintf(expected, sizeof expected, "child %s,child %s,deleted %s", name, name, name);
  SAME_TEXT(notes_text(notes, 3), expected);
  return 0;
}

static int many_watchers(const char *path) {
  struct notes *notes = notes_new();
  const char *x = join(path, "x");
  char text[16];
  OK(make(b, x, "1", ZOO_PERSISTENT));
  OK(sync_path(a, x));
  for (int i = 0; i < 3; i++) OK(zoo_wget(a, x, watch_note, notes, text, &(int){sizeof text}, NULL));
  struct notes *other = notes_new();
  OK(zoo_wget(a, x, watch_note, other, text, &(int){sizeof text}, NULL));
  OK(zoo_set(b, x, "2", 1, -1));
  /* The same watcher with the same context counts once. */
  SAME_TEXT(notes_text(notes, 1), "changed x");
  SAME_TEXT(notes_text(other, 1), "changed x");
  return 0;
}

static int event_before_data(const char *path) {
  struct notes *notes = notes_new();
  const char *x = join(path, "x");
  char text[16];
  OK(make(b, x, "old", ZOO_PERSISTENT));
  OK(sync_path(a, x));
  for (int i = 0; i < 50; i++) {
    OK(zoo_wget(a, x, watch_note, notes, text, &(int){sizeof text}, NULL));
    struct Stat seen;
    OK(zoo_set(b, x, "new", 3, -1));
    /* Whoever reads the new version has had the event. */
    do OK(zoo_exists(a, x, 0, &seen));
    while (seen.version == i);
    EQUAL(seen.version, i + 1);
  }
  notes_text(notes, 50);
  return 0;
}

static int removed(const char *path) {
  struct notes *notes = notes_new(), *other = notes_new();
  char text[16];
  struct String_vector names;
  OK(zoo_wget(a, path, watch_note, notes, text, &(int){sizeof text}, NULL));
  OK(zoo_wget(a, path, watch_note, other, text, &(int){sizeof text}, NULL));
  OK(zoo_remove_watches(a, path, ZWATCHTYPE_DATA, watch_note, notes, 0));
  EQUAL(zoo_remove_watches(a, path, ZWATCHTYPE_DATA, watch_note, notes, 0), ZNOWATCHER);
  OK(zoo_set(b, path, "1", 1, -1));
  IS_TRUE(strstr(notes_text(other, 1), "changed") != NULL);
  IS_TRUE(strstr(notes_text(notes, 0), "changed") == NULL);
  struct notes *child = notes_new();
  OK(zoo_wget_children(a, path, watch_note, child, &names));
  OK(zoo_remove_all_watches(a, path, ZWATCHTYPE_ANY, 0));
  OK(make(b, join(path, "x"), "1", ZOO_PERSISTENT));
  OK(sync_path(a, path));
  IS_TRUE(strstr(notes_text(child, 0), "child ") == NULL);
  return 0;
}

void add_watch_checks(void) {
  check("watch: exists and data, once each", data_watch);
  check("watch: children", child_watch);
  check("watch: several watchers of one node", many_watchers);
  check("watch: the event before the new data", event_before_data);
  check("watch: removed, one and all", removed);
}
