/* The Merkle tree of RFC 9162, section 2.1, over SHA-256: adding leaves with O(log n) memory, and checking proofs. Links with
 * libcrypto alone, for the stand-alone verifier. */
#ifndef SERVER_AUDIT_TREE_H
#define SERVER_AUDIT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_HASH_BYTES 32
#define TREE_LEVELS     64 /* a path is never longer */

/* The right edge: the whole subtrees that the leaves so far are made of, largest first. All zero: the empty tree. */
struct tree {
    uint64_t size; /* leaves */
    int count;
    int levels[TREE_LEVELS];
    uint8_t peaks[TREE_LEVELS][TREE_HASH_BYTES];
};

/* SHA-256 of the bytes of `first` and then of `second` (which may be NULL with size 0). */
void tree_digest(const void *first, size_t first_size, const void *second, size_t second_size, uint8_t hash[TREE_HASH_BYTES]);

void tree_leaf_hash(const void *bytes, size_t size, uint8_t hash[TREE_HASH_BYTES]);
void tree_node_hash(const uint8_t *left, const uint8_t *right, uint8_t hash[TREE_HASH_BYTES]);

/* Adds a leaf hash. The subtrees that became whole by it are then there to be joined, one by one, smallest first: tree_join
 * gives each one's hash, and false when there is none left. tree_add does both. */
void tree_push(struct tree *tree, const uint8_t leaf[TREE_HASH_BYTES]);
bool tree_join(struct tree *tree, uint8_t hash[TREE_HASH_BYTES]);
void tree_add(struct tree *tree, const uint8_t leaf[TREE_HASH_BYTES]);

/* The root of what was added, nothing left to be joined. */
void tree_root(const struct tree *tree, uint8_t root[TREE_HASH_BYTES]);

/* Does this path (`count` hashes, one after the other) lead from the leaf hash at place `leaf` to the root of `size` leaves? */
bool tree_included(const uint8_t hash[TREE_HASH_BYTES], uint64_t leaf, uint64_t size, const uint8_t *path, size_t count,
                   const uint8_t root[TREE_HASH_BYTES]);

/* Is the tree of `older` leaves with this root the beginning of the tree of `size` leaves? `older` > 0. */
bool tree_consistent(uint64_t older, uint64_t size, const uint8_t older_root[TREE_HASH_BYTES], const uint8_t root[TREE_HASH_BYTES],
                     const uint8_t *proof, size_t count);

#endif
