// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.util.concurrent.TimeUnit;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// How many instructions a second the interpreter executes of [IntegerProgram], and that it allocates nothing for them:
/// `instructions` is the figure to read, and `gc.alloc.rate.norm` is bytes per run of 45 million instructions.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED,org.javisor.host", "-XX:+UseSerialGC"})
public class InterpreterBench {
    private static final int RAX = 0;

    /// Instructions executed, which JMH divides by time.
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Counters {
        public long instructions;
    }

    private BareProcessor processor;

    @Setup
    public void setUp() {
        processor = new BareProcessor();
        processor.memory().store(IntegerProgram.ADDRESS, IntegerProgram.code());
    }

    @TearDown
    public void tearDown() {
        processor.close();
    }

    @Benchmark
    public long integerProgram(Counters counters) {
        IntegerProgram.rewind(processor.memory());
        processor.start(IntegerProgram.ADDRESS);
        long before = processor.cpu.instructions();
        int exit = processor.cpu.run();
        long checksum = new CpuRegisters(processor.cpu).general(RAX);
        if (exit != CpuExit.HALT || checksum != IntegerProgram.CHECKSUM) {
            throw new AssertionError(CpuExit.name(exit) + ", checksum " + Long.toHexString(checksum));
        }
        counters.instructions += processor.cpu.instructions() - before;
        return checksum;
    }

    public static void main(String[] args) throws RunnerException {
        new Runner(new OptionsBuilder().include(InterpreterBench.class.getSimpleName())
                .addProfiler(GCProfiler.class).build()).run();
    }
}
