// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.javisor.cpu.RandomInstructions.Kind;
import org.javisor.cpu.RandomInstructions.Placed;
import org.javisor.cpu.RandomProgram.Item;

/// Makes [RandomProgram]s: loops in loops, forward branches, routines, runs of accesses by one register, code that is
/// overwritten, and every instruction of [RandomInstructions] among them.
final class ProgramGenerator {
    private static final int MAX_DEPTH = 2, MAX_CODE = 9000;
    /// DEC and INC of registers, 32 bits: 41 FF /1 and so on.
    private static final int[] POINTERS = {CpuLayout.RBX, CpuLayout.RBP, CpuLayout.RSI, CpuLayout.RDI, 8, 11, 12, 13,
            15};
    /// How many of them there are in 32-bit code.
    private static final int LOW_POINTERS = 4;

    private final Random random;
    /// Whether it is 64-bit code.
    private final boolean wide;
    private final RandomInstructions instructions;
    private final List<Item> items = new ArrayList<>();
    private final List<Integer> routines = new ArrayList<>();
    private Kind favourite;
    private int labels;
    private int counters;
    private int bytes;
    private int lastBase;
    /// Flags that may be undefined.
    private int undefined;

    /// @param codeBits 64 or 32
    ProgramGenerator(Random random, InstructionDecoder decoder, int codeBits) {
        this.random = random;
        this.wide = codeBits == 64;
        this.instructions = new RandomInstructions(random, decoder, codeBits);
    }

    RandomProgram next() {
        items.clear();
        routines.clear();
        labels = 0;
        counters = 0;
        bytes = 0;
        lastBase = -1;
        undefined = RandomProgram.UNDEFINED_AT_LABELS;
        Kind[] kinds = {Kind.INTEGER, Kind.INTEGER, Kind.INTEGER, Kind.STRING, Kind.VECTOR, Kind.VECTOR, Kind.VEX,
            Kind.X87, Kind.MMX};
        favourite = kinds[random.nextInt(kinds.length)];
        for (int n = random.nextInt(3); n > 0; n--) {
            routines.add(labels++);
        }
        body(5 + random.nextInt(40), 0);
        Item end = Item.plain(0xf4);
        add(end);
        add(Item.plain(0xcc));
        while (!routines.isEmpty()) {
            int routine = routines.removeFirst();
            label(routine);
            body(1 + random.nextInt(8), MAX_DEPTH);
            add(new Item(bytes(0xc3), 0, 0, Flags.ARITHMETIC & ~RandomProgram.UNDEFINED_AT_LABELS, -1, 0));
        }
        long origin = ProgramGuest.CODE + (random.nextBoolean() ? random.nextInt(4096) : 4096 - random.nextInt(200));
        return new RandomProgram(List.copyOf(items), end, origin, wide ? 64 : 32);
    }

    /// Adds an item, behind one that defines what it reads.
    private void add(Item item) {
        boolean meets = item.label() >= 0;
        if ((undefined & (item.reads() | (meets ? ~RandomProgram.UNDEFINED_AT_LABELS : 0))) != 0) {
            define();
        }
        undefined = meets ? RandomProgram.UNDEFINED_AT_LABELS : undefined & ~item.defines() | item.undefines();
        items.add(item);
        bytes += item.code().length;
    }

    private void body(int length, int depth) {
        for (int n = 0; n < length && bytes < MAX_CODE; n++) {
            switch (random.nextInt(24)) {
                case 0, 1 -> loop(depth);
                case 2, 3 -> skip(depth);
                case 4 -> call();
                case 5, 6 -> accesses();
                case 7 -> stack();
                case 8 -> patch();
                case 9 -> pointer();
                case 10 -> flags();
                case 11 -> system();
                default -> any();
            }
        }
    }

    /// Makes all flags defined: CMP EAX, imm32.
    private void define() {
        add(new Item(bytes(0x3d, random.nextInt(256), 0, 0, random.nextInt(256)), 0, Flags.ARITHMETIC, 0, -1, 0));
    }

    private static byte[] bytes(int... values) {
        return Item.plain(values).code();
    }

