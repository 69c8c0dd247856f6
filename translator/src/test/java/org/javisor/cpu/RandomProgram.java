// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.javisor.isa.Disassembler;

/// A sequence of instructions that ends whatever it does: branches lead forwards, or count, and who faults goes on with
/// the next item. Items can be taken out, so that what fails can be made small.
///
/// Flags that an instruction leaves undefined are followed from item to item, so that nothing depends on them: at
/// labels all but AF are defined.
final class RandomProgram {
    static final int UNDEFINED_AT_LABELS = Flags.AF;

    /// One or a few instructions, or a label.
    ///
    /// @param undefines flags that may be undefined afterwards
    /// @param defines   flags that are defined afterwards, even if the item faults
    /// @param reads     flags that must be defined before
    /// @param label     the label this is, or where its branch leads; -1 if neither
    /// @param distance  where in `code` the four bytes of the distance to the label are; 0 if there are none
    record Item(byte[] code, int undefines, int defines, int reads, int label, int distance) {
        static Item label(int number) {
            return new Item(new byte[0], 0, 0, 0, number, 0);
        }

        static Item branch(int label, int reads, int... opcode) {
            byte[] code = new byte[opcode.length + 4];
            for (int n = 0; n < opcode.length; n++) {
                code[n] = (byte) opcode[n];
            }
            return new Item(code, 0, 0, reads, label, opcode.length);
        }

        static Item plain(int... code) {
            byte[] bytes = new byte[code.length];
            for (int n = 0; n < code.length; n++) {
                bytes[n] = (byte) code[n];
            }
            return new Item(bytes, 0, 0, 0, -1, 0);
        }

        boolean isLabel() {
            return code.length == 0;
        }
    }

    private final List<Item> items;
    /// The item that ends it: behind it are routines.
    private final Item end;
    private final long origin;
    private final int codeBits;
    private final long[] addresses;
    private final int[] undefined;
    private boolean valid = true;

    /// @param origin   the address of its first byte
    /// @param codeBits 64, or 32 for compatibility mode
    RandomProgram(List<Item> items, Item end, long origin, int codeBits) {
        this.codeBits = codeBits;
        this.items = items;
        this.end = end;
        this.origin = origin;
        this.addresses = new long[items.size() + 1];
        this.undefined = new int[items.size() + 1];
        long at = origin;
        int mask = UNDEFINED_AT_LABELS;
        for (int n = 0; n < items.size(); n++) {
            Item item = items.get(n);
            addresses[n] = at;
            at += item.code.length;
            boolean meets = item.label >= 0;
            valid &= (mask & (item.reads | (meets ? ~UNDEFINED_AT_LABELS : 0))) == 0;
            undefined[n] = mask;
            mask = meets ? UNDEFINED_AT_LABELS : mask & ~item.defines | item.undefines;
        }
        addresses[items.size()] = at;
        undefined[items.size()] = mask;
    }

    /// Whether no instruction reads a flag that may be undefined, and every branch has its label.
    boolean valid() {
        Map<Integer, Long> labels = labels();
        return valid && items.contains(end) && items.stream()
                .allMatch(item -> item.label < 0 || labels.containsKey(item.label));
    }

    int codeBits() {
        return codeBits;
    }

    long origin() {
        return origin;
    }

    /// The address of what ends it.
    long end() {
        return addresses[items.indexOf(end)];
    }

    private Map<Integer, Long> labels() {
        Map<Integer, Long> labels = new HashMap<>();
        for (int n = 0; n < items.size(); n++) {
            if (items.get(n).isLabel()) {
                labels.put(items.get(n).label, addresses[n]);
            }
        }
        return labels;
    }

    byte[] code() {
        Map<Integer, Long> labels = labels();
        byte[] code = new byte[(int) (addresses[items.size()] - origin)];
        for (int n = 0; n < items.size(); n++) {
            Item item = items.get(n);
            int at = (int) (addresses[n] - origin);
            System.arraycopy(item.code, 0, code, at, item.code.length);
            if (item.distance != 0) {
                long distance = labels.get(item.label) - addresses[n] - item.distance - 4;
                for (int b = 0; b < 4; b++) {
                    code[at + item.distance + b] = (byte) (distance >> 8 * b);
                }
            }
        }
        return code;
    }

    private int itemAt(long rip) {
        for (int n = 0; n < items.size(); n++) {
            if (rip >= addresses[n] && rip < addresses[n + 1]) {
                return n;
            }
        }
        return -1;
    }

    /// Where to go on after a fault at `rip`.
    long behind(long rip) {
        int n = itemAt(rip);
        return n < 0 ? end() : addresses[n + 1];
    }

    /// Flags that may be undefined where the instruction at `rip` stops.
    int undefinedAt(long rip) {
        int n = itemAt(rip);
        return n < 0 ? Flags.ARITHMETIC : undefined[n] | items.get(n).undefines;
    }

    /// The program with as few of its items as still fail.
    RandomProgram shrunk(Predicate<RandomProgram> fails) {
        RandomProgram smallest = this;
        for (int chunk = Integer.highestOneBit(Math.max(1, items.size() / 2)); chunk > 0; chunk /= 2) {
            for (int from = 0; from < smallest.items.size(); ) {
                List<Item> fewer = new ArrayList<>(smallest.items);
                fewer.subList(from, Math.min(from + chunk, fewer.size())).clear();
                RandomProgram candidate = new RandomProgram(fewer, end, origin, codeBits);
                if (candidate.valid() && fails.test(candidate)) {
                    smallest = candidate;
                } else {
                    from += chunk;
                }
            }
        }
        return smallest;
    }

    /// Its instructions, one a line.
    String print(InstructionDecoder decoder) {
        byte[] code = code();
        StringBuilder text = new StringBuilder();
        for (int n = 0; n < items.size(); n++) {
            Item item = items.get(n);
            if (item.isLabel()) {
                text.append(String.format("%n  %d:", item.label));
            }
            int from = (int) (addresses[n] - origin);
            int to = (int) (addresses[n + 1] - origin);
            for (int at = from; at < to; ) {
                Insn insn = decoder.decodeOne(code, at, to, codeBits);
                if (insn == null) {
                    break;
                }
                text.append(String.format("%n  %x  %-45s %s", origin + at, Disassembler.print(insn, origin + at),
                        Disassembler.bytes(code, at, insn.length)));
                at += insn.length;
            }
        }
        return text.toString();
    }
}
