/* Memory of one request: taken in pieces, dropped at once. Bounded, so that a request can't take all there is. */
#ifndef SERVER_ARENA_H
#define SERVER_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks;   /* newest first */
    size_t used, limit;           /* bytes */
    ProtobufCAllocator allocator; /* for protobuf_c_message_unpack */
};

/* At most `limit` bytes will be given. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t limit);
/* `size` bytes, aligned for anything, not zeroed; NULL when the limit is reached or memory is short. */
void *arena_take(struct arena *arena, size_t size);
/* A copy of the text; NULL as above. */
char *arena_copy(struct arena *arena, const char *text);
/* Frees everything taken. The arena can be used again. */
void arena_drop(struct arena *arena);

#endif