    /// Without the REX prefix that it begins with, in 32-bit code.
    private int[] rex(int... code) {
        return wide ? code : Arrays.copyOfRange(code, 1, code.length);
    }

    /// Adds an item that reads flags, or at which paths meet, behind one that defines them.
    private void reading(Item item) {
        if (random.nextInt(4) != 0) {
            test();
        }
        if (random.nextBoolean()) {
            lastCompare();
        }
        add(item);
        lastBase = -1;
    }

    /// An instruction between what defines AF and what reads the others.
    private void test() {
        add(instructions.of(Kind.INTEGER, -1).item());
    }

    /// ADD, SUB, CMP, INC or DEC of two registers, which define what they set.
    private void lastCompare() {
        int[] opcodes = {0x01, 0x29, 0x39, 0x11, 0x19};
        int opcode = opcodes[random.nextInt(opcodes.length)];
        int rex = 0x40 | random.nextInt(16) & ~2;
        int modrm = 0xc0 | register() << 3 | register();
        add(new Item(bytes(rex(rex, opcode, modrm)), 0, Flags.ARITHMETIC, Flags.CF, -1, 0));
    }

    /// Not RSP, which is R12 with REX.
    private int register() {
        int reg = random.nextInt(8);
        return reg == CpuLayout.RSP ? 0 : reg;
    }

    private void label(int number) {
        add(Item.label(number));
        lastBase = -1;
    }

    /// DEC of a counter in memory, JG back.
    private void loop(int depth) {
        if (depth == MAX_DEPTH) {
            any();
            return;
        }
        int counter = (int) ProgramGuest.COUNTERS + 4 * counters++;
        int rounds = random.nextInt(3) == 0 ? 70 / (depth + 1) : 2 + random.nextInt(6);
        // MOV dword [counter], rounds
        add(absolute(bytes(0xc7, 0x04, 0x25), counter, rounds));
        int top = labels++;
        label(top);
        body(1 + random.nextInt(8), depth + 1);
        byte[] dec = absolute(bytes(0xff, 0x0c, 0x25), counter, -1).code();
        byte[] code = new byte[dec.length + 6];
        System.arraycopy(dec, 0, code, 0, dec.length);
        code[dec.length] = 0x0f;
        code[dec.length + 1] = (byte) 0x8f;
        add(new Item(code, 0, 0, 0, top, dec.length + 2));
    }

    /// An instruction on four bytes at an absolute address, with an immediate behind it unless that is -1.
    private static Item absolute(byte[] opcode, int address, int immediate) {
        byte[] code = new byte[opcode.length + (immediate < 0 ? 4 : 8)];
        System.arraycopy(opcode, 0, code, 0, opcode.length);
        for (int n = 0; n < 4; n++) {
            code[opcode.length + n] = (byte) (address >> 8 * n);
            if (immediate >= 0) {
                code[opcode.length + 4 + n] = (byte) (immediate >> 8 * n);
            }
        }
        return new Item(code, 0, 0, 0, -1, 0);
    }

    /// A branch over what follows: conditional, LOOP, JRCXZ or indirect.
    private void skip(int depth) {
        int behind = labels++;
        int condition = random.nextInt(16);
        switch (random.nextInt(8)) {
            case 0 -> reading(new Item(bytes(0xe0 | random.nextInt(4), 2, 0xeb, 5, 0xe9, 0, 0, 0, 0), 0, 0, Flags.ZF,
                    behind, 5));
            case 1 -> reading(indirectJump(behind));
            case 2 -> reading(Item.branch(behind, 0, 0xe9));
            default -> reading(Item.branch(behind, RandomInstructions.flagsOf(condition), 0x0f, 0x80 | condition));
        }
        body(random.nextInt(5), depth);
        label(behind);
    }

    private Item indirectJump(int label) {
        // LEA RAX, [RIP + distance]; JMP RAX
        return wide ? new Item(bytes(0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xff, 0xe0), 0, 0, 0, label, 3)
                // CALL to the next; POP EAX; ADD EAX, distance; ADD EAX, 6; JMP EAX
                : new Item(bytes(0xe8, 0, 0, 0, 0, 0x58, 0x05, 0, 0, 0, 0, 0x83, 0xc0, 6, 0xff, 0xe0), 0, 0, 0,
                        label, 7);
    }

