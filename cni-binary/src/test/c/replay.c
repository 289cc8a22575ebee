/* Without a fuzzer: runs each file once. Usage: replay FILE… */
#define MILLPOND_WORLD_ITSELF
#include "world.h"

static uint8_t bytes[1024 * 1024];

int main(int count, char **files) {
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(files[i], "rb");
    if (file == NULL) {
      (void)fprintf(stderr, "cannot open %s\n", files[i]);
      return 2;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    (void)fprintf(stderr, "%s\n", files[i]);
    (void)LLVMFuzzerTestOneInput(bytes, length);
  }
  (void)printf("%d inputs kept to the rules\n", count - 1);
  return 0;
}
