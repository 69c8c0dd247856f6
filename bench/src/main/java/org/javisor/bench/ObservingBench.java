// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// What it costs that Flight Recorder may be told, and that it is, by the time of day, and what is allocated for it.
/// The least of the iterations is the figure to read on a busy machine; [ObservingCost] is what to use there.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(ObservedGuest.ROUND)
@Warmup(iterations = 20, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 50, time = 50, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED,org.javisor.host", "-XX:+UseSerialGC"})
public class ObservingBench {
    @Param
    private ObservedGuest.Work work;

    @Param
    private ObservingCost.Recorded recorded;

    private ObservedGuest guest;
    private Recording recording;

    @Setup
    public void setUp() {
        recording = recorded.start();
        guest = new ObservedGuest(work);
        guest.round();
    }

    @TearDown
    public void tearDown() {
        guest.close();
        if (recording != null) {
            recording.close();
        }
    }

    @Benchmark
    public void operation() {
        guest.round();
    }

    public static void main(String[] args) throws RunnerException {
        new Runner(new OptionsBuilder().include(ObservingBench.class.getSimpleName())
                .addProfiler(GCProfiler.class).build()).run();
    }
}