    private void call() {
        if (routines.isEmpty()) {
            any();
            return;
        }
        int routine = routines.get(random.nextInt(routines.size()));
        reading(Item.branch(routine, 0, 0xe8));
    }

    /// Several accesses by one register that stays, or moves by a constant.
    private void accesses() {
        lastBase = -1;
        for (int n = 2 + random.nextInt(6); n > 0; n--) {
            Placed placed = instructions.of(random.nextInt(3) == 0 ? favourite : Kind.INTEGER, lastBase);
            add(placed.item());
            if (placed.base() >= 0) {
                lastBase = placed.base();
            }
            if (lastBase >= 0 && lastBase != CpuLayout.RSP && random.nextInt(4) == 0) {
                move(lastBase);
            }
        }
    }

    /// ADD, SUB, INC, DEC or LEA with a small constant.
    private void move(int reg) {
        int rex = 0x48 | reg >> 3;
        int distance = random.nextInt(256);
        switch (random.nextInt(4)) {
            case 0 -> add(defining(rex(rex, 0x83, 0xc0 | reg & 7, distance)));
            case 1 -> add(defining(rex(rex, 0x83, 0xe8 | reg & 7, distance)));
            case 2 -> add(wide || random.nextBoolean()
                    ? Item.plain(rex(rex, 0xff, 0xc0 | random.nextInt(2) << 3 | reg & 7))
                    : Item.plain(0x40 | random.nextInt(2) << 3 | reg));
            default -> {
                int lea = 0x48 | reg >> 3 | reg >> 3 << 2;
                add(Item.plain((reg & 7) == CpuLayout.RSP ? rex(lea, 0x8d, 0x44 | (reg & 7) << 3, 0x24, distance)
                        : rex(lea, 0x8d, 0x40 | (reg & 7) << 3 | reg & 7, distance)));
            }
        }
    }

    private static Item defining(int... code) {
        return new Item(bytes(code), 0, Flags.ARITHMETIC, 0, -1, 0);
    }

    private void pointer() {
        int reg = POINTERS[random.nextInt(wide ? POINTERS.length : LOW_POINTERS)];
        long value = ProgramGuest.DATA + 0x400 + random.nextInt(0x2800);
        add(Item.plain(rex(0x40 | reg >> 3, 0xb8 | reg & 7, (int) value & 0xff, (int) value >> 8 & 0xff,
                (int) value >> 16 & 0xff, (int) value >> 24)));
        lastBase = reg;
    }

    /// Pushes and pops, on a stack that is one.
    private void stack() {
        if (random.nextBoolean()) {
            int top = (int) ProgramGuest.STACK - 8 * random.nextInt(0x300) - random.nextInt(2) * random.nextInt(8);
            add(Item.plain(0xbc, top & 0xff, top >> 8 & 0xff, top >> 16 & 0xff, top >> 24));
        }
        for (int n = 1 + random.nextInt(6); n > 0; n--) {
            int reg = random.nextInt(wide ? 16 : 8);
            boolean usual = reg != CpuLayout.RSP || random.nextInt(8) == 0;
            switch (random.nextInt(8)) {
                case 0 -> add(defining(rex(0x48, 0x83, 0xec, 8 * random.nextInt(8))));
                case 1 -> add(defining(rex(0x48, 0x83, 0xc4, 8 * random.nextInt(8))));
                case 2 -> add(Item.plain(rex(0x48, 0x8b, 0x44 | random.nextInt(2) << 3, 0x24, random.nextInt(256))));
                case 3 -> add(Item.plain(rex(0x48, 0x89, 0x44 | random.nextInt(4) << 3, 0x24, random.nextInt(128))));
                default -> {
                    if (usual) {
                        add(Item.plain(rex(0x40 | reg >> 3, 0x50 | random.nextInt(2) << 3 | reg & 7)));
                    }
                }
            }
        }
    }

