/* A recursive-descent reader. The tree is built in one fixed array: a formula of FORMULA_BYTES has no more nodes than bytes. */
#include <server/formula.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define LOWER    "abcdefghijklmnopqrstuvwxyz"
#define DIGITS   "0123456789"
#define NAMELONG 31
#define NONE     SIZE_MAX

/* word: of the tree ("+", "number", "if" ...); text: a number, a name; code: of a choice. */
struct node {
    const char *word;
    const char *text, *code;
    size_t text_size, code_size;
    size_t parts[3];
    unsigned height; /* nodes above one another below it */
};

struct reader {
    struct formula *formula;
    const struct formula_names *names;
    const char *text, *at;
    unsigned depth;
    bool broken; /* the form is wrong: nothing more can be read */
    struct node nodes[FORMULA_BYTES + 1];
    size_t count;
};

static const struct function {
    const char *name;
    size_t parts;
} functions[] = {{"min", 2}, {"max", 2}, {"round", 1}, {"ceil", 1}, {"if", 3}};

static const char *const comparisons[] = {"<=", ">=", "!=", "=", "<", ">"};

static size_t read_sum(struct reader *reader);
static size_t read_factor(struct reader *reader);

__attribute__((format(printf, 3, 4))) static void tell(struct reader *reader, const char *at, const char *format, ...) {
    struct formula *formula = reader->formula;
    if (reader->broken || formula->mistake_count == FORMULA_MISTAKES) return;
    struct formula_mistake *mistake = &formula->mistakes[formula->mistake_count++];
    va_list arguments;
    mistake->at = (size_t)(at - reader->text);
    va_start(arguments, format);
    (void)vsnprintf(mistake->text, sizeof mistake->text, format, arguments);
    va_end(arguments);
}

/* The form is wrong here. */
static size_t broken(struct reader *reader, const char *expected) {
    const char *at = reader->at;
    if (!*at) tell(reader, at, "ends where %s is expected", expected);
    else
        tell(reader, at, "\"%.*s\" stands where %s is expected", (int)(strcspn(at, " \t") > 12 ? 12 : strcspn(at, " \t")), at,
             expected);
    reader->broken = true;
    return NONE;
}

static void skip(struct reader *reader) {
    reader->at += strspn(reader->at, " \t");
}

static bool take(struct reader *reader, const char *sign) {
    skip(reader);
    size_t size = strlen(sign);
    if (strncmp(reader->at, sign, size) != 0) return false;
    reader->at += size;
    return true;
}

static unsigned height(const struct reader *reader, size_t node) {
    return node == NONE ? 0 : reader->nodes[node].height + 1;
}

static void raise_height(struct reader *reader, size_t node, size_t part) {
    struct node *n = &reader->nodes[node];
    if (height(reader, part) > n->height) n->height = height(reader, part);
    if (n->height < FORMULA_HEIGHT) return;
    tell(reader, reader->at, "is a chain of more than %u parts: use parentheses", FORMULA_HEIGHT);
    reader->broken = true;
}

static size_t node_add(struct reader *reader, const char *word, const char *text, size_t size, size_t a, size_t b) {
    size_t node = reader->count++;
    reader->nodes[node] = (struct node){.word = word, .text = text, .text_size = size, .parts = {a, b, NONE}};
    raise_height(reader, node, a);
    raise_height(reader, node, b);
    return node;
}

/* 15 digits and 6 behind the point: what a price or a quantity can be. */
static size_t read_number(struct reader *reader) {
    const char *from = reader->at;
    size_t whole = strspn(from, DIGITS), part = from[whole] == '.' ? strspn(from + whole + 1, DIGITS) : 0;
    if (from[whole] == '.' && !part) {
        reader->at = from + whole + 1;
        return broken(reader, "a digit behind the point");
    }
    if (whole > 15 || part > 6) tell(reader, from, "a number has at most 15 digits, and 6 behind the point");
    reader->at = from + whole + (part ? part + 1 : 0);
    return node_add(reader, "number", from, (size_t)(reader->at - from), NONE, NONE);
}

