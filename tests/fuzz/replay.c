/* Runs a target over the files of its corpus, without libFuzzer: what was found once is never found again. Prints how many. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <tests/fuzz/fuzz.h>

#define INPUT_BYTES (4u << 20)

static int run(const char *folder, const char *name, uint8_t *input) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t size = fread(input, 1, INPUT_BYTES, file);
    (void)fclose(file);
    /* of exactly its size, so that a read past its end is seen */
    uint8_t *copy = malloc(size ? size : 1);
    for (size_t i = 0; copy && i < size; i++) copy[i] = input[i];
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 1;
}

int main(int argc, char **argv) {
    int count = 0;
    uint8_t *input = malloc(INPUT_BYTES);
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder || !input) return EXIT_FAILURE;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') count += run(argv[1], entry->d_name, input);
    (void)closedir(folder);
    free(input);
    printf("%d inputs replayed\n", count);
    return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