    /// MOV EDX, imm32, whose immediate is incremented before, after or right before it: ADD dword [RIP + distance], 1.
    private void patch() {
        int last = random.nextInt(5);
        boolean before = random.nextBoolean();
        if (before) {
            add(increment(1 + last));
        }
        for (int n = 0; n < last; n++) {
            add(Item.plain(0x90));
        }
        add(Item.plain(0xba, random.nextInt(256), random.nextInt(256), 0, random.nextInt(256)));
        if (!before) {
            add(increment(wide ? -7 - 4 : -13 - 4));
        }
        // ADD ECX, EDX
        add(defining(0x01, 0xd1));
    }

    private Item increment(int distance) {
        if (!wide) {
            // CALL to the next; POP EBX; ADD dword [EBX + distance], 1: from behind the CALL
            return Item.plain(0xe8, 0, 0, 0, 0, 0x5b, 0x83, 0x83, distance + 8 & 0xff, distance + 8 >> 8 & 0xff,
                    distance + 8 >> 16 & 0xff, distance + 8 >> 24 & 0xff, 1);
        }
        return Item.plain(0x83, 0x05, distance & 0xff, distance >> 8 & 0xff, distance >> 16 & 0xff,
                distance >> 24 & 0xff, 1);
    }

    /// What stores or loads flags, or sets them apart.
    private void flags() {
        int[][] codes = {{0x9c}, {0x9f}, {0x9c, 0x58}};
        int[] code = codes[random.nextInt(codes.length)];
        if (random.nextBoolean()) {
            lastCompare();
        }
        add(new Item(bytes(code), 0, 0, Flags.ARITHMETIC, -1, 0));
        int[][] others = {{0x9e}, {0x66, 0x9d}, {0x9d}, {0xf8}, {0xf9}, {0xf5}, {0xfc}, {0xfd}};
        add(Item.plain(others[random.nextInt(others.length)]));
    }

    /// What kernels do; at CPL 3 mostly a fault.
    private void system() {
        int[][] codes = {
            // swapgs; mov rax, cr3 / cr0; cr4; cr2; cr8 there and back
            {0x0f, 0x01, 0xf8}, {0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8}, {0x0f, 0x20, 0xc0, 0x0f, 0x22, 0xc0},
            {0x0f, 0x20, 0xe2, 0x0f, 0x22, 0xe2}, {0x0f, 0x20, 0xd3, 0x0f, 0x22, 0xd3},
            {0x44, 0x0f, 0x20, 0xc0, 0x44, 0x0f, 0x22, 0xc0},
            // mov ecx, FS_BASE; rdmsr; wrmsr
            {0xb9, 0, 1, 0, 0xc0, 0x0f, 0x32, 0x0f, 0x30},
            // mov rax, cr0; xor al, 8 (TS); mov cr0, rax
            {0x0f, 0x20, 0xc0, 0x34, 0x08, 0x0f, 0x22, 0xc0},
            // invlpg of a data page; mov eax, 0x23; mov ds, eax; mov es, eax; mov edx, ds
            {0x0f, 0x01, 0x3c, 0x25, 0, 8, 0x40, 0}, {0xb8, 0x23, 0, 0, 0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8c, 0xda},
            // rdtsc; mov eax, 1; mov edx, 2
            {0x0f, 0x31, 0xb8, 1, 0, 0, 0, 0xba, 2, 0, 0, 0},
            // cli; sti; pause
            {0xfa, 0xfb, 0xf3, 0x90},
        };
        add(new Item(bytes(codes[random.nextInt(codes.length)]), Flags.ARITHMETIC, 0, 0, -1, 0));
        if (random.nextBoolean()) {
            // syscall, or int 0x80
            int[] call = wide && random.nextBoolean() ? new int[] {0x0f, 0x05}
                    : new int[] {0xcd, ProgramGuest.CALL_VECTOR};
            add(new Item(bytes(call), 0, 0, Flags.ARITHMETIC, -1, 0));
        }
    }

    /// One of any kind.
    private void any() {
        Kind[] kinds = Kind.values();
        Kind kind = random.nextInt(3) != 0 ? favourite : random.nextInt(4) == 0 ? kinds[random.nextInt(kinds.length)]
                : Kind.INTEGER;
        Placed placed = instructions.of(kind, lastBase);
        add(placed.item());
        lastBase = placed.base() >= 0 ? placed.base() : random.nextInt(4) == 0 ? -1 : lastBase;
    }
}
