// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Terms of the ACPI Machine Language as byte strings. Each method returns one complete term; terms nest as they do in
/// ASL, so that a table reads like its source.
///
/// @acpi 6.5 §20 "ACPI Machine Language (AML) Specification"
final class Aml {
    private Aml() { }

    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /// `count` bytes of `value`, lowest first.
    static byte[] little(long value, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        return bytes;
    }

    /// A name of up to four characters per segment; `\` roots it, dots separate segments.
    static byte[] name(String path) {
        String rest = path.startsWith("\\") ? path.substring(1) : path;
        String[] segments = rest.split("\\.");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (path.startsWith("\\")) {
            out.write('\\');
        }
        if (segments.length == 2) {
            out.write(0x2e);
        } else if (segments.length > 2) {
            out.write(0x2f);
            out.write(segments.length);
        }
        for (String segment : segments) {
            out.writeBytes((segment + "____").substring(0, 4).getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }

    /// PkgLength counts itself: one byte below 64, else a lead byte with the low nibble and up to three more.
    private static byte[] withLength(byte[] body) {
        int length = body.length + 1;
        if (length < 0x40) {
            return concat(bytes(length), body);
        }
        for (int extra = 1; ; extra++) {
            length = body.length + 1 + extra;
            if (length < 1 << 4 + 8 * extra) {
                return concat(bytes(extra << 6 | length & 0xf), little(length >>> 4, extra), body);
            }
        }
    }

    // ---- data ----

    static byte[] integer(long value) {
        if (value == 0) {
            return bytes(0x00);
        }
        if (value == 1) {
            return bytes(0x01);
        }
        if (value >>> 8 == 0) {
            return concat(bytes(0x0a), little(value, 1));
        }
        if (value >>> 16 == 0) {
            return concat(bytes(0x0b), little(value, 2));
        }
        if (value >>> 32 == 0) {
            return concat(bytes(0x0c), little(value, 4));
        }
        return concat(bytes(0x0e), little(value, 8));
    }

    static byte[] string(String text) {
        return concat(bytes(0x0d), text.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    static byte[] buffer(byte[] content) {
        return concat(bytes(0x11), withLength(concat(integer(content.length), content)));
    }

    static byte[] packageOf(byte[]... elements) {
        return concat(bytes(0x12), withLength(concat(bytes(elements.length), concat(elements))));
    }

    /// A compressed EISA identifier such as `PNP0A08`.
    static byte[] eisaId(String id) {
        int vendor = id.charAt(0) - '@' << 10 | id.charAt(1) - '@' << 5 | id.charAt(2) - '@';
        int product = Integer.parseInt(id.substring(3), 16);
        return concat(bytes(0x0c, vendor >>> 8, vendor, product >>> 8, product));
    }

    /// A UUID in the mixed byte order of ASL's ToUUID.
    static byte[] uuid(String text) {
        String hex = text.replace("-", "");
        int[] order = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
        byte[] content = new byte[16];
        for (int i = 0; i < 16; i++) {
            content[i] = (byte) Integer.parseInt(hex.substring(2 * order[i], 2 * order[i] + 2), 16);
        }
        return buffer(content);
    }

    // ---- named objects ----

    static byte[] scope(String path, byte[]... terms) {
        return concat(bytes(0x10), withLength(concat(name(path), concat(terms))));
    }

    static byte[] device(String path, byte[]... terms) {
        return concat(bytes(0x5b, 0x82), withLength(concat(name(path), concat(terms))));
    }

    static byte[] define(String path, byte[] value) {
        return concat(bytes(0x08), name(path), value);
    }

    /// Added to a method's number of arguments if it makes named objects: one caller at a time then.
    static final int SERIALIZED = 8;

    static byte[] method(String path, int arguments, byte[]... terms) {
        return concat(bytes(0x14), withLength(concat(name(path), bytes(arguments), concat(terms))));
    }

    /// A region of I/O ports.
    static byte[] portRegion(String path, int port, int bytes) {
        return region(path, 1, port, bytes);
    }

    /// A region of the configuration space of the PCI device that it is in.
    static byte[] configRegion(String path, int offset, int bytes) {
        return region(path, 2, offset, bytes);
    }

    private static byte[] region(String path, int space, int offset, int bytes) {
        return concat(bytes(0x5b, 0x80), name(path), bytes(space), integer(offset), integer(bytes));
    }

    /// Names for the numbers of `bits` bits, 8 or 32, in a region, from its start on. The rest of a written word is
    /// zero.
    static byte[] fields(String region, int bits, String... names) {
        int writeAsZeros = 2 << 5;
        byte[] units = {};
        for (String unit : names) {
            units = concat(units, name(unit), bytes(bits));
        }
        return concat(bytes(0x5b, 0x81), withLength(concat(name(region),
                bytes(writeAsZeros | (bits == 8 ? 1 : 3)), units)));
    }

    static byte[] mutex(String path) {
        return concat(bytes(0x5b, 0x01), name(path), bytes(0));
    }

    // ---- statements and expressions ----

    /// Waits for a mutex as long as it takes.
    static byte[] acquire(String mutex) {
        return concat(bytes(0x5b, 0x23), name(mutex), bytes(0xff, 0xff));
    }

    static byte[] release(String mutex) {
        return concat(bytes(0x5b, 0x27), name(mutex));
    }

    static byte[] notification(String object, byte[] value) {
        return concat(bytes(0x86), name(object), value);
    }

    static byte[] call(String method, byte[]... arguments) {
        return concat(name(method), concat(arguments));
    }

    static byte[] less(byte[] left, byte[] right) {
        return concat(bytes(0x95), left, right);
    }

    static byte[] shiftLeft(byte[] value, byte[] count, byte[] target) {
        return concat(bytes(0x79), value, count, target);
    }

    static byte[] local(int n) {
        return bytes(0x60 + n);
    }

    static byte[] argument(int n) {
        return bytes(0x68 + n);
    }

    static byte[] returning(byte[] value) {
        return concat(bytes(0xa4), value);
    }

    static byte[] store(byte[] value, byte[] target) {
        return concat(bytes(0x70), value, target);
    }

    static byte[] equal(byte[] left, byte[] right) {
        return concat(bytes(0x93), left, right);
    }

    static byte[] not(byte[] value) {
        return concat(bytes(0x92), value);
    }

    static byte[] or(byte[] left, byte[] right, byte[] target) {
        return concat(bytes(0x7d), left, right, target);
    }

    static byte[] and(byte[] left, byte[] right, byte[] target) {
        return concat(bytes(0x7b), left, right, target);
    }

    static byte[] ifTrue(byte[] condition, byte[]... terms) {
        return concat(bytes(0xa0), withLength(concat(condition, concat(terms))));
    }

    static byte[] otherwise(byte[]... terms) {
        return concat(bytes(0xa1), withLength(concat(terms)));
    }

    /// Names the 32-bit field at byte `offset` of `buffer`.
    static byte[] doubleWordField(byte[] buffer, int offset, String field) {
        return concat(bytes(0x8a), buffer, integer(offset), name(field));
    }
}
