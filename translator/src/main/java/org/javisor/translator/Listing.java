// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.lang.foreign.ValueLayout;
import java.util.Locale;
import org.javisor.cpu.Translation;
import org.javisor.host.HostMemory;
import org.javisor.isa.Decoder;
import org.javisor.isa.Disassembler;
import org.javisor.isa.Instruction;

/// Guest code beside the host code that was made of it, for people: each guest instruction, and below it, indented,
/// what the host executes for it. An instruction appears as often as it was written.
final class Listing {
    /// What does not belong to one instruction: polls, exits.
    static final int NONE = -1;
    private static final int LONG_MODE = 64;

    private final StringBuilder text = new StringBuilder();

    /// @param marks pairs: where the host code of an instruction starts, and the instruction's number or [#NONE]
    void add(Translation translation, long entry, int length, int[] marks) {
        line("%s%x, %d bytes of guest code, %d instructions: %d bytes of host code at %x",
                translation.isSecond() ? "second tier, " : "", translation.rip(), translation.length(),
                translation.size(), length, entry);
        byte[] code = HostMemory.segment(entry, length).toArray(ValueLayout.JAVA_BYTE);
        for (int n = 0; n < marks.length; n += 2) {
            int end = n + 2 < marks.length ? marks[n + 2] : length;
            if (end == marks[n] && marks[n + 1] == NONE) {
                continue;
            }
            guest(translation, marks[n + 1]);
            host(code, marks[n], end, entry);
        }
    }

    private void guest(Translation translation, int index) {
        if (index == NONE) {
            line("  -");
            return;
        }
        long rip = translation.rip() - translation.start() + translation.offset(index);
        line("  %x  %s", rip, Disassembler.print(translation.instruction(index), rip));
    }

    private void host(byte[] code, int from, int to, long entry) {
        int at = from;
        while (at < to) {
            Instruction insn = new Instruction();
            int bytes = Decoder.decode(code, at, code.length, LONG_MODE, insn);
            if (bytes <= 0) {
                line("          %x  (bytes)", entry + at);
                return;
            }
            line("          %x  %s", entry + at, Disassembler.print(insn, entry + at));
            at += bytes;
        }
    }

    private void line(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