static enum formula_name name_kind(const struct reader *reader, const char *from, size_t size, char name[NAMELONG + 1]) {
    bool long_one = size > NAMELONG;
    if (long_one) size = NAMELONG;
    memcpy(name, from, size);
    name[size] = '\0';
    return long_one ? NAME_UNKNOWN : reader->names->kind(reader->names->data, name);
}

static size_t read_name(struct reader *reader, const char *from, size_t size) {
    char name[NAMELONG + 1];
    enum formula_name kind = name_kind(reader, from, size, name);
    if (kind == NAME_UNKNOWN) tell(reader, from, "there is no [levy:%s], no [field:%s] and no function of this name", name, name);
    else if (kind == NAME_CHOICE) tell(reader, from, "[field:%s] is a choice: it can only be compared, inside if()", name);
    else if (kind == NAME_OTHER) tell(reader, from, "[field:%s] is not a number", name);
    else if (kind == NAME_BOTH) tell(reader, from, "%s is a [levy] and a [field]: one of them needs another code", name);
    return node_add(reader, kind == NAME_ITEM ? "item" : "field", from, size, NONE, NONE);
}

static size_t name_size(const char *at) {
    return strchr(LOWER, *at) && *at ? strspn(at, LOWER DIGITS "_") : 0;
}

/* CHOICE = 'code'; NONE when it is not one (nothing is taken then). */
static size_t read_choice(struct reader *reader) {
    char name[NAMELONG + 1], code[64];
    skip(reader);
    const char *from = reader->at;
    size_t size = name_size(from);
    if (!size || name_kind(reader, from, size, name) != NAME_CHOICE) return NONE;
    reader->at += size;
    bool is = take(reader, "=");
    if (!is && !take(reader, "!=")) return broken(reader, "= or != behind a choice");
    if (!take(reader, "'")) return broken(reader, "a choice's code in '...'");
    const char *begin = reader->at;
    size_t length = strcspn(begin, "'");
    if (!begin[length]) return broken(reader, "a closing '");
    (void)snprintf(code, sizeof code, "%.*s", (int)length, begin);
    if (length >= sizeof code || !reader->names->choice(reader->names->data, name, code))
        tell(reader, begin, "\"%s\" is not a choice of [field:%s]", code, name);
    reader->at = begin + length + 1;
    size_t node = node_add(reader, is ? "is" : "is_not", from, size, NONE, NONE);
    reader->nodes[node].code = begin;
    reader->nodes[node].code_size = length;
    return node;
}

static size_t read_condition(struct reader *reader) {
    size_t choice = read_choice(reader);
    if (choice != NONE || reader->broken) return choice;
    size_t a = read_sum(reader);
    for (size_t i = 0; !reader->broken && i < sizeof comparisons / sizeof comparisons[0]; i++)
        if (take(reader, comparisons[i])) {
            size_t b = read_sum(reader);
            return reader->broken ? NONE : node_add(reader, comparisons[i], NULL, 0, a, b);
        }
    return reader->broken ? NONE : broken(reader, "a comparison (= != < <= > >=)");
}

static size_t read_function(struct reader *reader, const struct function *function) {
    size_t parts[3] = {NONE, NONE, NONE};
    bool condition = function->parts == 3;
    for (size_t i = 0; i < function->parts; i++) {
        parts[i] = condition && i == 0 ? read_condition(reader) : read_sum(reader);
        if (reader->broken) return NONE;
        bool last = i + 1 == function->parts;
        if (!take(reader, last ? ")" : ",")) return broken(reader, last ? ")" : ", and the next part");
    }
    size_t node = node_add(reader, function->name, NULL, 0, parts[0], parts[1]);
    reader->nodes[node].parts[2] = parts[2];
    raise_height(reader, node, parts[2]);
    return node;
}

