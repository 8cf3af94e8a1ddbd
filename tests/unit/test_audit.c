/* The tree and the lines of checkpoints. Roots and proofs are compared with RFC 9162's definitions, written out here as they stand
 * there, and with the published roots of the test tree of certificate transparency. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <fcntl.h>
#include <server/audit/file.h>
#include <server/audit/note.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAVES 17

static uint8_t leaves[LEAVES][TREE_HASH_BYTES];

static const struct {
    const char *bytes;
    size_t size;
    const char *root; /* of the tree up to this leaf; NULL: not compared */
} vectors[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, NULL},
    {"\x30\x31", 2, NULL},
    {"\x40\x41\x42\x43", 4, NULL},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8, NULL},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static int setup(void **state) {
    (void)state;
    for (uint8_t i = 0; i < LEAVES; i++) tree_leaf_hash(&i, 1, leaves[i]);
    return 0;
}

static size_t split(size_t n) {
    size_t k = 1;
    while (k * 2 < n) k *= 2;
    return k;
}

/* MTH(D[from:from+n]) */
static void plain_root(size_t from, size_t n, uint8_t root[TREE_HASH_BYTES]) {
    uint8_t left[TREE_HASH_BYTES], right[TREE_HASH_BYTES];
    if (n == 0) {
        tree_digest(NULL, 0, NULL, 0, root);
    } else if (n == 1) {
        memcpy(root, leaves[from], TREE_HASH_BYTES);
    } else {
        plain_root(from, split(n), left);
        plain_root(from + split(n), n - split(n), right);
        tree_node_hash(left, right, root);
    }
}

struct path {
    uint8_t hashes[TREE_LEVELS * TREE_HASH_BYTES];
    size_t count;
};

static void path_add(struct path *path, size_t from, size_t n) {
    plain_root(from, n, path->hashes + TREE_HASH_BYTES * path->count++);
}

static void plain_path(struct path *path, size_t m, size_t from, size_t n) {
    if (n < 2) return;
    size_t k = split(n);
    if (m < k) {
        plain_path(path, m, from, k);
        path_add(path, from + k, n - k);
    } else {
        plain_path(path, m - k, from + k, n - k);
        path_add(path, from, k);
    }
}

static void plain_subproof(struct path *path, size_t m, size_t from, size_t n, bool whole) {
    if (m == n) {
        if (!whole) path_add(path, from, n);
        return;
    }
    size_t k = split(n);
    if (m <= k) {
        plain_subproof(path, m, from, k, whole);
        path_add(path, from + k, n - k);
    } else {
        plain_subproof(path, m - k, from + k, n - k, false);
        path_add(path, from, k);
    }
}

static void published_roots_are_ours(void **state) {
    (void)state;
    struct tree tree = {.size = 0};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t hash[TREE_HASH_BYTES];
        char hex[2 * TREE_HASH_BYTES + 1];
        tree_leaf_hash(vectors[i].bytes, vectors[i].size, hash);
        tree_add(&tree, hash);
        tree_root(&tree, hash);
        for (int b = 0; b < TREE_HASH_BYTES; b++) (void)snprintf(hex + 2 * b, 3, "%02x", hash[b]);
        if (vectors[i].root) assert_string_equal(hex, vectors[i].root);
    }
}

static void a_root_is_that_of_the_definition(void **state) {
    (void)state;
    struct tree tree = {.size = 0};
    for (size_t n = 0; n <= LEAVES; n++) {
        uint8_t root[TREE_HASH_BYTES], wanted[TREE_HASH_BYTES];
        tree_root(&tree, root);
        plain_root(0, n, wanted);
        assert_memory_equal(root, wanted, TREE_HASH_BYTES);
        if (n < LEAVES) tree_add(&tree, leaves[n]);
    }
}

static void an_event_has_one_place_and_one_path(void **state) {
    (void)state;
    for (size_t n = 1; n <= LEAVES; n++)
        for (size_t m = 0; m < n; m++) {
            struct path path = {.count = 0};
            uint8_t root[TREE_HASH_BYTES];
            plain_root(0, n, root);
            plain_path(&path, m, 0, n);
            assert_true(tree_included(leaves[m], m, n, path.hashes, path.count, root));
            assert_false(tree_included(leaves[m], n, n, path.hashes, path.count, root));
            assert_false(tree_included(leaves[(m + 1) % LEAVES], m, n, path.hashes, path.count, root));
            assert_false(tree_included(leaves[m], m, n, path.hashes, path.count + 1, root));
            if (path.count) assert_false(tree_included(leaves[m], m, n, path.hashes, path.count - 1, root));
            if (n > 1) assert_false(tree_included(leaves[m], (m + 1) % n, n, path.hashes, path.count, root));
        }
}

