/* RFC 9162, section 2.1. The names in the two checks are those of its sections 2.1.3.2 and 2.1.4.2. */
#include <openssl/evp.h>
#include <server/audit/tree.h>
#include <stdlib.h>
#include <string.h>

static void digest(const void *const parts[], const size_t sizes[], int count, uint8_t hash[TREE_HASH_BYTES]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (int i = 0; i < count && good; i++) good = sizes[i] == 0 || EVP_DigestUpdate(context, parts[i], sizes[i]) == 1;
    good = good && EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!good) abort(); /* no memory: a wrong hash would be worse than none */
}

void tree_digest(const void *first, size_t first_size, const void *second, size_t second_size, uint8_t hash[TREE_HASH_BYTES]) {
    digest((const void *const[]){first, second}, (const size_t[]){first_size, second_size}, 2, hash);
}

void tree_leaf_hash(const void *bytes, size_t size, uint8_t hash[TREE_HASH_BYTES]) {
    tree_digest("\x00", 1, bytes, size, hash);
}

void tree_node_hash(const uint8_t *left, const uint8_t *right, uint8_t hash[TREE_HASH_BYTES]) {
    digest((const void *const[]){"\x01", left, right}, (const size_t[]){1, TREE_HASH_BYTES, TREE_HASH_BYTES}, 3, hash);
}

void tree_push(struct tree *tree, const uint8_t leaf[TREE_HASH_BYTES]) {
    if (tree->count == TREE_LEVELS) abort(); /* 2^64 leaves */
    tree->levels[tree->count] = 0;
    memcpy(tree->peaks[tree->count++], leaf, TREE_HASH_BYTES);
    tree->size++;
}

bool tree_join(struct tree *tree, uint8_t hash[TREE_HASH_BYTES]) {
    int last = tree->count - 1;
    if (last < 1 || tree->levels[last] != tree->levels[last - 1]) return false;
    tree_node_hash(tree->peaks[last - 1], tree->peaks[last], hash);
    memcpy(tree->peaks[last - 1], hash, TREE_HASH_BYTES);
    tree->levels[last - 1]++;
    tree->count = last;
    return true;
}

void tree_add(struct tree *tree, const uint8_t leaf[TREE_HASH_BYTES]) {
    uint8_t hash[TREE_HASH_BYTES];
    tree_push(tree, leaf);
    while (tree_join(tree, hash)) continue;
}

void tree_root(const struct tree *tree, uint8_t root[TREE_HASH_BYTES]) {
    int i = tree->count - 1;
    if (i < 0) {
        tree_digest(NULL, 0, NULL, 0, root);
        return;
    }
    memcpy(root, tree->peaks[i], TREE_HASH_BYTES);
    while (--i >= 0) tree_node_hash(tree->peaks[i], root, root);
}

bool tree_included(const uint8_t hash[TREE_HASH_BYTES], uint64_t leaf, uint64_t size, const uint8_t *path, size_t count,
                   const uint8_t root[TREE_HASH_BYTES]) {
    uint8_t r[TREE_HASH_BYTES];
    uint64_t fn = leaf, sn = size - 1;
    if (leaf >= size || count > TREE_LEVELS) return false;
    memcpy(r, hash, sizeof r);
    for (size_t i = 0; i < count; i++, fn >>= 1, sn >>= 1) {
        const uint8_t *p = path + i * TREE_HASH_BYTES;
        if (sn == 0) return false;
        if (fn & 1 || fn == sn) {
            tree_node_hash(p, r, r);
            for (; !(fn & 1) && fn; fn >>= 1) sn >>= 1;
        } else {
            tree_node_hash(r, p, r);
        }
    }
    return sn == 0 && memcmp(r, root, sizeof r) == 0;
}

bool tree_consistent(uint64_t older, uint64_t size, const uint8_t older_root[TREE_HASH_BYTES], const uint8_t root[TREE_HASH_BYTES],
                     const uint8_t *proof, size_t count) {
    uint8_t fr[TREE_HASH_BYTES], sr[TREE_HASH_BYTES];
    uint64_t fn = older - 1, sn = size - 1;
    bool whole = (older & (older - 1)) == 0; /* then the older root is itself the first hash */
    size_t i = whole ? 0 : 1;
    if (older == 0 || older > size || count > TREE_LEVELS) return false;
    if (older == size) return count == 0 && memcmp(older_root, root, TREE_HASH_BYTES) == 0;
    if (count == 0) return false;
    for (; fn & 1; fn >>= 1) sn >>= 1;
    memcpy(fr, whole ? older_root : proof, sizeof fr);
    memcpy(sr, fr, sizeof sr);
    for (; i < count; i++, fn >>= 1, sn >>= 1) {
        const uint8_t *c = proof + i * TREE_HASH_BYTES;
        if (sn == 0) return false;
        if (fn & 1 || fn == sn) {
            tree_node_hash(c, fr, fr);
            tree_node_hash(c, sr, sr);
            for (; !(fn & 1) && fn; fn >>= 1) sn >>= 1;
        } else {
            tree_node_hash(sr, c, sr);
        }
    }
    return sn == 0 && memcmp(fr, older_root, sizeof fr) == 0 && memcmp(sr, root, sizeof sr) == 0;
}
