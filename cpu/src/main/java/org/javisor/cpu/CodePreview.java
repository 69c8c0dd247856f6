// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.REL;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.javisor.isa.Disassembler;
import org.javisor.isa.Instruction;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.memory.GuestMemory;

/// Translates guest code that nobody executes, to be looked at: its blocks are those that start where it does, behind
/// instructions without host code, and where direct branches lead, as if each had been executed.
public final class CodePreview implements AutoCloseable {
    private static final int PAGE_BYTES = GuestMemory.PAGE_BYTES;
    /// What is outside: it ends blocks.
    private static final byte BREAKPOINT = (byte) 0xcc;

    private final BareBoard board;
    private final CpuGroup group;
    /// What is in it.
    private final byte[] filled;
    private final long base;
    private final int bytes, decodeMode;
    private final Cpu cpu;
    private final InstructionDecoder decoder;
    private final boolean second;
    private final List<Translation> first = new ArrayList<>();
    /// Instructions that are interpreted, by address.
    private final NavigableMap<Long, Instruction> interpreted = new TreeMap<>();
    /// Offsets in memory where a block is to start.
    private final TreeSet<Integer> starts = new TreeSet<>();

    /// @param code       guest code
    /// @param address    where it is
    /// @param bits       64, or 32 for code in flat segments
    /// @param atCpl0     whether it is a kernel's
    /// @param translator that keeps what [BlockTranslator#list] needs; closed with this object
    /// @param second     whether it is as if it were executed much
    public CodePreview(byte[] code, long address, int bits, boolean atCpl0, BlockTranslator translator,
            boolean second) {
        this.second = second;
        int offset = (int) address & PAGE_BYTES - 1;
        base = address - offset;
        bytes = offset + code.length;
        decodeMode = bits | (bits == 32 ? InstructionDecoder.FLAT : 0) | (atCpl0 ? InstructionDecoder.SUPERVISOR : 0);
        board = new BareBoard(bytes + PAGE_BYTES - 1 & -PAGE_BYTES);
        group = board.group();
        filled = new byte[(int) board.ram().bytes()];
        Arrays.fill(filled, BREAKPOINT);
        System.arraycopy(code, 0, filled, offset, code.length);
        board.memory().store(0, filled);
        group.translator(translator, false);
        group.translateAt(1);
        cpu = new Cpu(0, CpuidModel.builder().build(), board);
        decoder = new InstructionDecoder(cpu);
        starts.add(offset);
    }

    /// Guest code beside the host code that becomes of it, and then the instructions that have none.
    public String text() {
        decode();
        translate();
        if (second) {
            first.forEach(made -> group.translations.grow(made, group));
        }
        StringBuilder text = new StringBuilder(group.listing(base, base + bytes));
        if (!interpreted.isEmpty()) {
            text.append("interpreted\n");
            interpreted.forEach((rip, insn) -> text.append(String.format(Locale.ROOT, "  %x  %s%n", rip,
                    Disassembler.print(insn, rip))));
        }
        return text.toString();
    }

    private CodePage page(int at) {
        CodePage page = group.code.page(at & -PAGE_BYTES);
        page.seal(group);
        return page;
    }

    private void decode() {
        for (Integer at = starts.pollFirst(); at != null; at = starts.pollFirst()) {
            CodePage page = page(at);
            int start = at % PAGE_BYTES;
            if (at < bytes && page.find(start, decodeMode) == null) {
                Block block = page.decode(decoder, board.ram().hva() + page.gpa, start, decodeMode);
                if (block == null) {
                    acrossPages(at);
                } else {
                    block.interpreted = 1;
                    follow(block, (int) page.gpa);
                }
            }
        }
    }

    private void acrossPages(int at) {
        Insn insn = decoder.decodeOne(filled, at, filled.length, decodeMode);
        if (insn != null) {
            interpreted.put(base + at, insn);
            starts.add(at + insn.length);
        }
    }

    private void follow(Block block, int page) {
        Insn last = block.insns[block.insns.length - 1];
        starts.add(page + block.end);
        if (last.row.has(Attribute.ENDS_BLOCK) && last.kind0 == REL) {
            long target = page + last.end + last.immediate;
            if (target >= 0 && target < bytes) {
                starts.add((int) target);
            }
        }
    }

    private void translate() {
        for (int gpa = 0; gpa < bytes; gpa += PAGE_BYTES) {
            CodePage page = page(gpa);
            for (int start = 0; start < PAGE_BYTES; start++) {
                Block block = page.find(start, decodeMode);
                if (block != null && block.partOf().length == 0 && block.translation == null) {
                    translate(block, gpa);
                }
            }
        }
    }

    private void translate(Block head, int page) {
        Translation made = group.translations.translate(Region.of(head, null, group), base + page + head.start, group);
        first.add(made);
        for (int index = 0; index < made.size(); index++) {
            if (!made.translates(index)) {
                if (page + made.offset(index) < bytes) {
                    interpreted.put(base + page + made.offset(index), made.instruction(index));
                }
                Block behind = made.end(index) == PAGE_BYTES ? null : decodeBehind(made, index, page);
                if (behind != null && behind.translation == null) {
                    translate(behind, page);
                }
                index = lastOfPiece(made, index);
            }
        }
    }

    /// What is behind an instruction without host code has some of its own.
    private Block decodeBehind(Translation made, int index, int gpa) {
        CodePage page = page(gpa);
        int start = made.end(index);
        boolean within = index < lastOfPiece(made, index) && gpa + start < bytes;
        Block known = page.find(start, decodeMode);
        return !within || known != null ? null : page.decode(decoder, board.ram().hva() + gpa, start, decodeMode);
    }

    private static int lastOfPiece(Translation made, int index) {
        int piece = made.pieceOf(index);
        return made.first(piece) + made.length(piece) - 1;
    }

    @Override
    public void close() {
        cpu.close();
        group.translator.close();
        board.close();
    }
}
