// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Fields of the 8-byte descriptors in GDT, LDT and IDT, as `long`s. Of 16-byte ones this is the lower half.
///
/// ```
/// segment  63    56 55 54 53 52 51  48 47 46 45 44 43  40 39      16 15       0
///          base31:24 G  D  L AVL lim19:16 P  DPL  S  type  base 23:0  limit 15:0
/// gate     63                 48 47 46 45 44 43  40 39 37 36  32 31    16 15       0
///             offset 31:16       P  DPL   0  type   0  count/IST selector  offset15:0
/// ```
///
/// @sdm vol. 3A §3.4.5 "Segment Descriptors", §5.8.3 "Call Gates", §6.11 "IDT Descriptors"
final class Descriptor {
    // Types of system descriptors.
    static final int TSS16 = 1, LDT = 2, TSS16_BUSY = 3, CALL_GATE16 = 4, TASK_GATE = 5, INTERRUPT_GATE16 = 6,
            TRAP_GATE16 = 7, TSS32 = 9, TSS32_BUSY = 11, CALL_GATE32 = 12, INTERRUPT_GATE32 = 14,
            TRAP_GATE32 = 15;
    /// The bit of a TSS type that says busy.
    static final int BUSY = 2;
    /// The bit of a gate or TSS type that says 32 bits (in IA-32e mode: 64).
    static final int WIDE = 8;

    private Descriptor() { }

    /// Type, S, DPL, P, AVL, L, D, G in the places that [Segments] keeps them.
    static int attributes(long descriptor) {
        return (int) (descriptor >>> 40) & 0xf0ff;
    }

    static int type(long descriptor) {
        return (int) (descriptor >>> 40) & 0xf;
    }

    static boolean system(long descriptor) {
        return (attributes(descriptor) & Segments.S) == 0;
    }

    static boolean code(long descriptor) {
        int wanted = Segments.S | Segments.CODE;
        return (attributes(descriptor) & wanted) == wanted;
    }

    static boolean conforming(long descriptor) {
        return (attributes(descriptor) & Segments.CONFORMING) != 0;
    }

    static boolean writableData(long descriptor) {
        int wanted = Segments.S | Segments.WRITABLE;
        return (attributes(descriptor) & (wanted | Segments.CODE)) == wanted;
    }

    /// Data, or code that may be read.
    static boolean readable(long descriptor) {
        int attributes = attributes(descriptor);
        return (attributes & Segments.S) != 0
                && (attributes & (Segments.CODE | Segments.READABLE)) != Segments.CODE;
    }

    static int dpl(long descriptor) {
        return (int) (descriptor >>> 45) & 3;
    }

    static boolean present(long descriptor) {
        return (attributes(descriptor) & Segments.PRESENT) != 0;
    }

    /// L: code of 64-bit mode, when the processor is in IA-32e mode.
    static boolean longMode(long descriptor) {
        return (attributes(descriptor) & Segments.L) != 0;
    }

    static boolean wide(long descriptor) {
        return (attributes(descriptor) & Segments.D) != 0;
    }

    static long base(long descriptor) {
        return descriptor >>> 16 & 0xff_ffff | descriptor >>> 32 & 0xff00_0000L;
    }

    /// In bytes, unsigned.
    static int limit(long descriptor) {
        int limit = (int) (descriptor & 0xffff | descriptor >>> 32 & 0xf_0000);
        return (attributes(descriptor) & Segments.GRANULARITY) != 0 ? limit << 12 | 0xfff : limit;
    }

    static int gateSelector(long descriptor) {
        return (int) (descriptor >>> 16) & 0xffff;
    }

    /// Of a 16-byte gate: the lower 32 bits.
    static long gateOffset(long descriptor) {
        long low = descriptor & 0xffff;
        return (type(descriptor) & WIDE) != 0 ? low | descriptor >>> 32 & 0xffff_0000L : low;
    }

    static int parameterCount(long descriptor) {
        return (int) (descriptor >>> 32) & 0x1f;
    }

    static int interruptStack(long descriptor) {
        return (int) (descriptor >>> 32) & 7;
    }
}
