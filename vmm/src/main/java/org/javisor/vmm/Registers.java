// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// The registers of a [Vcpu] that is not running. Writing checks nothing: what does not fit together makes a processor
/// that could not exist.
public interface Registers {
    // General registers, numbered as instructions encode them.
    int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;

    // Segment registers, numbered as instructions encode them, then the system segments.
    int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5, LDTR = 6, TR = 7;

    /// A segment register with its hidden part.
    ///
    /// @param limit in bytes, the last valid offset, unsigned
    /// @param attributes bits 23 to 8 of a descriptor's upper half, moved down by 8: type in 3:0, S 4, DPL 6:5, P 7,
    ///     AVL 12, L 13, D/B 14, G 15; bit 16 marks a null selector
    record Segment(int selector, long base, int limit, int attributes) {
        private static final int REAL_MODE_ATTRIBUTES = 0x93;

        /// What loading `selector` gives in real mode.
        public static Segment realMode(int selector) {
            return new Segment(selector, (long) selector << 4, 0xffff, REAL_MODE_ATTRIBUTES);
        }
    }

    /// The control registers that make the paging mode.
    record Paging(long cr0, long cr3, long cr4, long efer) { }

    /// The GDT or IDT register.
    record Table(long base, int limit) { }

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

    /// Sets a segment register; CS sets the privilege level too, from its selector, unless in real mode.
    void segment(int number, Segment segment);

    /// @throws IllegalArgumentException if there is no such register that can be read
    long msr(int index);

    /// @throws IllegalArgumentException if there is no such register, or it refuses the value
    void msr(int index, long value);

    /// Sets the GDT register.
    ///
    /// @param limit the table's last byte, 0 to 0xffff
    void gdt(long base, int limit);

    Table gdt();

    /// Sets the IDT register.
    ///
    /// @param limit the table's last byte, 0 to 0xffff
    void idt(long base, int limit);

    Table idt();

    /// @param number 0 to 3, 6 or 7
    long debug(int number);

    void debug(int number, long value);

    /// What CPUID would answer now.
    CpuidAnswer cpuid(int leaf, int subleaf);

    Paging paging();

    void paging(Paging paging);

    long cr2();

    /// The task priority, as CR8 has it.
    int cr8();

    /// 0 to 3: the privilege level that code executes at.
    int cpl();

    /// A quarter of vector register `number`: words 0 and 1 are the XMM register, 2 and 3 the upper half of the YMM
    /// one.
    long vector(int number, int word);

    void vector(int number, int word, long value);

    int mxcsr();

    /// @throws IllegalArgumentException for reserved bits
    void mxcsr(int value);

    /// The x87 unit, registers apart.
    ///
    /// @param tags the full tag word: two bits a physical register
    record X87Control(int control, int status, int tags, int opcode, long instruction, long data) { }

    X87Control x87();

    void x87(X87Control control);

    /// An 80-bit value.
    record Float80(long significand, int signAndExponent) { }

    /// @param number of the stack's register: 0 is its top
    Float80 x87Register(int number);

    void x87Register(int number, Float80 value);

    /// Makes the processor about to execute 16-bit code at `ip`, all segments at address zero.
    default void realMode(int ip) {
        for (int number = ES; number <= GS; number++) {
            segment(number, Segment.realMode(0));
        }
        rip(ip & 0xffff);
    }
}
