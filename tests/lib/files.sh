# Files as applicants bring them, made here. Sourced by tests/e2e/run.
# shellcheck shell=bash

# file_new KIND PATH [TEXT]: a small pdf, png, jpeg or tiff, a bomb (a PDF that unpacks to 400 MiB), or noise (`size` bytes of it
# behind the head of a PDF). No two are alike but for the same text.
file_new() {
    mkdir -p "$(dirname "$2")"
    /usr/bin/python3 - "$1" "$2" "${3:-}" <<'PYTHON'
import random, struct, sys, zlib

def pdf(text):
    stream = b"BT /F1 18 Tf 72 720 Td (" + text.encode("latin-1", "replace") + b") Tj ET"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    return assemble(objects)

def assemble(objects):
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)

def png(text):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    seed = random.Random(text)
    rows = b"".join(b"\0" + bytes(255 if (x // 8 + y // 8) % 2 else seed.randrange(64) for x in range(64)) for y in range(64))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))

def jpeg(text):
    return (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text.encode()
            + b"\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0" + b"\xff\xd9")

def tiff(text):
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIIHHIII", 2, 256, 4, 1, 16, 257, 4, 1, 16, 0) + text.encode()

def bomb(text):
    packed = zlib.compress(bytes(400 << 20), 9)
    return assemble([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>",
                     b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)])

def noise(size):
    return b"%PDF-1.4\n" + random.Random(size).randbytes(int(size)) + b"\n%%EOF\n"

kind, path, text = sys.argv[1:]
makers = {"pdf": pdf, "png": png, "jpeg": jpeg, "tiff": tiff, "bomb": bomb, "noise": noise}
with open(path, "wb") as out:
    out.write(makers[kind](text))
PYTHON
}
