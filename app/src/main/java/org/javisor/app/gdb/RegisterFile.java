// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.Float80;
import org.javisor.vmm.Registers.Segment;
import org.javisor.vmm.Registers.X87Control;

/// The registers as gdb numbers them: the order in which [#description] lists them.
///
/// @gdb manual, appendix G.5.5 "i386 Features"
final class RegisterFile {
    /// One register.
    ///
    /// @param type of gdb's types
    private record Register(String name, int bits, String type, Consumer<Access> read, Consumer<Access> write) { }

    /// A value on its way: put by who reads, taken by who writes.
    private record Access(Registers registers, ByteBuffer value) { }

    /// gdb's order of the general registers, as instructions encode them.
    private static final int[] GENERAL = {0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};
    private static final String[] GENERAL_NAMES = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
        "r10", "r11", "r12", "r13", "r14", "r15"};
    private static final int[] SEGMENTS = {Registers.CS, Registers.SS, Registers.DS, Registers.ES, Registers.FS,
        Registers.GS};
    private static final String[] SEGMENT_NAMES = {"cs", "ss", "ds", "es", "fs", "gs"};
    private static final int KERNEL_GS_BASE = 0xc000_0102;

    private final List<Register> all = new ArrayList<>();
    private final StringBuilder features = new StringBuilder();

    RegisterFile() {
        feature("org.gnu.gdb.i386.core", this::core);
        feature("org.gnu.gdb.i386.sse", this::sse);
        feature("org.gnu.gdb.i386.segments", this::segmentBases);
        feature("org.gnu.gdb.i386.avx", this::avx);
        feature("org.javisor.system", this::system);
    }

    int count() {
        return all.size();
    }

    /// The target description: what `qXfer:features:read:target.xml` gives.
    String description() {
        return "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
                + "<architecture>i386:x86-64</architecture>" + features + "</target>";
    }

    /// A register's bytes, lowest first.
    byte[] read(Registers registers, int number) {
        Register register = register(number);
        ByteBuffer value = buffer(register.bits / 8);
        register.read.accept(new Access(registers, value));
        return value.array();
    }

    void write(Registers registers, int number, byte[] value) {
        Register register = register(number);
        if (value.length != register.bits / 8) {
            throw new BadPacket(register.name + " has " + register.bits / 8 + " bytes, not " + value.length);
        }
        register.write.accept(new Access(registers, ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN)));
    }

    private Register register(int number) {
        if (number < 0 || number >= all.size()) {
            throw new BadPacket("no register " + number);
        }
        return all.get(number);
    }

    /// All registers, one behind the other.
    byte[] readAll(Registers registers) {
        ByteBuffer values = buffer(all.stream().mapToInt(r -> r.bits / 8).sum());
        for (int number = 0; number < all.size(); number++) {
            values.put(read(registers, number));
        }
        return values.array();
    }

    /// As many registers as `values` has whole ones.
    void writeAll(Registers registers, byte[] values) {
        ByteBuffer from = ByteBuffer.wrap(values);
        for (int number = 0; number < all.size() && from.remaining() >= all.get(number).bits / 8; number++) {
            byte[] value = new byte[all.get(number).bits / 8];
            from.get(value);
            write(registers, number, value);
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    // ---- what there is ----

    private void feature(String name, Runnable registers) {
        int first = all.size();
        registers.run();
        features.append("<feature name=\"").append(name).append("\">");
        if (all.get(first).type.startsWith("vec")) {
            features.append(VECTOR_TYPES);
        }
        for (Register register : all.subList(first, all.size())) {
            features.append("<reg name=\"").append(register.name).append("\" bitsize=\"").append(register.bits)
                    .append("\" type=\"").append(register.type).append("\"/>");
        }
        features.append("</feature>");
    }

    private static final String VECTOR_TYPES = "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
            + "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/><vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
            + "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/><vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
            + "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
            + "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
            + "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
            + "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
            + "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/></union>";

    private void core() {
        for (int n = 0; n < GENERAL.length; n++) {
            int number = GENERAL[n];
            add64(GENERAL_NAMES[n], number == 4 || number == 5 ? "data_ptr" : "int64", r -> r.general(number),
                    (r, value) -> r.general(number, value));
        }
        add64("rip", "code_ptr", Registers::rip, Registers::rip);
        add32("eflags", r -> (int) r.rflags(), (r, value) -> r.rflags(value & 0xffff_ffffL));
        for (int n = 0; n < SEGMENTS.length; n++) {
            int number = SEGMENTS[n];
            add32(SEGMENT_NAMES[n], r -> r.segment(number).selector(), (r, value) -> {
                Segment old = r.segment(number);
                r.segment(number, new Segment(value & 0xffff, old.base(), old.limit(), old.attributes()));
            });
        }
        x87();
    }

    private void x87() {
        for (int n = 0; n < 8; n++) {
            int number = n;
            all.add(new Register("st" + n, 80, "i387_ext", access -> {
                Float80 value = access.registers.x87Register(number);
                access.value.putLong(value.significand()).putShort((short) value.signAndExponent());
            }, access -> access.registers.x87Register(number,
                    new Float80(access.value.getLong(), access.value.getShort() & 0xffff))));
        }
        control("fctrl", X87Control::control, (c, v) -> new X87Control(v & 0xffff, c.status(), c.tags(), c.opcode(),
                c.instruction(), c.data()));
        control("fstat", X87Control::status, (c, v) -> new X87Control(c.control(), v & 0xffff, c.tags(), c.opcode(),
                c.instruction(), c.data()));
        control("ftag", X87Control::tags, (c, v) -> new X87Control(c.control(), c.status(), v & 0xffff, c.opcode(),
                c.instruction(), c.data()));
        control("fiseg", c -> (int) (c.instruction() >>> 32), (c, v) -> new X87Control(c.control(), c.status(),
                c.tags(), c.opcode(), c.instruction() & 0xffff_ffffL | (long) v << 32, c.data()));
        control("fioff", c -> (int) c.instruction(), (c, v) -> new X87Control(c.control(), c.status(), c.tags(),
                c.opcode(), c.instruction() & -1L << 32 | v & 0xffff_ffffL, c.data()));
        control("foseg", c -> (int) (c.data() >>> 32), (c, v) -> new X87Control(c.control(), c.status(), c.tags(),
                c.opcode(), c.instruction(), c.data() & 0xffff_ffffL | (long) v << 32));
        control("fooff", c -> (int) c.data(), (c, v) -> new X87Control(c.control(), c.status(), c.tags(), c.opcode(),
                c.instruction(), c.data() & -1L << 32 | v & 0xffff_ffffL));
        control("fop", X87Control::opcode, (c, v) -> new X87Control(c.control(), c.status(), c.tags(), v & 0x7ff,
                c.instruction(), c.data()));
    }

    private void sse() {
        for (int n = 0; n < 16; n++) {
            vector("xmm" + n, "vec128", n, 0);
        }
        add32("mxcsr", Registers::mxcsr, (r, value) -> {
            try {
                r.mxcsr(value);
            } catch (IllegalArgumentException e) {
                throw new BadPacket(e.getMessage(), e);
            }
        });
    }

    private void segmentBases() {
        base("fs_base", Registers.FS);
        base("gs_base", Registers.GS);
    }

    private void base(String name, int number) {
        add64(name, "int64", r -> r.segment(number).base(), (r, value) -> {
            Segment old = r.segment(number);
            r.segment(number, new Segment(old.selector(), value, old.limit(), old.attributes()));
        });
    }

    private void avx() {
        for (int n = 0; n < 16; n++) {
            vector("ymm" + n + "h", "uint128", n, 2);
        }
    }

    private void system() {
        add64("k_gs_base", "int64", r -> r.msr(KERNEL_GS_BASE), (r, value) -> {
            try {
                r.msr(KERNEL_GS_BASE, value);
            } catch (IllegalArgumentException e) {
                throw new BadPacket(e.getMessage(), e);
            }
        });
        readOnly("cr0", r -> r.paging().cr0());
        readOnly("cr2", Registers::cr2);
        readOnly("cr3", r -> r.paging().cr3());
        readOnly("cr4", r -> r.paging().cr4());
        readOnly("cr8", r -> (long) r.cr8());
        readOnly("efer", r -> r.paging().efer());
    }

    // ---- kinds of registers ----

    @FunctionalInterface
    private interface Setter<T> {
        void set(Registers registers, T value);
    }

    private void add64(String name, String type, Function<Registers, Long> get, Setter<Long> set) {
        all.add(new Register(name, 64, type, access -> access.value.putLong(get.apply(access.registers)),
                access -> set.set(access.registers, access.value.getLong())));
    }

    private void add32(String name, Function<Registers, Integer> get, Setter<Integer> set) {
        all.add(new Register(name, 32, "int32", access -> access.value.putInt(get.apply(access.registers)),
                access -> set.set(access.registers, access.value.getInt())));
    }

    private void readOnly(String name, Function<Registers, Long> get) {
        add64(name, "int64", get, (r, value) -> {
            if (!value.equals(get.apply(r))) {
                throw new BadPacket(name + " cannot be written");
            }
        });
    }

    @FunctionalInterface
    private interface Change {
        X87Control apply(X87Control control, int value);
    }

    private void control(String name, Function<X87Control, Integer> get, Change change) {
        add32(name, r -> get.apply(r.x87()), (r, value) -> r.x87(change.apply(r.x87(), value)));
    }

    private void vector(String name, String type, int number, int firstWord) {
        all.add(new Register(name, 128, type,
                access -> access.value.putLong(access.registers.vector(number, firstWord))
                        .putLong(access.registers.vector(number, firstWord + 1)),
                access -> {
                    access.registers.vector(number, firstWord, access.value.getLong());
                    access.registers.vector(number, firstWord + 1, access.value.getLong());
                }));
    }
}
