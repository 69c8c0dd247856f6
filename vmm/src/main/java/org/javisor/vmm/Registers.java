// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// The registers of a [Vcpu] that is not running.
public interface Registers {
    // General registers, numbered as instructions encode them.
    int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;

    // Segment registers, numbered as instructions encode them, then the system segments.
    int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5, LDTR = 6, TR = 7;

    /// A segment register with its hidden part.
    ///
    /// @param limit in bytes, the last valid offset
    /// @param attributes bits 23 to 8 of a descriptor's upper half, moved down by 8: type in 3:0, S 4, DPL 6:5, P 7,
    ///     AVL 12, L 13, D/B 14, G 15
    record Segment(int selector, long base, int limit, int attributes) {
        private static final int REAL_MODE_ATTRIBUTES = 0x93;

        /// What loading `selector` gives in real mode.
        public static Segment realMode(int selector) {
            return new Segment(selector, (long) selector << 4, 0xffff, REAL_MODE_ATTRIBUTES);
        }
    }

    /// GDTR or IDTR.
    record Table(long base, int limit) { }

    /// What CPUID answers.
    record CpuidAnswer(int eax, int ebx, int ecx, int edx) { }

    /// @param number 0 to 15, as instructions encode it
    long general(int number);

    void general(int number, long value);

    long rip();

    void rip(long rip);

    long rflags();

    void rflags(long rflags);

    /// @param number [#ES] to [#TR]
    Segment segment(int number);

    void segment(int number, Segment segment);

    Table gdt();

    void gdt(Table table);

    Table idt();

    void idt(Table table);

    /// @param number 0, 2, 3, 4 or 8
    long control(int number);

    /// Sets a control register with its side effects, but without the checks that MOV makes.
    void control(int number, long value);

    /// @param number 0 to 3, 6 or 7
    long debug(int number);

    void debug(int number, long value);

    /// As RDMSR.
    ///
    /// @throws IllegalArgumentException if the guest would get #GP
    long msr(int index);

    /// As WRMSR.
    ///
    /// @throws IllegalArgumentException if the guest would get #GP
    void msr(int index, long value);

    /// What the guest would be told now.
    CpuidAnswer cpuid(int leaf, int subleaf);

    /// Makes the processor about to execute 16-bit code at `ip`, all segments at address zero.
    default void realMode(int ip) {
        for (int segment = ES; segment <= GS; segment++) {
            segment(segment, Segment.realMode(0));
        }
        rip(ip & 0xffff);
    }
}