static void a_tree_only_grows(void **state) {
    (void)state;
    for (size_t n = 1; n <= LEAVES; n++)
        for (size_t m = 1; m <= n; m++) {
            struct path path = {.count = 0};
            uint8_t older[TREE_HASH_BYTES], root[TREE_HASH_BYTES];
            plain_root(0, m, older);
            plain_root(0, n, root);
            plain_subproof(&path, m, 0, n, true);
            assert_true(tree_consistent(m, n, older, root, path.hashes, path.count));
            if (path.count) assert_false(tree_consistent(m, n, older, root, path.hashes, path.count - 1));
            assert_false(tree_consistent(m, n, older, root, path.hashes, path.count + 1));
            older[0] ^= 1;
            assert_false(tree_consistent(m, n, older, root, path.hashes, path.count));
            assert_false(tree_consistent(n + 1, n, older, root, path.hashes, path.count));
            assert_false(tree_consistent(0, n, older, root, path.hashes, path.count));
        }
}

static void a_changed_line_is_no_checkpoint(void **state) {
    (void)state;
    struct checkpoint made = {.origin = "loket/uji", .at = "2026-11-24T10:15:00Z", .size = 17}, read;
    char line[CHECKPOINT_LINE_BYTES], changed[CHECKPOINT_LINE_BYTES];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    memcpy(made.root, leaves[0], TREE_HASH_BYTES);
    assert_true(checkpoint_sign(&made, key, line));
    assert_true(checkpoint_parse(&read, line));
    assert_int_equal(read.size, 17);
    assert_string_equal(read.origin, "loket/uji");
    assert_memory_equal(read.root, made.root, TREE_HASH_BYTES);
    assert_true(checkpoint_signed_by(&read, line, key));
    assert_false(checkpoint_signed_by(&read, line, other));
    for (size_t i = 0; line[i]; i++) { /* whatever is changed: no checkpoint, or not signed */
        memcpy(changed, line, sizeof changed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(checkpoint_parse(&read, changed) && checkpoint_signed_by(&read, changed, key));
        changed[i] = '\0';
        assert_false(checkpoint_parse(&read, changed));
    }
    (void)snprintf(changed, sizeof changed, "%.500s ", line);
    assert_false(checkpoint_parse(&read, changed));
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* The newest line of an office is found behind many of another, and behind a line that was cut. */
static void the_newest_line_is_found_behind_a_cut_one(void **state) {
    (void)state;
    char path[] = "/tmp/loket-audit.XXXXXX", wanted[CHECKPOINT_LINE_BYTES], line[CHECKPOINT_LINE_BYTES];
    struct checkpoint one = {.origin = "loket/one", .at = "2026-11-24T10:15:00Z", .size = 1}, two = one;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    memcpy(two.origin, "loket/two", sizeof "loket/two");
    file = checkpoint_file_open(path);
    assert_false(checkpoint_file_last(file, "loket/one", line));
    assert_true(checkpoint_sign(&one, key, wanted) && checkpoint_file_add(file, wanted));
    assert_true(checkpoint_file_last(file, "loket/one", line));
    for (two.size = 1; two.size < 400; two.size++) assert_true(checkpoint_sign(&two, key, line) && checkpoint_file_add(file, line));
    assert_int_equal(write(file, "loket-check", 11), 11);
    close(file);
    file = checkpoint_file_open(path);
    assert_true(checkpoint_file_last(file, "loket/one", line));
    assert_string_equal(line, wanted);
    assert_true(checkpoint_file_last(file, "loket/two", line));
    assert_non_null(strstr(line, "loket/two 399 "));
    assert_false(checkpoint_file_last(file, "loket/three", line));
    close(file);
    (void)unlink(path);
    EVP_PKEY_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_roots_are_ours),
        cmocka_unit_test(a_root_is_that_of_the_definition),
        cmocka_unit_test(an_event_has_one_place_and_one_path),
        cmocka_unit_test(a_tree_only_grows),
        cmocka_unit_test(a_changed_line_is_no_checkpoint),
        cmocka_unit_test(the_newest_line_is_found_behind_a_cut_one),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
