/* A session over TLS with the C client: creates a znode, reads it back, and prints what it saw. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "zookeeper.h"

static volatile int state = 0;

static void watch(zhandle_t *zh, int type, int next, const char *path, void *context) {
  (void)zh; (void)path; (void)context;
  if (type == ZOO_SESSION_EVENT) state = next;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  zhandle_t *zh = zookeeper_init_ssl(arguments[1], arguments[2], watch, 10000, NULL, NULL, 0);
  if (zh == NULL) return 3;
  for (int i = 0; i < 1000 && state != ZOO_CONNECTED_STATE; i++) usleep(10000);
  if (state != ZOO_CONNECTED_STATE) {
    printf("not connected\n");
    zookeeper_close(zh);
    return 4;
  }
  char data[64];
  int length = sizeof(data);
  int created = zoo_create(zh, "/c-client", "over tls", 8, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0);
  int got = zoo_get(zh, "/c-client", 0, data, &length, NULL);
  printf("create %d, get %d, %.*s\n", created, got, got == 0 ? length : 0, data);
  zookeeper_close(zh);
  return 0;
}
