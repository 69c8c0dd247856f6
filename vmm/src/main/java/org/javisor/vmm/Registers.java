// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// The registers of a [Vcpu] that is not running. Registers that there are not, and values that one cannot have, are
/// refused with an [InvalidRegisterException]; what general and segment registers hold is the caller's business.
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

    /// What CPUID leaves in four registers.
    record CpuidAnswer(int eax, int ebx, int ecx, int edx) { }

    /// @param number 0 to 15, as instructions encode it
    long general(int number);

    /// @param number as of [#general(int)]
    void general(int number, long value);

    /// The offset in CS of the next instruction.
    long rip();

    /// @param rip as of [#rip()]; 16 or 32 bits of it count where CS is no segment of 64-bit code
    void rip(long rip);

    /// RFLAGS; bit 1 is always set.
    long rflags();

    /// @throws InvalidRegisterException for bits that have no meaning
    void rflags(long rflags);

    /// @param number [#ES] to [#TR]
    Segment segment(int number);

    /// Sets a segment register; CS sets the privilege level too, from its selector, unless in real mode.
    void segment(int number, Segment segment);

    /// @throws InvalidRegisterException if there is no such register that can be read
    long msr(int index);

    /// @throws InvalidRegisterException if there is no such register, or it refuses the value
    void msr(int index, long value);

    /// The model-specific registers that exist, in ascending order of their indices as unsigned numbers: what a
    /// program saves and restores of them (`KVM_GET_MSR_INDEX_LIST`).
    int[] msrIndices();

    /// Sets the GDT register.
    ///
    /// @param limit the table's last byte, 0 to 0xffff
    void gdt(long base, int limit);

    /// The GDT register.
    Table gdt();

    /// Sets the IDT register.
    ///
    /// @param limit the table's last byte, 0 to 0xffff
    void idt(long base, int limit);

    /// The IDT register.
    Table idt();

    /// @param number 0 to 3, 6 or 7
    long debug(int number);

    /// @throws InvalidRegisterException for DR6 and DR7 with a bit above 31
    void debug(int number, long value);

    /// What CPUID would answer now.
    CpuidAnswer cpuid(int leaf, int subleaf);

    /// CR0, CR3, CR4 and EFER.
    Paging paging();

    /// @throws InvalidRegisterException if they do not make a state that the processor can have
    void paging(Paging paging);

    /// SSP, the pointer of the shadow stack in use; 0 where the engine does not tell.
    default long ssp() {
        return 0;
    }

    /// @param pointer a multiple of 4
    /// @throws InvalidRegisterException if it cannot be, or the engine does not take it
    default void ssp(long pointer) {
        if (pointer != 0) {
            throw new InvalidRegisterException("ssp", "this engine does not take it");
        }
    }

    /// The linear address of the last page fault.
    long cr2();

    /// @param gva any value
    void cr2(long gva);

    /// The task priority, as CR8 has it.
    int cr8();

    /// @param priority 0 to 15
    void cr8(int priority);

    /// Which state components are enabled.
    long xcr0();

    /// @throws InvalidRegisterException if they cannot be
    void xcr0(long components);

    /// The x87, vector and further state that XCR0 may enable, as an XSAVE area in the standard form.
    byte[] xsave();

    /// Takes over an XSAVE area in the standard form; components that it does not hold are initialised.
    ///
    /// @throws InvalidRegisterException for reserved bits, components that there are not, and another length
    void xsave(byte[] area);

    /// 0 to 3: the privilege level that code executes at.
    int cpl();

    /// A quarter of a vector register: words 0 and 1 are the XMM register, 2 and 3 the upper half of the YMM one.
    ///
    /// @param number 0 to 15
    /// @param word   0 to 3
    long vector(int number, int word);

    /// @param number 0 to 15
    /// @param word   0 to 3
    void vector(int number, int word, long value);

    /// Control and status of the vector unit's floating point.
    int mxcsr();

    /// @throws InvalidRegisterException for reserved bits
    void mxcsr(int value);

    /// The x87 unit, registers apart.
    ///
    /// @param tags the full tag word: two bits a physical register
    record X87Control(int control, int status, int tags, int opcode, long instruction, long data) { }

    /// The x87 unit's control, status, tag and opcode words and its two pointers.
    X87Control x87();

    /// Takes over what [#x87()] gave.
    void x87(X87Control control);

    /// An 80-bit value.
    record Float80(long significand, int signAndExponent) { }

    /// A register of the x87 unit.
    ///
    /// @param number 0 to 7, from the top of the stack
    Float80 x87Register(int number);

    /// @param number as of [#x87Register(int)]
    void x87Register(int number, Float80 value);

    /// Makes the processor about to execute 16-bit code at `ip`, all segments at address zero.
    default void realMode(int ip) {
        for (int number = ES; number <= GS; number++) {
            segment(number, Segment.realMode(0));
        }
        rip(ip & 0xffff);
    }
}
