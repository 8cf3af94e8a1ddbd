/* Memory of one request. Blocks in a list; nothing is freed alone. */
#include <server/arena.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096u

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

static void *allocator_take(void *data, size_t size) {
    return arena_take(data, size);
}

static void allocator_free(void *data, void *pointer) {
    (void)data; /* dropped with the arena */
    (void)pointer;
}

void arena_init(struct arena *arena, size_t limit) {
    *arena = (struct arena){.limit = limit};
    arena->allocator = (ProtobufCAllocator){allocator_take, allocator_free, arena};
}

void *arena_take(struct arena *arena, size_t size) {
    size_t rounded;
    if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &rounded)) return NULL;
    rounded &= ~(alignof(max_align_t) - 1);
    if (rounded > arena->limit - arena->used) return NULL;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < rounded) {
        size_t bytes = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        block = malloc(sizeof *block + bytes);
        if (!block) return NULL;
        block->next = arena->blocks;
        block->used = 0;
        block->size = bytes;
        arena->blocks = block;
    }
    void *piece = block->bytes + block->used;
    block->used += rounded;
    arena->used += rounded;
    return piece;
}

char *arena_copy(struct arena *arena, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = arena_take(arena, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

void arena_drop(struct arena *arena) {
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->used = 0;
}