static size_t read_named(struct reader *reader) {
    const char *from = reader->at;
    size_t size = name_size(from);
    reader->at += size;
    if (!take(reader, "(")) return read_name(reader, from, size);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strlen(functions[i].name) == size && memcmp(functions[i].name, from, size) == 0)
            return read_function(reader, &functions[i]);
    tell(reader, from, "there is no function %.*s(): min, max, round, ceil, if", (int)(size > 20 ? 20 : size), from);
    reader->broken = true;
    return NONE;
}

static size_t read_inner(struct reader *reader) {
    skip(reader);
    if (*reader->at && strchr(DIGITS, *reader->at)) return read_number(reader);
    if (name_size(reader->at)) return read_named(reader);
    if (take(reader, "-")) {
        size_t a = read_factor(reader);
        return reader->broken ? NONE : node_add(reader, "negative", NULL, 0, a, NONE);
    }
    if (!take(reader, "(")) return broken(reader, "a number, a name or (");
    size_t a = read_sum(reader);
    if (!reader->broken && !take(reader, ")")) return broken(reader, ")");
    return a;
}

/* Everything that goes deeper goes through here: signs, parentheses, functions. */
static size_t read_factor(struct reader *reader) {
    skip(reader);
    if (reader->depth == FORMULA_DEPTH) {
        tell(reader, reader->at, "goes deeper than %u levels", FORMULA_DEPTH);
        reader->broken = true;
        return NONE;
    }
    reader->depth++;
    size_t node = read_inner(reader);
    reader->depth--;
    return node;
}

static bool is_zero(const struct reader *reader, size_t node) {
    const struct node *n = &reader->nodes[node];
    return strcmp(n->word, "number") == 0 && strspn(n->text, "0.") >= n->text_size;
}

static size_t read_product(struct reader *reader) {
    size_t a = read_factor(reader);
    while (!reader->broken) {
        bool times = take(reader, "*");
        if (!times && !take(reader, "/")) return a;
        skip(reader);
        const char *at = reader->at;
        size_t b = read_factor(reader);
        if (reader->broken) break;
        if (!times && is_zero(reader, b)) tell(reader, at, "divides by zero");
        a = node_add(reader, times ? "*" : "/", NULL, 0, a, b);
    }
    return NONE;
}

static size_t read_sum(struct reader *reader) {
    size_t a = read_product(reader);
    while (!reader->broken) {
        bool plus = take(reader, "+");
        if (!plus && !take(reader, "-")) return a;
        size_t b = read_product(reader);
        if (reader->broken) break;
        a = node_add(reader, plus ? "+" : "-", NULL, 0, a, b);
    }
    return NONE;
}

/* Names, numbers and codes have no sign that JSON would want escaped: the codes were found among the field's choices. */
static void write_node(const struct reader *reader, size_t at, FILE *out) {
    const struct node *node = &reader->nodes[at];
    (void)fprintf(out, "[\"%s\"", node->word);
    if (node->text) (void)fprintf(out, ",\"%.*s\"", (int)node->text_size, node->text);
    if (node->code) (void)fprintf(out, ",\"%.*s\"", (int)node->code_size, node->code);
    for (size_t i = 0; i < 3 && node->parts[i] != NONE; i++) {
        (void)fputc(',', out);
        write_node(reader, node->parts[i], out);
    }
    (void)fputc(']', out);
}

bool formula_read(struct formula *formula, const char *text, const struct formula_names *names, FILE *tree) {
    struct reader reader = {.formula = formula, .names = names, .text = text, .at = text};
    formula->mistake_count = 0;
    if (strlen(text) > FORMULA_BYTES) {
        tell(&reader, text, "is longer than %u bytes", FORMULA_BYTES);
        return false;
    }
    size_t root = read_sum(&reader);
    skip(&reader);
    if (!reader.broken && *reader.at) (void)broken(&reader, "the end, or + - * /");
    if (formula->mistake_count) return false;
    if (tree) write_node(&reader, root, tree);
    return true;
}
