// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;
import org.javisor.isa.Disassembler;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.javisor.testkit.HostProcessor;
import org.javisor.testkit.InstructionEncoder;
import org.javisor.testkit.InstructionForm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every form of every row of the opcode maps that user mode can execute, in 64-bit and in 32-bit code, with
/// random operands, executed by the host's processor and by ours.
///
/// `-Djavisor.oracle=REGEX` chooses mnemonics, `-Djavisor.oracle.cases=N` the number of cases a form, and
/// `-Djavisor.seed=N` repeats a run. `-Djavisor.oracle.trace=true` prints each instruction before the host
/// executes it: the last one is to blame if that ends the process.
class OracleTest {
    private static final int CASES_PER_ENCODING = 10;
    private static final int REPORTS_PER_FORM = 1;
    /// Of registers and FXSAVE image in a block.
    private static final int BLOCK_BYTES = HostProcessor.FX + HostProcessor.FX_BYTES;

    private final Pattern wanted = Pattern.compile(System.getProperty("javisor.oracle", ".*"));
    private final boolean trace = Boolean.getBoolean("javisor.oracle.trace");
    private final Map<String, TreeSet<String>> excluded = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private int forms;
    private int failedForms;
    private long cases;

    @ParameterizedTest
    @ValueSource(ints = {64, 32})
    void everyFormDoesWhatTheHostDoes(int codeBits) {
        compare(codeBits, Integer.getInteger("javisor.oracle.cases", usualCases()));
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 32})
    @Tag("slow")
    void everyFormDoesWhatTheHostDoesAtLength(int codeBits) {
        compare(codeBits, Integer.getInteger("javisor.oracle.cases", manyCases()));
    }

    int usualCases() {
        return 500;
    }

    int manyCases() {
        return 50_000;
    }

    /// What executes the instructions beside the host.
    OracleMachine machine(HostProcessor host) {
        return new OracleMachine(host);
    }

    private void compare(int codeBits, int casesPerForm) {
        String unavailable = codeBits == 64 ? HostProcessor.unavailable() : HostProcessor.unavailable32();
        assumeTrue(unavailable == null, unavailable);
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("oracle: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        try (HostProcessor host = new HostProcessor(codeBits);
                OracleMachine machine = machine(host)) {
            OracleExclusions exclusions = new OracleExclusions(machine.cpu.cpuid, HostProcessor.features());
            Run run = new Run(host, machine, seed, casesPerForm);
            for (OpcodeRow row : OpcodeMaps.rows()) {
                if (wanted.matcher(row.mnemonic().name()).matches()) {
                    String reason = exclusions.reason(row, codeBits);
                    if (reason == null) {
                        InstructionForm.of(row, codeBits).forEach(run::form);
                    } else {
                        excluded.computeIfAbsent(reason, _ -> new TreeSet<>()).add(row.mnemonic().name());
                    }
                }
            }
        }
        report();
    }

    private void report() {
        excluded.forEach((reason, names) -> System.out.println("oracle: excluded, " + reason + ": "
                + String.join(" ", names)));
        System.out.printf("oracle: %d forms, %d cases, %d forms fail%n", forms, cases, failedForms);
        failures.forEach(System.out::println);
        assertTrue(forms > 0, "no form was compared");
        assertTrue(failures.isEmpty(), () -> failedForms + " forms fail; the first:\n" + failures.getFirst());
    }

    /// The comparison on one pair of processors.
    private final class Run {
        private final HostProcessor host;
        private final OracleMachine machine;
        private final long seed;
        private final int casesPerForm;
        /// Copies of the block: what went in, and what our processor made of it.
        private final Mapping copies = Mapping.anonymous(Mapping.PAGE_BYTES);
        private final long before = copies.hva();
        private final long after = copies.hva() + BLOCK_BYTES;
        private final OracleComparison comparison;
        private Random random;
        private InstructionEncoder encoder;
        private OracleInputs inputs;

        Run(HostProcessor host, OracleMachine machine, long seed, int casesPerForm) {
            this.host = host;
            this.machine = machine;
            this.seed = seed;
            this.casesPerForm = casesPerForm;
            this.comparison = new OracleComparison(before, host.state(), after);
        }

        /// Each form has a seed of its own, so that it can be repeated alone.
        void form(InstructionForm form) {
            random = new Random(seed ^ form.toString().hashCode() * 0x9e37_79b9_7f4a_7c15L);
            encoder = new InstructionEncoder(random);
            inputs = new OracleInputs(random, host);
            forms++;
            int failed = 0;
            for (int done = 0; done < casesPerForm && failed < REPORTS_PER_FORM; ) {
                Insn insn = encode(form);
                host.install(encoder.bytes(), insn.length);
                inputs.background();
                for (int n = 0; n < CASES_PER_ENCODING && done < casesPerForm; n++, done++) {
                    String failure = oneCase(insn);
                    if (failure != null && failed++ < REPORTS_PER_FORM) {
                        failures.add(form + ": " + failure);
                    }
                }
            }
            failedForms += failed > 0 ? 1 : 0;
        }

        private Insn encode(InstructionForm form) {
            for (int attempt = 0; attempt < 10_000; attempt++) {
                int length = encoder.encode(form, host.instruction(), inputs.centre(),
                        HostProcessor.TAKEN_DISTANCE);
                OracleInputs.restrict(form, encoder.bytes(), length);
                Insn insn = machine.decode(encoder.bytes(), length);
                if (insn == null || insn.length != length || insn.row != form.row()) {
                    throw new AssertionError(form + " does not survive encoding and decoding: "
                            + Disassembler.bytes(encoder.bytes(), 0, length));
                }
                if (OracleInputs.usable(insn)) {
                    return insn;
                }
            }
            throw new AssertionError("no usable encoding of " + form);
        }

        /// @return what went wrong, or null
        private String oneCase(Insn insn) {
            inputs.choose(insn);
            HostMemory.copy(host.state(), before, BLOCK_BYTES);
            HostMemory.copy(host.data(), machine.data(), HostProcessor.DATA_BYTES);
            machine.load(host.state());
            if (trace) {
                System.out.println(Disassembler.print(insn, host.instruction()) + " at " + inputs.target);
            }
            host.run();
            int vector = machine.execute(insn);
            machine.store(after);
            if (host.codeBits() == 32) {
                seenBy32BitCode(host.state());
                seenBy32BitCode(after);
            }
            cases++;
            forgetHostProperties(insn);
            String memory = memoryDifference();
            if (vector < 0 && memory == null && comparison.equal(insn)) {
                return null;
            }
            return Disassembler.print(insn, host.instruction()) + "   ["
                    + Disassembler.bytes(encoder.bytes(), 0, insn.length) + "]\n" + comparison.describe(insn)
                    + (memory == null ? "" : "\n    " + memory)
                    + (vector < 0 ? "" : "\n    ours raises exception " + vector);
        }

        /// Makes the host's memory ours where processors may differ.
        private void forgetHostProperties(Insn insn) {
            long toOurs = machine.data() - host.data();
            if (savesMxcsrMask(insn)) {
                long mask = inputs.target + FxImage.MXCSR_MASK;
                HostMemory.storeInt(mask, HostMemory.loadInt(mask + toOurs));
            } else if (insn.mnemonic() == Mnemonic.PUSH && insn.kind0 == Instruction.SEG
                    && insn.operandBytes == 4) {
                // Either zeros are pushed with the selector, or memory beside it stays as it is.
                long beside = HostMemory.loadLong(host.state() + 8L * CpuLayout.RSP) + 2;
                HostMemory.storeShort(beside, HostMemory.loadShort(beside + toOurs));
            }
        }

        private static boolean savesMxcsrMask(Insn insn) {
            return switch (insn.mnemonic()) {
                case FXSAVE, XSAVE, XSAVEC -> true;
                default -> false;
            };
        }

        /// What 32-bit code does not see is undefined when it ends.
        ///
        /// @sdm vol. 1 §3.4.1.1 "General-Purpose Registers in 64-Bit Mode"
        private static void seenBy32BitCode(long block) {
            for (int n = 0; n < 16; n++) {
                long value = HostMemory.loadLong(block + 8L * n);
                HostMemory.storeLong(block + 8L * n, n < 8 ? value & 0xffff_ffffL : 0);
            }
        }

        private String memoryDifference() {
            long ours = machine.data() + inputs.window() - host.data();
            if (HostMemory.segment(ours, OracleInputs.WINDOW)
                    .mismatch(HostMemory.segment(inputs.window(), OracleInputs.WINDOW)) < 0) {
                return null;
            }
            long at = HostMemory.segment(ours, OracleInputs.WINDOW)
                    .mismatch(HostMemory.segment(inputs.window(), OracleInputs.WINDOW)) & -8;
            return String.format("memory operand at %x; at %x: host %016x, ours %016x", inputs.target,
                    inputs.window() + at, HostMemory.loadLong(inputs.window() + at),
                    HostMemory.loadLong(ours + at));
        }
    }
}
