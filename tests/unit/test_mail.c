/* A mail: nothing in a name, a subject or an address can begin a header or a recipient of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <server/mail.h>
#include <stdio.h>
#include <string.h>

static struct mail mail(void) {
    return (struct mail){.from = "loket@kota.example",
                         .from_name = "DPMPTSP",
                         .to = "sari@example.org",
                         .subject = "Permohonan",
                         .text = "Yth. Sari,\nsudah.",
                         .id = "loket.1.2.3",
                         .made_at = 1764000000};
}

static const char *write(const struct mail *given, struct buffer *out) {
    *out = (struct buffer){.limit = 1u << 20};
    assert_true(mail_write(given, out));
    buffer_byte(out, 0);
    return (const char *)out->data;
}

static void a_mail_is_whole(void **state) {
    (void)state;
    struct buffer out;
    struct mail given = mail();
    assert_string_equal(write(&given, &out), "From: =?UTF-8?B?RFBNUFRTUA==?=\r\n <loket@kota.example>\r\n"
                                             "To: sari@example.org\r\n"
                                             "Subject: =?UTF-8?B?UGVybW9ob25hbg==?=\r\n"
                                             "Date: Mon, 24 Nov 2025 16:00:00 +0000\r\n"
                                             "Message-ID: <loket.1.2.3@kota.example>\r\n"
                                             "Auto-Submitted: auto-generated\r\n"
                                             "MIME-Version: 1.0\r\n"
                                             "Content-Type: text/plain; charset=UTF-8\r\n"
                                             "Content-Transfer-Encoding: base64\r\n"
                                             "\r\n"
                                             "WXRoLiBTYXJpLA0Kc3VkYWguDQo=\r\n");
    buffer_free(&out);
}

static void no_text_begins_a_header(void **state) {
    (void)state;
    struct buffer out;
    struct mail given = mail();
    given.subject = "x\r\nBcc: all@example.org\r\n\r\nand a body";
    given.from_name = "y>\r\nTo: other@example.org";
    const char *text = write(&given, &out);
    assert_null(strstr(text, "Bcc"));
    assert_null(strstr(text, "other@"));
    buffer_free(&out);
}

static void long_texts_are_short_lines(void **state) {
    (void)state;
    struct buffer out;
    struct mail given = mail();
    static const char letters[] = "m²é";
    char subject[100 * (sizeof letters - 1) + 1], text[8001];
    for (int i = 0; i < 100; i++) memcpy(subject + (size_t)i * (sizeof letters - 1), letters, sizeof letters);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    given.subject = subject;
    given.text = text;
    const char *line = write(&given, &out);
    for (const char *end; (end = strstr(line, "\r\n")); line = end + 2) assert_true(end - line <= 78);
    buffer_free(&out);
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",        "sari",      "@example.org", "sari@",          "a@b@c",          "a b@example.org",
        "a\r\n@x", "<a@b.org>", "a@b.org, c@d", "a@b.org\nTo: x", "\xc3\xa9@x.org", "a\"@x.org"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buffer out = {.limit = 1u << 20};
        struct mail given = mail();
        given.to = wrong[i];
        assert_false(mail_write(&given, &out));
        given = mail();
        given.from = wrong[i];
        assert_false(mail_write(&given, &out));
        buffer_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_whole),
        cmocka_unit_test(no_text_begins_a_header),
        cmocka_unit_test(long_texts_are_short_lines),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
